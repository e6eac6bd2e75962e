//! A solved CAPTCHA opens a further budget of a source, a mailbox, a mail domain or the deployment,
//! and nothing else.

use std::net::IpAddr;

use futures_util::FutureExt;
use latchstring_core::odds::Odds;
use latchstring_core::ports::PortError;
use latchstring_core::rate_limit::{Budget, Source};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError, SignInRequest};
use latchstring_memory::FixedCaptcha;

use crate::budgets::remembered;
use crate::harness::{ADA, BOB, Break, Flaky, NUMBER, Pool, Strand, World, interleaved, now};
use crate::sign_in::{request, resolver};

/// A world with a captcha that these answers solve.
fn world(answers: &[&str]) -> World {
    let mut world = World::with_ada();
    world.captcha = Some(Flaky::new(
        FixedCaptcha::new(answers.iter().copied()),
        world.wire.clone(),
    ));
    world
}

/// Returns a world with a CAPTCHA whose deployment has no guess left at codes of six and eight
/// digits.
fn sprayed(answers: &[&str]) -> World {
    world(answers).reconfigured(spray)
}

fn spray(world: &mut World) {
    let deployment = &mut world.deployment.policy.budgets.deployment;
    deployment.short_guesses_per_day = 0;
    deployment.long_guesses_per_day = 0;
}

fn asked(world: &World) -> usize {
    world.captcha.as_ref().unwrap().port.asked()
}

fn with(typed: &str, answer: Option<&str>, source: Option<&str>) -> SignInRequest {
    let source = source.map(|source| Source::new(source.parse::<IpAddr>().unwrap()));
    SignInRequest {
        captcha: answer.map(Secret::new),
        source,
        ..request(typed, None)
    }
}

/// The length of the code, or why there is none.
fn ask(world: &World, request: &SignInRequest) -> Result<u32, SignInError> {
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(request)).map(|payload| payload.code_length)
}

const fn required(budget: Budget) -> Result<u32, SignInError> {
    Err(SignInError::CaptchaRequired { budget })
}

fn refused_by(answer: &Result<u32, SignInError>) -> Option<Budget> {
    match answer {
        Err(SignInError::TooManyRequests { budget, .. }) => *budget,
        _ => None,
    }
}

const HERE: Option<&str> = Some("192.0.2.1");

/// Spends a source's minute on many identifiers.
fn spend_source(world: &World) {
    for number in 0..world.deployment.policy.budgets.source.per_minute {
        let typed = format!("caller{number}@example.com");
        assert!(ask(world, &with(&typed, None, HERE)).is_ok());
    }
}

#[test]
fn below_every_budget_no_captcha_is_required_or_verified() {
    let world = world(&["right"]);
    assert_eq!(ask(&world, &with(ADA, Some("wrong"), HERE)), Ok(6));
    assert_eq!(ask(&world, &with(BOB, Some("right"), HERE)), Ok(6));
    assert_eq!(asked(&world), 0);
}

#[test]
fn a_spent_source_gets_a_code_for_each_captcha_to_a_limit() {
    let mut world = world(&["one", "two", "three", "four"]);
    world.deployment.policy.budgets.source.solved_per_hour = 3;
    spend_source(&world);
    assert_eq!(
        ask(&world, &with(ADA, None, HERE)),
        required(Budget::Source)
    );
    assert_eq!(ask(&world, &with(ADA, Some("one"), HERE)), Ok(6));
    let again = ask(&world, &with(BOB, Some("one"), HERE));
    assert_eq!(again, required(Budget::Source), "each answer is good once");
    assert_eq!(ask(&world, &with(BOB, Some("two"), HERE)), Ok(6));
    // Three responses were verified, so the limit also bounds the number of CAPTCHA requests.
    let beyond = ask(&world, &with(BOB, Some("three"), HERE));
    assert_eq!(refused_by(&beyond), Some(Budget::Source));
    assert_eq!(asked(&world), 3);
    world.after_secs(3600);
    assert_eq!(ask(&world, &with(BOB, None, HERE)), Ok(6), "the next hour");
}

#[test]
fn a_sprayed_deployment_requires_a_captcha_but_of_known_devices() {
    let world = world(&["one", "two"]);
    assert_eq!(ask(&world, &with(ADA, None, None)), Ok(6));
    let world = world.reconfigured(spray);
    assert_eq!(
        ask(&world, &with(BOB, None, None)),
        required(Budget::Deployment)
    );
    assert_eq!(ask(&world, &with(BOB, Some("one"), None)), Ok(10));
    let ticket = |answer| {
        let pool = Pool::of(&world);
        now(resolver(&world, &pool).ticket(&with(BOB, answer, None)))
            .map(|ticket| ticket.expires_in)
    };
    assert_eq!(ticket(None), required(Budget::Deployment));
    assert_eq!(ticket(Some("two")), Ok(60), "for a ticket it is the same");
    let on_device = SignInRequest {
        device: Some(remembered(&world).device),
        ..request(ADA, None)
    };
    assert_eq!(ask(&world, &on_device), Ok(6), "strangers reach no device");
}

