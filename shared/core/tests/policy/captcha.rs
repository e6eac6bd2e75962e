//! A solved CAPTCHA admits requests to a second budget of a source, a mailbox, a mail domain or the
//! deployment, and has no other effect.

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

/// Returns a world with a CAPTCHA that these responses solve.
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

fn verifications(world: &World) -> usize {
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

/// Returns the length of the code, or the error without one.
fn request_code(world: &World, request: &SignInRequest) -> Result<u32, SignInError> {
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(request)).map(|payload| payload.code_length)
}

const fn required(budget: Budget) -> Result<u32, SignInError> {
    Err(SignInError::CaptchaRequired { budget })
}

fn refusing_budget(answer: &Result<u32, SignInError>) -> Option<Budget> {
    match answer {
        Err(SignInError::TooManyRequests { budget, .. }) => *budget,
        _ => None,
    }
}

const SOURCE: Option<&str> = Some("192.0.2.1");

/// Spends the budget of a source for a minute on many identifiers.
fn spend_source(world: &World) {
    for number in 0..world.deployment.policy.budgets.source.per_minute {
        let typed = format!("caller{number}@example.com");
        assert!(request_code(world, &with(&typed, None, SOURCE)).is_ok());
    }
}

#[test]
fn below_every_budget_no_captcha_is_required_or_verified() {
    let world = world(&["right"]);
    assert_eq!(
        request_code(&world, &with(ADA, Some("wrong"), SOURCE)),
        Ok(6)
    );
    assert_eq!(
        request_code(&world, &with(BOB, Some("right"), SOURCE)),
        Ok(6)
    );
    assert_eq!(verifications(&world), 0);
}

#[test]
fn a_spent_source_gets_a_code_for_each_captcha_to_a_limit() {
    let mut world = world(&["one", "two", "three", "four"]);
    world.deployment.policy.budgets.source.solved_per_hour = 3;
    spend_source(&world);
    assert_eq!(
        request_code(&world, &with(ADA, None, SOURCE)),
        required(Budget::Source)
    );
    assert_eq!(request_code(&world, &with(ADA, Some("one"), SOURCE)), Ok(6));
    let again = request_code(&world, &with(BOB, Some("one"), SOURCE));
    assert_eq!(
        again,
        required(Budget::Source),
        "each response is valid once"
    );
    assert_eq!(request_code(&world, &with(BOB, Some("two"), SOURCE)), Ok(6));
    // Three responses were verified, so the limit also bounds the number of CAPTCHA requests.
    let beyond = request_code(&world, &with(BOB, Some("three"), SOURCE));
    assert_eq!(refusing_budget(&beyond), Some(Budget::Source));
    assert_eq!(verifications(&world), 3);
    world.after_secs(3600);
    assert_eq!(
        request_code(&world, &with(BOB, None, SOURCE)),
        Ok(6),
        "the next hour"
    );
}

#[test]
fn a_sprayed_deployment_requires_a_captcha_of_unknown_devices() {
    let world = world(&["one", "two"]);
    assert_eq!(request_code(&world, &with(ADA, None, None)), Ok(6));
    let world = world.reconfigured(spray);
    assert_eq!(
        request_code(&world, &with(BOB, None, None)),
        required(Budget::Deployment)
    );
    assert_eq!(request_code(&world, &with(BOB, Some("one"), None)), Ok(10));
    let ticket = |answer| {
        let pool = Pool::of(&world);
        now(resolver(&world, &pool).ticket(&with(BOB, answer, None)))
            .map(|ticket| ticket.expires_in)
    };
    assert_eq!(ticket(None), required(Budget::Deployment));
    assert_eq!(ticket(Some("two")), Ok(60), "a ticket needs one too");
    let on_device = SignInRequest {
        device: Some(remembered(&world).device),
        ..request(ADA, None)
    };
    assert_eq!(
        request_code(&world, &on_device),
        Ok(6),
        "an attacker cannot affect a known device"
    );
}

