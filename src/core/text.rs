//! Untrusted text becomes display text here, and nowhere else.
//!
//! Text from a server, a config file or a paste can carry terminal escapes, reorder the line it stands in, or hide
//! characters. [`Label`] cleans it once, on the way in, and keeps the raw string for machine output.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest raw text kept from outside, in bytes. What is longer is cut: nobody reads it, and a list of such names
/// must not fill the memory.
pub const LABEL_LIMIT: usize = 4096;

/// Combining marks allowed on one character; more is a drawing over the lines above and below, not writing.
const MARKS_PER_CHARACTER: usize = 3;

/// Text from outside: the raw string for machine output beside what may be drawn.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Label {
    raw: Box<str>,
    /// Present only where cleaning changed something.
    shown: Option<Box<str>>,
    width: u16,
}

impl Label {
    /// Cleans `raw` and measures it.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let raw = cut_bytes(raw, LABEL_LIMIT);
        // Most texts are plain ASCII, and a list has tens of thousands of them.
        if raw.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Self {
                raw: raw.into(),
                shown: None,
                width: u16::try_from(raw.len()).unwrap_or(u16::MAX),
            };
        }
        let shown = match clean(raw) {
            Cow::Borrowed(_) => None,
            Cow::Owned(cleaned) => Some(cleaned.into_boxed_str()),
        };
        let width = columns(shown.as_deref().unwrap_or(raw));
        Self {
            raw: raw.into(),
            shown,
            width,
        }
    }

    /// The string as it came (cut at [`LABEL_LIMIT`] bytes): for JSON and for requests, never for a terminal.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The string as it may be drawn.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.raw)
    }

    /// The width of [`Label::shown`] in terminal columns.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The bytes of both its texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.raw.len() + self.shown.as_ref().map_or(0, |shown| shown.len())
    }

    /// Whether cleaning changed the text, so that what is drawn cannot be typed back.
    #[must_use]
    pub fn was_escaped(&self) -> bool {
        self.shown.is_some()
    }

    /// Whether nothing can be seen of it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.shown().trim().is_empty()
    }
}

impl From<&str> for Label {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl std::fmt::Debug for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

/// Shows the cleaned text; the raw one has to be asked for by name.
impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.shown())
    }
}

/// `text` with every character that a terminal obeys, or that a reader cannot see, written out as an escape.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let mut marks = 0;
    let first = text.char_indices().find(|&(_, c)| must_escape(c, &mut marks));
    let Some((at, _)) = first else {
        return Cow::Borrowed(text);
    };
    let (head, tail) = text.split_at(at);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(head);
    marks = trailing_marks(head);
    for c in tail.chars() {
        if must_escape(c, &mut marks) {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// `text` cut to at most `limit` columns, with `…` in its last one where something was cut. Never splits a grapheme.
#[must_use]
pub fn fit(text: &str, limit: u16) -> Cow<'_, str> {
    if columns(text) <= limit {
        return Cow::Borrowed(text);
    }
    if limit == 0 {
        return Cow::Borrowed("");
    }
    let mut used: u16 = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let next = used.saturating_add(columns(grapheme));
        if next > limit - 1 {
            break;
        }
        used = next;
        end = at + grapheme.len();
    }
    let head = text.get(..end).unwrap_or_default();
    Cow::Owned(format!("{head}…"))
}

/// The width of `text` in terminal columns.
#[must_use]
pub fn columns(text: &str) -> u16 {
    u16::try_from(UnicodeWidthStr::width(text)).unwrap_or(u16::MAX)
}

/// A CSV cell that no spreadsheet takes for a formula: a leading `=`, `+`, `-`, `@`, tab or carriage return is put
/// behind an apostrophe (<https://owasp.org/www-community/attacks/CSV_Injection>).
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    match text.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => Cow::Owned(format!("'{text}")),
        _ if text.starts_with(['\t', '\r', '\n']) => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

