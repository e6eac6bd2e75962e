//! One-time codes: derived, never stored.
//!
//! code = HMAC-SHA256(key, "v1" ‖ flow id ‖ purpose ‖ method ‖ identifier ‖ time of issue ‖ N): its
//! first 128 bits, big-endian, modulo 10^N, with leading zeros. The time of issue is in
//! milliseconds, as 8 bytes, big-endian. N is one byte. Each field is length-prefixed (`Key::mac`).
//!
//! The flow row names a key of the ring: the one that was current when the flow was opened. `key`
//! is its subkey for codes, derived by HKDF. N is the number of digits in the row's `terms`, which
//! a resend may replace by a longer one. `Flow::code` passes these values to [`Code::derive`].
//!
//! For a test identifier, `Flow::code` calls [`Code::fixed`] instead. That function hashes only
//! "test", the method and the identifier. Its key is the ring's lasting key, or the current key if
//! the ring has no lasting one.
//!
//! In slot mode, all flows of one slot have one code (`Code::of_slot`). Its fields are "slot", the
//! purpose, the method, the identifier without what Gmail, Proton, iCloud and Yandex ignore
//! (`reader`), and the number and length of the slot. Its text is the first 128 bits modulo 32^12,
//! as 12 digits of Crockford's base 32.
//!
//! A link carries these 128 bits themselves, as its token (`LinkToken`).
//!
//! N is among the fields, so a longer code of a flow does not contain the shorter one. The flow id
//! is random and the key is the deployment's secret, so neither a leaked table nor a leaked key
//! alone reveals a code, except the code of a test identifier: its key alone reveals that. The bias
//! of the modulo is below 10^10 / 2^128 (about 3·10^-29) for any code, and zero for the code of a
//! slot. Every string of N digits is possible.

use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq;

use super::keys::{Key, KeyRing, Use};
pub use super::link::{LinkChallenge, LinkToken};
use super::pseudonym::reader;
pub use crate::value::code_alphabet::CodeAlphabet;
pub use crate::value::code_length::CodeLength;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::purpose::Purpose;
use crate::value::slot::Slot;
use crate::value::time::Timestamp;
use crate::value::unicode::{digit, is_dash, is_format, letter};

/// A one-time code. `Debug` does not show it; only a message does.
#[derive(Clone)]
pub struct Code {
    digits: String,
    secret: [u8; 16],
    alphabet: CodeAlphabet,
    slot_ends: Option<Timestamp>,
}

impl Code {
    /// Derives the code of one issue of one flow. Equal input gives an equal code, so a trigger
    /// that Cognito retries sends and expects the same digits.
    pub fn derive(
        key: &Key,
        length: CodeLength,
        flow: FlowId,
        purpose: Purpose,
        to: &Identifier,
        issued_at: Timestamp,
    ) -> Self {
        let mac = key.mac(
            Use::Code,
            &[
                b"v1",
                flow.as_bytes(),
                purpose.as_str().as_bytes(),
                to.method().as_str().as_bytes(),
                to.as_str().as_bytes(),
                &issued_at.as_millis().to_be_bytes(),
                &[length.digits()],
            ],
        );
        Self::of_mac(mac, length)
    }

    /// Derives the code of every flow of this purpose that begins in a slot, to identifiers of one
    /// reader.
    pub(crate) fn of_slot(key: &Key, slot: Slot, purpose: Purpose, to: &Identifier) -> Self {
        let (local, domain) = reader(to);
        let mac = key.mac(
            Use::Code,
            &[
                b"slot",
                purpose.as_str().as_bytes(),
                to.method().as_str().as_bytes(),
                local.as_bytes(),
                domain.as_bytes(),
                &slot.to_bytes(),
            ],
        );
        Self {
            slot_ends: Some(slot.ends()),
            ..Self::of_mac(mac, CodeLength::SLOT)
        }
    }

    /// Returns the code of the slot that contains `at`, for tests of messages.
    #[doc(hidden)]
    pub fn of_slot_at(key: &Key, at: Timestamp, length: Duration, to: &Identifier) -> Self {
        Self::of_slot(key, Slot::at(at, length), Purpose::SignIn, to)
    }

    /// Derives the code of a test identifier, equal at every sign-in.
    pub fn fixed(keys: &KeyRing, length: CodeLength, of: &Identifier) -> Self {
        let fields = [of.method().as_str().as_bytes(), of.as_str().as_bytes()];
        let mac = keys
            .lasting()
            .mac(Use::Code, &[b"test", fields[0], fields[1]]);
        Self::of_mac(mac, length)
    }

