//! The number of shards that the counters of many users are split into.
//!
//! A store bears some 1,000 writes a second of one item. A counter that all sign-ins are charged to
//! is therefore split, and each shard has an equal share of its limits. The number of shards follows
//! from the limits: it is the largest power of two, up to [`MAX_SHARDS`], with which each limit has
//! at least its smallest share below. So a small limit is never divided, and a deployment with
//! default limits has one shard.
//!
//! All shares together are at most the limit, so the odds hold. The error is on the other side:
//! identifiers fall on shards by chance, so a shard can be full before the limit is reached. A
//! share of `s` charges is first full at `1 - 4 / sqrt(s)` of the limit or later (docs/scale.md).

use super::Policy;
use super::budgets::{Budgets, Price};
use crate::seal::code_terms::Requester;

/// The greatest number of shards of a counter. A sign-in writes at most three times to one shard,
/// so at 10,000 sign-ins a second a shard gets some 470 writes.
pub const MAX_SHARDS: u32 = 64;
/// The greatest number of shards that the limit of an SMS prefix is divided among. A country has up
/// to thousands of prefixes, and a shard one window for each prefix in it.
const MAX_SHARDS_PER_PREFIX: u32 = 4;

/// The smallest share of each limit.
const MESSAGES: u32 = 10_000;
const SHORT_GUESSES: u32 = 150;
const LONG_GUESSES: u32 = 1_000;
const UNPROVED_MAIL: u32 = 1_000;
const UNPROVED_SMS: u32 = 200;
const SPEND_PER_DAY: Price = Price::hundredths(1_000);
const SPEND_PER_MONTH: Price = Price::hundredths(10_000);
/// The smallest share of a prefix. It is far above the default: a prefix has few of a country's
/// messages, and needs few shards.
const UNPROVED_PER_PREFIX: u32 = 1_000;
/// The smallest number of messages that a share of the spend of a day, and of a month, pays for at
/// the highest price.
const PAID_PER_DAY: u32 = 250;
const PAID_PER_MONTH: u32 = 2_500;

/// Returns the number of shards of a counter with these limits, each with its smallest share. A
/// limit of zero is zero in every shard.
fn shards(limits: impl IntoIterator<Item = (u32, u32)>) -> u32 {
    let most = limits
        .into_iter()
        .filter(|(limit, _)| *limit > 0)
        .map(|(limit, smallest)| limit / smallest.max(1))
        .min();
    1 << most.unwrap_or(1).clamp(1, MAX_SHARDS).ilog2()
}

