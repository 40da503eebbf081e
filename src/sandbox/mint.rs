//! New secrets and ids from the operating system's entropy.

use zeroize::Zeroizing;

use super::error::SandboxError;
use crate::core::secret::Secret;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Bytes from here up would make the first letters of the alphabet likelier, and are thrown away.
const FAIR: u8 = 248;
/// Random characters of a secret, after `cz_`.
const SECRET_LETTERS: usize = 40;

/// SHA-256 of a key's value: all that the sandbox stores of it.
pub(super) type KeyHash = [u8; 32];

/// A new secret value, `cz_` and 40 random letters and digits.
pub(super) fn secret() -> Result<Secret, SandboxError> {
    // Sized once, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(3 + SECRET_LETTERS));
    text.push_str("cz_");
    push_letters(&mut text, SECRET_LETTERS)?;
    Secret::parse(&text).map_err(|_| SandboxError::Entropy)
}

/// Appends random letters and digits.
pub(super) fn push_letters(text: &mut String, count: usize) -> Result<(), SandboxError> {
    let mut missing = count;
    let mut bytes = Zeroizing::new([0u8; 64]);
    while missing > 0 {
        fill(bytes.as_mut_slice())?;
        let letters = bytes
            .iter()
            .filter(|&&byte| byte < FAIR)
            .filter_map(|&byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()))
            .take(missing);
        for &letter in letters {
            text.push(char::from(letter));
            missing -= 1;
        }
    }
    Ok(())
}

/// Random bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), SandboxError> {
    getrandom::fill(bytes).map_err(|_| SandboxError::Entropy)
}

/// A new id such as `key_9fbc5e28d742`.
pub(super) fn key_id() -> Result<String, SandboxError> {
    let mut bytes = [0u8; 8];
    fill(&mut bytes)?;
    Ok(id_of(u64::from_be_bytes(bytes)))
}

/// The id that the lowest 48 bits of a number stand for.
pub(super) fn id_of(number: u64) -> String {
    format!("key_{:012x}", number & 0xffff_ffff_ffff)
}

/// The number that stands for an id where ids are sent as numbers; 48 bits, so that any JSON reader keeps it exact.
pub(super) fn number_of(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix("key_")?, 16).ok()
}

/// What is stored of a value. No salt: a random value of 238 bits cannot be looked up in a table, and a request has to
/// be matched to its key by one look-up.
pub(super) fn hash(secret: &Secret) -> KeyHash {
    secret.fingerprint(b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_vendors_form() {
        let value = secret().unwrap();
        let letters = value.expose().strip_prefix("cz_").unwrap();
        assert_eq!(letters.len(), SECRET_LETTERS);
        assert!(letters.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(value, secret().unwrap());
    }

    #[test]
    fn an_id_and_its_number_stand_for_each_other() {
        let id = key_id().unwrap();
        assert_eq!(id.len(), "key_9fbc5e28d742".len());
        assert_eq!(id_of(number_of(&id).unwrap()), id);
        assert_eq!(number_of("team_1"), None);
    }
}