#[test]
fn without_a_captcha_a_code_is_refused_or_longer() {
    let mut world = sprayed(&[]);
    world.captcha = None;
    assert_eq!(
        request_code(&world, &with(ADA, Some("right"), None)),
        Ok(10)
    );
    spend_source(&world);
    let refused = request_code(&world, &with(BOB, Some("right"), SOURCE));
    assert_eq!(refusing_budget(&refused), Some(Budget::Source));
}

#[test]
fn a_captcha_raises_no_identifier_destination_or_daily_limit() {
    let answers = ["a", "b", "c", "d", "e", "f", "g"];
    let world = sprayed(&answers).without_slots();
    assert_eq!(request_code(&world, &with(ADA, Some("a"), None)), Ok(10));
    for answer in ["b", "c", "d", "e", "f"] {
        assert_eq!(request_code(&world, &with(ADA, Some(answer), None)), Ok(10));
    }
    let next = request_code(&world, &with(ADA, Some("g"), None));
    assert_eq!(refusing_budget(&next), Some(Budget::Mailbox));
    assert_eq!(
        verifications(&world),
        6,
        "the CAPTCHA of a refused request is not verified"
    );

    let mut world = sprayed(&answers);
    world.deployment.policy.budgets.sms.unproved_per_prefix = 1;
    assert_eq!(request_code(&world, &with(NUMBER, Some("a"), None)), Ok(10));
    let second = request_code(&world, &with(NUMBER, Some("b"), None));
    assert_eq!(refusing_budget(&second), Some(Budget::Prefix));

    let mut world = sprayed(&answers);
    world.deployment.policy.budgets.deployment.messages_per_day = 1;
    assert_eq!(request_code(&world, &with(ADA, Some("a"), None)), Ok(10));
    let second = request_code(&world, &with(BOB, Some("b"), None));
    assert_eq!(refusing_budget(&second), Some(Budget::Deployment));
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
            let sent_back = request_code(&world, &with(typed, None, SOURCE));
            assert_eq!(sent_back, required(Budget::Deployment));
        }
    }
    assert_eq!(
        request_code(&world, &with(ADA, Some("right"), SOURCE)),
        Ok(10)
    );
}

#[test]
fn wrong_captcha_responses_count_to_their_source_only() {
    let world = sprayed(&["right"]);
    let world = world.reconfigured(|world| {
        world.deployment.policy.budgets.source.solved_per_hour = 5;
    });
    for _ in 0..5 {
        let wrong = request_code(&world, &with(ADA, Some("wrong"), SOURCE));
        assert_eq!(wrong, required(Budget::Deployment));
    }
    let refused = request_code(&world, &with(ADA, Some("right"), SOURCE));
    assert_eq!(refusing_budget(&refused), Some(Budget::Source));
    assert_eq!(verifications(&world), 5);
    let elsewhere = Some("198.51.100.7");
    assert_eq!(
        request_code(&world, &with(ADA, Some("right"), elsewhere)),
        Ok(10)
    );
}

#[test]
fn one_captcha_serves_both_the_source_and_the_deployment() {
    let world = world(&["right"]);
    spend_source(&world);
    let world = world.reconfigured(spray);
    assert_eq!(
        request_code(&world, &with(ADA, Some("right"), SOURCE)),
        Ok(10)
    );
    assert_eq!(verifications(&world), 1);
}

#[test]
fn an_unreachable_captcha_service_admits_no_request() {
    for broken in [Break::Before, Break::After, Break::Hangs] {
        for source in [None, SOURCE] {
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
            assert!(request_code(&world, &with(BOB, Some("wrong"), source)).is_err());
            let calls = world.wire.calls();
            let at = calls.iter().position(|call| *call == "is_solved");
            world
                .wire
                .will_break([(at.expect("the CAPTCHA was verified"), broken)]);
            let answered = request_code(&world, &with(BOB, Some("right"), source));
            let is_fault = matches!(
                answered,
                Err(SignInError::Unavailable(Cause::PortError(PortError {
                    call: "is_solved",
                    ..
                })))
            );
            assert!(is_fault, "{broken:?}: {answered:?}");
            assert_eq!(world.sent().len(), sent, "nothing was sent");
            let again = request_code(&world, &with(BOB, Some("another"), source));
            assert!(again.is_ok(), "{broken:?}: {again:?}");
        }
    }
}

