//! Keys and pastes as the terminal sends them. They are read here and not by a library, whose buffers keep what was pasted
//! and take no order to forget it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
#[cfg(unix)]
use rustix::event::PollFlags;
use tokio::sync::mpsc::UnboundedSender;
use zeroize::{Zeroize, Zeroizing};

use crate::tui::message::{Message, Pasted, Stop};
#[cfg(unix)]
use crate::tui::terminal::when_ready;

/// Reads the terminal on a thread of its own: its calls block, and nobody waits for it at the end. A terminal that hung up
/// reads as ended or as an error.
#[cfg(unix)]
pub(super) fn watch(sender: UnboundedSender<Message>) {
    std::thread::spawn(move || {
        let mut parser = Parser::default();
        let mut bytes = Zeroizing::new([0; 1024]);
        let stdin = rustix::stdio::stdin();
        loop {
            let count = match when_ready(stdin, PollFlags::IN, || rustix::io::read(stdin, bytes.as_mut_slice())) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            let mut inputs: Vec<Input> = bytes.iter().take(count).filter_map(|&byte| parser.feed(byte)).collect();
            if count < bytes.len() {
                inputs.extend(parser.pause());
            }
            bytes.zeroize();
            for input in inputs {
                if sender.send(input.into()).is_err() {
                    return;
                }
            }
        }
        let _ = sender.send(Message::Stopped(Stop::LostTerminal));
    });
}

#[cfg(not(unix))]
pub(super) fn watch(sender: UnboundedSender<Message>) {
    use crossterm::event::Event;
    std::thread::spawn(move || {
        loop {
            let message = match crossterm::event::read() {
                Ok(Event::Key(key)) => Message::Key(key),
                Ok(Event::Paste(text)) => Message::Pasted(Pasted(Zeroizing::new(text))),
                Ok(Event::Resize(columns, rows)) => Message::Resized(columns, rows),
                Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_)) => continue,
                Err(_) => Message::Stopped(Stop::LostTerminal),
            };
            let last = matches!(message, Message::Stopped(_));
            if sender.send(message).is_err() || last {
                return;
            }
        }
    });
}

/// What came from the terminal.
enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted, as the terminal marked it.
    Pasted(Zeroizing<String>),
}

impl From<Input> for Message {
    fn from(input: Input) -> Self {
        match input {
            Input::Key(key) => Self::Key(key),
            Input::Pasted(text) => Self::Pasted(Pasted(text)),
        }
    }
}

const ESCAPE: u8 = 0x1b;
/// The number of the sequence that begins a paste.
const PASTE: u16 = 200;
/// What ends a paste.
const END_OF_PASTE: &[u8] = b"\x1b[201~";
/// The longest paste that is kept, in bytes; what goes beyond is dropped.
const PASTE_LIMIT: usize = 1024 * 1024;
/// The longest sequence that is understood, in bytes.
const SEQUENCE_LIMIT: usize = 32;

/// Where in the bytes we are.
#[derive(Clone, Copy)]
enum State {
    Ground,
    /// After an ESC.
    Escaped,
    /// After `ESC [`.
    Sequence,
    /// After `ESC [ [`: a function key of the Linux console.
    Console,
    /// After `ESC O`.
    Application,
    /// Inside of a letter of several bytes: so many are missing, and whether Alt was held.
    Letter(u8, bool),
    /// Inside of a paste: so many bytes of its end mark were seen.
    Paste(usize),
}

/// Understands the bytes of a terminal, one after the other. What was understood is wiped.
struct Parser {
    state: State,
    /// The bytes of what is not whole yet.
    held: Zeroizing<Vec<u8>>,
    /// Bytes of the paste that are not held.
    dropped: usize,
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            state: State::Ground,
            held: Zeroizing::default(),
            dropped: 0,
        }
    }
}

