//! The one table of keys: context, key, action, label, and when it is possible. Dispatch, footer, help and palette all
//! read it.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Leave the program at once, as Ctrl-C does.
    Interrupt,
    /// Go back to the shell, until it brings the program back.
    Suspend,
    /// Show every key.
    Help,
    /// List every action by name.
    Palette,
    /// Next row.
    Down,
    /// Previous row.
    Up,
    /// A screen down.
    PageDown,
    /// A screen up.
    PageUp,
    /// First row.
    Top,
    /// Last row.
    Bottom,
    /// Show everything known of the key.
    Details,
    /// Leave what is open, or drop the filter.
    Back,
    /// Type to filter.
    Filter,
    /// Keep the filter and go back to the list.
    KeepFilter,
    /// Sort by the next column.
    Sort,
    /// Turn the order round.
    ReverseSort,
    /// Read the list again.
    Refresh,
    /// Create a key.
    NewKey,
    /// Revoke the key under the cursor.
    Revoke,
    /// Find and revoke the key of a leaked value.
    Leak,
    /// Copy what was seen of a leaked value.
    CopyTimeline,
    /// Write it to a file.
    WriteReport,
    /// Let the leaked key list and revoke itself.
    WithLeakedKey,
    /// Sign in with another key.
    SignIn,
    /// Open what waits of earlier creations.
    Waiting,
    /// Show one team's keys.
    KeysView,
    /// Show what is due over every team.
    DueView,
    /// Show what was done on this machine.
    ActivityView,
    /// Show the next team.
    NextTeam,
    /// Send what was typed.
    Submit,
    /// Copy the new value.
    Copy,
    /// Send the new value to a target.
    Send,
    /// Send it again to the targets that did not take it.
    TryAgain,
    /// Mark or unmark a target or a key.
    Toggle,
    /// Show or hide the new value.
    Reveal,
    /// The new value is stored elsewhere.
    Stored,
    /// Rotate the key under the cursor, or go on with its rotation.
    Rotate,
    /// Put the key's due date off.
    Snooze,
    /// Vouch that the traffic has moved.
    Attest,
    /// Go on with a rotation that was started elsewhere.
    Adopt,
    /// Give the rotation up.
    CancelRotation,
    /// The other line of a form.
    NextLine,
    /// Write down a key that exists already.
    AddExisting,
    /// Open the page of the keys in the browser.
    OpenPage,
    /// A key that was begun in the browser was not made.
    NotMade,
    /// Take the marks that the filter hides into the plan, or out of it.
    IncludeHidden,
    /// Yes.
    Yes,
    /// No.
    No,
}

/// Where keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyContext {
    /// The list of keys.
    List,
    /// What is due over every team.
    Due,
    /// What was done on this machine.
    Activity,
    /// The filter line.
    Filter,
    /// A page to read: help or details.
    Page,
    /// The palette.
    Palette,
    /// The name of a new key.
    Create,
    /// The show-once dialog.
    ShowOnce,
    /// The targets of a new value.
    Targets,
    /// A question answered with yes or no.
    Question,
    /// A question answered by typing a name.
    TypedQuestion,
    /// The hidden field of the sign-in.
    SignIn,
    /// The hidden field of a leaked value.
    LeakField,
    /// The key of a leaked value is looked for.
    LeakSearch,
    /// The key of a leaked value is being revoked.
    LeakKill,
    /// What became of a leaked value.
    LeakEnd,
    /// The hidden field for the value of a key made in the browser.
    Paste,
    /// The hidden field for the value of a key to be revoked in the browser.
    RevokeManually,
    /// A value is watched until it is dead.
    Watching,
    /// A word that is typed when a key is gone from the page.
    Word,
    /// The form of a key that exists already.
    Track,
    /// The page of new keys that wait.
    Waiting,
    /// What the new key of a rotation is called.
    BeginRotation,
    /// The page of a rotation.
    Rotation,
    /// The reason of an attestation.
    Attest,
    /// A due date that is put off.
    Snooze,
    /// Something is running that cannot be taken back.
    Busy,
}