fn must_escape(c: char, marks: &mut usize) -> bool {
    if is_hidden(c) {
        *marks = 0;
        return true;
    }
    if is_mark(c) {
        *marks += 1;
        return *marks > MARKS_PER_CHARACTER;
    }
    *marks = 0;
    false
}

fn trailing_marks(text: &str) -> usize {
    text.chars().rev().take_while(|&c| is_mark(c)).count()
}

fn is_mark(c: char) -> bool {
    c.width() == Some(0)
}

/// Control characters, and those that Unicode calls default-ignorable or that reorder or break the line
/// (`DerivedCoreProperties.txt`, `Bidi_Control`, U+2028, U+2029, interlinear annotations, the blank Braille pattern).
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn push_escape(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{1b}' => out.write_str("\\e"),
        c if u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

fn cut_bytes(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// A text as one word of a command that can be pasted into a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_kept_as_it_is() {
        for text in [
            "Zapier",
            "Partner: Kijani",
            "Größe ünïcode",
            "日本語",
            "Zoë",
            "नमस्ते",
            "€ 20 %",
        ] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn escapes_newlines_and_terminal_sequences_become_visible() {
        assert_eq!(clean("a\x1b[31mred\n"), "a\\e[31mred\\n");
        assert_eq!(clean("\u{9b}31m\u{7f}\t\r\0"), "\\x9b31m\\x7f\\t\\r\\x00");
    }

    #[test]
    fn bidi_zero_width_and_tag_characters_become_visible() {
        assert_eq!(clean("safe\u{202e}txt"), "safe\\u{202e}txt");
        assert_eq!(clean("a\u{200b}b\u{feff}c\u{e0041}"), "a\\u{200b}b\\u{feff}c\\u{e0041}");
    }

    #[test]
    fn a_tower_of_combining_marks_is_written_out_after_the_third() {
        let tower = format!("e{}", "\u{301}".repeat(5));
        assert_eq!(clean(&tower), "e\u{301}\u{301}\u{301}\\u{301}\\u{301}");
    }

    #[test]
    fn fit_cuts_by_columns_and_never_inside_a_wide_character() {
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 1), "…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn a_label_keeps_the_raw_text_beside_the_shown() {
        let label = Label::new("x\u{202e}y");
        assert_eq!((label.raw(), label.shown()), ("x\u{202e}y", "x\\u{202e}y"));
        assert!(label.was_escaped());
        assert_eq!(label.to_string(), label.shown());
    }

    #[test]
    fn a_label_is_cut_at_its_limit_on_a_character_boundary() {
        let label = Label::new(&"é".repeat(LABEL_LIMIT));
        assert!(label.raw().len() <= LABEL_LIMIT);
        assert!(label.raw().chars().all(|c| c == 'é'));
    }

    #[test]
    fn csv_cells_cannot_start_a_formula() {
        assert_eq!(csv_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_cell("  @SUM(1)"), "'  @SUM(1)");
        assert_eq!(csv_cell("\tx"), "'\tx");
        assert_eq!(csv_cell("Zapier"), "Zapier");
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives_cleaning(text in any::<String>()) {
            let shown = clean(&text).into_owned();
            prop_assert!(!shown.chars().any(is_hidden));
        }

        #[test]
        fn a_label_of_plain_text_measures_as_any_other(text in "[ -~]{0,60}") {
            let label = Label::new(&text);
            let cleaned = clean(&text);
            prop_assert_eq!((label.shown(), label.width()), (&*cleaned, columns(&text)));
        }

        #[test]
        fn cleaning_twice_changes_nothing_more(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once).into_owned(), once);
        }

        #[test]
        fn fit_never_exceeds_its_columns(text in any::<String>(), limit in 0u16..40) {
            let shown = clean(&text);
            prop_assert!(columns(&fit(&shown, limit)) <= limit);
        }
    }
}