#[test]
fn without_a_captcha_a_code_is_refused_or_longer() {
    let mut world = sprayed(&[]);
    world.captcha = None;
    assert_eq!(ask(&world, &with(ADA, Some("right"), None)), Ok(10));
    spend_source(&world);
    let refused = ask(&world, &with(BOB, Some("right"), HERE));
    assert_eq!(refused_by(&refused), Some(Budget::Source));
}

#[test]
fn a_captcha_raises_no_identifier_destination_or_daily_limit() {
    let answers = ["a", "b", "c", "d", "e", "f", "g"];
    let world = sprayed(&answers);
    assert_eq!(ask(&world, &with(ADA, Some("a"), None)), Ok(10));
    for answer in ["b", "c", "d", "e", "f"] {
        assert_eq!(ask(&world, &with(ADA, Some(answer), None)), Ok(10));
    }
    let next = ask(&world, &with(ADA, Some("g"), None));
    assert_eq!(refused_by(&next), Some(Budget::Identifier));
    assert_eq!(asked(&world), 6, "a refused one is not asked about");

    let mut world = sprayed(&answers);
    world.deployment.policy.budgets.sms.unproved_per_prefix = 1;
    assert_eq!(ask(&world, &with(NUMBER, Some("a"), None)), Ok(10));
    let second = ask(&world, &with(NUMBER, Some("b"), None));
    assert_eq!(refused_by(&second), Some(Budget::Prefix));

    let mut world = sprayed(&answers);
    world.deployment.policy.budgets.deployment.messages_per_day = 1;
    assert_eq!(ask(&world, &with(ADA, Some("a"), None)), Ok(10));
    let second = ask(&world, &with(BOB, Some("b"), None));
    assert_eq!(refused_by(&second), Some(Budget::Deployment));
}