#[test]
fn a_captcha_check_that_times_out_admits_no_request() {
    for how in [Break::Never, Break::NeverAfter] {
        let world = sprayed(&["right", "another"]);
        world.wire.clear();
        assert!(request_code(&world, &with(BOB, Some("wrong"), None)).is_err());
        let calls = world.wire.calls();
        let at = calls.iter().position(|call| *call == "is_solved");
        world
            .wire
            .will_break([(at.expect("the CAPTCHA was verified"), how)]);
        let pool = Pool::of(&world);
        let asking = with(BOB, Some("right"), None);
        let answered = resolver(&world, &pool).session(&asking).now_or_never();
        assert!(answered.is_none(), "{how:?}");
        assert!(world.sent().is_empty(), "{how:?}");
        assert_eq!(
            request_code(&world, &with(BOB, Some("another"), None)),
            Ok(10)
        );
    }
}

#[test]
fn a_captcha_request_is_equal_with_and_without_an_account() {
    let scenario = |typed: &str| {
        let world = sprayed(&["right"]);
        world.wire.clear();
        let said = [None, Some("wrong"), Some("right")]
            .map(|answer| request_code(&world, &with(typed, answer, SOURCE)));
        let result = said.map(|said| said.map_err(|error| error.to_string()));
        (format!("{result:?}"), world.wire.calls())
    };
    let known = scenario(ADA);
    assert_eq!(known, scenario(BOB));
    assert!(known.0.contains("Complete the CAPTCHA"), "{}", known.0);
}

#[test]
fn a_captcha_gives_a_spent_mailbox_codes_of_ten_digits() {
    let world = world(&["one", "two"]);
    for _ in 0..2 {
        assert_eq!(request_code(&world, &with(ADA, None, None)), Ok(6));
    }
    for _ in 0..50 {
        let sent_back = request_code(&world, &with(ADA, None, None));
        assert_eq!(sent_back, required(Budget::Mailbox));
    }
    assert_eq!(request_code(&world, &with(ADA, Some("one"), None)), Ok(10));
}

#[test]
fn a_tripped_mail_breaker_admits_solved_captchas_to_a_limit() {
    let answers: Vec<_> = (0..30).map(|number| format!("answer{number}")).collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let mut world = world(&answers);
    world.deployment.policy.budgets.mail.unproved_per_domain = 2;
    let request_with = |number: usize, answer| {
        request_code(
            &world,
            &with(&format!("made{number}@example.com"), answer, None),
        )
    };
    for number in 0..2 {
        assert_eq!(request_with(number, None), Ok(6));
    }
    assert_eq!(request_with(2, None), required(Budget::Domain));
    for (number, answer) in answers[..18].iter().enumerate() {
        assert_eq!(request_with(2 + number, Some(answer)), Ok(6));
    }
    assert_eq!(
        refusing_budget(&request_with(20, Some("answer20"))),
        Some(Budget::Domain)
    );
    assert_eq!(verifications(&world), 18);
}

/// A request that is returned for a CAPTCHA holds no slot of the owner. This is decided before any
/// charge, in every order of calls.
#[test]
fn requests_without_a_captcha_hold_no_slot_of_the_owner() {
    for seed in 0..200 {
        let world = world(&["right"]);
        for _ in 0..2 {
            assert_eq!(request_code(&world, &with(ADA, None, None)), Ok(6));
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
        let results = interleaved(seed, strands);
        let granted: Vec<_> = results.iter().map(Result::is_ok).collect();
        assert!(granted[5], "order {seed}: {:?}", results[5]);
        assert_eq!(granted.iter().filter(|ok| **ok).count(), 1, "order {seed}");
    }
}