impl Parser {
    /// Takes one byte.
    fn feed(&mut self, byte: u8) -> Option<Input> {
        match self.state {
            State::Ground => self.begin(byte, false),
            State::Escaped => match byte {
                b'[' => self.go(State::Sequence),
                b'O' => self.go(State::Application),
                ESCAPE => Some(key(KeyCode::Esc, KeyModifiers::NONE)),
                byte => {
                    self.state = State::Ground;
                    self.begin(byte, true)
                }
            },
            State::Sequence => self.sequence(byte),
            State::Console => {
                self.state = State::Ground;
                matches!(byte, b'A'..=b'E').then(|| key(KeyCode::F(byte - b'A' + 1), KeyModifiers::NONE))
            }
            State::Application => {
                self.state = State::Ground;
                named(byte).map(|code| key(code, KeyModifiers::NONE))
            }
            State::Letter(missing, alt) => self.letter(byte, missing, alt),
            State::Paste(matched) => self.paste(byte, matched),
        }
    }

    /// Nothing more has come for now: an ESC that nothing followed is the key.
    fn pause(&mut self) -> Option<Input> {
        let State::Escaped = self.state else {
            return None;
        };
        self.state = State::Ground;
        Some(key(KeyCode::Esc, KeyModifiers::NONE))
    }

    fn go(&mut self, state: State) -> Option<Input> {
        self.held.zeroize();
        self.dropped = 0;
        self.state = state;
        None
    }

    fn begin(&mut self, byte: u8, alt: bool) -> Option<Input> {
        let missing = match byte {
            ESCAPE => return self.go(State::Escaped),
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            byte if byte.is_ascii() => {
                let (code, modifiers) = ascii(byte);
                return Some(key(code, modifiers | alt_if(alt)));
            }
            // No letter begins so.
            _ => return None,
        };
        self.go(State::Letter(missing, alt));
        self.held.push(byte);
        None
    }

    fn letter(&mut self, byte: u8, missing: u8, alt: bool) -> Option<Input> {
        if !matches!(byte, 0x80..=0xbf) {
            self.go(State::Ground);
            return self.begin(byte, false);
        }
        self.held.push(byte);
        if missing > 1 {
            self.state = State::Letter(missing - 1, alt);
            return None;
        }
        let letter = std::str::from_utf8(&self.held)
            .ok()
            .and_then(|text| text.chars().next());
        self.go(State::Ground);
        letter.map(|letter| typed(letter, alt_if(alt)))
    }

    fn sequence(&mut self, byte: u8) -> Option<Input> {
        match byte {
            b'[' if self.held.is_empty() => self.go(State::Console),
            0x20..=0x3f => {
                if self.held.len() < SEQUENCE_LIMIT {
                    self.held.push(byte);
                }
                None
            }
            ESCAPE => self.go(State::Escaped),
            0x40..=0x7e => {
                let (first, second) = numbers(&self.held);
                self.go(State::Ground);
                match (byte, first) {
                    (b'~', PASTE) => self.go(State::Paste(0)),
                    _ => understood(byte, first, second),
                }
            }
            // Broken off.
            _ => self.go(State::Ground),
        }
    }