impl Policy {
    /// Returns the number of shards of each counter of many users, for an operator.
    pub fn shards(&self) -> [(&'static str, u32); 5] {
        [
            (
                "the deployment in a day",
                self.deployment_shards(Requester::Unknown),
            ),
            ("SMS spend in a month", self.spend_shards()),
            ("a country in an hour", self.country_shards()),
            (
                "a mail domain in an hour",
                shards([(self.budgets.mail.unproved_per_domain, UNPROVED_MAIL)]),
            ),
            (
                "a shared mail domain in an hour",
                shards([(self.budgets.mail.unproved_per_hour, UNPROVED_MAIL)]),
            ),
        ]
    }

    /// The number of shards of the deployment's counters of a day.
    pub(crate) fn deployment_shards(&self, requester: Requester) -> u32 {
        let Budgets {
            deployment: all,
            mail,
            sms,
            ..
        } = &self.budgets;
        let spend = self.spend(sms.spend_per_day, SPEND_PER_DAY, PAID_PER_DAY);
        let unknown = [
            (all.messages_per_day, MESSAGES),
            (all.short_guesses_per_day, SHORT_GUESSES),
            (all.long_guesses_per_day, LONG_GUESSES),
            // Zero leaves the number of shards as it is.
            (u32::from(self.mail) * mail.unproved_per_hour, UNPROVED_MAIL),
        ];
        match requester {
            Requester::Unknown => shards(unknown.into_iter().chain(spend)),
            Requester::KnownDevice(_) => shards(spend),
        }
    }

    /// The number of shards of the counters of a month's SMS spend.
    pub(crate) fn spend_shards(&self) -> u32 {
        let limit = self.budgets.sms.spend_per_month;
        shards(self.spend(limit, SPEND_PER_MONTH, PAID_PER_MONTH))
    }

    /// The number of shards of the counters of a country.
    pub(crate) fn country_shards(&self) -> u32 {
        shards([(self.budgets.sms.unproved_per_country, UNPROVED_SMS)])
    }

    /// The number of a country's shards that the limit of each prefix is divided among.
    pub(crate) fn prefix_shards(&self) -> u32 {
        shards([(self.budgets.sms.unproved_per_prefix, UNPROVED_PER_PREFIX)])
            .min(MAX_SHARDS_PER_PREFIX)
            .min(self.country_shards())
    }

    /// The number of shards of the counters of a mail domain.
    pub(crate) fn domain_shards(&self, domain: &str) -> u32 {
        shards([(self.budgets.mail.unproved_at(domain), UNPROVED_MAIL)])
    }

    /// Returns a limit of the spend and its smallest share, if SMS are sent.
    fn spend(&self, limit: Price, smallest: Price, paid: u32) -> Option<(u32, u32)> {
        let Price(price) = self.budgets.sms.countries.highest_price()?;
        let smallest = smallest.0.max(price.saturating_mul(paid));
        Some((limit.0, smallest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::budgets::Countries;

    fn policy() -> Policy {
        let mut policy = Policy::for_clients(Vec::new());
        policy.budgets.sms.countries = Countries::All(Price::hundredths(4));
        policy
    }

    /// A deployment whose limits are so many times the default.
    fn times(factor: u16) -> Policy {
        let mut policy = policy();
        let (budgets, all) = (&mut policy.budgets, u32::from(factor));
        budgets.deployment.messages_per_day *= all;
        budgets.deployment.short_guesses_per_day *= all;
        budgets.deployment.long_guesses_per_day *= all;
        budgets.mail.unproved_per_hour *= all;
        budgets.mail.unproved_per_domain *= all;
        budgets.sms.unproved_per_country *= all;
        budgets.sms.unproved_per_prefix *= all;
        budgets.sms.spend_per_day.0 *= all;
        budgets.sms.spend_per_month.0 *= all;
        policy
    }

    fn all(policy: &Policy) -> [u32; 7] {
        [
            policy.deployment_shards(Requester::Unknown),
            policy.deployment_shards(Requester::KnownDevice([0; 16])),
            policy.spend_shards(),
            policy.country_shards(),
            policy.prefix_shards(),
            policy.domain_shards("gmail.com"),
            policy.domain_shards("example.com"),
        ]
    }

    #[test]
    fn a_deployment_with_default_limits_has_one_shard_of_each() {
        assert_eq!(all(&policy()), [1; 7]);
        let without_sms = Policy::for_clients(Vec::new());
        assert_eq!(all(&without_sms), [1; 7]);
    }

    #[test]
    fn limits_that_are_multiples_of_the_default_are_divided() {
        assert_eq!(all(&times(2)), [2, 2, 2, 2, 1, 2, 1]);
        assert_eq!(all(&times(7)), [4, 4, 4, 4, 1, 4, 1]);
        assert_eq!(all(&times(64)), [64, 64, 64, 64, 1, 64, 4]);
        assert_eq!(all(&times(300)), [64, 64, 64, 64, 4, 64, 16]);
    }

    #[test]
    fn the_smallest_limit_of_a_counter_decides() {
        for lower in [
            |policy: &mut Policy| policy.budgets.deployment.messages_per_day = 39_999,
            |policy: &mut Policy| policy.budgets.deployment.short_guesses_per_day = 599,
            |policy: &mut Policy| policy.budgets.deployment.long_guesses_per_day = 3_999,
            |policy: &mut Policy| policy.budgets.mail.unproved_per_hour = 3_999,
            |policy: &mut Policy| policy.budgets.sms.spend_per_day = Price::hundredths(3_999),
        ] {
            let mut policy = times(64);
            lower(&mut policy);
            assert_eq!(policy.deployment_shards(Requester::Unknown), 2);
        }
    }

    #[test]
    fn a_limit_of_zero_and_a_disabled_method_divide_nothing() {
        let mut policy = times(64);
        policy.budgets.deployment.short_guesses_per_day = 0;
        assert_eq!(policy.deployment_shards(Requester::Unknown), 64);
        policy.mail = false;
        policy.budgets.mail.unproved_per_hour = 1;
        assert_eq!(policy.deployment_shards(Requester::Unknown), 64);
        policy.budgets.sms.spend_per_day = Price::hundredths(1);
        assert_eq!(policy.deployment_shards(Requester::Unknown), 1);
        policy.budgets.sms.countries = Countries::Only([].into());
        assert_eq!(policy.deployment_shards(Requester::Unknown), 64);
    }

    /// A share of the spend that pays for no message would refuse every SMS.
    #[test]
    fn a_share_of_the_spend_pays_for_many_messages() {
        let mut policy = times(64);
        policy.budgets.sms.countries = Countries::All(Price::hundredths(100));
        assert_eq!(policy.deployment_shards(Requester::Unknown), 2);
        assert_eq!(policy.spend_shards(), 2);
        let share = policy.budgets.sms.spend_per_day.0 / 2;
        assert!(share >= Price::hundredths(100).0 * PAID_PER_DAY);
    }
}
