//! The odds that the rate limits leave to an attacker who guesses without end.
//!
//! Every guess at a code of N digits is right once in 10^N, independent of all guesses at other
//! codes. So the odds follow from the number of guesses of each length that a year allows. A
//! conditional write reserves each guess before its verdict is recorded or returned. The number
//! therefore holds under parallel answers, lost replies and codes that are already outstanding, and
//! for any number of messages: every number here is the limit of a counter of guesses.
//!
//! The guesses are counted at their worst: a year may touch one window more than it holds, every
//! budget is used up, and no code is proved. An account is assumed to have an address and a number,
//! each with its own budgets: a code to either opens it. Without a lasting key, a rotation of the
//! ring starts the windows of identifiers again; the odds assume a rotation in each month.
//!
//! The guesses at the codes of slots have a limit for each slot and identifier, and no limit for all
//! identifiers together. For these the odds count more answers than Cognito takes
//! (`ANSWERS_PER_SECOND`).

use super::Policy;
use super::budgets::{DeploymentBudget, MONTH, MessageBudget};
use crate::value::code_length::CodeLength;

const YEAR: u64 = 365 * 24 * 3600;
const DAY: u64 = 24 * 3600;
const ROTATIONS: u64 = 12;
/// The answers in a second, to all flows together, that the odds count at codes of slots. Cognito
/// takes 360 by default, and more only for an account that AWS gives a higher quota.
const ANSWERS_PER_SECOND: u64 = 10_000;
/// The number of codes of slots: 60 bits.
pub const SLOT_CODES: f64 = 1_152_921_504_606_846_976.0;
/// Verified identifiers of one account: an address and a number.
const CONTACTS: u64 = 2;

/// Guesses in a year, by the length of the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// At codes of the ordinary length.
    pub short: u64,
    /// At codes of the length under attack.
    pub long: u64,
    /// At codes of ten digits.
    pub longest: u64,
    /// At codes of slots.
    pub slot: u64,
}

/// The odds of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Odds<'a> {
    policy: &'a Policy,
    accounts: u32,
}

/// Returns the number of windows of this length, in seconds, that a year can touch, with those that
/// rotations begin.
const fn windows(length: u64) -> u64 {
    YEAR.div_ceil(length) + 1 + ROTATIONS
}

impl<'a> Odds<'a> {
    /// Returns the odds of a policy in a deployment of so many accounts.
    pub const fn of(policy: &'a Policy, accounts: u32) -> Self {
        Self { policy, accounts }
    }

    /// The number of accounts of the deployment.
    pub const fn accounts(&self) -> u32 {
        self.accounts
    }

    /// Returns the guesses at one account in a year, without a known device.
    pub fn at_account(&self) -> Guesses {
        let budgets = &self.policy.budgets;
        Guesses {
            longest: CONTACTS * self.longer_at(&budgets.extended),
            slot: CONTACTS * self.in_slots(),
            ..self.at_contacts(&budgets.mailbox, budgets.short_guesses_per_month)
        }
    }

    /// Returns the guesses at one account in a year that its known devices allow in addition.
    pub fn at_devices(&self) -> Guesses {
        let device = &self.policy.budgets.device;
        self.at_contacts(&device.messages, device.short_guesses_per_month)
    }

    /// Returns the guesses at all accounts together in a year.
    pub fn at_deployment(&self) -> Guesses {
        let DeploymentBudget {
            short_guesses_per_day,
            long_guesses_per_day,
            messages_per_day,
        } = self.policy.budgets.deployment;
        let in_days = |guesses: u64| guesses.saturating_mul(windows(DAY));
        let each = self.at_account();
        let of_all = |guesses: u64| guesses.saturating_mul(u64::from(self.accounts));
        let attempts = u64::from(self.policy.attempts);
        let short = of_all(each.short).min(in_days(short_guesses_per_day.into()));
        let long = of_all(each.long).min(in_days(long_guesses_per_day.into()));
        // Once the long codes of all are spent, further ones have ten digits.
        let longest = of_all(each.long + each.longest)
            .saturating_sub(long)
            .min(in_days(u64::from(messages_per_day) * attempts));
        Guesses {
            short,
            long,
            longest,
            slot: of_all(each.slot).min(ANSWERS_PER_SECOND * YEAR),
        }
    }

    /// Returns the messages in a day to one identifier that attackers can cause at most: those of the
    /// budgets of its mailbox, and one in each slot.
    pub fn messages_a_day(&self) -> u64 {
        let budgets = &self.policy.budgets;
        let own = u64::from(budgets.mailbox.in_a_day()) + u64::from(budgets.extended.in_a_day());
        own + match self.policy.slot.as_secs() {
            0 => 0,
            slot => DAY.div_ceil(slot),
        }
    }