/// When an action can be chosen; what it needs to be true of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// A key is under the cursor.
    OnKey,
    /// A key is under the cursor, and we are signed in.
    OnLiveKey,
    /// A target did not take the new value.
    SomethingFailed,
    /// The details of a key are open.
    InDetails,
    /// We are signed in.
    SignedIn,
    /// The profile's credential may be replaced from here.
    MaySignIn,
    /// The list is filtered, or keys are marked.
    SomethingToClear,
    /// The registry holds several teams.
    SeveralTeams,
    /// The leaked key may still be let to revoke itself.
    MayTryItself,
    /// A new key of before waits.
    SomethingWaits,
    /// A key that was begun in the browser waits.
    BegunWaits,
    /// The value of a new key went somewhere and is not kept here.
    ElsewhereWaits,
    /// The server has no list of keys.
    Unlisted,
    /// Keys are planned to be revoked, and the filter hides marked ones.
    MarksHidden,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Where it holds.
    pub context: KeyContext,
    /// The keys; the first is the one shown.
    pub keys: Vec<KeyPress>,
    /// What they do.
    pub action: Action,
    /// One or two words for the footer; empty: not shown there.
    pub label: &'static str,
    /// A line for help and palette.
    pub help: &'static str,
    /// When it is possible.
    pub when: When,
}

/// A key with its modifiers, without the shift that a capital letter already shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl KeyPress {
    /// A key as the terminal reports it.
    #[must_use]
    pub fn of(event: KeyEvent) -> Self {
        let shown_by_the_letter = match event.code {
            KeyCode::Char(_) | KeyCode::BackTab => KeyModifiers::SHIFT,
            _ => KeyModifiers::NONE,
        };
        Self {
            code: event.code,
            modifiers: event.modifiers.difference(shown_by_the_letter),
        }
    }

    /// The event that a terminal reports for it.
    #[cfg(test)]
    pub(crate) fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    const fn plain(code: KeyCode) -> Self {
        Self {
            code,
            modifiers: KeyModifiers::NONE,
        }
    }

    const fn ctrl(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            modifiers: KeyModifiers::CONTROL,
        }
    }
}

impl std::fmt::Display for KeyPress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("^")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Home => f.write_str("Home"),
            KeyCode::End => f.write_str("End"),
            KeyCode::Tab => f.write_str("Tab"),
            other => write!(f, "{other}"),
        }
    }
}

/// The table.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { bindings: defaults() }
    }
}

impl Keymap {
    /// The row that `event` chooses in `context`.
    #[must_use]
    pub fn lookup(&self, context: KeyContext, event: KeyEvent) -> Option<&Binding> {
        let press = KeyPress::of(event);
        self.of(context).find(|binding| binding.keys.contains(&press))
    }

    /// The rows of a context, in the order of the footer.
    pub fn of(&self, context: KeyContext) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| binding.context == context)
    }
}

const fn ch(c: char) -> KeyPress {
    KeyPress::plain(KeyCode::Char(c))
}

const ENTER: KeyPress = KeyPress::plain(KeyCode::Enter);
const ESC: KeyPress = KeyPress::plain(KeyCode::Esc);

