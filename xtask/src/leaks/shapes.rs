//! Recognises secrets by their shape.

use std::borrow::Cow;

use regex::{Captures, Regex};

use super::Kind;

pub(super) struct Shapes {
    escape: Regex,
    email: Regex,
    number: Regex,
    jwt: Regex,
    sealed: Regex,
    run: Regex,
}

/// The length from which a run of base64url counts as a token. The stand-in's shortest token has 86
/// characters, Cognito's have hundreds.
const OPAQUE: usize = 60;

/// The address in the example commands that the local service prints, which is not a user's: by HTTP
/// and by GraphQL.
const GREETINGS: [&str; 2] = [
    r#""emailOrPhone":"you@example.com""#,
    r#"emailOrPhone:\"you@example.com\""#,
];

impl Shapes {
    pub(super) fn new() -> Self {
        Self {
            // Terminal colours; \n, \r, \t and \uXXXX of JSON and Debug; %XX of URLs.
            escape: regex(
                r"\x1b\[[0-9;?]*[A-Za-z]|\\[nrt]|\\u(?<unicode>[0-9A-Fa-f]{4})|%(?<url>[0-9A-Fa-f]{2})",
            ),
            // Masked ones too. Not `name@1.2.3`, which is how cargo names a version.
            email: regex(
                r"[\w!#$%&*+./=?^|~…-]@[\w-]+(?:\.[\w-]+)*\.(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)",
            ),
            // Not the build part of a version (`1.2.3+20240101`).
            number: regex(r"(?:^|[^\w.])\+(?<digits>\d(?:[ ().-]{0,2}\d){7,})"),
            jwt: regex(r"(?:^|[^\w-])eyJ[A-Za-z0-9_-]{16,}"),
            sealed: regex(r"[a-z0-9-]\.[A-Za-z0-9_-]{300,}"),
            run: regex(&format!("[A-Za-z0-9_-]{{{OPAQUE},}}")),
        }
    }

    /// Returns the line without escapes and colours, which would hide the beginning of a word.
    pub(super) fn plain<'a>(&self, line: &'a str) -> Cow<'a, str> {
        self.escape.replace_all(line, |found: &Captures<'_>| {
            match found.name("unicode").or_else(|| found.name("url")) {
                Some(code) => u32::from_str_radix(code.as_str(), 16)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or(' ')
                    .to_string(),
                None if found[0].starts_with('\x1b') => String::new(),
                None => " ".to_owned(),
            }
        })
    }

    /// Returns the kinds of secret in a line; of tokens only the first kind that fits.
    pub(super) fn kinds_in(&self, line: &str) -> Vec<Kind> {
        let mut kinds = Vec::new();
        let ours = |line: String, greeting: &&str| line.replace(greeting, "");
        let others = GREETINGS.iter().fold(line.to_owned(), ours);
        if self.email.is_match(&others) {
            kinds.push(Kind::Email);
        }
        if self.has_number(line) {
            kinds.push(Kind::PhoneNumber);
        }
        if self.jwt.is_match(line) {
            kinds.push(Kind::Jwt);
        } else if self.sealed.is_match(line) {
            kinds.push(Kind::Sealed);
        } else if self.run.find_iter(line).any(|run| is_random(run.as_str())) {
            kinds.push(Kind::Opaque);
        }
        kinds
    }

    fn has_number(&self, line: &str) -> bool {
        self.number.captures_iter(line).any(|found| {
            let digits = &found["digits"];
            // A date behind a plus sign, as in a diff, has four digits before its first separator;
            // no country code has.
            let first = digits.split(|c: char| !c.is_ascii_digit()).next();
            let grouped = first.is_some_and(|first| first.len() < digits.len());
            let country = first.is_some_and(|first| first.len() <= 3);
            let count = digits.chars().filter(char::is_ascii_digit).count();
            (8..=15).contains(&count) && (!grouped || country)
        })
    }
}

/// Names of tests and types are long too, but do not have all three sorts of characters.
fn is_random(run: &str) -> bool {
    let at_least_three = |sort: fn(&u8) -> bool| run.bytes().filter(sort).count() >= 3;
    at_least_three(u8::is_ascii_digit)
        && at_least_three(u8::is_ascii_lowercase)
        && at_least_three(u8::is_ascii_uppercase)
}