    fn of_mac(mac: [u8; 32], length: CodeLength) -> Self {
        let mut secret = [0; 16];
        secret.copy_from_slice(&mac[..16]);
        Self {
            digits: text(secret, length),
            secret,
            alphabet: length.alphabet(),
            slot_ends: None,
        }
    }

    /// The end of the slot of a code that several flows have. A flow that begins before it has this
    /// code.
    pub(crate) const fn slot_ends(&self) -> Option<Timestamp> {
        self.slot_ends
    }

    /// The digits of its alphabet, for the message that carries them.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The token of the link in the same message.
    pub const fn link_token(&self) -> LinkToken {
        LinkToken::from_bytes(self.secret)
    }

    /// The digits as a message shows them: those of base 32 in groups of four.
    pub fn shown(&self) -> String {
        match self.alphabet {
            CodeAlphabet::Digits => self.digits.clone(),
            CodeAlphabet::Base32 => {
                let mut shown = String::with_capacity(self.digits.len() + 2);
                for (place, c) in self.digits.chars().enumerate() {
                    if place > 0 && place % 4 == 0 {
                        shown.push('-');
                    }
                    shown.push(c);
                }
                shown
            }
        }
    }

    /// Compares in a time that depends on the lengths alone.
    pub fn matches(&self, answer: &Answer) -> bool {
        self.digits.as_bytes().ct_eq(answer.0.as_bytes()).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Returns the residue of the secret, as digits of the alphabet.
fn text(secret: [u8; 16], length: CodeLength) -> String {
    let characters = length.alphabet().characters();
    let base = characters.len() as u128;
    let mut rest = u128::from_be_bytes(secret);
    let mut digits: Vec<char> = (0..length.digits())
        .map(|_| {
            // Invariant: a residue is below the number of characters.
            let digit = usize::try_from(rest % base).unwrap_or_default();
            rest /= base;
            char::from(characters[digit])
        })
        .collect();
    digits.reverse();
    digits.into_iter().collect()
}

/// An answer to a code challenge, as ASCII digits if it can be read as digits. Redacted in `Debug`.
///
/// A pasted code may contain spaces, dashes and invisible characters, and end with a full stop.
/// Keyboards of many scripts type digits of their own.
#[derive(Clone)]
pub struct Answer(String);

impl Answer {
    /// Normalises a typed answer to a code of this alphabet.
    pub fn of(typed: &str, alphabet: CodeAlphabet) -> Self {
        let Self(digits) = Self::new(typed);
        match alphabet {
            CodeAlphabet::Digits => Self(digits),
            CodeAlphabet::Base32 => Self(digits.chars().map(base32).collect()),
        }
    }

    /// Normalises a typed answer. Any text is an answer; only the digits of the code are right.
    pub fn new(typed: &str) -> Self {
        let is_beside = |c: char| c.is_whitespace() || is_format(c);
        let ends = |c: char| is_beside(c) || matches!(c, '.' | '。' | '．' | '｡' | '۔' | '।');
        Self(
            typed
                .trim_end_matches(ends)
                .chars()
                .filter(|c| !is_beside(*c) && !is_dash(*c))
                .map(|c| digit(c).unwrap_or(c))
                .collect(),
        )
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Returns the digit of base 32 that a typed character stands for: a letter in any case, and O, I and
/// L for the digits that they resemble. Another character stays.
fn base32(typed: char) -> char {
    match letter(typed).map(|c| c.to_ascii_uppercase()) {
        Some('O') => '0',
        Some('I' | 'L') => '1',
        Some(letter) => letter,
        None => typed,
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::seal::keys::KeyId;
    use crate::value::identifier::Method;

    fn key() -> Key {
        Key::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap()
    }

    /// Returns the code of six digits with this value.
    fn code_of(value: u128) -> Code {
        let mut mac = [0xff; 32];
        mac[..16].copy_from_slice(&value.to_be_bytes());
        Code::of_mac(mac, CodeLength::DEFAULT)
    }

    fn slot_code(at: u64, to: &str) -> Code {
        let to = Identifier::parse(Method::Email, to).unwrap();
        let slot = Slot::at(Timestamp::from_secs(at), Duration::from_secs(600));
        Code::of_slot(&key(), slot, Purpose::SignIn, &to)
    }

    fn code(flow: u128, length: u8) -> Code {
        Code::derive(
            &key(),
            CodeLength::new(length).unwrap(),
            FlowId::from_bytes(flow.to_be_bytes()),
            Purpose::SignIn,
            &Identifier::parse(Method::Email, "ada@example.com").unwrap(),
            Timestamp::from_secs(1),
        )
    }

    #[test]
    fn a_code_has_between_six_and_ten_digits() {
        for digits in 0..=20 {
            assert_eq!(
                CodeLength::new(digits).is_some(),
                (6..=10).contains(&digits)
            );
        }
        for digits in 6..=10 {
            let code = code(1, digits);
            assert_eq!(code.digits().len(), usize::from(digits));
            assert!(code.digits().bytes().all(|b| b.is_ascii_digit()));
        }
    }

    /// The page of another browser shows the code from the link alone.
    #[test]
    fn a_code_is_the_remainder_of_its_link_token() {
        for length in 6..=10 {
            let code = code(7, length);
            let token = code.link_token().text();
            let token = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes());
            let number = u128::from_be_bytes(token.unwrap().try_into().unwrap());
            let digits = usize::from(length);
            let shown = format!("{:0digits$}", number % 10_u128.pow(u32::from(length)));
            assert_eq!(shown, code.digits());
        }
        let tokens = [6, 7].map(|length| code(7, length).link_token().text());
        assert_ne!(tokens[0], tokens[1], "a longer code has another link");
    }

    /// Two well-known samples draw only the digits 0 to 8, and one never gives 999999.
    #[test]
    fn every_string_of_digits_can_come_out_zeros_and_nines_included() {
        let secret_of = u128::to_be_bytes;
        let six = CodeLength::new(6).unwrap();
        for wanted in [0, 1, 9, 99_999, 100_000, 899_999, 999_998, 999_999] {
            assert_eq!(text(secret_of(wanted), six), format!("{wanted:06}"));
        }
        assert_eq!(text(secret_of(1_000_000), six), "000000");
        assert_eq!(
            text(secret_of(9_999_999_999), CodeLength::new(10).unwrap()),
            "9999999999"
        );
    }

    /// Chi-squared over each place, 9 degrees of freedom: 27.9 is exceeded once in a thousand.
    #[test]
    fn each_place_of_a_code_holds_every_digit_equally_often() {
        let samples = 20_000;
        let mut counts: BTreeMap<(usize, u8), u32> = BTreeMap::new();
        for flow in 0..samples {
            for (place, digit) in code(flow, 6).digits().bytes().enumerate() {
                *counts.entry((place, digit)).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), 60, "six places of ten digits, all seen");
        let expected = f64::from(u32::try_from(samples).unwrap()) / 10.0;
        for place in 0..6 {
            let chi: f64 = (b'0'..=b'9')
                .map(|digit| (f64::from(counts[&(place, digit)]) - expected).powi(2) / expected)
                .sum();
            assert!(chi < 27.9, "place {place}: {chi}");
        }
    }

    #[test]
    fn every_input_of_the_derivation_changes_the_code() {
        let flow = FlowId::from_bytes([1; 16]);
        let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        let bob = Identifier::parse(Method::Email, "bob@example.com").unwrap();
        let ten = CodeLength::new(10).unwrap();
        let other_key = Key::new(KeyId::parse("k1").unwrap(), &[8; 32]).unwrap();
        let at = Timestamp::from_secs(1);
        let codes = [
            Code::derive(&key(), ten, flow, Purpose::SignIn, &ada, at),
            Code::derive(&other_key, ten, flow, Purpose::SignIn, &ada, at),
            Code::derive(
                &key(),
                ten,
                FlowId::from_bytes([2; 16]),
                Purpose::SignIn,
                &ada,
                at,
            ),
            Code::derive(&key(), ten, flow, Purpose::Claim, &ada, at),
            Code::derive(&key(), ten, flow, Purpose::SignIn, &bob, at),
            Code::derive(
                &key(),
                ten,
                flow,
                Purpose::SignIn,
                &ada,
                Timestamp::from_millis(1_001),
            ),
        ];
        let distinct: std::collections::BTreeSet<_> = codes.iter().map(Code::digits).collect();
        assert_eq!(distinct.len(), codes.len());
    }

    /// glific#4815: typographic separators and digits of other scripts, from pastes and keyboards.
    #[test]
    fn an_answer_is_read_as_the_digits_that_were_meant() {
        let code = code_of(12_345);
        for typed in [
            "012345",
            " 012 345\n",
            "012-345",
            "012\u{2011}345",
            "012–345",
            "012ー345",
            "\u{200b}012\u{a0}345\u{feff}",
            "\u{202a}012345\u{202c}",
            "012345.",
            "012 345. ",
            "０１２３４５。",
            "٠١٢٣٤٥",
            "۰۱۲۳۴۵",
            "०१२३४५।",
        ] {
            assert!(code.matches(&Answer::new(typed)), "{typed:?}");
        }
        for typed in [
            "", "12345", "0123456", "012346", "O12345", "012345x", "+012345", "012.345", ".012345",
            "012345,", "①12345", "0₁2345", "012345\0",
        ] {
            assert!(!code.matches(&Answer::new(typed)), "{typed:?}");
        }
    }

    #[test]
    fn the_code_of_a_slot_is_the_residue_of_its_secret() {
        let code = slot_code(1, "ada@example.com");
        let mut value = 0_u64;
        for c in code.digits().bytes() {
            let characters = CodeAlphabet::Base32.characters();
            let digit = characters.iter().position(|known| *known == c).unwrap();
            value = value * 32 + u64::try_from(digit).unwrap();
        }
        let secret = u128::from_be_bytes(code.secret);
        assert_eq!(u128::from(value), secret % (1 << 60));
        assert_eq!(code.digits().len(), 12);
        let shown = code.shown();
        let groups: Vec<_> = shown.split('-').map(str::len).collect();
        assert_eq!(groups, [4, 4, 4], "{shown}");
    }

    /// An attacker chooses the spelling that a message of the slot goes to.
    #[test]
    fn a_slot_has_one_code_for_one_reader_alone() {
        let of = |at, to| slot_code(at, to).digits().to_owned();
        let ada = of(1, "ada@example.com");
        assert_eq!(of(599, "ada@example.com"), ada);
        for other in [
            of(600, "ada@example.com"),
            of(1, "ada+1@example.com"),
            of(1, "bob@example.com"),
            of(1, "ada@example.org"),
        ] {
            assert_ne!(other, ada);
        }
        let gmail = of(1, "ada.king@gmail.com");
        assert_eq!(of(1, "adaking@googlemail.com"), gmail);
        assert_ne!(of(1, "adaking+1@gmail.com"), gmail);
    }

    #[test]
    fn a_code_of_base_32_is_read_in_any_case_and_with_hyphens() {
        let code = Code {
            digits: "0123ABCDEFGH".to_owned(),
            secret: [0; 16],
            alphabet: CodeAlphabet::Base32,
            slot_ends: None,
        };
        for typed in [
            "0123ABCDEFGH",
            "0123-abcd-efgh",
            " o1 23 aBcD efgh.",
            "OI23-ABCD-EFGH",
            "oL23abcdefgh",
            "Ol23 ＡＢＣＤ－ｅｆｇｈ",
            "٠١٢٣abcdefgh",
        ] {
            let answer = Answer::of(typed, CodeAlphabet::Base32);
            assert!(code.matches(&answer), "{typed:?}");
        }
        for typed in [
            "",
            "0123ABCDEFG",
            "0123ABCDEFGHH",
            "U123ABCDEFGH",
            "0123АBCDEFGH",
        ] {
            let answer = Answer::of(typed, CodeAlphabet::Base32);
            assert!(!code.matches(&answer), "{typed:?}");
        }
        // Digits are not read as letters are.
        assert!(!code_of(12_345).matches(&Answer::of("O12345", CodeAlphabet::Digits)));
    }

    #[test]
    fn debug_shows_neither_code_nor_answer() {
        assert_eq!(format!("{:?}", code(1, 6)), "Code(…)");
        assert_eq!(format!("{:?}", Answer::new("123456")), "Answer(…)");
    }

    proptest! {
        #[test]
        fn a_code_matches_itself_and_no_other_digits(a in any::<u128>(), b in any::<u128>()) {
            let (first, second) = (code(a, 8), code(b, 8));
            prop_assert!(first.matches(&Answer::new(first.digits())));
            prop_assert_eq!(
                first.matches(&Answer::new(second.digits())),
                first.digits() == second.digits()
            );
        }
    }
}
