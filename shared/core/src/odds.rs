//! What the budgets leave to somebody who guesses and never stops.
//!
//! Every guess at a code of N digits is right once in 10^N, whatever else was tried before: each
//! code is a new one. So the odds are a matter of counting the guesses of each length that a year
//! allows. They are counted at their worst: a year may touch one window more than it holds, every
//! code is spent on guesses down to its last attempt, and none is ever proved. A resend sends the
//! same code again and allows no further guess. An account is taken to have an address and a number,
//! each with budgets of its own: a code to either opens it. A ring without a lasting key starts the windows of
//! identifiers afresh when it is rotated; a rotation in each month is assumed throughout.

use crate::budget::{DeploymentBudget, IdentifierBudget, MONTH};
use crate::code::CodeLength;
use crate::policy::Policy;

const YEAR: u64 = 365 * 24 * 3600;
const ROTATIONS: u64 = 12;
/// Verified identifiers of one account: an address and a number.
const CONTACTS: u64 = 2;

/// Codes of each length that may be guessed at in a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Of the ordinary length.
    pub short: u64,
    /// Of the length under attack.
    pub long: u64,
    /// Of ten digits.
    pub longest: u64,
}

/// The odds of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Odds<'a> {
    policy: &'a Policy,
    accounts: u32,
}

/// How many windows of this length a year can touch, those that rotations begin included.
const fn windows(length: u64) -> u64 {
    YEAR.div_ceil(length) + 1 + ROTATIONS
}

impl<'a> Odds<'a> {
    /// The odds of a policy in a deployment of so many accounts.
    pub const fn of(policy: &'a Policy, accounts: u32) -> Self {
        Self { policy, accounts }
    }

    /// The accounts that were stated.
    pub const fn accounts(&self) -> u32 {
        self.accounts
    }

    /// Codes for one account in a year, to somebody without a known device.
    pub fn codes_of_account(&self) -> Codes {
        codes_of(&self.policy.budgets.identifier)
    }

    /// Codes for one account in a year, to its known devices alone.
    pub fn codes_of_devices(&self) -> Codes {
        codes_of(&self.policy.budgets.device)
    }

    /// Codes for all accounts together in a year.
    pub fn codes_of_deployment(&self) -> Codes {
        let DeploymentBudget {
            short_per_day,
            long_per_day,
            per_day,
        } = self.policy.budgets.deployment;
        let days = windows(24 * 3600);
        let in_days = |codes: u32| u64::from(codes).saturating_mul(days);
        let each = self.codes_of_account();
        let of_all = |codes: u64| codes.saturating_mul(u64::from(self.accounts));
        let all = of_all(each.short + each.long).min(in_days(per_day));
        let short = of_all(each.short).min(in_days(short_per_day)).min(all);
        // What one identifier's long code takes of the budget for short ones counts as long.
        let long = in_days(short_per_day)
            .saturating_add(in_days(long_per_day))
            .saturating_sub(short)
            .min(all - short);
        Codes {
            short,
            long,
            longest: all - short - long,
        }
    }

    /// The odds that one account's code is guessed within a year.
    pub fn targeted(&self) -> f64 {
        self.at_least_once(&[self.codes_of_account()])
    }

    /// The same for somebody who has stolen what one of its known devices keeps.
    pub fn with_a_stolen_device(&self) -> f64 {
        self.at_least_once(&[self.codes_of_account(), self.codes_of_devices()])
    }

    /// The odds that any account's code is guessed within a year, by somebody who tries all.
    pub fn sprayed(&self) -> f64 {
        self.at_least_once(&[self.codes_of_deployment()])
    }

    fn at_least_once(&self, codes: &[Codes]) -> f64 {
        let Policy {
            code_length,
            long_code_length,
            attempts,
            ..
        } = *self.policy;
        let none: f64 = codes
            .iter()
            .flat_map(|codes| {
                [
                    (codes.short, code_length),
                    (codes.long, long_code_length),
                    (codes.longest, CodeLength::LONGEST),
                ]
            })
            .map(|(codes, length)| as_f64(codes) * (-chance(attempts, length)).ln_1p())
            .sum();
        -none.exp_m1()
    }
}

/// Odds as people say them: `1 in 1001`.
pub fn in_words(odds: f64) -> String {
    if odds > 0.0 {
        format!("1 in {:.0}", 1.0 / odds)
    } else {
        "none".to_owned()
    }
}

/// The odds that one code is guessed by its distinct attempts.
pub fn chance(attempts: u8, length: CodeLength) -> f64 {
    f64::from(attempts) / 10_f64.powi(i32::from(length.digits()))
}

