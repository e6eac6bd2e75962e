//! The counters: one item of the store each, which expires after its period.

use crate::policy::budgets::MONTH;
use crate::seal::code_terms::{Destination, Requester};
use crate::seal::keys::KeyRing;
use crate::seal::pseudonym::Pseudonym;
use crate::value::identifier::{Country, Email, Identifier, PhoneNumber};
use crate::value::time::Timestamp;

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// Window names of the deployment's daily counter.
pub(super) const ALL: &str = "all";
pub(super) const SPEND: &str = "spend";
pub(super) const SHORT: &str = "short";
pub(super) const LONG: &str = "long";
pub(super) const LONGEST: &str = "longest";
/// Window names of guesses at longer codes, in the daily counters of a mailbox and of a device token.
pub(super) const GUESSES: &str = "g";
pub(super) const EXTENDED_GUESSES: &str = "xg";
/// Window names of a mail counter.
pub(super) const SENT: &str = "sent";
pub(super) const UNPROVED: &str = "unproved";
/// The window of CAPTCHA checks in a source's counter.
pub(super) const CAPTCHA_RESPONSES: &str = "c";
/// The window of a counter that has only one.
pub(super) const COUNT: &str = "n";

/// A counter and the end of its period, at which all its windows end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) pseudonym: Pseudonym,
    pub(super) ends: Timestamp,
}

/// Returns the number and the end of the window of `length` seconds that contains `at`.
pub(super) fn window_at(at: Timestamp, length: u64) -> (u64, Timestamp) {
    let number = at.as_secs() / length;
    (number, Timestamp::from_secs((number + 1) * length))
}

impl Counter {
    fn public(kind: &str, fields: &[&[u8]], at: Timestamp, period: u64) -> Self {
        let (number, ends) = window_at(at, period);
        let number = number.to_be_bytes();
        let mut all = fields.to_vec();
        all.push(&number);
        Self {
            pseudonym: Pseudonym::of_public(kind, &all),
            ends,
        }
    }

    fn keyed(pseudonym: Pseudonym, kind: &str, at: Timestamp, period: u64) -> Self {
        Self::public(kind, &[pseudonym.as_bytes()], at, period)
    }