    fn paste(&mut self, byte: u8, matched: usize) -> Option<Input> {
        if self.held.len() < PASTE_LIMIT {
            self.held.push(byte);
        } else {
            self.dropped += 1;
        }
        let matched = match END_OF_PASTE.get(matched) {
            Some(&next) if next == byte => matched + 1,
            // The mark holds one ESC only: nothing but that can begin it again.
            _ => usize::from(byte == ESCAPE),
        };
        if matched < END_OF_PASTE.len() {
            self.state = State::Paste(matched);
            return None;
        }
        let text = self.held.len() - END_OF_PASTE.len().saturating_sub(self.dropped);
        let text = String::from_utf8_lossy(self.held.get(..text).unwrap_or_default()).into_owned();
        self.go(State::Ground);
        Some(Input::Pasted(Zeroizing::new(text)))
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn alt_if(alt: bool) -> KeyModifiers {
    if alt { KeyModifiers::ALT } else { KeyModifiers::NONE }
}

fn typed(letter: char, modifiers: KeyModifiers) -> Input {
    let shift = if letter.is_uppercase() {
        KeyModifiers::SHIFT
    } else {
        KeyModifiers::NONE
    };
    key(KeyCode::Char(letter), modifiers | shift)
}

/// A key of one byte.
fn ascii(byte: u8) -> (KeyCode, KeyModifiers) {
    let control = |letter: u8| (KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
    match byte {
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        0 => control(b' '),
        0x01..=0x1a => control(byte - 1 + b'a'),
        0x1b..=0x1f => control(byte - 0x1c + b'4'),
        byte if byte.is_ascii_uppercase() => (KeyCode::Char(char::from(byte)), KeyModifiers::SHIFT),
        byte => (KeyCode::Char(char::from(byte)), KeyModifiers::NONE),
    }
}

/// The key that the last letter of a sequence names.
fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

/// The key of a sequence that ends in `last`; `None` for what is no key: a report, or a focus that came or went.
fn understood(last: u8, first: u16, second: u16) -> Option<Input> {
    let modifiers = modifiers(second);
    let code = match last {
        b'~' => numbered(first)?,
        b'Z' => return Some(key(KeyCode::BackTab, modifiers | KeyModifiers::SHIFT)),
        b'u' => {
            let letter = char::from_u32(u32::from(first))?;
            return Some(match letter {
                '\r' => key(KeyCode::Enter, modifiers),
                '\t' => key(KeyCode::Tab, modifiers),
                '\u{1b}' => key(KeyCode::Esc, modifiers),
                '\u{7f}' => key(KeyCode::Backspace, modifiers),
                letter => typed(letter, modifiers),
            });
        }
        // A report of the cursor's place has the form of a function key; a press of Enter on the keypad has no sequence.
        b'R' | b'M' => return None,
        last => named(last)?,
    };
    Some(key(code, modifiers))
}

fn numbered(number: u16) -> Option<KeyCode> {
    let f = |n: u16| u8::try_from(n).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(number - 10),
        17..=21 => f(number - 11),
        23..=24 => f(number - 12),
        _ => None,
    }
}

/// Shift, Alt and Control as xterm counts them: one more than the sum of 1, 2 and 4.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let all = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
    ];
    let held = all.into_iter().filter(|(bit, _)| bits & bit != 0);
    held.fold(KeyModifiers::NONE, |held, (_, modifier)| held | modifier)
}