fn regex(pattern: &str) -> Regex {
    // Invariant: the patterns are fixed, and every test below compiles them all.
    Regex::new(pattern).expect("a pattern of this file is well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(line: &str) -> Vec<Kind> {
        let shapes = Shapes::new();
        shapes.kinds_in(&shapes.plain(line))
    }

    /// Returns text of the given length in the base64url alphabet that looks random.
    fn base64url(length: usize) -> String {
        "Ab1-Cd2_Ef3".chars().cycle().take(length).collect()
    }

    #[test]
    fn addresses_are_found() {
        for line in [
            "sent to ada@example.com",
            r#"{"to":"ada.b+tag@mail.example.co.uk"}"#,
            "email=ada%40example.com&x=1",
            r#"{"to":"ada\u0040example.com"}"#,
            "a***@example.com",
            "a…@example.com",
            "ada@bücher.example",
            "ada@example.xn--p1ai",
            "\u{1b}[32mada@example.com\u{1b}[0m",
            "Email(ADA@EXAMPLE.COM)",
        ] {
            assert_eq!(kinds(line), [Kind::Email], "{line}");
        }
        for greeting in GREETINGS {
            let greeting = format!("signIn(input:{{{greeting},method:EMAIL}})");
            assert_eq!(kinds(&greeting), []);
            assert_eq!(kinds(&format!("{greeting} ada@example.com")), [Kind::Email]);
        }
    }

    #[test]
    fn numbers_are_found() {
        for line in [
            "+14155550132",
            r#"{"to":"+14155550132"}"#,
            "to=%2B14155550132",
            "to +1 415 555 0132.",
            "+1 (415) 555-0132",
            "+49 30 901820",
            "the number is:\\n+4930901820",
        ] {
            assert_eq!(kinds(line), [Kind::PhoneNumber], "{line}");
        }
    }

    #[test]
    fn tokens_are_found() {
        let jwt = format!("Bearer eyJ{}.eyJ{}.sig", base64url(30), base64url(40));
        let encrypted = format!(r#"{{"RefreshToken":"eyJ{}..x.y.z"}}"#, base64url(50));
        assert_eq!(kinds(&jwt), [Kind::Jwt]);
        assert_eq!(kinds(&encrypted), [Kind::Jwt]);
        let sealed = format!("ticket=k1.{}", base64url(395));
        assert_eq!(kinds(&sealed), [Kind::Sealed]);
        for length in [86, 128, 1000] {
            let session = format!(r#""Session":"{}""#, base64url(length));
            assert_eq!(kinds(&session), [Kind::Opaque]);
        }
    }

    #[test]
    fn every_kind_in_a_line_is_reported() {
        assert_eq!(
            kinds("ada@example.com +14155550132"),
            [Kind::Email, Kind::PhoneNumber]
        );
    }

    #[test]
    fn output_of_cargo_and_logs_is_not_a_secret() {
        for line in [
            "   Compiling aws-lc-sys v0.47.0",
            "  Downloaded wit-bindgen v0.57.1+wasi-0.2.12",
            "   Compiling some-sys v1.2.3+20240101",
            "   Compiling latchstring-core v0.1.0 (/home/ada/latchstring/shared/core)",
            "     Running unittests src/lib.rs (target/debug/deps/latchstring_core-671ab0ef37403c9d)",
            "     Running unittests src/main.rs (/home/Ada Love/Latchstring 2/target/debug/deps/x-671ab0ef37403c9d)",
            "    Finished `test` profile [unoptimized + debuginfo] target(s) in 1m 02s",
            "package ID `registry+https://github.com/rust-lang/crates.io-index#aws-lc-sys@0.47.0`",
            "    cargo install --locked --root target/tools cargo-deny@0.20.2",
            "test sealed::tests::a_ticket_is_stale_after_its_life_and_before_its_time_and_a_proof_too ... ok",
            "test shared/core/src/code.rs - code::Code (line 12) ... ok",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.345678s",
            r#"{"timestamp":"2026-11-23T15:29:01.123456Z","level":"INFO","flow":"9f86d081884c7d659a2feaa0c55ad015"}"#,
            "2026-11-23T15:29:01.123456+00:00",
            "+2026-11-23",
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "at 4c7d659a-0c55-4ad0-95a3-bf4f1b2b0b82",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1Cd2Ef3",
            "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
            "   0: rust_begin_unwind\n             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5",
            "thread 'main' panicked: Secret(…), TicketId(…), SealedContact(…)",
            "node_modules/@aws-sdk/client-cognito-identity-provider/dist-cjs/index.js",
            "listening on http://127.0.0.1:4180",
            "0 + 12345678 = 12345678",
        ] {
            assert_eq!(kinds(line), [], "{line}");
        }
    }
}
