//! The counters: one item of the store each, which expires after its period.

use data_encoding::HEXLOWER;

use crate::policy::Policy;
use crate::policy::budgets::MONTH;
use crate::seal::code_terms::{Destination, Requester};
use crate::seal::keys::{KeyId, KeyRing};
use crate::seal::pseudonym::Pseudonym;
use crate::value::identifier::{Country, Email, Identifier, PhoneNumber};
use crate::value::slot::Slot;
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
/// The window of a slot that counts the messages to all tagged addresses of a mailbox.
pub(super) const TAGGED: &str = "tagged";
/// The window of a counter that has only one.
pub(super) const COUNT: &str = "n";

/// A counter and the end of its period, at which all its windows end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) pseudonym: Pseudonym,
    pub(super) ends: Timestamp,
    /// The number of shards that a limit is divided among.
    shards: u32,
}

/// One of the shards that a counter of many users is split into, so that no item of the store gets
/// more requests than it can bear. Each has an equal share of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    number: u32,
    /// The number of shards of the counter.
    count: u32,
}

impl Shard {
    /// The counter that is not split.
    const WHOLE: Self = Self {
        number: 0,
        count: 1,
    };

    /// Returns the shard that an identifier is charged to on the day of `at`. A flow has one
    /// identifier, so its plan, charges and refunds find the same shard. The hash has a key, so a
    /// caller cannot choose identifiers of one shard; it has the day, so what an attacker finds out
    /// is of no use on another day.
    pub(super) fn of(keys: &KeyRing, identifier: &Identifier, at: Timestamp, count: u32) -> Self {
        if count == 1 {
            return Self::WHOLE;
        }
        let mailbox = Pseudonym::of_mailbox(keys, "shard", identifier);
        let (day, _) = window_at(at, DAY);
        Self::hashed(&[mailbox.as_bytes(), &day.to_be_bytes()], count)
    }

    /// Returns the shard that counts a part of a prefix's limit, with those of other prefixes. Each
    /// part has `count` shards of its own.
    fn of_prefix(prefix: &str, part: Self, count: u32) -> Self {
        let Self { number, .. } = Self::hashed(&[prefix.as_bytes()], count);
        Self {
            number: part.number * count + number,
            count: part.count * count,
        }
    }

    fn hashed(fields: &[&[u8]], count: u32) -> Self {
        let hash = Pseudonym::of_public("shard", fields);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self {
            number: u32::from_be_bytes([a, b, c, d]) % count,
            count,
        }
    }

