//! A line that a secret is typed or pasted into: never drawn, wiped when dropped.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::{Zeroize, Zeroizing};

use crate::core::incident::unwrapped;
use crate::core::secret::{NotASecret, SECRET_LIMIT, Secret};

/// A hidden input line. Its buffer has its full size from the start, so that growing leaves no copy behind.
pub struct SecretField {
    text: Zeroizing<String>,
    /// Set when a paste did not fit: its length in bytes.
    overflow: Option<usize>,
}

impl std::fmt::Debug for SecretField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretField(••••)")
    }
}

impl Default for SecretField {
    fn default() -> Self {
        Self {
            text: Zeroizing::new(String::with_capacity(SECRET_LIMIT)),
            overflow: None,
        }
    }
}

impl SecretField {
    /// A field that holds a value that was taken out of it.
    #[must_use]
    pub fn holding(value: &Secret) -> Self {
        let mut field = Self::default();
        field.paste(value.expose());
        field
    }

    /// Takes one typed character.
    pub fn push(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= SECRET_LIMIT {
            self.text.push(c);
        }
    }

    /// Takes a paste, without its surrounding white space; one that does not fit is refused whole.
    pub fn paste(&mut self, text: &str) {
        let text = text.trim();
        if self.text.len() + text.len() <= SECRET_LIMIT {
            self.text.push_str(text);
            self.overflow = None;
        } else {
            self.overflow = Some(text.len());
        }
    }

    /// Takes a key that types, or takes back; `false`: it does neither.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let command = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('u') if command => self.clear(),
            KeyCode::Char(c) if !command => self.push(c),
            KeyCode::Backspace => self.backspace(),
            _ => return false,
        }
        true
    }

    /// Removes the last character.
    pub fn backspace(&mut self) {
        self.text.pop();
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.text.zeroize();
        self.overflow = None;
    }

    /// The length in bytes of a paste that was too long and not taken.
    #[must_use]
    pub fn refused(&self) -> Option<usize> {
        self.overflow
    }

    /// How many characters it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.text.chars().count()
    }

    /// Takes a value out that was found somewhere, without what was copied along with it, and leaves the field empty.
    ///
    /// # Errors
    /// [`NotASecret`]; the field keeps what it held.
    pub fn take_found(&mut self) -> Result<Secret, NotASecret> {
        if let Some(bytes) = self.overflow {
            return Err(NotASecret::TooLong(bytes));
        }
        let found = unwrapped(self.text.as_bytes());
        // What is taken off the ends is ASCII, so what is left is text still.
        let secret = Secret::parse(std::str::from_utf8(found).unwrap_or_default())?;
        self.clear();
        Ok(secret)
    }

    /// Takes the value out and leaves the field empty.
    ///
    /// # Errors
    /// [`NotASecret`]; the field keeps what it held.
    pub fn take(&mut self) -> Result<Secret, NotASecret> {
        if let Some(bytes) = self.overflow {
            return Err(NotASecret::TooLong(bytes));
        }
        let secret = Secret::parse(&self.text)?;
        self.clear();
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_out_once() {
        let mut field = SecretField::default();
        field.paste(" cz_abc\n");
        field.push('d');
        assert_eq!(field.count(), 7);
        assert_eq!(field.take().unwrap().expose(), "cz_abcd");
        assert_eq!(field.take().unwrap_err(), NotASecret::Empty);
    }

    #[test]
    fn a_found_value_is_taken_out_of_its_wrapping() {
        let mut field = SecretField::default();
        field.paste("export KEY='cz_abcdé'\n");
        assert!(field.take_found().is_err());
        field.clear();
        field.paste("Authorization: Bearer \"cz_abcd\"\n");
        assert_eq!(field.take_found().unwrap().expose(), "cz_abcd");
        assert_eq!(field.count(), 0);
    }

    #[test]
    fn a_bad_value_stays_to_be_mended() {
        let mut field = SecretField::default();
        field.paste("cz_a b");
        assert!(field.take().is_err());
        assert_eq!(field.count(), 6);
        field.backspace();
        assert_eq!(field.count(), 5);
    }

    #[test]
    fn a_paste_that_does_not_fit_is_told_and_not_cut() {
        let mut field = SecretField::default();
        field.paste(&"x".repeat(1 << 20));
        assert_eq!(field.take().unwrap_err(), NotASecret::TooLong(1 << 20));
    }
}