fn codes_of(budget: &IdentifierBudget) -> Codes {
    let all = [
        (budget.per_minute, 60),
        (budget.per_hour, 3600),
        (budget.per_day, 24 * 3600),
    ]
    .into_iter()
    .map(|(codes, length)| u64::from(codes).saturating_mul(windows(length)))
    .min()
    .unwrap_or_default();
    let short = u64::from(budget.short_per_month)
        .saturating_mul(windows(MONTH))
        .min(all);
    Codes {
        short: CONTACTS * short,
        long: CONTACTS * (all - short),
        longest: 0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "codes of a year are far below 2^53, and odds need no more than a few digits"
)]
const fn as_f64(codes: u64) -> f64 {
    codes as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budgets;
    use crate::ports::Entropy;
    use crate::testing::Seeded;

    fn policy() -> Policy {
        Policy::for_clients(Vec::new())
    }

    #[test]
    fn one_account_is_guessed_in_a_year_with_odds_below_one_in_a_thousand() {
        let policy = policy();
        let odds = Odds::of(&policy, 10_000);
        assert_eq!(
            odds.codes_of_account(),
            Codes {
                short: 156,
                long: 7404,
                longest: 0
            }
        );
        // (156 / 10^6 + 7404 / 10^8) × 3
        assert!((odds.targeted() - 0.000_689_9).abs() < 1e-6);
        assert!(odds.with_a_stolen_device() < 0.001);
    }

    #[test]
    fn any_of_ten_thousand_accounts_is_guessed_with_odds_below_one_in_ten() {
        let policy = policy();
        let odds = Odds::of(&policy, 10_000).sprayed();
        assert!((0.05..0.1).contains(&odds), "{odds}");
    }

    #[test]
    fn a_deployment_of_one_account_is_sprayed_as_one_account_is_targeted() {
        let policy = policy();
        let odds = Odds::of(&policy, 1);
        assert!((odds.sprayed() - odds.targeted()).abs() < 1e-12);
    }

    #[test]
    fn without_longer_codes_an_account_would_be_guessed_thirty_times_as_easily() {
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
            |budgets: &mut Budgets| budgets.identifier.per_day = 20,
            |budgets: &mut Budgets| budgets.identifier.short_per_month = 20,
            |budgets: &mut Budgets| budgets.deployment.short_per_day = 80,
            |budgets: &mut Budgets| budgets.deployment.long_per_day = 6_000,
            |budgets: &mut Budgets| budgets.deployment.per_day = 200_000,
        ] {
            let mut wide = narrow.clone();
            widen(&mut wide.budgets);
            let after = Odds::of(&wide, 1_000);
            assert!(after.targeted() >= before.targeted());
            assert!(after.sprayed() >= before.sprayed());
        }
    }

    /// Plays out so many years of an attack, code by code and guess by guess.
    fn played_out(policy: &Policy, codes: Codes, years: u32) -> f64 {
        let entropy = Seeded::new(7);
        // SplitMix64 over what is otherwise only a counter.
        let random = |below: u64| {
            let mut z = u64::from_be_bytes(entropy.bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % below
        };
        let guessed = (0..years)
            .filter(|_| {
                [
                    (codes.short, policy.code_length),
                    (codes.long, policy.long_code_length),
                ]
                .into_iter()
                .any(|(codes, length)| {
                    let space = 10_u64.pow(u32::from(length.digits()));
                    (0..codes).any(|_| {
                        let code = random(space);
                        let first = random(space);
                        (0..u64::from(policy.attempts)).any(|n| (first + n) % space == code)
                    })
                })
            })
            .count();
        f64::from(u32::try_from(guessed).unwrap()) / f64::from(years)
    }

    /// Budgets so wide that something can be seen in a few hundred years.
    #[test]
    fn an_attack_that_is_played_out_succeeds_as_often_as_was_worked_out() {
        let mut wide = policy();
        wide.attempts = 5;
        wide.long_code_length = CodeLength::new(7).unwrap();
        wide.budgets.identifier = IdentifierBudget {
            per_minute: 2,
            per_hour: 50,
            per_day: 100,
            short_per_month: 1_000,
        };
        let odds = Odds::of(&wide, 1);
        let (worked_out, years) = (odds.targeted(), 400);
        let seen = played_out(&wide, odds.codes_of_account(), years);
        let error = (worked_out * (1.0 - worked_out) / f64::from(years)).sqrt();
        assert!(
            (0.05..0.5).contains(&worked_out) && (seen - worked_out).abs() < 3.0 * error,
            "worked out {worked_out}, seen {seen}, standard error {error}"
        );
    }
}
