//! The exact secrets that tests saw and noted.

use std::collections::{HashMap, HashSet};

/// The length of the shortest secret that can be distinguished from chance: a code has at least six
/// digits.
const SHORTEST: usize = 6;

/// Secrets to look for.
#[derive(Default)]
pub(super) struct Noted {
    /// Codes: digits only. They count only as a whole word.
    codes: HashSet<String>,
    /// All others, by their first bytes: one pass over a line searches for thousands of them.
    others: HashMap<[u8; SHORTEST], HashSet<Vec<u8>>>,
}

impl Noted {
    /// Notes a line of a test's file. A value shorter than a code is left out.
    pub(super) fn add(&mut self, line: &str) {
        let secret = line.trim();
        let Some(start) = secret.as_bytes().first_chunk::<SHORTEST>() else {
            return;
        };
        if secret.bytes().all(|b| b.is_ascii_digit()) {
            self.codes.insert(secret.to_owned());
        } else {
            self.others
                .entry(*start)
                .or_default()
                .insert(secret.as_bytes().to_vec());
        }
    }

    /// Returns the number of different secrets.
    pub(super) fn len(&self) -> usize {
        self.codes.len() + self.others.values().map(HashSet::len).sum::<usize>()
    }

    /// Returns true if a line holds one of them.
    pub(super) fn is_in(&self, line: &str) -> bool {
        self.has_code(line) || self.has_other(line.as_bytes())
    }

    fn has_code(&self, line: &str) -> bool {
        words_of_digits(line).any(|word| self.codes.contains(word))
    }

    fn has_other(&self, line: &[u8]) -> bool {
        (0..line.len()).any(|place| {
            let rest = &line[place..];
            rest.first_chunk()
                .and_then(|start| self.others.get(start))
                .is_some_and(|secrets| secrets.iter().any(|secret| rest.starts_with(secret)))
        })
    }
}

/// Returns the words of a line that are only digits, except those in a decimal number, such as the
/// fraction of a timestamp.
fn words_of_digits(line: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut end = 0;
    line.split(move |c| !is_word(c)).filter(move |word| {
        let start = end;
        end = start + word.len();
        // `split` took one character between two words.
        let after = &line[end..];
        end += after.chars().next().map_or(0, char::len_utf8);
        let before = &line[..start];
        let is_digit = |c: char| c.is_ascii_digit();
        let decimal = before
            .strip_suffix('.')
            .is_some_and(|whole| whole.ends_with(is_digit))
            || after
                .strip_prefix('.')
                .is_some_and(|fraction| fraction.starts_with(is_digit));
        word.len() >= SHORTEST && word.chars().all(is_digit) && !decimal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(secrets: &[&str]) -> Noted {
        let mut noted = Noted::default();
        for secret in secrets {
            noted.add(secret);
        }
        noted
    }

    #[test]
    fn a_code_is_found_as_a_whole_word() {
        let noted = noted(&["123456"]);
        for line in [
            "123456",
            "code 123456.",
            r#"{"answer":"123456"}"#,
            "code=123456&x=1",
            "é123456… no: 123456é, but #123456",
            "1.5 then 123456 then 2.5",
            "…123456…",
        ] {
            assert!(noted.is_in(line), "{line}");
        }
    }

    #[test]
    fn a_code_is_not_found_inside_something_longer() {
        let noted = noted(&["123456"]);
        for line in [
            "2026-11-23T15:29:01.123456Z",
            "2026-11-23 15:29:01.123456 INFO",
            "finished in 0.123456 s",
            "123456.789",
            "1123456",
            "1234567",
            "latchstring_core-a123456ef37403c9d",
            "code_123456",
            "é123456",
        ] {
            assert!(!noted.is_in(line), "{line}");
        }
    }

    #[test]
    fn any_other_secret_is_found_anywhere() {
        let noted = noted(&["AYABeP-secret", "  AYABeX \n", "k1.abc"]);
        assert_eq!(noted.len(), 3);
        for line in ["xAYABeP-secretx", "AYABeX", "é=k1.abc"] {
            assert!(noted.is_in(line), "{line}");
        }
        for line in ["AYABeP-secre", "AYABe", "k1.ab", ""] {
            assert!(!noted.is_in(line), "{line}");
        }
    }

    #[test]
    fn short_and_repeated_secrets_are_not_counted() {
        assert_eq!(noted(&["12345", "", "abc", "abcdef", "abcdef"]).len(), 1);
    }
}
