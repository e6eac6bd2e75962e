//! The odds of an attacker who guesses without end, as the budgets allow it. `latchstring odds`
//! shows the calculation; docs/budgets.md explains it.

use latchstring_core::odds::in_words;

use crate::doctor::facts::{Guesses, Variables};
use crate::doctor::{Finding, Fix};

const LOWER: Fix = Fix::Words(
    "Lower the budgets or lengthen the codes, or raise the ceiling knowingly: `latchstring odds`, \
     with the function's variables in its environment, shows what each comes to.",
);

pub(super) fn judge(create: Option<&Variables>) -> Vec<Finding> {
    const CHECK: &str = "odds";
    let Some(variables) = create else {
        return vec![Finding::unknown(
            CHECK,
            "could not work out the odds of guessing: the variables of CreateAuthChallenge were not read",
        )];
    };
    let Some(guesses) = variables.guesses else {
        return vec![
            Finding::fails(
                CHECK,
                "a budget of CreateAuthChallenge holds what it does not take: it does not start",
            )
            .with_fix(Fix::Words(
                "Its log names the variable; docs/configuration.md says what it takes.",
            )),
        ];
    };
    let Guesses {
        targeted,
        max_targeted,
        sprayed,
        max_sprayed,
        accounts,
    } = guesses;
    vec![
        within(
            "odds.one-account",
            "one account, with one of its devices stolen,",
            targeted,
            max_targeted,
        ),
        within(
            "odds.any-account",
            &format!("any of {accounts} accounts"),
            sprayed,
            max_sprayed,
        ),
    ]
}

fn within(check: &'static str, what: &str, odds: f64, ceiling: f64) -> Finding {
    let [is, most] = [odds, ceiling].map(in_words);
    let says = format!("{what} is guessed into within a year with odds of {is}");
    if odds > ceiling {
        Finding::fails(
            check,
            format!("{says}, above the ceiling of {most}: nothing starts"),
        )
        .with_fix(LOWER)
    } else {
        Finding::ok(check, format!("{says}; the ceiling is {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;
    use crate::doctor::facts::Trigger;

    fn of(change: impl FnOnce(&mut Variables)) -> Vec<Finding> {
        let mut variables = good::function(Trigger::Create)
            .variables
            .expect("they are there");
        change(&mut variables);
        judge(Some(&variables))
    }

    #[test]
    fn the_odds_are_reported_and_compared_with_their_limits() {
        let says: Vec<_> = of(|_| {}).into_iter().map(|finding| finding.says).collect();
        assert_eq!(
            says,
            [
                "one account, with one of its devices stolen, is guessed into within a year with odds \
                 of 1 in 1111; the ceiling is 1 in 1000",
                "any of 10000 accounts is guessed into within a year with odds of 1 in 12; the ceiling \
                 is 1 in 10",
            ]
        );
        let above = of(|variables| {
            variables
                .guesses
                .as_mut()
                .expect("they are there")
                .max_sprayed = 0.01;
        });
        assert_eq!(good::state(&above, "odds.one-account"), State::Ok);
        assert_eq!(good::state(&above, "odds.any-account"), State::Fails);
    }

    #[test]
    fn an_unreadable_budget_is_never_ok() {
        assert_eq!(good::state(&judge(None), "odds"), State::Unknown);
        let wrong = of(|variables| variables.guesses = None);
        assert_eq!(good::state(&wrong, "odds"), State::Fails);
    }
}