    /// Returns the guesses of a year at the codes of the slots of one identifier.
    fn in_slots(&self) -> u64 {
        match self.policy.slot.as_secs() {
            0 => 0,
            slot => windows(slot) * u64::from(self.policy.guesses_per_slot()),
        }
    }

    /// Returns the odds that one account's code is guessed within a year.
    pub fn targeted(&self) -> f64 {
        self.at_least_once(&[self.at_account()])
    }

    /// Returns these odds for an attacker who has stolen the token of one of its known devices.
    pub fn with_a_stolen_device(&self) -> f64 {
        self.at_least_once(&[self.at_account(), self.at_devices()])
    }

    /// Returns the odds that any account's code is guessed within a year, by an attacker who
    /// guesses at all accounts.
    pub fn sprayed(&self) -> f64 {
        self.at_least_once(&[self.at_deployment()])
    }

    fn at_least_once(&self, guesses: &[Guesses]) -> f64 {
        let Policy {
            code_length,
            long_code_length,
            ..
        } = *self.policy;
        let none: f64 = guesses
            .iter()
            .flat_map(|guesses| {
                [
                    (guesses.short, code_length),
                    (guesses.long, long_code_length),
                    (guesses.longest, CodeLength::LONGEST),
                ]
            })
            .map(|(guesses, length)| as_f64(guesses) * (-chance(1, length)).ln_1p())
            .sum();
        let at_slots: u64 = guesses.iter().map(|guesses| guesses.slot).sum();
        let none = none + as_f64(at_slots) * (-1.0 / SLOT_CODES).ln_1p();
        -none.exp_m1()
    }

    /// Returns the guesses of a year at the longer codes of one mailbox. Each day has its own
    /// limit: as many as the messages of a day have attempts.
    fn longer_at(&self, messages: &MessageBudget) -> u64 {
        let a_day = u64::from(messages.in_a_day()) * u64::from(self.policy.attempts);
        a_day.saturating_mul(windows(DAY))
    }

    fn at_contacts(&self, messages: &MessageBudget, short_per_month: u32) -> Guesses {
        Guesses {
            short: CONTACTS * u64::from(short_per_month).saturating_mul(windows(MONTH)),
            long: CONTACTS * self.longer_at(messages),
            longest: 0,
            slot: 0,
        }
    }
}

/// Formats odds as `1 in 1001`.
pub fn in_words(odds: f64) -> String {
    if odds > 0.0 {
        format!("1 in {:.0}", 1.0 / odds)
    } else {
        "none".to_owned()
    }
}