/// The first two numbers of a sequence; what is missing counts as 0.
fn numbers(parameters: &[u8]) -> (u16, u16) {
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let mut numbers = text.split(';').map(|part| {
        let digits = part.split(':').next().unwrap_or_default();
        digits.parse().unwrap_or(0)
    });
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of bytes that arrive together.
    fn of(bytes: &[u8]) -> Vec<String> {
        let mut parser = Parser::default();
        let mut inputs: Vec<Input> = bytes.iter().filter_map(|&byte| parser.feed(byte)).collect();
        inputs.extend(parser.pause());
        assert!(parser.held.iter().all(|&byte| byte == 0) || !matches!(parser.state, State::Ground));
        inputs.iter().map(told).collect()
    }

    fn told(input: &Input) -> String {
        match input {
            Input::Key(key) => format!("{:?} {:?}", key.code, key.modifiers),
            Input::Pasted(text) => format!("pasted {}", **text),
        }
    }

    fn one(bytes: &[u8], code: KeyCode, modifiers: KeyModifiers) {
        assert_eq!(of(bytes), [format!("{code:?} {modifiers:?}")], "{bytes:?}");
    }

    #[test]
    fn letters_and_control_keys_are_keys_of_one_byte() {
        let none = KeyModifiers::NONE;
        one(b"q", KeyCode::Char('q'), none);
        one(b"Q", KeyCode::Char('Q'), KeyModifiers::SHIFT);
        one(b"\r", KeyCode::Enter, none);
        one(b"\t", KeyCode::Tab, none);
        one(b"\x7f", KeyCode::Backspace, none);
        one(b"\x03", KeyCode::Char('c'), KeyModifiers::CONTROL);
        one(b"\x1a", KeyCode::Char('z'), KeyModifiers::CONTROL);
        one(b"\n", KeyCode::Char('j'), KeyModifiers::CONTROL);
        one(b"\0", KeyCode::Char(' '), KeyModifiers::CONTROL);
        one(b"\x1f", KeyCode::Char('7'), KeyModifiers::CONTROL);
    }

    #[test]
    fn letters_of_several_bytes_are_one_key() {
        for letter in ['é', '日', '𝄞'] {
            let mut bytes = [0; 4];
            one(
                letter.encode_utf8(&mut bytes).as_bytes(),
                KeyCode::Char(letter),
                KeyModifiers::NONE,
            );
        }
        one("É".as_bytes(), KeyCode::Char('É'), KeyModifiers::SHIFT);
        assert_eq!(of(b"\xff\xc3q").len(), 1, "what is no letter costs nothing else");
    }

    #[test]
    fn an_escape_alone_is_the_key_and_before_a_letter_it_is_alt() {
        one(b"\x1b", KeyCode::Esc, KeyModifiers::NONE);
        one(b"\x1bq", KeyCode::Char('q'), KeyModifiers::ALT);
        one("\x1bé".as_bytes(), KeyCode::Char('é'), KeyModifiers::ALT);
        assert_eq!(of(b"\x1b\x1b").len(), 2);
    }

    #[test]
    fn sequences_are_keys_with_what_was_held() {
        let none = KeyModifiers::NONE;
        for (bytes, code) in [
            (&b"\x1b[A"[..], KeyCode::Up),
            (b"\x1bOB", KeyCode::Down),
            (b"\x1b[C", KeyCode::Right),
            (b"\x1b[D", KeyCode::Left),
            (b"\x1b[H", KeyCode::Home),
            (b"\x1bOF", KeyCode::End),
            (b"\x1b[1~", KeyCode::Home),
            (b"\x1b[3~", KeyCode::Delete),
            (b"\x1b[5~", KeyCode::PageUp),
            (b"\x1b[6~", KeyCode::PageDown),
            (b"\x1bOP", KeyCode::F(1)),
            (b"\x1b[15~", KeyCode::F(5)),
            (b"\x1b[24~", KeyCode::F(12)),
            (b"\x1b[[B", KeyCode::F(2)),
            (b"\x1b[13u", KeyCode::Enter),
        ] {
            one(bytes, code, none);
        }
        one(b"\x1b[Z", KeyCode::BackTab, KeyModifiers::SHIFT);
        one(b"\x1b[1;5C", KeyCode::Right, KeyModifiers::CONTROL);
        one(b"\x1b[3;2~", KeyCode::Delete, KeyModifiers::SHIFT);
        one(b"\x1b[99;5u", KeyCode::Char('c'), KeyModifiers::CONTROL);
    }

    #[test]
    fn what_is_no_key_does_nothing_and_ends_where_it_ends() {
        for bytes in [&b"\x1b[I"[..], b"\x1b[O", b"\x1b[12;4R", b"\x1b[?1;2c", b"\x1b[999~"] {
            assert_eq!(of(bytes), Vec::<String>::new(), "{bytes:?}");
        }
        assert_eq!(of(b"\x1b[?1;2cq").len(), 1);
    }

    #[test]
    fn a_paste_is_one_text_whatever_is_in_it() {
        assert_eq!(
            of(b"\x1b[200~cz_a\n\x1b[31mq\x1b[201~q"),
            ["pasted cz_a\n\u{1b}[31mq", "Char('q') KeyModifiers(0x0)"]
        );
        assert_eq!(of(b"\x1b[200~\x1b\x1b[201~"), ["pasted \u{1b}"]);
        assert_eq!(of(b"\x1b[200~\x1b[201~"), ["pasted "]);
        assert_eq!(of(b"\x1b[200~\xff\x1b[201~"), ["pasted \u{fffd}"]);
    }

    #[test]
    fn a_paste_past_its_limit_is_cut_and_its_end_is_found() {
        for length in [PASTE_LIMIT - 6, PASTE_LIMIT - 3, PASTE_LIMIT, PASTE_LIMIT + 100] {
            let mut bytes = b"\x1b[200~".to_vec();
            bytes.resize(bytes.len() + length, b'x');
            bytes.extend_from_slice(b"\x1b[201~q");
            let told = of(&bytes);
            assert_eq!(told.len(), 2);
            assert!(
                told[0] == format!("pasted {}", "x".repeat(length.min(PASTE_LIMIT))),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>) {
            of(&bytes);
        }

        #[test]
        fn typed_text_comes_out_as_it_is(text in "[ -~é日]{0,40}") {
            let typed: String = of(text.as_bytes()).concat();
            let wanted: String = text.chars().map(|c| told(&super::typed(c, KeyModifiers::NONE))).collect();
            prop_assert_eq!(typed, wanted);
        }
    }
}
