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
//! A link carries these 128 bits themselves, as its token (`LinkToken`).
//!
//! N is among the fields, so a longer code of a flow does not contain the shorter one. The flow id
//! is random and the key is the deployment's secret, so neither a leaked table nor a leaked key
//! alone reveals a code, except the code of a test identifier: its key alone reveals that. The bias
//! of the modulo is below 10^10 / 2^128 (about 3·10^-29) for any code. Every string of N digits is
//! possible.

use std::fmt;

use subtle::ConstantTimeEq;

use super::keys::{Key, KeyRing, Use};
pub use super::link::{LinkChallenge, LinkToken};
pub use crate::value::code_alphabet::CodeAlphabet;
pub use crate::value::code_length::CodeLength;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;
use crate::value::unicode::{digit, is_dash, is_format};

/// A one-time code. `Debug` does not show it; only a message does.
#[derive(Clone)]
pub struct Code {
    digits: String,
    secret: [u8; 16],
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
        Self::of(mac, length)
    }

    /// Derives the code of a test identifier, equal at every sign-in.
    pub fn fixed(keys: &KeyRing, length: CodeLength, of: &Identifier) -> Self {
        let fields = [of.method().as_str().as_bytes(), of.as_str().as_bytes()];
        let mac = keys
            .lasting()
            .mac(Use::Code, &[b"test", fields[0], fields[1]]);
        Self::of(mac, length)
    }

    fn of(mac: [u8; 32], length: CodeLength) -> Self {
        let mut secret = [0; 16];
        secret.copy_from_slice(&mac[..16]);
        Self {
            digits: truncate(secret, length),
            secret,
        }
    }

    /// The digits, for the message that carries them.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The token of the link in the same message.
    pub const fn link_token(&self) -> LinkToken {
        LinkToken::from_bytes(self.secret)
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

fn truncate(secret: [u8; 16], length: CodeLength) -> String {
    let digits = usize::from(length.digits());
    let code = u128::from_be_bytes(secret) % 10_u128.pow(u32::from(length.digits()));
    format!("{code:0digits$}")
}

/// An answer to a code challenge, as ASCII digits if it can be read as digits. Redacted in `Debug`.
///
/// A pasted code may contain spaces, dashes and invisible characters, and end with a full stop.
/// Keyboards of many scripts type digits of their own.
#[derive(Clone)]
pub struct Answer(String);

impl Answer {
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
        let mac_of = u128::to_be_bytes;
        let six = CodeLength::new(6).unwrap();
        for wanted in [0, 1, 9, 99_999, 100_000, 899_999, 999_998, 999_999] {
            assert_eq!(truncate(mac_of(wanted), six), format!("{wanted:06}"));
        }
        assert_eq!(truncate(mac_of(1_000_000), six), "000000");
        assert_eq!(
            truncate(mac_of(9_999_999_999), CodeLength::new(10).unwrap()),
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
        let code = Code {
            digits: "012345".to_owned(),
            secret: [0; 16],
        };
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
