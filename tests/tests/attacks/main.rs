//! Attacks that worked on other passwordless sign-ins, one file an attack, each run against the whole
//! local service over TCP. SECURITY.md names the further tests of an attack.

mod app_clients;
mod biased_codes;
mod budget_exhaustion;
mod client_supplied_settings;
mod closed_sign_up;
mod code_of_another_flow;
mod code_overwrite;
mod concurrent_guesses;
mod contact_added_with_stolen_token;
mod contact_change_flooding;
mod contact_replaced_with_stolen_token;
mod empty_answers;
mod enumeration_by_response;
mod enumeration_by_throttling;
mod events_of_strangers;
mod guesses_across_sessions;
mod identifier_spellings;
mod leaked_key;
mod link_elsewhere;
mod mail_to_invalid_addresses;
mod mass_account_creation;
mod missing_contact;
mod pre_hijacking_trojan_identifier;
mod pre_hijacking_unexpired_change;
mod pre_registered_contact;
mod repeated_trigger_invocation;
mod resend_flooding;
mod resend_on_wrong_answer;
mod resumed_flows;
mod sms_pumping;
mod stolen_device_token;
mod unauthenticated_contact_change;

use std::time::Duration;

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person, Refusal};

/// Starts a service with the budgets of production, at the beginning of a day.
async fn production() -> Latchstring {
    production_with(Options::default()).await
}

/// Starts a service with the budgets of production and other options, at the beginning of a day.
async fn production_with(options: Options) -> Latchstring {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let options = Options {
        strict: true,
        ..options
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(DAY.as_secs()).await;
    latchstring
}

/// Returns a user with an account, who signed in once.
async fn victim(latchstring: &Latchstring) -> Person {
    let victim = latchstring.by_email("victim@example.com");
    victim.signs_in_for_the_first_time().await;
    victim
}

/// Returns the refusal of a request.
fn refused<T>(result: Result<T, Refusal>) -> Refusal {
    result.err().expect("it is refused")
}