/// Returns the odds that one code is guessed by so many distinct answers.
pub fn chance(answers: u8, length: CodeLength) -> f64 {
    f64::from(answers) / 10_f64.powi(i32::from(length.digits()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "guesses of a year are far below 2^53, and odds need no more than a few digits"
)]
const fn as_f64(guesses: u64) -> f64 {
    guesses as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::Entropy;
    use crate::policy::budgets::Budgets;
    use crate::testing::Seeded;

    fn policy() -> Policy {
        Policy::for_clients(Vec::new())
    }

    #[test]
    fn one_account_in_a_year_has_odds_below_one_in_a_thousand() {
        let policy = policy();
        let odds = Odds::of(&policy, 10_000);
        assert_eq!(
            odds.at_account(),
            Guesses {
                short: 416,
                long: 22_680,
                longest: 226_800,
                slot: 2 * (52_560 + 13) * 1_200_000,
            }
        );
        // 416 / 10^6 + 22680 / 10^8 + 226800 / 10^10
        assert!((odds.targeted() - 0.000_665_3).abs() < 1e-6);
        assert!(odds.with_a_stolen_device() < 0.001);
    }

    /// The extended budget adds one in 88,000 for each contact.
    #[test]
    fn the_extended_budget_adds_below_three_in_a_hundred_thousand() {
        let policy = policy();
        let mut without = policy.clone();
        without.budgets.extended.per_day = 0;
        let added = Odds::of(&policy, 1).targeted() - Odds::of(&without, 1).targeted();
        assert!((2e-5..3e-5).contains(&added), "{added}");
    }

    /// Codes of slots have 60 bits.
    #[test]
    fn slots_add_below_one_in_a_million_at_any_length() {
        for seconds in [300, 600, 3_600] {
            let mut policy = policy();
            policy.slot = std::time::Duration::from_secs(seconds);
            let mut without = policy.clone();
            without.slot = std::time::Duration::ZERO;
            for accounts in [1, 10_000, 1_000_000] {
                let [with, without] = [&policy, &without].map(|policy| Odds::of(policy, accounts));
                let targeted = with.targeted() - without.targeted();
                let sprayed = with.sprayed() - without.sprayed();
                assert!((0.0..1e-6).contains(&targeted), "{targeted}");
                assert!((0.0..1e-6).contains(&sprayed), "{sprayed}");
            }
        }
    }

    /// A flow begins in the slot and lives ten minutes at most, and Cognito takes 360 answers a second
    /// (`RespondToAuthChallenge`: three times 120).
    #[test]
    fn no_attacker_spends_the_guesses_of_a_slot() {
        for seconds in [300, 600, 3_600] {
            let mut policy = policy();
            policy.slot = std::time::Duration::from_secs(seconds);
            let answers = 360 * (seconds + 600);
            assert!(
                u64::from(policy.guesses_per_slot()) > answers,
                "{seconds} s"
            );
        }
    }

    #[test]
    fn messages_of_a_day_are_those_of_the_budgets_and_the_slots() {
        let mut policy = policy();
        assert_eq!(Odds::of(&policy, 1).messages_a_day(), 110 + 144);
        policy.slot = std::time::Duration::from_secs(3_600);
        assert_eq!(Odds::of(&policy, 1).messages_a_day(), 110 + 24);
    }

    #[test]
    fn any_of_ten_thousand_accounts_has_odds_below_one_in_ten() {
        let policy = policy();
        let odds = Odds::of(&policy, 10_000).sprayed();
        assert!((0.05..0.1).contains(&odds), "{odds}");
    }

    #[test]
    fn with_one_account_sprayed_and_targeted_odds_are_equal() {
        let policy = policy();
        let odds = Odds::of(&policy, 1);
        assert!((odds.sprayed() - odds.targeted()).abs() < 1e-12);
    }

    #[test]
    fn without_longer_codes_the_odds_are_thirty_times_as_high() {
        let mut plain = policy();
        plain.long_code_length = plain.code_length;
        let odds = Odds::of(&plain, 1).targeted();
        assert!((0.02..0.024).contains(&odds), "{odds}");
    }

    #[test]
    fn wider_budgets_never_make_the_odds_smaller() {
        let narrow = policy();
        let before = Odds::of(&narrow, 1_000);
        for widen in [
            |budgets: &mut Budgets| budgets.mailbox.per_day = 20,
            |budgets: &mut Budgets| budgets.extended.per_day = 200,
            |budgets: &mut Budgets| budgets.short_guesses_per_month = 20,
            |budgets: &mut Budgets| budgets.deployment.short_guesses_per_day = 300,
            |budgets: &mut Budgets| budgets.deployment.long_guesses_per_day = 6_000,
            |budgets: &mut Budgets| budgets.deployment.messages_per_day = 200_000,
        ] {
            let mut wide = narrow.clone();
            widen(&mut wide.budgets);
            let after = Odds::of(&wide, 1_000);
            assert!(after.targeted() >= before.targeted());
            assert!(after.sprayed() >= before.sprayed());
        }
    }

    /// Simulates an attack of this many years, guess by guess. The attempts at one code are
    /// distinct; those at different codes are independent.
    fn played_out(policy: &Policy, guesses: Guesses, years: u32) -> f64 {
        let entropy = Seeded::new(7);
        // SplitMix64 of a counter.
        let random = |below: u64| {
            let mut z = u64::from_be_bytes(entropy.bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % below
        };
        let successes = (0..years)
            .filter(|_| {
                [
                    (guesses.short, policy.code_length),
                    (guesses.long, policy.long_code_length),
                ]
                .into_iter()
                .any(|(guesses, length)| {
                    let space = 10_u64.pow(u32::from(length.digits()));
                    let attempts = u64::from(policy.attempts);
                    (0..guesses.div_ceil(attempts)).any(|code_number| {
                        let code = random(space);
                        let first = random(space);
                        let left = guesses - code_number * attempts;
                        (0..attempts.min(left)).any(|n| (first + n) % space == code)
                    })
                })
            })
            .count();
        f64::from(u32::try_from(successes).unwrap()) / f64::from(years)
    }

    /// Budgets wide enough for successes in a few hundred years.
    #[test]
    fn a_simulated_attack_succeeds_as_often_as_computed() {
        let mut wide = policy();
        wide.attempts = 5;
        wide.long_code_length = CodeLength::new(7).unwrap();
        wide.budgets.mailbox = MessageBudget {
            per_minute: 2,
            per_hour: 50,
            per_day: 100,
        };
        wide.budgets.extended.per_day = 0;
        wide.budgets.short_guesses_per_month = 5_000;
        let odds = Odds::of(&wide, 1);
        let (computed, years) = (odds.targeted(), 400);
        let seen = played_out(&wide, odds.at_account(), years);
        let error = (computed * (1.0 - computed) / f64::from(years)).sqrt();
        assert!(
            (0.05..0.5).contains(&computed) && (seen - computed).abs() < 3.0 * error,
            "computed {computed}, seen {seen}, standard error {error}"
        );
    }
}
