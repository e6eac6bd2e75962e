//! Test identifiers: addresses and numbers with a fixed code, to which nothing is sent. App
//! reviewers and the app's own tests use them. Each has an end date, and all budgets apply to it.

use std::time::{Duration, UNIX_EPOCH};

use crate::value::identifier::{Identifier, Method, PhoneRules};
use crate::value::time::Timestamp;

/// An identifier with a fixed code until the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestIdentifier {
    /// The identifier.
    pub identifier: Identifier,
    /// The time from which it is an ordinary identifier.
    pub ends: Timestamp,
}

impl TestIdentifier {
    /// Parses an address or number and the last day in UTC, for instance
    /// `ada@example.com=2027-01-31`.
    pub fn parse(text: &str, phones: &PhoneRules) -> Option<Self> {
        // A local part may also contain the equals sign.
        let (typed, day) = text.rsplit_once('=')?;
        let method = if typed.contains('@') {
            Method::Email
        } else {
            Method::PhoneNumber
        };
        let begins = humantime::parse_rfc3339(&format!("{}T00:00:00Z", day.trim())).ok()?;
        let begins = begins.duration_since(UNIX_EPOCH).ok()?;
        let ends = Timestamp::from_secs(begins.as_secs()).plus(Duration::from_secs(24 * 3600));
        Some(Self {
            identifier: Identifier::parse_by(method, typed, phones).ok()?,
            ends,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_identifier_is_one_until_its_last_day_ends() {
        let phones = PhoneRules::default();
        let reviewer =
            TestIdentifier::parse(" Review+a=b@Example.com=2027-01-31 ", &phones).unwrap();
        assert_eq!(reviewer.identifier.as_str(), "review+a=b@example.com");
        assert_eq!(reviewer.ends, Timestamp::from_secs(1_801_440_000));
        let number = TestIdentifier::parse("+1 415 555 0132=2027-01-31", &phones).unwrap();
        assert_eq!(number.identifier.as_str(), "+14155550132");
    }

    #[test]
    fn what_has_no_end_or_is_no_identifier_is_none() {
        for text in [
            "",
            "ada@example.com",
            "ada@example.com=",
            "ada@example.com=never",
            "ada@example.com=2027-02-30",
            "=2027-01-31",
            "ada=2027-01-31",
        ] {
            assert_eq!(
                TestIdentifier::parse(text, &PhoneRules::default()),
                None,
                "{text}"
            );
        }
    }
}
