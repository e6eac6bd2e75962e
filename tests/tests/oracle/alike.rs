//! Everybody is answered alike, but for what Cognito itself tells whoever calls it with the public
//! client id. That is not hidden here: it is [`told_by_cognito`], and no more. That it slows down who
//! guesses at a real user is not among it, for the stand-in does not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::classes::{Class, Story, play, play_captcha, play_signed_in};
use crate::shape::{Difference, differences, step};
use crate::world::{Sabotage, Seen, Setting, Tier, Typed};

/// The steps in which Cognito itself asks a question; `ChallengeParameters.USERNAME` is in it.
const COGNITO_ASKS: [&str; 15] = [
    "a wrong answer",
    "a resend",
    "a second wrong answer",
    "InitiateAuth",
    "no ticket",
    "no ticket, an answer",
    "no ticket, a second answer",
    "InitiateAuth again",
    "a forged ticket",
    "a forged ticket, an answer",
    "a forged ticket, a second answer",
    "InitiateAuth once more",
    "a ticket",
    "a ticket, an answer",
    "a ticket, a second answer",
];

/// What is different about a refusal where others are asked a question.
const REFUSED: [&str; 9] = [
    "status",
    "headers",
    "/__type",
    "/message",
    "/ChallengeName",
    "/ChallengeParameters",
    "/Session",
    "calls",
    "time",
];

fn seeded(seed: u64) -> Setting {
    Setting {
        seed,
        ..Setting::default()
    }
}

/// Exactly what tells a class from nobody.
fn told_by_cognito(class: Class, of_nobody: &Story) -> BTreeSet<Difference> {
    let told: Vec<(&'static str, &[&str])> = match class {
        Class::NoAccount | Class::IsUnverified => Vec::new(),
        // The pool's name for the account stands where others see what they typed.
        Class::Known | Class::JustCreated | Class::UnverifiedSecond | Class::HalfCreated => {
            COGNITO_ASKS
                .map(|step| (step, &["/ChallengeParameters/USERNAME"][..]))
                .into()
        }
        // "User is disabled." So signIn needs one call more for nobody's session, which sends
        // nothing and takes no answer for the name that was typed.
        Class::Disabled => COGNITO_ASKS
            .into_iter()
            .map(|step| match step {
                "a wrong answer"
                | "a resend"
                | "a second wrong answer"
                | "InitiateAuth"
                | "InitiateAuth again"
                | "InitiateAuth once more" => (step, &REFUSED[..]),
                _ => (step, &["not there"][..]),
            })
            .chain([
                ("signIn", &["calls", "time", "delivery"][..]),
                ("a resend", &["delivery"]),
                ("a third wrong answer", &["/message", "calls", "time"]),
                ("a replayed session", &["/message"]),
                ("no ticket, a third answer", &["not there"]),
                ("a forged ticket, a third answer", &["not there"]),
                ("a ticket, a third answer", &["not there"]),
            ])
            .collect(),
    };
    // A refusal by a budget comes before all that: it is the same for everybody.
    let refused = step(of_nobody, "a wrong answer").is_none();
    told.into_iter()
        .filter(|(name, _)| step(of_nobody, name).is_some())
        .filter(|(name, _)| !(refused && *name == "signIn"))
        .flat_map(|(step, parts)| parts.iter().map(move |part| (step, (*part).to_owned())))
        .collect()
}

#[tokio::test]
async fn whoever_is_behind_an_address_is_answered_alike_but_for_what_cognito_tells() {
    for (seed, typed) in [(1, Typed::Address), (2, Typed::Address), (3, Typed::Number)] {
        let setting = Setting {
            typed,
            ..seeded(seed)
        };
        let nobody = play(setting, Class::NoAccount, false).await;
        for class in Class::ALL {
            let story = play(setting, class, false).await;
            let told = told_by_cognito(class, &nobody);
            assert_eq!(differences(&nobody, &story), told, "{typed:?}, {class:?}");
        }
    }
}

