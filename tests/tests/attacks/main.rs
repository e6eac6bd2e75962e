//! Attacks on other passwordless sign-ins that worked, one file an attack, each tried on the whole
//! local service over TCP. Where an attack has more sides than one, SECURITY.md names the tests of
//! the others.

mod a_code_for_the_wrong_flow;
mod a_contact_that_a_thief_adds;
mod a_digit_that_never_comes;
mod a_leaked_key;
mod a_message_before_the_caller_is_known;
mod a_message_to_nobody;
mod a_refusal_that_tells_who_has_an_account;
mod a_spelling_of_somebody_elses_address;
mod a_stolen_device_token;
mod a_stranger_in_the_victims_account;
mod accounts_for_addresses_of_strangers;
mod an_answer_of_nothing;
mod an_old_change_of_address;
mod codes_that_overwrite_each_other;
mod codes_to_strangers_from_one_account;
mod guesses_by_asking_again;
mod guesses_in_parallel;
mod mail_to_made_up_addresses;
mod messages_by_asking_again;
mod messages_by_mistyping;
mod messages_that_earn_somebody_money;
mod one_code_twice_from_a_slow_trigger;
mod requests_that_send_nothing;
mod settings_of_the_callers_choice;
mod words_that_tell_who_has_an_account;

use std::time::Duration;

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person, Refusal};

/// A service that keeps production's budgets, at the beginning of a day.
async fn production() -> Latchstring {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(DAY.as_secs()).await;
    latchstring
}

/// A user with an account, who signed in to it once.
async fn victim(latchstring: &Latchstring) -> Person {
    let victim = latchstring.by_email("victim@example.com");
    victim.signs_in_for_the_first_time().await;
    victim
}

/// Why something was refused.
fn refused<T>(result: Result<T, Refusal>) -> Refusal {
    result.err().expect("it is refused")
}
