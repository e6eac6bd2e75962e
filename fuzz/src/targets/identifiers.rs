//! What somebody typed: what parses is canonical, and every spelling comes to the same.

use latchstring_core::identifier::{Identifier, MAX_IDENTIFIER_BYTES, Method};

use crate::{Outcome, Target};

pub(super) const EMAIL: Target = Target {
    name: "email",
    check: |input| check(Method::Email, input),
    reaches: &["refused", "parsed"],
    dictionary: &[
        "@",
        "xn--",
        ".",
        "example.com",
        "ß",
        "İ",
        "。",
        "ａ",
        "\u{ad}",
    ],
    golden: None,
};

pub(super) const PHONE: Target = Target {
    name: "phone_number",
    check: |input| check(Method::PhoneNumber, input),
    reaches: &["refused", "parsed"],
    dictionary: &[
        "+", "00", "(0)", "-", ".", " ", "+1", "+44", "+390", "+870", "+54 9",
    ],
    golden: None,
};

fn check(method: Method, input: &[u8]) -> Outcome {
    let Ok(typed) = std::str::from_utf8(input) else {
        return "refused";
    };
    let parsed = Identifier::parse(method, typed);
    let spelled = |text: &str| assert_eq!(Identifier::parse(method, text), parsed);
    spelled(&format!("\u{a0} {typed}\t"));
    match method {
        Method::Email => spelled(&typed.to_ascii_uppercase()),
        Method::PhoneNumber => {
            // Separators say nothing, but that without any digit there is no number.
            if parsed.is_ok() {
                spelled(&typed.replace([' ', '(', ')', '.', '-'], ""));
            }
        }
    }
    let Ok(identifier) = &parsed else {
        return "refused";
    };
    let canonical = identifier.as_str();
    assert_eq!(
        Identifier::parse(method, canonical).as_ref(),
        Ok(identifier)
    );
    assert!(canonical.len() <= MAX_IDENTIFIER_BYTES);
    assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!canonical.bytes().any(|byte| byte.is_ascii_uppercase()));
    assert!(!format!("{identifier:?}").contains(canonical));
    match identifier {
        Identifier::Email(_) => assert_eq!(canonical.matches('@').count(), 1),
        Identifier::PhoneNumber(number) => {
            let digits = canonical.strip_prefix('+').expect("E.164 begins with +");
            assert!((2..=15).contains(&digits.len()));
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(digits.starts_with(number.prefix()));
            number.country();
        }
    }
    "parsed"
}
