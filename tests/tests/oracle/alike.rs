//! Every class of identifier gets the same answers, except for the differences that Cognito itself
//! shows to any caller with the public client id. [`shown_by_cognito`] lists these, and the tests
//! require exactly them. Cognito also slows down guesses at an existing user; the stand-in does not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::classes::{
    Class, Story, deployment, play, play_captcha, play_in_slots, play_refused, play_resumed,
    play_resumed_elsewhere, play_signed_in,
};
use crate::shape::{Difference, differences, step};
use crate::world::{Rule, Sabotage, Seen, Setting, Tier, Typed, World};

/// The steps whose answer is a challenge of Cognito's, with `ChallengeParameters.USERNAME`.
const CHALLENGES: [&str; 16] = [
    "a wrong link",
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

/// The parts in which a refusal differs from a challenge.
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

/// Returns the differences that Cognito shows between a class and an identifier without an account.
fn shown_by_cognito(class: Class, no_account: &Story) -> BTreeSet<Difference> {
    let shown: Vec<(&'static str, &[&str])> = match class {
        Class::NoAccount | Class::IsUnverified | Class::Federated => Vec::new(),
        // The answer contains the account's username, and for other classes the typed identifier.
        Class::Known | Class::JustCreated | Class::UnverifiedSecond | Class::HalfCreated => {
            CHALLENGES
                .map(|step| (step, &["/ChallengeParameters/USERNAME"][..]))
                .into()
        }
        // "User is disabled." `signIn` then opens a session without an account by one more call. That
        // session sends nothing and accepts no answer for the typed identifier.
        Class::Disabled => CHALLENGES
            .into_iter()
            .map(|step| match step {
                "a wrong link"
                | "a wrong answer"
                | "a resend"
                | "a second wrong answer"
                | "InitiateAuth"
                | "InitiateAuth again"
                | "InitiateAuth once more" => (step, &REFUSED[..]),
                _ => (step, &["not there"][..]),
            })
            .chain([
                ("signIn", &["calls", "time", "delivery"][..]),
                ("signIn with resume", &["calls", "time"]),
                // Cognito refused the answers before it, so the flow still waits.
                (
                    "a resume after the last answer",
                    &["/data", "/errors", "calls", "time"],
                ),
                ("a resend", &["delivery"]),
                ("a third wrong answer", &["/message", "calls", "time"]),
                ("a replayed session", &["/message"]),
                ("no ticket, a third answer", &["not there"]),
                ("a forged ticket, a third answer", &["not there"]),
                ("a ticket, a third answer", &["not there"]),
            ])
            .collect(),
    };
    // A budget refuses before that, and equally for every class.
    let refused = step(no_account, "a wrong answer").is_none();
    shown
        .into_iter()
        .filter(|(name, _)| step(no_account, name).is_some())
        .filter(|(name, _)| !(refused && *name == "signIn"))
        .flat_map(|(step, parts)| parts.iter().map(move |part| (step, (*part).to_owned())))
        .collect()
}

#[tokio::test]
async fn username_attributes_reveal_no_more_than_cognito_does() {
    for typed in Typed::ALL {
        let setting = Setting {
            typed,
            username_attributes: true,
            ..seeded(1)
        };
        let no_account = play(setting, Class::NoAccount, false).await;
        for class in [
            Class::Known,
            Class::UnverifiedSecond,
            Class::IsUnverified,
            Class::HalfCreated,
            Class::Federated,
        ] {
            let shown = differences(&no_account, &play(setting, class, false).await);
            // Cognito finds an unverified holder too, and shows its username.
            let alike = match class {
                Class::IsUnverified => Class::Known,
                class => class,
            };
            let expected = shown_by_cognito(alike, &no_account);
            assert_eq!(shown, expected, "{typed:?}, {class:?}");
        }
    }
}

/// Checks that the stories of all classes are equal to the one without an account.
async fn assert_equal(no_account: &Story, play: impl AsyncFn(Class) -> Story, setting: Setting) {
    for class in Class::ALL {
        let shown = differences(no_account, &play(class).await);
        assert!(shown.is_empty(), "{setting:?}, {class:?}: {shown:?}");
    }
}

/// Checks that the stories of all classes differ from the one without an account exactly as Cognito
/// shows.
async fn assert_equal_but_for_cognito(
    no_account: &Story,
    play: impl AsyncFn(Class) -> Story,
    setting: Setting,
) {
    for class in Class::ALL {
        let shown = differences(no_account, &play(class).await);
        let expected = shown_by_cognito(class, no_account);
        assert_eq!(shown, expected, "{setting:?}, {class:?}");
    }
}

#[tokio::test]
async fn answers_differ_only_where_cognito_itself_differs() {
    for (seed, typed) in [(1, Typed::Address), (2, Typed::Address), (3, Typed::Number)] {
        let setting = Setting {
            typed,
            ..seeded(seed)
        };
        let no_account = play(setting, Class::NoAccount, false).await;
        let play = async |class| play(setting, class, false).await;
        assert_equal_but_for_cognito(&no_account, play, setting).await;
    }
}

#[tokio::test]
async fn events_make_no_difference_before_a_right_code() {
    for typed in Typed::ALL {
        let setting = Setting {
            typed,
            events: true,
            ..seeded(1)
        };
        let no_account = play(setting, Class::NoAccount, false).await;
        let play = async |class| play(setting, class, false).await;
        assert_equal_but_for_cognito(&no_account, play, setting).await;
    }
}

/// A spelling changes no answer, call or time, for any class.
#[tokio::test]
async fn another_spelling_gets_the_same_answers() {
    for typed in Typed::ALL {
        let canonical = Setting { typed, ..seeded(1) };
        let spelled = Setting {
            spelled: true,
            ..canonical
        };
        for class in Class::ALL {
            let shown = differences(
                &play(canonical, class, false).await,
                &play(spelled, class, false).await,
            );
            assert!(shown.is_empty(), "{typed:?}, {class:?}: {shown:?}");
        }
        let shown = differences(
            &play(canonical, Class::Known, true).await,
            &play(spelled, Class::Known, true).await,
        );
        assert!(shown.is_empty(), "{typed:?}, refused: {shown:?}");
        let shown = differences(
            &play_signed_in(canonical, Class::Known).await,
            &play_signed_in(spelled, Class::Known).await,
        );
        assert!(shown.is_empty(), "{typed:?}, signed in: {shown:?}");
    }
}

/// Cognito shows no differences here, since the session belongs to the caller's account.
#[tokio::test]
async fn changing_a_contact_reveals_nothing_about_its_holder() {
    for typed in Typed::ALL {
        let setting = Setting { typed, ..seeded(1) };
        let no_account = play_signed_in(setting, Class::NoAccount).await;
        let asked = step(&no_account, "a second wrong answer").expect("the step exists");
        assert!(asked.body.contains("CUSTOM_CHALLENGE"), "it was answered");
        let play = async |class| play_signed_in(setting, class).await;
        assert_equal(&no_account, play, setting).await;
    }
}

#[tokio::test]
async fn a_spent_budget_refuses_every_class_equally() {
    // An SMS has no slots without a CAPTCHA.
    let setting = Setting {
        typed: Typed::Number,
        ..seeded(1)
    };
    let no_account = play(setting, Class::NoAccount, true).await;
    let refused = &step(&no_account, "signIn").expect("the step exists").body;
    assert!(refused.contains("TooManyRequests"), "a budget is spent");
    let play = async |class| play(setting, class, true).await;
    assert_equal_but_for_cognito(&no_account, play, setting).await;
}

/// A disabled user gets no message, of a slot or otherwise. No resend sends one in slot mode.
#[tokio::test]
async fn slot_mode_is_equal_for_every_class() {
    for sent_before in [false, true] {
        let setting = seeded(1);
        let no_account = play_in_slots(setting, Class::NoAccount, sent_before).await;
        assert_eq!(digits(&no_account), 12);
        let sends = |step: &str| step == "signIn" && !sent_before;
        for class in Class::ALL {
            let shown = differences(
                &no_account,
                &play_in_slots(setting, class, sent_before).await,
            );
            let mut expected = shown_by_cognito(class, &no_account);
            expected.retain(|(step, part)| part != "delivery" || sends(step));
            assert_eq!(shown, expected, "{class:?}, sent before: {sent_before}");
        }
    }
}

/// Returns the number of digits that `signIn` announces.
fn digits(story: &Story) -> u64 {
    let seen = step(story, "signIn").expect("the step exists");
    let digits = seen.json()["data"]["signIn"]["codeLength"].as_u64();
    digits.expect("a number")
}

#[tokio::test]
async fn longer_codes_are_equal_for_every_class() {
    for typed in Typed::ALL {
        for (tier, wanted) in [(Tier::Long, 8), (Tier::Longest, 10)] {
            let setting = Setting {
                typed,
                tier,
                ..seeded(1)
            };
            let no_account = play(setting, Class::NoAccount, false).await;
            assert_eq!(digits(&no_account), wanted, "{tier:?}");
            let play = async |class| play(setting, class, false).await;
            assert_equal_but_for_cognito(&no_account, play, setting).await;
            let no_account = play_signed_in(setting, Class::NoAccount).await;
            let play = async |class| play_signed_in(setting, class).await;
            assert_equal(&no_account, play, setting).await;
        }
    }
}

/// The codes of the extended budget have ten digits. Where a CAPTCHA is configured, it is required
/// first.
#[tokio::test]
async fn a_spent_mailbox_and_its_captcha_are_equal_for_every_class() {
    for typed in Typed::ALL {
        for captcha in [false, true] {
            let setting = Setting {
                typed,
                captcha,
                ..seeded(1)
            };
            let no_account = play_captcha(setting, Class::NoAccount).await;
            assert_eq!(digits(&no_account), 10);
            for refused in ["no CAPTCHA", "a wrong CAPTCHA"] {
                let seen = step(&no_account, refused);
                assert_eq!(seen.is_some(), captcha, "{refused}");
                let requires = |seen: &Seen| seen.body.contains("CaptchaRequired");
                assert!(seen.is_none_or(requires), "{refused}");
            }
            let play = async |class| play_captcha(setting, class).await;
            assert_equal_but_for_cognito(&no_account, play, setting).await;
        }
    }
}

#[tokio::test]
async fn a_resume_is_equal_for_every_class() {
    for typed in Typed::ALL {
        let setting = Setting { typed, ..seeded(1) };
        let no_account = play_resumed(setting, Class::NoAccount).await;
        for (name, has_ended) in [
            ("signIn with resume", false),
            ("a resume of another identifier", true),
            ("a resume after the last answer", true),
            ("a resume after the code expired", true),
        ] {
            let seen = step(&no_account, name).expect("the step exists");
            assert_eq!(seen.body.contains("InvalidResume"), has_ended, "{name}");
        }
        let play = async |class| play_resumed(setting, class).await;
        assert_equal_but_for_cognito(&no_account, play, setting).await;
    }
}

/// Cognito shows no differences here, since the name of the session is not the identifier.
#[tokio::test]
async fn a_resume_in_another_name_is_equal_for_every_class() {
    for typed in Typed::ALL {
        let setting = Setting { typed, ..seeded(1) };
        let no_account = play_resumed_elsewhere(setting, Class::NoAccount).await;
        let resumed = step(&no_account, "a ticket").expect("the step exists");
        assert!(resumed.body.contains("\"otp\""), "it waits for a code");
        for class in Class::ALL {
            let shown = differences(&no_account, &play_resumed_elsewhere(setting, class).await);
            let expected: &[_] = match class {
                Class::Disabled => &[
                    ("signIn", "calls"),
                    ("signIn", "time"),
                    ("signIn", "delivery"),
                    ("a resend", "delivery"),
                ],
                _ => &[],
            };
            let expected = expected
                .iter()
                .map(|(step, part)| (*step, (*part).to_owned()));
            assert_eq!(shown, expected.collect(), "{typed:?}, {class:?}");
        }
    }
}

/// No class shows a rule for new accounts before a right code, and neither does an invitation.
#[tokio::test]
async fn a_rule_for_new_accounts_shows_to_no_caller() {
    for (typed, rule) in [
        (Typed::Address, Rule::NotInvited),
        (Typed::Address, Rule::OtherDomain),
        (Typed::Number, Rule::Invited),
    ] {
        let open = Setting { typed, ..seeded(1) };
        let no_account = play(open, Class::NoAccount, false).await;
        let setting = Setting { rule, ..open };
        let play = async |class| play(setting, class, false).await;
        assert_equal_but_for_cognito(&no_account, play, setting).await;
    }
    let open = seeded(1);
    let signed_in = play_signed_in(open, Class::NoAccount).await;
    let setting = Setting {
        rule: Rule::Invited,
        ..open
    };
    let play = async |class| play_signed_in(setting, class).await;
    assert_equal(&signed_in, play, setting).await;
}

/// Plays refused requests in one deployment, before and after the account of a class exists.
async fn refused(
    setting: Setting,
    class: Class,
    play: impl AsyncFn(&World) -> [Story; 3],
) -> Vec<Story> {
    let world = &deployment(setting).await;
    let mut stories = Vec::from(play(world).await);
    class.set_up(world).await;
    stories.extend(play(world).await);
    stories
}

/// Checks that requests for an unknown client are refused like one with a bad identifier, without a call,
/// whether or not there is an account.
pub(crate) async fn assert_refused_alike(
    setting: Setting,
    class: Class,
    play: impl AsyncFn(&World) -> [Story; 3],
) {
    let stories = refused(setting, class, play).await;
    for (step, seen) in &stories[0] {
        assert!(seen.body.contains("InvalidIdentifier"), "{step}");
        let calls = seen.calls.len() + seen.after.len();
        assert_eq!((calls, seen.took), (0, Duration::ZERO), "{step}");
    }
    for (number, story) in stories.iter().enumerate() {
        let shown = differences(&stories[0], story);
        assert!(shown.is_empty(), "{number}, {class:?}: {shown:?}");
    }
}

#[tokio::test]
async fn an_unknown_client_is_refused_like_a_bad_identifier() {
    for (typed, class) in [
        (Typed::Address, Class::Known),
        (Typed::Address, Class::Disabled),
        (Typed::Number, Class::Known),
    ] {
        let setting = Setting { typed, ..seeded(1) };
        assert_refused_alike(setting, class, play_refused).await;
    }
}

#[tokio::test]
async fn a_look_up_for_an_unknown_client_is_detected() {
    let looks = Setting {
        sabotage: Sabotage::LookUp,
        ..seeded(1)
    };
    let stories = refused(looks, Class::Known, play_refused).await;
    let shown = differences(&stories[1], &stories[4]);
    assert!(shown.contains(&("signIn", "calls".to_owned())), "{shown:?}");
}

/// The second call opens a session without an account, and is equal to the first call of other classes.
#[tokio::test]
async fn a_disabled_user_costs_sign_in_one_refused_call() {
    let no_account = play(seeded(1), Class::NoAccount, false).await;
    let story = play(seeded(1), Class::Disabled, false).await;
    assert_eq!(one_refusal_more(&no_account, &story), Ok(()));
}

/// Checks that `signIn` made the same calls in both stories, after one refusal by Cognito in `this`.
fn one_refusal_more(that: &Story, this: &Story) -> Result<(), &'static str> {
    let [that, this] = [that, this].map(|story| step(story, "signIn").expect("the step exists"));
    let refused = |outcome: &str| outcome == "initiate: refused";
    let (refusals, rest): (Vec<_>, Vec<_>) = this
        .calls
        .iter()
        .cloned()
        .partition(|call| refused(&call.outcome));
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

/// Returns the differences between a quick and a slow courier.
async fn changes_by_a_slow_courier(sabotage: Sabotage) -> BTreeSet<Difference> {
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
async fn a_slow_courier_changes_no_answer() {
    let deliveries = ["signIn", "a resend", "a ticket"];
    let deliveries = deliveries.map(|step| (step, "delivery".to_owned()));
    let changed = changes_by_a_slow_courier(Sabotage::Nothing).await;
    assert_eq!(changed, deliveries.into());
}

#[tokio::test]
async fn delivery_inside_the_response_is_detected() {
    let changed = changes_by_a_slow_courier(Sabotage::DeliveryInside).await;
    for step in ["signIn", "a resend", "a ticket"] {
        assert!(changed.contains(&(step, "time".to_owned())), "{step}");
    }
    let inside = Setting {
        sabotage: Sabotage::DeliveryInside,
        ..seeded(1)
    };
    let no_account = play(inside, Class::NoAccount, false).await;
    let story = play(inside, Class::Disabled, false).await;
    assert_eq!(one_refusal_more(&no_account, &story), Err("other calls"));
}

#[tokio::test]
async fn a_look_up_in_sign_in_is_detected() {
    let looks = Setting {
        sabotage: Sabotage::LookUp,
        ..seeded(1)
    };
    let no_account = play(looks, Class::NoAccount, false).await;
    let story = play(looks, Class::Known, false).await;
    let detected: BTreeSet<_> = differences(&no_account, &story)
        .difference(&shown_by_cognito(Class::Known, &no_account))
        .cloned()
        .collect();
    for step in ["signIn", "signInTicket"] {
        for part in ["calls", "time"] {
            assert!(
                detected.contains(&(step, part.to_owned())),
                "{step}: {part}"
            );
        }
    }
}