    fn all(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(move |number| Self { number, count })
    }
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
            shards: 1,
        }
    }

    /// Returns one shard of a counter. The name of a counter that is not split has no shard in it.
    /// With another number of shards, all names differ: each shard then begins at zero.
    fn sharded(kind: &str, fields: &[&[u8]], shard: Shard, at: Timestamp, period: u64) -> Self {
        if shard == Shard::WHOLE {
            return Self::public(kind, fields, at, period);
        }
        let (number, count) = (shard.number.to_be_bytes(), shard.count.to_be_bytes());
        let mut all = fields.to_vec();
        all.extend([&number[..], &count[..]]);
        Self {
            shards: shard.count,
            ..Self::public(kind, &all, at, period)
        }
    }

    /// Returns this shard's share of a limit, rounded down: all shares together are at most the
    /// limit.
    pub(super) const fn share(&self, limit: u32) -> u32 {
        limit / self.shards
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

    /// Messages and guesses of a mailbox in a slot, by the key that the code of the slot is derived
    /// from.
    ///
    /// The key is part of the name: in the slot in which a ring is rotated, a flow under the new key
    /// needs a message of its own.
    pub(super) fn slot(keys: &KeyRing, key: &KeyId, identifier: &Identifier, slot: Slot) -> Self {
        let mailbox = Pseudonym::of_mailbox(keys, "slot", identifier);
        let fields = [
            mailbox.as_bytes(),
            key.as_str().as_bytes(),
            &slot.to_bytes(),
        ];
        Self {
            pseudonym: Pseudonym::of_public("slot", &fields),
            ends: slot.ends(),
            shards: 1,
        }
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

    /// The generation of an identifier's device tokens, and the time until which the one before it
    /// stays valid. It is kept as long as a token may be valid.
    pub(super) fn devices(keys: &KeyRing, identifier: &Identifier, ends: Timestamp) -> Self {
        Self {
            pseudonym: Pseudonym::of_devices(keys, identifier),
            ends,
            shards: 1,
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
    pub(super) fn deployment(requester: Requester, shard: Shard, at: Timestamp) -> Self {
        let fields = [requester.class().as_bytes()];
        Self::sharded("deployment", &fields, shard, at, DAY)
    }

    /// The SMS spend of a month.
    pub(super) fn spend(requester: Requester, shard: Shard, at: Timestamp) -> Self {
        let fields = [requester.class().as_bytes()];
        Self::sharded("spend", &fields, shard, at, MONTH)
    }

    /// SMS to a country in an hour, and to its prefixes if the counter is not split.
    pub(super) fn country(
        requester: Requester,
        country: Option<Country>,
        shard: Shard,
        at: Timestamp,
    ) -> Self {
        Self::of_country("destination", requester, country, shard, at)
    }

    fn of_country(
        kind: &str,
        requester: Requester,
        country: Option<Country>,
        shard: Shard,
        at: Timestamp,
    ) -> Self {
        let country = country.as_ref().map_or("", Country::as_str);
        let fields = [requester.class().as_bytes(), country.as_bytes()];
        Self::sharded(kind, &fields, shard, at, HOUR)
    }

    /// SMS to some of the prefixes of a country in an hour, if the country's counter is split into
    /// `count` shards. `part` is the part of the prefix's limit that the identifier is charged to.
    ///
    /// They have a counter of their own because each prefix has a window, and a country may have
    /// thousands. In the country's shards, each write would cost as much as all these windows.
    pub(super) fn prefixes(
        requester: Requester,
        country: Option<Country>,
        prefix: &str,
        part: Shard,
        count: u32,
        at: Timestamp,
    ) -> Self {
        let shard = Shard::of_prefix(prefix, part, count);
        Self {
            shards: part.count,
            ..Self::prefix_shard(requester, country, shard, at)
        }
    }

    fn prefix_shard(
        requester: Requester,
        country: Option<Country>,
        shard: Shard,
        at: Timestamp,
    ) -> Self {
        Self::of_country("prefixes", requester, country, shard, at)
    }

    /// Mail to a domain in an hour.
    pub(super) fn domain(domain: &str, shard: Shard, at: Timestamp) -> Self {
        Self::sharded("domain", &[domain.as_bytes()], shard, at, HOUR)
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

/// The windows of a reader in a slot.
pub(super) struct SlotWindows {
    /// The message.
    pub(super) message: String,
    /// The message of a decoy. It sends none, and must not take that of a flow that sends one.
    pub(super) decoy: String,
    /// The guesses at the code.
    pub(super) guesses: String,
}

impl SlotWindows {
    pub(super) fn of(keys: &KeyRing, identifier: &Identifier) -> Self {
        let reader = Pseudonym::of_reader(keys, identifier);
        let name = HEXLOWER.encode(&reader.as_bytes()[..12]);
        let [message, decoy, guesses] = ['s', 'd', 'g'].map(|kind| format!("{kind}{name}"));
        Self {
            message,
            decoy,
            guesses,
        }
    }
}

/// Returns the window of a change by which the device tokens of the replaced contact stay valid until
/// then.
pub(super) fn grace_window(until: Timestamp) -> String {
    format!("k{}", until.as_millis())
}

/// Returns the time that such a window names.
pub(super) fn grace_of(window: &str) -> Option<Timestamp> {
    let until = window.strip_prefix('k')?.parse().ok()?;
    Some(Timestamp::from_millis(until))
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
/// and of known devices. The shards of one counter have one name and follow one another.
pub fn resettable(
    policy: &Policy,
    kind: Resettable<'_>,
    now: Timestamp,
) -> Vec<(&'static str, Pseudonym)> {
    let classes = [Requester::Unknown, Requester::KnownDevice([0; 16])];
    let each = |shards: &dyn Fn(Requester) -> u32, of: &dyn Fn(Requester, Shard) -> Counter| {
        let of_class = |class: Requester| {
            Shard::all(shards(class)).map(move |shard| (class.class(), of(class, shard).pseudonym))
        };
        classes.into_iter().flat_map(of_class).collect::<Vec<_>>()
    };
    match kind {
        Resettable::Deployment => {
            let mut all = each(&|class| policy.deployment_shards(class), &|class, shard| {
                Counter::deployment(class, shard, now)
            });
            all.extend(each(&|_| policy.spend_shards(), &|class, shard| {
                Counter::spend(class, shard, now)
            }));
            all
        }
        Resettable::Country(country) => {
            let shards = policy.country_shards();
            let mut all = each(&|_| shards, &|class, shard| {
                Counter::country(class, Some(country), shard, now)
            });
            if shards > 1 {
                let prefixes = shards * policy.prefix_shards();
                all.extend(each(&|_| prefixes, &|class, shard| {
                    Counter::prefix_shard(class, Some(country), shard, now)
                }));
            }
            all
        }
        Resettable::Domain(domain) => Shard::all(policy.domain_shards(domain))
            .map(|shard| ("mail", Counter::domain(domain, shard, now).pseudonym))
            .chain([("accounts", Counter::accounts(domain, now).pseudonym)])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;
    use crate::policy::budgets::{Countries, Price};
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
                (
                    "deployment",
                    Counter::deployment(requester, Shard::WHOLE, at),
                ),
                ("spend", Counter::spend(requester, Shard::WHOLE, at)),
                (
                    "country",
                    Counter::country(requester, Some(country), Shard::WHOLE, at),
                ),
                (
                    "no country",
                    Counter::country(requester, None, Shard::WHOLE, at),
                ),
                ("devices", Counter::devices(&keys, &ada, at)),
                ("device token", Counter::device_token(&[9; 16], at)),
                ("source", Counter::source(source, at)),
                ("account", Counter::account(sub, at)),
                ("domain", Counter::domain("example.com", Shard::WHOLE, at)),
                ("accounts", Counter::accounts("example.com", at)),
            ] {
                let pseudonym = HEXLOWER.encode(counter.pseudonym.as_bytes());
                let (class, ends) = (requester.class(), counter.ends.as_secs());
                writeln!(now, "{class} {name}: {pseudonym} until {ends}").unwrap();
            }
        }
        assert_eq!(now, include_str!("../../tests/data/counters.txt"));
    }

    /// The names of one shard of each counter. A change resets the budgets of large deployments.
    #[test]
    fn names_of_shards_are_unchanged() {
        let at = Timestamp::from_secs(1_800_000_000);
        let (shard, part) = (
            Shard {
                number: 5,
                count: 64,
            },
            Shard {
                number: 3,
                count: 4,
            },
        );
        let (class, country) = (Requester::Unknown, Country::parse("US"));
        let names = [
            Counter::deployment(class, shard, at),
            Counter::spend(class, shard, at),
            Counter::country(class, country, shard, at),
            Counter::prefixes(class, country, "p14155", part, 64, at),
            Counter::domain("example.com", shard, at),
        ]
        .map(|counter| HEXLOWER.encode(counter.pseudonym.as_bytes()));
        assert_eq!(
            names,
            [
                "128e814f6422bf8946615863497a7de3",
                "c593a5b0a6b1fca9d9e979b133b984fa",
                "0bb5ed4817397d5ccc67d984abb8d218",
                "98267dd64aebb9f0cd501055275826db",
                "52043cf8096a9684cbee9a6bdd023f74",
            ]
        );
        let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        let slot = Slot::at(at, std::time::Duration::from_secs(600));
        let key = keys().current().id().clone();
        let counter = Counter::slot(&keys(), &key, &ada, slot);
        let windows = SlotWindows::of(&keys(), &ada);
        let name = HEXLOWER.encode(counter.pseudonym.as_bytes());
        assert_eq!(
            [&*name, &windows.message, &windows.decoy, &windows.guesses],
            [
                "23191b766635043e9d746eb46e1ebfea",
                "s4941f30bae065a84841b854b",
                "d4941f30bae065a84841b854b",
                "g4941f30bae065a84841b854b",
            ]
        );
        assert_eq!(grace_window(at), "k1800000000000");
        assert_eq!(grace_of("k1800000000000"), Some(at));
        assert_eq!(grace_of(COUNT), None);
        let shards = [0, DAY].map(|later| {
            let at = at.plus(std::time::Duration::from_secs(later));
            Shard::of(&keys(), &ada, at, 64).number
        });
        assert_eq!(shards, [16, 40]);
    }

    /// The shares of a limit are at most the limit together, and less by fewer than one for each
    /// shard.
    #[test]
    fn shares_of_a_limit_never_exceed_it() {
        let at = Timestamp::from_secs(1_800_000_000);
        for count in [1, 2, 16, 64] {
            for limit in [0, 1, 63, 64, 65, 9_600, 1_000_003, u32::MAX] {
                let of = |shard| Counter::deployment(Requester::Unknown, shard, at);
                let all: u32 = Shard::all(count).map(|shard| of(shard).share(limit)).sum();
                assert!(all <= limit && limit - all < count, "{limit} in {count}");
            }
        }
    }

    #[test]
    fn identifiers_fall_on_all_shards_alike() {
        let (keys, at) = (keys(), Timestamp::from_secs(1_800_000_000));
        let mut found = [0_u32; 64];
        for number in 0..64 * 100 {
            let address = format!("user{number}@example.com");
            let identifier = Identifier::parse(Method::Email, &address).unwrap();
            let Shard { number, count } = Shard::of(&keys, &identifier, at, 64);
            assert_eq!(count, 64);
            found[number as usize] += 1;
        }
        // 100 each, with a standard deviation of 10.
        assert!(
            found.iter().all(|found| (60..=140).contains(found)),
            "{found:?}"
        );
    }

    /// A plan, its charges and its refunds find one shard.
    #[test]
    fn spellings_of_one_mailbox_have_one_shard() {
        let (keys, at) = (keys(), Timestamp::from_secs(1_800_000_000));
        let of = |address| {
            let identifier = Identifier::parse(Method::Email, address).unwrap();
            Shard::of(&keys, &identifier, at, 64)
        };
        assert_eq!(of("ada@example.com"), of("ada+1@example.com"));
        assert_ne!(of("ada@example.com"), of("bob@example.com"));
    }

    #[test]
    fn parts_of_a_prefix_have_shards_of_their_own() {
        let parts = Shard::all(4).map(|part| Shard::of_prefix("p14155", part, 64));
        let numbers: Vec<_> = parts
            .map(|Shard { number, count }| (number, count))
            .collect();
        let (first, _) = numbers[0];
        let own = [0, 64, 128, 192].map(|apart| (first + apart, 256));
        assert!(first < 64 && numbers == own, "{numbers:?}");
    }

    /// The fraction of a limit that is charged when the first shard is full, in this run.
    fn first_refusal(share: u32, count: u32, seed: u64) -> f64 {
        // SplitMix64.
        let mut state = seed << 40;
        let mut charged = vec![0; count as usize];
        let mut all = 0_u32;
        loop {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let number = (z ^ (z >> 31)) % u64::from(count);
            let found = &mut charged[usize::try_from(number).unwrap()];
            if *found == share {
                return f64::from(all) / f64::from(share * count);
            }
            *found += 1;
            all += 1;
        }
    }

    /// The error of a limit of shards, as docs/scale.md states it. Above 4 standard deviations of
    /// the number in one shard, one shard in 30,000 is full before.
    #[test]
    fn a_shard_refuses_first_at_four_deviations_or_later() {
        for (share, stated) in [
            (150, 0.67),
            (200, 0.71),
            (250, 0.74),
            (1_000, 0.87),
            (10_000, 0.96),
        ] {
            let rule = 1.0 - 4.0 / f64::from(share).sqrt();
            assert!((rule - stated).abs() < 0.01, "{share}: {rule}");
            for count in [2, 8, 64] {
                let runs = (1..=10).map(|seed| first_refusal(share, count, seed));
                let least = runs.fold(1.0, f64::min);
                assert!(least >= stated, "{share} in {count} shards: {least}");
            }
            // The statement is not far from the truth.
            let runs = (1..=10).map(|seed| first_refusal(share, 64, seed));
            let mean = runs.sum::<f64>() / 10.0;
            assert!(
                mean < 1.0 - 2.0 / f64::from(share).sqrt(),
                "{share}: {mean}"
            );
        }
    }

    /// Every counter that an identifier is charged to is one that an operator may reset.
    #[test]
    fn every_shard_is_resettable() {
        let (keys, now) = (keys(), Timestamp::from_secs(1_800_000_000));
        let mut policy = Policy::for_clients(Vec::new());
        let budgets = &mut policy.budgets;
        budgets.deployment.messages_per_day = 40_000;
        budgets.deployment.short_guesses_per_day = 600;
        budgets.mail.unproved_per_hour = 4_000;
        budgets.mail.unproved_per_domain = 2_000;
        budgets.sms.unproved_per_country = 800;
        budgets.sms.unproved_per_prefix = 2_000;
        budgets.sms.countries = Countries::All(Price::hundredths(4));
        budgets.sms.spend_per_day = Price::hundredths(4_000);
        budgets.sms.spend_per_month = Price::hundredths(20_000);
        let country = Country::parse("US").unwrap();
        let listed = |kind| -> BTreeSet<_> {
            let all = resettable(&policy, kind, now);
            all.into_iter().map(|(_, counter)| counter).collect()
        };
        let [deployment, of_country, domain] = [
            listed(Resettable::Deployment),
            listed(Resettable::Country(country)),
            listed(Resettable::Domain("example.com")),
        ];
        assert_eq!(deployment.len(), 2 * (4 + 2));
        assert_eq!(of_country.len(), 2 * (4 + 4 * 2));
        assert_eq!(domain.len(), 2 + 1);
        let mut charged = BTreeSet::new();
        for class in [Requester::Unknown, Requester::KnownDevice([9; 16])] {
            for number in 0..200 {
                let address = format!("user{number}@example.com");
                let identifier = Identifier::parse(Method::Email, &address).unwrap();
                let shard = |count| Shard::of(&keys, &identifier, now, count);
                let of_all =
                    Counter::deployment(class, shard(policy.deployment_shards(class)), now);
                let spend = Counter::spend(class, shard(policy.spend_shards()), now);
                let count = policy.country_shards();
                let at = Counter::country(class, Some(country), shard(count), now);
                let prefix = format!("p1{}", 2_000 + number);
                let part = shard(policy.prefix_shards());
                let prefix = Counter::prefixes(class, Some(country), &prefix, part, count, now);
                let mail = shard(policy.domain_shards("example.com"));
                let mail = Counter::domain("example.com", mail, now);
                charged.extend([of_all, spend, at, prefix, mail].map(|it| it.pseudonym));
            }
        }
        let mut all: BTreeSet<_> = deployment.union(&of_country).copied().collect();
        all.extend(domain);
        let accounts = Counter::accounts("example.com", now).pseudonym;
        assert!(all.remove(&accounts));
        assert_eq!(charged, all);
    }
}