#[rustfmt::skip] // A table is read by its rows.
fn defaults() -> Vec<Binding> {
    use Action as A;
    use KeyContext as C;
    use When as W;
    let code = KeyPress::plain;
    let mut table = Vec::new();
    let mut row = |context, keys: &[KeyPress], action, label, help, when| {
        table.push(Binding {
            context,
            keys: keys.to_vec(),
            action,
            label,
            help,
            when,
        });
    };
    row(C::List, &[ch('n')], A::NewKey, "new", "create a key and show its value once", W::SignedIn);
    row(C::List, &[ch('r')], A::Rotate, "rotate", "rotate the key in four steps, or go on with it", W::OnLiveKey);
    row(C::List, &[ch('x')], A::Revoke, "revoke", "revoke the key under the cursor, or the marked ones", W::OnLiveKey);
    row(C::List, &[ch('L')], A::Leak, "leaked", "a key has leaked: paste it, find it, revoke it, see it die", W::Always);
    row(C::List, &[ch('/')], A::Filter, "filter", "filter as you type: name, id, hint, owner, status", W::Always);
    row(C::List, &[ENTER, ch('l')], A::Details, "details", "everything known of the key", W::OnKey);
    row(C::List, &[ch('2')], A::DueView, "due", "what is due, over every team", W::Always);
    row(C::List, &[ch('3')], A::ActivityView, "activity", "what was done on this machine", W::Always);
    row(C::List, &[ESC], A::Back, "clear", "drop the marks, then the filter", W::SomethingToClear);
    row(C::List, &[ch(' ')], A::Toggle, "mark", "mark the key, to revoke several", W::OnKey);
    row(C::List, &[ch('z')], A::Snooze, "", "put the key's due date off, with a reason", W::OnKey);
    row(C::List, &[ch('s')], A::Sort, "sort", "sort by the next column", W::Always);
    row(C::List, &[ch('S')], A::ReverseSort, "", "turn the order round", W::Always);
    row(C::List, &[ch('R'), KeyPress::ctrl('r')], A::Refresh, "refresh", "read the list again", W::SignedIn);
    row(C::List, &[ch('w')], A::Waiting, "waiting", "open the new keys that wait", W::SomethingWaits);
    row(C::List, &[ch('t')], A::NextTeam, "team", "show the next team", W::SeveralTeams);
    row(C::List, &[ch('i')], A::SignIn, "sign in", "sign in with another key", W::MaySignIn);
    row(C::List, &[ch('j'), code(KeyCode::Down)], A::Down, "", "next key", W::Always);
    row(C::List, &[ch('k'), code(KeyCode::Up)], A::Up, "", "previous key", W::Always);
    row(C::List, &[code(KeyCode::PageDown), KeyPress::ctrl('d')], A::PageDown, "", "a screen down", W::Always);
    row(C::List, &[code(KeyCode::PageUp), KeyPress::ctrl('u')], A::PageUp, "", "a screen up", W::Always);
    row(C::List, &[ch('g'), code(KeyCode::Home)], A::Top, "", "first key", W::Always);
    row(C::List, &[ch('G'), code(KeyCode::End)], A::Bottom, "", "last key", W::Always);
    row(C::List, &[ch(':')], A::Palette, "", "find an action by its name", W::Always);
    row(C::List, &[ch('?')], A::Help, "help", "every key", W::Always);
    row(C::List, &[ch('q')], A::Quit, "quit", "leave", W::Always);

    row(C::Due, &[ENTER, ch('l')], A::Details, "go to the key", "go to the key", W::Always);
    row(C::Due, &[ch('L')], A::Leak, "leaked", "a key has leaked", W::Always);
    row(C::Due, &[ch('1'), ESC, ch('2')], A::KeysView, "keys", "one team's keys", W::Always);
    row(C::Due, &[ch('3')], A::ActivityView, "activity", "what was done on this machine", W::Always);
    row(C::Due, &[ch('R'), KeyPress::ctrl('r')], A::Refresh, "refresh", "read every list again", W::Always);
    row(C::Due, &[ch('j'), code(KeyCode::Down)], A::Down, "", "next", W::Always);
    row(C::Due, &[ch('k'), code(KeyCode::Up)], A::Up, "", "previous", W::Always);
    row(C::Due, &[code(KeyCode::PageDown), KeyPress::ctrl('d')], A::PageDown, "", "ten down", W::Always);
    row(C::Due, &[code(KeyCode::PageUp), KeyPress::ctrl('u')], A::PageUp, "", "ten up", W::Always);
    row(C::Due, &[ch('g'), code(KeyCode::Home)], A::Top, "", "first", W::Always);
    row(C::Due, &[ch('G'), code(KeyCode::End)], A::Bottom, "", "last", W::Always);
    row(C::Due, &[ch('?')], A::Help, "help", "every key", W::Always);
    row(C::Due, &[ch('q')], A::Quit, "quit", "leave", W::Always);

    row(C::Activity, &[ENTER, ch('l')], A::Details, "details", "the whole line", W::Always);
    row(C::Activity, &[ch('1'), ESC, ch('3')], A::KeysView, "keys", "one team's keys", W::Always);
    row(C::Activity, &[ch('2')], A::DueView, "due", "what is due, over every team", W::Always);
    row(C::Activity, &[ch('L')], A::Leak, "leaked", "a key has leaked", W::Always);
    row(C::Activity, &[ch('R'), KeyPress::ctrl('r')], A::Refresh, "refresh", "read it again", W::Always);
    row(C::Activity, &[ch('j'), code(KeyCode::Down)], A::Down, "", "older", W::Always);
    row(C::Activity, &[ch('k'), code(KeyCode::Up)], A::Up, "", "newer", W::Always);
    row(C::Activity, &[code(KeyCode::PageDown), KeyPress::ctrl('d')], A::PageDown, "", "a screen down", W::Always);
    row(C::Activity, &[code(KeyCode::PageUp), KeyPress::ctrl('u')], A::PageUp, "", "a screen up", W::Always);
    row(C::Activity, &[ch('g'), code(KeyCode::Home)], A::Top, "", "newest", W::Always);
    row(C::Activity, &[ch('G'), code(KeyCode::End)], A::Bottom, "", "oldest", W::Always);
    row(C::Activity, &[ch('?')], A::Help, "help", "every key", W::Always);
    row(C::Activity, &[ch('q')], A::Quit, "quit", "leave", W::Always);

    row(C::Filter, &[ENTER], A::KeepFilter, "keep", "keep the filter", W::Always);
    row(C::Filter, &[ESC], A::Back, "drop", "drop the filter", W::Always);
    row(C::Filter, &[code(KeyCode::Down)], A::Down, "", "next key", W::Always);
    row(C::Filter, &[code(KeyCode::Up)], A::Up, "", "previous key", W::Always);

    row(C::Page, &[ESC, ENTER, ch('q'), ch('?'), ch('h')], A::Back, "close", "close", W::Always);
    row(C::Page, &[ch('j'), code(KeyCode::Down)], A::Down, "", "scroll down", W::Always);
    row(C::Page, &[ch('k'), code(KeyCode::Up)], A::Up, "", "scroll up", W::Always);
    row(C::Page, &[code(KeyCode::PageDown), ch(' ')], A::PageDown, "", "ten down", W::Always);
    row(C::Page, &[code(KeyCode::PageUp)], A::PageUp, "", "ten up", W::Always);
    row(C::Page, &[ch('g'), code(KeyCode::Home)], A::Top, "", "to the top", W::Always);
    row(C::Page, &[ch('G'), code(KeyCode::End)], A::Bottom, "", "to the bottom", W::Always);
    row(C::Page, &[ch('x')], A::Revoke, "revoke", "revoke this key", W::InDetails);
    row(C::Page, &[ch('r')], A::Rotate, "rotate", "rotate this key", W::InDetails);

    row(C::Palette, &[ENTER], A::Submit, "do it", "do what is marked", W::Always);
    row(C::Palette, &[code(KeyCode::Down), KeyPress::ctrl('n')], A::Down, "", "next", W::Always);
    row(C::Palette, &[code(KeyCode::Up), KeyPress::ctrl('p')], A::Up, "", "previous", W::Always);
    row(C::Palette, &[ESC], A::Back, "close", "close", W::Always);

    row(C::Waiting, &[ENTER], A::Submit, "open", "open the value, or revoke a lost key", W::Always);
    row(C::Waiting, &[ch('d')], A::NotMade, "was not made", "say that it was not made in the browser", W::BegunWaits);
    row(C::Waiting, &[ch('s')], A::Stored, "is stored", "say that a value that is not kept here is stored", W::ElsewhereWaits);
    row(C::Waiting, &[ESC, ch('q'), ch('w')], A::Back, "close", "close", W::Always);
    row(C::Waiting, &[ch('j'), code(KeyCode::Down)], A::Down, "", "next", W::Always);
    row(C::Waiting, &[ch('k'), code(KeyCode::Up)], A::Up, "", "previous", W::Always);

    row(C::Create, &[ENTER], A::Submit, "create", "create the key", W::Always);
    row(C::Create, &[code(KeyCode::Tab)], A::AddExisting, "add an existing key", "write down a key that exists already", W::Unlisted);
    row(C::Create, &[ESC], A::Back, "cancel", "create nothing", W::Always);

    row(C::Paste, &[ENTER], A::Submit, "take it", "try the value and take it over", W::Always);
    row(C::Paste, &[KeyPress::ctrl('o')], A::OpenPage, "open the page", "open the page of the keys in the browser", W::Always);
    row(C::Paste, &[ESC], A::Back, "later", "leave it, and be asked again", W::Always);

    row(C::RevokeManually, &[ENTER], A::Submit, "go on", "open the page, and watch the value or take your word", W::Always);
    row(C::RevokeManually, &[ESC], A::Back, "cancel", "revoke nothing", W::Always);

    row(C::Watching, &[KeyPress::ctrl('o')], A::OpenPage, "open the page", "open the page of the keys in the browser", W::Always);
    row(C::Watching, &[ESC], A::Back, "stop watching", "stop watching the value", W::Always);

    row(C::Word, &[ENTER], A::Submit, "it is gone", "write down that you revoked it", W::Always);
    row(C::Word, &[KeyPress::ctrl('o')], A::OpenPage, "open the page", "open the page of the keys in the browser", W::Always);
    row(C::Word, &[ESC], A::Back, "cancel", "write nothing down", W::Always);

    row(C::Track, &[ENTER], A::Submit, "track it", "track the key", W::Always);
    row(C::Track, &[code(KeyCode::Tab), code(KeyCode::Down)], A::Down, "next", "next line", W::Always);
    row(C::Track, &[code(KeyCode::BackTab), code(KeyCode::Up)], A::Up, "", "previous line", W::Always);
    row(C::Track, &[ESC], A::Back, "cancel", "track nothing", W::Always);

    row(C::ShowOnce, &[ch('c')], A::Copy, "copy", "copy the value to the clipboard", W::Always);
    row(C::ShowOnce, &[ch('s')], A::Send, "send to…", "send the value to a secret manager", W::Always);
    row(C::ShowOnce, &[ch('t')], A::TryAgain, "try again", "send it again where it failed", W::SomethingFailed);
    row(C::ShowOnce, &[ch('v')], A::Reveal, "show", "show the value for ten seconds, or hide it", W::Always);
    row(C::ShowOnce, &[ENTER], A::Stored, "I have stored it", "close for good: the value is stored", W::Always);
    row(C::ShowOnce, &[ch('j'), code(KeyCode::Down)], A::Down, "", "scroll down", W::Always);
    row(C::ShowOnce, &[ch('k'), code(KeyCode::Up)], A::Up, "", "scroll up", W::Always);
    row(C::ShowOnce, &[ESC, ch('q')], A::Quit, "", "keep it for later, in the keyring", W::Always);

    row(C::Targets, &[ENTER], A::Submit, "send", "send the value to what is marked or typed", W::Always);
    row(C::Targets, &[ch(' ')], A::Toggle, "mark", "mark a target", W::Always);
    row(C::Targets, &[code(KeyCode::Down), code(KeyCode::Tab)], A::Down, "", "next", W::Always);
    row(C::Targets, &[code(KeyCode::Up), code(KeyCode::BackTab)], A::Up, "", "previous", W::Always);
    row(C::Targets, &[ESC], A::Back, "back", "send nothing", W::Always);

    row(C::Question, &[ch('y')], A::Yes, "yes", "yes", W::Always);
    row(C::Question, &[ch('n'), ESC, ENTER, ch('q')], A::No, "no", "no", W::Always);

    row(C::TypedQuestion, &[ENTER], A::Submit, "revoke", "revoke, when the text is right", W::Always);
    row(C::TypedQuestion, &[code(KeyCode::Tab)], A::IncludeHidden, "hidden marks", "include the marks that the filter hides, or leave them out", W::MarksHidden);
    row(C::TypedQuestion, &[ESC], A::Back, "no", "revoke nothing", W::Always);

    row(C::BeginRotation, &[ENTER], A::Submit, "create the new key", "step 1: create the new key", W::Always);
    row(C::BeginRotation, &[ESC], A::Back, "cancel", "begin nothing", W::Always);

    row(C::Rotation, &[ENTER], A::Submit, "next", "do what comes next", W::Always);
    row(C::Rotation, &[ch(' ')], A::Toggle, "tick", "tick a place: the app there runs with the new key", W::Always);
    row(C::Rotation, &[ch('a')], A::Attest, "attest", "vouch that the traffic has moved, with a reason", W::Always);
    row(C::Rotation, &[ch('x')], A::Revoke, "revoke the old key", "revoke the old key, forced by its name before step 4", W::Always);
    row(C::Rotation, &[ch('o')], A::Adopt, "adopt", "go on with a rotation that was started elsewhere", W::Always);
    row(C::Rotation, &[ch('c')], A::CancelRotation, "give up", "give the rotation up", W::Always);
    row(C::Rotation, &[ch('R'), KeyPress::ctrl('r')], A::Refresh, "", "read the list again", W::Always);
    row(C::Rotation, &[ch('j'), code(KeyCode::Down)], A::Down, "", "next place, or scroll down", W::Always);
    row(C::Rotation, &[ch('k'), code(KeyCode::Up)], A::Up, "", "previous place, or scroll up", W::Always);
    row(C::Rotation, &[code(KeyCode::PageDown)], A::PageDown, "", "ten lines down", W::Always);
    row(C::Rotation, &[code(KeyCode::PageUp)], A::PageUp, "", "ten lines up", W::Always);
    row(C::Rotation, &[ESC, ch('q'), ch('h')], A::Back, "leave", "leave it; it keeps its place", W::Always);

    row(C::Attest, &[ENTER], A::Submit, "attest", "vouch for it", W::Always);
    row(C::Attest, &[ESC], A::Back, "back", "vouch for nothing", W::Always);

    row(C::Snooze, &[ENTER], A::Submit, "snooze", "put it off; an empty day ends that", W::Always);
    row(C::Snooze, &[code(KeyCode::Tab), code(KeyCode::BackTab), code(KeyCode::Down), code(KeyCode::Up)], A::NextLine, "next line", "the other line", W::Always);
    row(C::Snooze, &[ESC], A::Back, "cancel", "put off nothing", W::Always);

    row(C::SignIn, &[ENTER], A::Submit, "sign in", "check the key and keep it", W::Always);
    row(C::SignIn, &[ESC], A::Back, "close", "stay signed out", W::Always);

    row(C::LeakField, &[ENTER], A::Submit, "find its key", "look for its key in every team", W::Always);
    row(C::LeakField, &[ESC], A::Back, "close", "close", W::Always);

    row(C::LeakSearch, &[ESC], A::Back, "stop looking", "stop looking: nothing is revoked", W::Always);

    row(C::LeakKill, &[ESC], A::Back, "leave it running", "go back to the list, it goes on", W::Always);

    row(C::LeakEnd, &[ch('y')], A::CopyTimeline, "copy the timeline", "copy what was seen as Markdown", W::Always);
    row(C::LeakEnd, &[ch('w')], A::WriteReport, "write a report", "write it to a file here", W::Always);
    row(C::LeakEnd, &[ch('f')], A::WithLeakedKey, "let the leaked key revoke itself", "let it list and revoke itself", W::MayTryItself);
    row(C::LeakEnd, &[ENTER, ESC, ch('q')], A::Back, "done", "close", W::Always);

    let contexts: BTreeSet<KeyContext> = table.iter().map(|binding| binding.context).chain([C::Busy]).collect();
    for context in contexts {
        let mut everywhere = |c, action, help| {
            table.push(Binding { context, keys: vec![KeyPress::ctrl(c)], action, label: "", help, when: W::Always });
        };
        everywhere('c', A::Interrupt, "leave at once");
        everywhere('z', A::Suspend, "back to the shell; fg brings it back");
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let keymap = Keymap::default();
        let mut seen = HashSet::new();
        for binding in &keymap.bindings {
            for key in &binding.keys {
                assert!(
                    seen.insert((binding.context, *key)),
                    "{key} twice in {:?}",
                    binding.context
                );
            }
        }
    }

    #[test]
    fn a_capital_letter_is_the_same_with_and_without_a_reported_shift() {
        let keymap = Keymap::default();
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let found = keymap
                .lookup(KeyContext::List, press(KeyCode::Char('R'), modifiers))
                .unwrap();
            assert_eq!(found.action, Action::Refresh);
        }
    }

    #[test]
    fn a_control_key_is_not_its_letter() {
        let keymap = Keymap::default();
        let found = keymap.lookup(KeyContext::List, press(KeyCode::Char('x'), KeyModifiers::CONTROL));
        assert!(found.is_none());
    }
}