/// A spelling changes nothing, whoever is behind it: not an answer, a call or a time.
#[tokio::test]
async fn another_spelling_is_answered_as_the_canonical_one() {
    for typed in Typed::ALL {
        let canonical = Setting { typed, ..seeded(1) };
        let spelled = Setting {
            spelled: true,
            ..canonical
        };
        for class in Class::ALL {
            let told = differences(
                &play(canonical, class, false).await,
                &play(spelled, class, false).await,
            );
            assert!(told.is_empty(), "{typed:?}, {class:?}: {told:?}");
        }
        let told = differences(
            &play(canonical, Class::Known, true).await,
            &play(spelled, Class::Known, true).await,
        );
        assert!(told.is_empty(), "{typed:?}, refused: {told:?}");
        let told = differences(
            &play_signed_in(canonical, Class::Known).await,
            &play_signed_in(spelled, Class::Known).await,
        );
        assert!(told.is_empty(), "{typed:?}, signed in: {told:?}");
    }
}

/// No word of Cognito's comes in between here: the session is of the account that asks.
#[tokio::test]
async fn who_asks_to_have_a_contact_learns_nothing_of_whoever_is_behind_it() {
    for typed in Typed::ALL {
        let setting = Setting { typed, ..seeded(1) };
        let nobody = play_signed_in(setting, Class::NoAccount).await;
        let asked = step(&nobody, "a second wrong answer").expect("it was asked");
        assert!(asked.body.contains("CUSTOM_CHALLENGE"), "and answered");
        for class in Class::ALL {
            let story = play_signed_in(setting, class).await;
            let told = differences(&nobody, &story);
            assert!(told.is_empty(), "{typed:?}, {class:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn who_is_refused_by_a_budget_is_refused_alike() {
    for typed in Typed::ALL {
        let setting = Setting { typed, ..seeded(1) };
        let nobody = play(setting, Class::NoAccount, true).await;
        let refused = &step(&nobody, "signIn").expect("it was asked").body;
        assert!(refused.contains("TooManyRequests"), "a budget is spent");
        for class in Class::ALL {
            let story = play(setting, class, true).await;
            let told = told_by_cognito(class, &nobody);
            assert_eq!(differences(&nobody, &story), told, "{typed:?}, {class:?}");
        }
    }
}

/// The digits of the code that `signIn` announces.
fn digits(story: &Story) -> u64 {
    let seen = step(story, "signIn").expect("it was asked");
    let digits = seen.json()["data"]["signIn"]["codeLength"].as_u64();
    digits.expect("a number")
}

#[tokio::test]
async fn longer_codes_are_asked_for_and_answered_alike() {
    for typed in Typed::ALL {
        for (tier, wanted) in [(Tier::Long, 8), (Tier::Longest, 10)] {
            let setting = Setting {
                typed,
                tier,
                ..seeded(1)
            };
            let nobody = play(setting, Class::NoAccount, false).await;
            assert_eq!(digits(&nobody), wanted, "{tier:?}");
            for class in Class::ALL {
                let story = play(setting, class, false).await;
                let told = told_by_cognito(class, &nobody);
                let is = differences(&nobody, &story);
                assert_eq!(is, told, "{typed:?}, {tier:?}, {class:?}");
            }
            let nobody = play_signed_in(setting, Class::NoAccount).await;
            for class in Class::ALL {
                let story = play_signed_in(setting, class).await;
                let told = differences(&nobody, &story);
                assert!(told.is_empty(), "{typed:?}, {tier:?}, {class:?}: {told:?}");
            }
        }
    }
}

/// The extended budget's codes have ten digits, without a CAPTCHA where there is none, and after one
/// where one is on.
#[tokio::test]
async fn a_spent_mailbox_and_its_captcha_are_answered_alike() {
    for typed in Typed::ALL {
        for captcha in [false, true] {
            let setting = Setting {
                typed,
                captcha,
                ..seeded(1)
            };
            let nobody = play_captcha(setting, Class::NoAccount).await;
            assert_eq!(digits(&nobody), 10);
            for refused in ["no CAPTCHA", "a wrong CAPTCHA"] {
                let seen = step(&nobody, refused);
                assert_eq!(seen.is_some(), captcha, "{refused}");
                let asks = |seen: &Seen| seen.body.contains("CaptchaRequired");
                assert!(seen.is_none_or(asks), "{refused}");
            }
            for class in Class::ALL {
                let story = play_captcha(setting, class).await;
                let told = told_by_cognito(class, &nobody);
                let is = differences(&nobody, &story);
                assert_eq!(is, told, "{typed:?}, CAPTCHA {captcha}, {class:?}");
            }
        }
    }
}

/// The second call is for nobody, and looks like everybody's first.
#[tokio::test]
async fn a_disabled_user_costs_sign_in_one_refused_call_and_nothing_else() {
    let nobody = play(seeded(1), Class::NoAccount, false).await;
    let story = play(seeded(1), Class::Disabled, false).await;
    assert_eq!(one_refusal_more(&nobody, &story), Ok(()));
}

/// Whether `signIn` did for this one what it did for that one, after one refusal by Cognito.
fn one_refusal_more(that: &Story, this: &Story) -> Result<(), &'static str> {
    let [that, this] = [that, this].map(|story| step(story, "signIn").expect("it was asked"));
    let refused = |told: &str| told == "initiate: refused";
    let (refusals, rest): (Vec<_>, Vec<_>) = this
        .calls
        .iter()
        .cloned()
        .partition(|call| refused(&call.told));
    let [refusal] = &refusals[..] else {
        return Err("not one refusal");
    };
    if rest != that.calls {
        return Err("other calls");
    }
    if this.took != that.took + refusal.took {
        return Err("another time");
    }
    Ok(())
}

/// What changes for the caller if the courier is slow.
async fn what_a_slow_courier_changes(sabotage: Sabotage) -> BTreeSet<Difference> {
    let quick = Setting {
        sabotage,
        ..seeded(1)
    };
    let slow = Setting {
        courier: Duration::from_secs(2),
        ..quick
    };
    let quick = play(quick, Class::Known, false).await;
    let slow = play(slow, Class::Known, false).await;
    differences(&quick, &slow)
}

#[tokio::test]
async fn a_slow_courier_shows_in_no_answer() {
    let deliveries = ["signIn", "a resend", "a ticket"];
    let deliveries = deliveries.map(|step| (step, "delivery".to_owned()));
    let changed = what_a_slow_courier_changes(Sabotage::Nothing).await;
    assert_eq!(changed, deliveries.into());
}

#[tokio::test]
async fn delivery_inside_the_response_would_be_noticed() {
    let changed = what_a_slow_courier_changes(Sabotage::DeliveryInside).await;
    for step in ["signIn", "a resend", "a ticket"] {
        assert!(changed.contains(&(step, "time".to_owned())), "{step}");
    }
    let inside = Setting {
        sabotage: Sabotage::DeliveryInside,
        ..seeded(1)
    };
    let nobody = play(inside, Class::NoAccount, false).await;
    let story = play(inside, Class::Disabled, false).await;
    assert_eq!(one_refusal_more(&nobody, &story), Err("other calls"));
}

#[tokio::test]
async fn a_look_up_in_sign_in_would_be_noticed() {
    let looks = Setting {
        sabotage: Sabotage::LookUp,
        ..seeded(1)
    };
    let nobody = play(looks, Class::NoAccount, false).await;
    let story = play(looks, Class::Known, false).await;
    let noticed: BTreeSet<_> = differences(&nobody, &story)
        .difference(&told_by_cognito(Class::Known, &nobody))
        .cloned()
        .collect();
    for step in ["signIn", "signInTicket"] {
        for part in ["calls", "time"] {
            assert!(noticed.contains(&(step, part.to_owned())), "{step}: {part}");
        }
    }
}