#[test]
fn the_odds_are_the_same_whatever_a_captcha_lets_through() {
    let mut policy = World::new().deployment.policy;
    let odds = |policy: &_| {
        let odds = Odds::of(policy, 10_000);
        [odds.targeted(), odds.with_a_stolen_device(), odds.sprayed()]
    };
    let before = odds(&policy);
    policy.budgets.source.solved_per_hour = u32::MAX;
    assert!(
        before
            .iter()
            .zip(odds(&policy))
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}

#[test]
fn a_captcha_request_charges_no_code() {
    let world = sprayed(&["right"]);
    for _ in 0..20 {
        for typed in [ADA, NUMBER] {
            let sent_back = ask(&world, &with(typed, None, HERE));
            assert_eq!(sent_back, required(Budget::Deployment));
        }
    }
    assert_eq!(ask(&world, &with(ADA, Some("right"), HERE)), Ok(10));
}

#[test]
fn wrong_captcha_responses_count_to_their_source_only() {
    let world = sprayed(&["right"]);
    let world = world.reconfigured(|world| {
        world.deployment.policy.budgets.source.solved_per_hour = 5;
    });
    for _ in 0..5 {
        let wrong = ask(&world, &with(ADA, Some("wrong"), HERE));
        assert_eq!(wrong, required(Budget::Deployment));
    }
    let refused = ask(&world, &with(ADA, Some("right"), HERE));
    assert_eq!(refused_by(&refused), Some(Budget::Source));
    assert_eq!(asked(&world), 5);
    let elsewhere = Some("198.51.100.7");
    assert_eq!(ask(&world, &with(ADA, Some("right"), elsewhere)), Ok(10));
}

#[test]
fn one_answer_does_for_a_source_and_the_deployment_at_once() {
    let world = world(&["right"]);
    spend_source(&world);
    let world = world.reconfigured(spray);
    assert_eq!(ask(&world, &with(ADA, Some("right"), HERE)), Ok(10));
    assert_eq!(asked(&world), 1);
}

#[test]
fn an_unreachable_captcha_verifier_admits_no_request() {
    for broken in [Break::Before, Break::After, Break::Hangs] {
        for source in [None, HERE] {
            let answers = ["right", "another"];
            let world = match source {
                None => sprayed(&answers),
                Some(_) => world(&answers),
            };
            if source.is_some() {
                spend_source(&world);
            }
            let sent = world.sent().len();
            world.wire.clear();
            assert!(ask(&world, &with(BOB, Some("wrong"), source)).is_err());
            let calls = world.wire.calls();
            let at = calls.iter().position(|call| *call == "is_answered");
            world.wire.will_break([(at.expect("it was asked"), broken)]);
            let answered = ask(&world, &with(BOB, Some("right"), source));
            let is_fault = matches!(
                answered,
                Err(SignInError::Unavailable(Cause::PortError(PortError {
                    call: "is_answered",
                    ..
                })))
            );
            assert!(is_fault, "{broken:?}: {answered:?}");
            assert_eq!(world.sent().len(), sent, "nothing was sent");
            let again = ask(&world, &with(BOB, Some("another"), source));
            assert!(again.is_ok(), "{broken:?}: {again:?}");
        }
    }
}

#[test]
fn a_captcha_check_that_times_out_admits_no_request() {
    for how in [Break::Never, Break::NeverAfter] {
        let world = sprayed(&["right", "another"]);
        world.wire.clear();
        assert!(ask(&world, &with(BOB, Some("wrong"), None)).is_err());
        let calls = world.wire.calls();
        let at = calls.iter().position(|call| *call == "is_answered");
        world.wire.will_break([(at.expect("it was asked"), how)]);
        let pool = Pool::of(&world);
        let asking = with(BOB, Some("right"), None);
        let answered = resolver(&world, &pool).session(&asking).now_or_never();
        assert!(answered.is_none(), "{how:?}");
        assert!(world.sent().is_empty(), "{how:?}");
        assert_eq!(ask(&world, &with(BOB, Some("another"), None)), Ok(10));
    }
}

#[test]
fn a_captcha_request_is_equal_with_and_without_an_account() {
    let story = |typed: &str| {
        let world = sprayed(&["right"]);
        world.wire.clear();
        let said = [None, Some("wrong"), Some("right")]
            .map(|answer| ask(&world, &with(typed, answer, HERE)));
        let told = said.map(|said| said.map_err(|error| error.to_string()));
        (format!("{told:?}"), world.wire.calls())
    };
    let known = story(ADA);
    assert_eq!(known, story(BOB));
    assert!(known.0.contains("Complete the CAPTCHA"), "{}", known.0);
}

#[test]
fn a_captcha_gives_a_spent_mailbox_codes_of_ten_digits() {
    let world = world(&["one", "two"]);
    for _ in 0..2 {
        assert_eq!(ask(&world, &with(ADA, None, None)), Ok(6));
    }
    for _ in 0..50 {
        let sent_back = ask(&world, &with(ADA, None, None));
        assert_eq!(sent_back, required(Budget::Identifier));
    }
    assert_eq!(ask(&world, &with(ADA, Some("one"), None)), Ok(10));
}

#[test]
fn a_tripped_mail_breaker_admits_solved_captchas_to_a_limit() {
    let answers: Vec<_> = (0..30).map(|number| format!("answer{number}")).collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let mut world = world(&answers);
    world.deployment.policy.budgets.mail.unproved_per_domain = 2;
    let asks = |number: usize, answer| {
        ask(
            &world,
            &with(&format!("made{number}@example.com"), answer, None),
        )
    };
    for number in 0..2 {
        assert_eq!(asks(number, None), Ok(6));
    }
    assert_eq!(asks(2, None), required(Budget::Domain));
    for (number, answer) in answers[..18].iter().enumerate() {
        assert_eq!(asks(2 + number, Some(answer)), Ok(6));
    }
    assert_eq!(
        refused_by(&asks(20, Some("answer20"))),
        Some(Budget::Domain)
    );
    assert_eq!(asked(&world), 18);
}

/// Requests that are sent back hold no slot of the owner while they are: decided before anything is
/// charged, in any order of calls.
#[test]
fn requests_without_an_answer_hold_no_slot_of_the_owner() {
    for seed in 0..200 {
        let world = world(&["right"]);
        for _ in 0..2 {
            assert_eq!(ask(&world, &with(ADA, None, None)), Ok(6));
        }
        let pool = Pool::of(&world);
        let resolver = resolver(&world, &pool);
        let requests: Vec<_> = (0..10)
            .map(|number| with(ADA, (number == 5).then_some("right"), None))
            .collect();
        world.wire.take_turns();
        let strands = requests
            .iter()
            .map(|request| -> Strand<'_, _> {
                Box::pin(async { Box::pin(resolver.session(request)).await })
            })
            .collect();
        let asked = interleaved(seed, strands);
        let granted: Vec<_> = asked.iter().map(Result::is_ok).collect();
        assert!(granted[5], "order {seed}: {:?}", asked[5]);
        assert_eq!(granted.iter().filter(|ok| **ok).count(), 1, "order {seed}");
    }
}
