//! Identifiers as typed: a parsed identifier is canonical, and all spellings are parsed as the same
//! one.

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
        "mailto:",
        "<",
        "’",
        "\u{2011}",
        "\u{200c}",
        "·",
        "٠",
    ],
    golden: None,
};

pub(super) const PHONE: Target = Target {
    name: "phone_number",
    check: |input| check(Method::PhoneNumber, input),
    reaches: &["refused", "parsed"],
    dictionary: &[
        "+", "00", "(0)", "-", ".", " ", "+1", "+44", "+390", "+870", "+54 9", "+521", "+229",
        "+1621", "tel:", "＋", "٤", "４", "\u{2011}", "\u{202a}", "–",
    ],
    golden: None,
};

/// Checks that no number is parsed as another subscriber's. Its digits are the typed ones without a
/// trunk prefix, or those of the new form of a changed number.
fn keeps_its_subscriber(typed: &str, digits: &str) {
    // The spellings compare digits of other scripts.
    if typed.chars().any(|c| c.is_numeric() && !c.is_ascii()) {
        return;
    }
    let typed: String = typed.chars().filter(char::is_ascii_digit).collect();
    let kept = typed.len().min(digits.len()).min(6);
    let tail = |text: &str| text[text.len() - kept..].to_owned();
    assert_eq!(
        tail(&typed),
        tail(digits),
        "the subscriber's digits are kept"
    );
}

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
            // Separators and scripts have no meaning, but without any digit there is no number.
            if parsed.is_ok() {
                spelled(&typed.replace([' ', '(', ')', '.', '-'], ""));
                // The addition must not make the text too long, nor separate the letters of a
                // scheme.
                if typed.len() < 200 && !typed.contains(':') {
                    let arabic = |c: char| {
                        let digit = c
                            .to_digit(10)
                            .and_then(|digit| char::from_u32(0x660 + digit));
                        digit.unwrap_or(c)
                    };
                    spelled(&typed.chars().map(arabic).collect::<String>());
                    let marked = typed.chars().flat_map(|c| [c, '\u{2060}']);
                    spelled(&marked.collect::<String>());
                }
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
            assert!(
                number.country().is_some(),
                "a number in use is of a country"
            );
            keeps_its_subscriber(typed, digits);
        }
    }
    "parsed"
}