    /// Messages to a mailbox or number in a day, and guesses at its longer codes. Addresses that
    /// differ in their plus-tag share the mailbox.
    pub(super) fn mailbox(
        keys: &KeyRing,
        requester: Requester,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Self {
        let pseudonym = Pseudonym::of_mailbox(keys, requester.class(), identifier);
        Self::keyed(pseudonym, "mailbox", at, DAY)
    }

    /// Guesses at short codes of an identifier in a month.
    pub(super) fn guesses(
        keys: &KeyRing,
        requester: Requester,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Self {
        let pseudonym = Pseudonym::of_guesses(keys, requester.class(), identifier);
        Self::keyed(pseudonym, "guesses", at, MONTH)
    }

    /// The generation of an identifier's device tokens. It is kept as long as a token may be valid.
    pub(super) fn devices(keys: &KeyRing, identifier: &Identifier, ends: Timestamp) -> Self {
        Self {
            pseudonym: Pseudonym::of_devices(keys, identifier),
            ends,
        }
    }

    /// Messages requested with one device token in a day, and guesses at their longer codes.
    pub(super) fn device_token(token: &[u8; 16], at: Timestamp) -> Self {
        Self::public("device-token", &[token], at, DAY)
    }

    /// Messages that one source requests in an hour, and its CAPTCHA responses.
    pub(super) fn source(source: Pseudonym, at: Timestamp) -> Self {
        Self::keyed(source, "source", at, HOUR)
    }

    /// Contacts that one account requests in a day.
    pub(super) fn account(account: Pseudonym, at: Timestamp) -> Self {
        Self::keyed(account, "account", at, DAY)
    }

    /// All messages, guesses, the SMS spend and the mail of each hour of a day.
    ///
    /// The name of this counter is hashed without a key, and so are all below except
    /// `mailbox_accounts`. They name no user, and an operator can compute their names.
    pub(super) fn deployment(requester: Requester, at: Timestamp) -> Self {
        let fields = [requester.class().as_bytes()];
        Self::public("deployment", &fields, at, DAY)
    }

    /// The SMS spend of a month.
    pub(super) fn spend(requester: Requester, at: Timestamp) -> Self {
        Self::public("spend", &[requester.class().as_bytes()], at, MONTH)
    }

    /// SMS to a country in an hour.
    pub(super) fn country(requester: Requester, country: Option<Country>, at: Timestamp) -> Self {
        let country = country.as_ref().map_or("", Country::as_str);
        let fields = [requester.class().as_bytes(), country.as_bytes()];
        Self::public("destination", &fields, at, HOUR)
    }

    /// Mail to a domain in an hour.
    pub(super) fn domain(domain: &str, at: Timestamp) -> Self {
        Self::public("domain", &[domain.as_bytes()], at, HOUR)
    }

    /// New accounts of a mailbox of a shared domain in a day.
    pub(super) fn mailbox_accounts(keys: &KeyRing, identifier: &Identifier, at: Timestamp) -> Self {
        let pseudonym = Pseudonym::of_mailbox(keys, "accounts", identifier);
        Self::keyed(pseudonym, "accounts", at, DAY)
    }

    /// New accounts of a registrable mail domain in a day: `example.com` also counts those of
    /// `mail.example.com`. The owner of a domain makes its subdomains without cost.
    pub(super) fn accounts(domain: &str, at: Timestamp) -> Self {
        let registrable = psl::domain_str(domain).unwrap_or(domain);
        Self::public("accounts", &[registrable.as_bytes()], at, DAY)
    }
}

/// Returns the windows of a number's prefix and of its country.
pub(super) fn sms_windows(number: &PhoneNumber, destination: Destination) -> [String; 2] {
    let digits = number.as_str().trim_start_matches('+');
    let prefix = digits
        .get(..usize::from(destination.digits))
        .unwrap_or(digits);
    [format!("p{prefix}"), ALL.to_owned()]
}

/// Returns the windows of all mail in an hour, in the deployment's daily counter: sent, and
/// unproved.
pub(super) fn mail_windows(at: Timestamp) -> [String; 2] {
    let hour = at.as_secs() / HOUR % 24;
    [format!("s{hour}"), format!("u{hour}")]
}

/// Returns the window of a mailbox in its domain's counter of accounts: one of 64, so that the item
/// stays small. It depends on a key, so an attacker cannot choose an address that shares another's
/// window.
pub(super) fn mailbox_window(keys: &KeyRing, identifier: &Identifier) -> String {
    let pseudonym = Pseudonym::of_mailbox(keys, "accounts", identifier);
    format!("m{}", pseudonym.as_bytes()[0] % 64)
}

/// Returns the domain of an address.
pub(super) fn domain_of(email: &Email) -> &str {
    email
        .as_str()
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
}

/// A counter that an operator may reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resettable<'a> {
    /// The messages, guesses, mail and SMS spend of this day, and the SMS spend of this month.
    Deployment,
    /// The SMS breakers of a country in this hour.
    Country(Country),
    /// The mail breaker of a domain in this hour and its new accounts of this day.
    Domain(&'a str),
}

/// Returns the counters of a kind, each with a name for the operator: those of unknown requesters
/// and of known devices.
pub fn resettable(kind: Resettable<'_>, now: Timestamp) -> Vec<(&'static str, Pseudonym)> {
    let classes = [Requester::Unknown, Requester::KnownDevice([0; 16])];
    let each = |of: &dyn Fn(Requester) -> Counter| -> Vec<_> {
        classes
            .into_iter()
            .map(|class| (class.class(), of(class).pseudonym))
            .collect()
    };
    match kind {
        Resettable::Deployment => {
            let mut all = each(&|class| Counter::deployment(class, now));
            all.extend(each(&|class| Counter::spend(class, now)));
            all
        }
        Resettable::Country(country) => each(&|class| Counter::country(class, Some(country), now)),
        Resettable::Domain(domain) => vec![
            ("mail", Counter::domain(domain, now).pseudonym),
            ("accounts", Counter::accounts(domain, now).pseudonym),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use data_encoding::HEXLOWER;

    use super::*;
    use crate::testing::keys;
    use crate::value::account::Sub;
    use crate::value::identifier::Method;
    use crate::value::source::Source;

    /// The names under which counters are stored. A change resets every budget to zero.
    #[test]
    fn names_of_counters_are_unchanged() {
        let (keys, at) = (keys(), Timestamp::from_secs(1_800_000_000));
        let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        let sub = Pseudonym::of_account(&keys, &Sub::new("8a1d2b3c-4e5f-4a6b-8c7d-9e0f1a2b3c4d"));
        let source = Pseudonym::of_source(&keys, Source::new("192.0.2.1".parse().unwrap()));
        let country = Country::parse("US").unwrap();
        let mut now = String::new();
        for requester in [Requester::Unknown, Requester::KnownDevice([9; 16])] {
            for (name, counter) in [
                ("mailbox", Counter::mailbox(&keys, requester, &ada, at)),
                ("guesses", Counter::guesses(&keys, requester, &ada, at)),
                ("deployment", Counter::deployment(requester, at)),
                ("spend", Counter::spend(requester, at)),
                ("country", Counter::country(requester, Some(country), at)),
                ("no country", Counter::country(requester, None, at)),
                ("devices", Counter::devices(&keys, &ada, at)),
                ("device token", Counter::device_token(&[9; 16], at)),
                ("source", Counter::source(source, at)),
                ("account", Counter::account(sub, at)),
                ("domain", Counter::domain("example.com", at)),
                ("accounts", Counter::accounts("example.com", at)),
            ] {
                let pseudonym = HEXLOWER.encode(counter.pseudonym.as_bytes());
                let (class, ends) = (requester.class(), counter.ends.as_secs());
                writeln!(now, "{class} {name}: {pseudonym} until {ends}").unwrap();
            }
        }
        assert_eq!(now, include_str!("../../tests/data/counters.txt"));
    }
}
