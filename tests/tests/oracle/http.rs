//! Every class of identifier gets the same answers through the HTTP door, with tokens and in session
//! mode: status, headers, bytes, calls and time. Cognito's own answers, which name a user, stay behind it.

use std::collections::BTreeSet;

use latchstring_tests::note;
use serde_json::{Value, json};

use crate::alike::assert_refused_alike;
use crate::classes::{
    Class, REFUSED_REQUESTS, Story, create_account, deployment, play_without_secret,
};
use crate::shape::{Difference, differences, step};
use crate::world::{Rule, SOLVED, Sabotage, Seen, Setting, Typed, World};

/// The link challenge of a client.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Returns a setting whose latencies move no step of a disabled user into another second.
fn seeded(typed: Typed) -> Setting {
    Setting {
        seed: match typed {
            Typed::Address => 1,
            Typed::Number => 3,
        },
        typed,
        ..Setting::default()
    }
}

fn request(world: &World) -> Value {
    let method = world.typed.attribute();
    json!({"emailOrPhone": world.text, "method": method, "linkChallenge": CHALLENGE})
}

/// Returns the newest continuation: that of this answer, or the one before.
fn next(seen: &Seen, before: Value) -> Value {
    let continuation = seen.json()["continuation"].clone();
    note(continuation.as_str().unwrap_or_default());
    if continuation.is_string() {
        continuation
    } else {
        before
    }
}

/// Answers a sign-in until it has no attempt left, and once more.
async fn answers(world: &World, story: &mut Story, first: Value) {
    let mut continuation = first.clone();
    for (name, path, answer, secret) in [
        ("a wrong answer", "sign-in/answer", "wrong one", None),
        (
            "a wrong link",
            "sign-in/answer",
            "AAAAAAAAAAAAAAAAAAAAAA",
            Some("wrong"),
        ),
        ("a resend", "sign-in/resend", "", None),
        ("a second wrong answer", "sign-in/answer", "wrong two", None),
        (
            "a third wrong answer",
            "sign-in/answer",
            "wrong three",
            None,
        ),
        (
            "an answer after the end",
            "sign-in/answer",
            "wrong four",
            None,
        ),
        ("a resend after the end", "sign-in/resend", "", None),
    ] {
        if name == "a resend" {
            world.at_secs(220);
        }
        let mut body = json!({"continuation": continuation, "answer": answer});
        if let Some(secret) = secret {
            body["linkSecret"] = secret.into();
        }
        let seen = world.post(path, &body).await;
        continuation = next(&seen, continuation);
        story.push((name, seen));
    }
    let body = json!({"continuation": first, "answer": "wrong one"});
    let seen = world.post("sign-in/answer", &body).await;
    story.push(("an older continuation", seen));
}

/// Runs every step that a caller can take with an identifier, after this number of requests.
async fn play(setting: Setting, class: Class, before: usize) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    for _ in 0..before {
        world.post("sign-in", &request(world)).await;
    }
    if before > 0 {
        world.at_secs(190);
    }
    let mut story = Story::new();
    for (name, captcha) in [
        ("no CAPTCHA", None),
        ("a wrong CAPTCHA", Some("wrong")),
        ("sign-in", setting.captcha.then_some(SOLVED)),
    ] {
        if name != "sign-in" && !setting.captcha {
            continue;
        }
        let mut body = request(world);
        if let Some(captcha) = captcha {
            body["captcha"] = captcha.into();
        }
        story.push((name, world.post("sign-in", &body).await));
    }
    let begun = story.last().expect("a step").1.json();
    let (first, resume) = (begun["continuation"].clone(), begun["resume"].clone());
    let mut again = request(world);
    again["resume"] = resume;
    if first.is_string() {
        note(first.as_str().unwrap_or_default());
        let seen = world.post("sign-in", &again).await;
        let continuation = next(&seen, first);
        story.push(("a resume", seen));
        answers(world, &mut story, continuation).await;
        let seen = world.post("sign-in", &again).await;
        story.push(("a resume after the end", seen));
    }
    let seen = world.post("sign-in/ticket", &request(world)).await;
    story.push(("a ticket", seen));
    story
}

/// Runs the steps of a caller who is signed in and requests the identifier for their own account.
async fn play_signed_in(setting: Setting, class: Class) -> Story {
    const OWN: &str = "attacker@example.org";
    let world = &deployment(setting).await;
    let token = create_account(world, Typed::Address, OWN).await;
    class.set_up(world).await;
    let mut story = Story::new();
    let seen = world
        .http_as(&token, "contacts/change", Some(&request(world)))
        .await;
    let first = next(&seen, Value::Null);
    assert!(first.is_string(), "a code is requested");
    story.push(("contacts/change", seen));
    answers(world, &mut story, first).await;
    let path = format!("contacts/pending?method={}", setting.typed.attribute());
    let seen = world.http_as(&token, &path, None).await;
    story.push(("contacts/pending", seen));
    story
}

/// Returns the differences of a class: none, but for the one more call that `/v1/sign-in` makes for a
/// disabled user, to whom nothing is sent.
fn shown(class: Class, no_account: &Story) -> BTreeSet<Difference> {
    if class != Class::Disabled {
        return BTreeSet::new();
    }
    let is_sent = |seen: &Seen| {
        seen.after
            .iter()
            .any(|call| call.outcome == "deliver: done")
    };
    let parts = |name| {
        // A budget refuses before Cognito is asked.
        let seen = step(no_account, name).filter(|seen| seen.status != 429);
        let one_more = seen.filter(|_| name != "a resend");
        let calls = one_more.into_iter().flat_map(|_| ["calls", "time"]);
        let sends = seen.filter(|seen| is_sent(seen)).map(|_| "delivery");
        calls.chain(sends).map(move |part| (name, part.to_owned()))
    };
    let steps = ["sign-in", "a resume", "a resume after the end", "a resend"];
    steps.into_iter().flat_map(parts).collect()
}

#[tokio::test]
async fn the_http_door_answers_every_class_equally() {
    for typed in Typed::ALL {
        let setting = seeded(typed);
        let no_account = play(setting, Class::NoAccount, 0).await;
        for (name, status) in [
            ("sign-in", 200),
            ("a resume", 200),
            ("a wrong answer", 200),
            ("a resend", 200),
            ("a second wrong answer", 200),
            ("a third wrong answer", 400),
            ("a resume after the end", 400),
            ("an older continuation", 400),
            ("a ticket", 200),
        ] {
            let seen = step(&no_account, name).expect("the step exists");
            assert_eq!(seen.status, status, "{name}");
        }
        for class in Class::ALL {
            let found = differences(&no_account, &play(setting, class, 0).await);
            let expected = shown(class, &no_account);
            assert_eq!(found, expected, "{typed:?}, {class:?}");
        }
    }
}

#[tokio::test]
async fn another_spelling_gets_the_same_http_answers() {
    for typed in Typed::ALL {
        let spelled = Setting {
            spelled: true,
            ..seeded(typed)
        };
        for class in [Class::NoAccount, Class::Known, Class::Disabled] {
            let canonical = play(seeded(typed), class, 0).await;
            let found = differences(&canonical, &play(spelled, class, 0).await);
            assert!(found.is_empty(), "{typed:?}, {class:?}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_rule_for_new_accounts_shows_to_no_http_caller() {
    for (typed, rule) in [
        (Typed::Address, Rule::Invited),
        (Typed::Number, Rule::NotInvited),
        (Typed::Address, Rule::OtherDomain),
    ] {
        let open = seeded(typed);
        let no_account = play(open, Class::NoAccount, 0).await;
        let setting = Setting { rule, ..open };
        for class in Class::ALL {
            let found = differences(&no_account, &play(setting, class, 0).await);
            let expected = shown(class, &no_account);
            assert_eq!(found, expected, "{typed:?}, {rule:?}, {class:?}");
        }
    }
}

/// Runs the requests that are refused for their identifier or their client.
async fn play_refused(world: &World) -> [Story; 3] {
    let mut stories = [const { Story::new() }; 3];
    for (story, (text, client)) in stories.iter_mut().zip(REFUSED_REQUESTS) {
        let mut body = request(world);
        body["clientId"] = json!(client);
        if let Some(text) = text {
            body["emailOrPhone"] = json!(text);
        }
        story.push(("sign-in", world.post("sign-in", &body).await));
        // Session mode has no tickets.
        if !world.is_session_mode {
            story.push(("a ticket", world.post("sign-in/ticket", &body).await));
        }
        body["resume"] = json!("forged");
        story.push(("a resume", world.post("sign-in", &body).await));
    }
    stories
}

#[tokio::test]
async fn an_unknown_client_is_refused_over_http_like_a_bad_identifier() {
    for (setting, class) in [
        (seeded(Typed::Address), Class::Known),
        (seeded(Typed::Number), Class::Disabled),
        (in_session_mode(Typed::Address), Class::Known),
    ] {
        assert_refused_alike(setting, class, play_refused).await;
    }
}

/// A number is refused, an address is in slot mode, and where there is a CAPTCHA, it is required.
#[tokio::test]
async fn spent_budgets_are_equal_for_every_class_over_http() {
    for (typed, captcha, before, status) in [
        (Typed::Number, false, 6, 429),
        (Typed::Address, false, 6, 200),
        (Typed::Address, false, 7, 200),
        (Typed::Address, true, 2, 200),
    ] {
        let setting = Setting {
            captcha,
            ..seeded(typed)
        };
        let no_account = play(setting, Class::NoAccount, before).await;
        let seen = step(&no_account, "sign-in").expect("the step exists");
        assert_eq!(seen.status, status, "{typed:?} {before}");
        assert_eq!(seen.headers.contains_key("retry-after"), status == 429);
        let is_required = step(&no_account, "no CAPTCHA").is_some_and(|seen| seen.status == 403);
        assert_eq!(is_required, captcha);
        let in_slot_mode = seen.json()["codeAlphabet"] == "base32";
        assert_eq!(in_slot_mode, typed == Typed::Address && !captcha);
        for class in Class::ALL {
            let found = differences(&no_account, &play(setting, class, before).await);
            let expected = shown(class, &no_account);
            assert_eq!(found, expected, "{typed:?} {before}, {class:?}");
        }
    }
}

/// Compares a change of contact for every class, in the settings of one way to sign in.
async fn a_change_reveals_no_holder(setting_of: impl Fn(Typed) -> Setting) {
    for typed in Typed::ALL {
        let setting = setting_of(typed);
        let no_account = play_signed_in(setting, Class::NoAccount).await;
        let seen = step(&no_account, "a second wrong answer").expect("the step exists");
        assert_eq!(seen.json()["status"], "wrong");
        for class in Class::ALL {
            let found = differences(&no_account, &play_signed_in(setting, class).await);
            assert!(found.is_empty(), "{typed:?}, {class:?}: {found:?}");
        }
    }
}

#[tokio::test]
async fn changing_a_contact_over_http_reveals_no_holder() {
    a_change_reveals_no_holder(seeded).await;
}

#[tokio::test]
async fn a_look_up_behind_the_http_door_is_detected() {
    let looks = Setting {
        sabotage: Sabotage::LookUp,
        ..seeded(Typed::Address)
    };
    let no_account = play(looks, Class::NoAccount, 0).await;
    let found = differences(&no_account, &play(looks, Class::Known, 0).await);
    for name in ["sign-in", "a ticket"] {
        for part in ["calls", "time"] {
            assert!(found.contains(&(name, part.to_owned())), "{name}: {part}");
        }
    }
}

fn in_session_mode(typed: Typed) -> Setting {
    Setting {
        session_mode: true,
        ..seeded(typed)
    }
}

#[tokio::test]
async fn session_mode_answers_every_class_equally() {
    for typed in Typed::ALL {
        let setting = in_session_mode(typed);
        let no_account = play(setting, Class::NoAccount, 0).await;
        let seen = step(&no_account, "a wrong answer").expect("the step exists");
        assert_eq!(seen.json()["status"], "wrong");
        for (name, seen) in &no_account {
            assert!(seen.headers.get("set-cookie").is_none(), "{name}");
        }
        for class in Class::ALL {
            let found = differences(&no_account, &play(setting, class, 0).await);
            let expected = shown(class, &no_account);
            assert_eq!(found, expected, "{typed:?}, {class:?}");
        }
    }
}

#[tokio::test]
async fn changing_a_contact_in_session_mode_reveals_no_holder() {
    a_change_reveals_no_holder(in_session_mode).await;
}

/// The client's id alone starts nothing, sends nothing, writes nothing and shows nothing: the one
/// answer of each operation comes before Cognito looks at a user.
#[tokio::test]
async fn without_the_secret_cognito_says_nothing_of_a_user() {
    for typed in Typed::ALL {
        let setting = in_session_mode(typed);
        let no_account = play_without_secret(setting, Class::NoAccount).await;
        for (name, seen) in &no_account {
            assert_eq!(seen.status, 400, "{name}");
            assert_ne!(seen.json()["__type"], "UnknownOperationException", "{name}");
        }
        for class in Class::ALL.into_iter().chain([Class::NoAccount]) {
            let story = play_without_secret(setting, class).await;
            for (name, seen) in &story {
                assert!(
                    seen.calls.is_empty() && seen.after.is_empty(),
                    "{class:?}: {name}"
                );
            }
            let found = differences(&no_account, &story);
            assert!(found.is_empty(), "{typed:?}, {class:?}: {found:?}");
        }
    }
}

/// The same calls before a pool whose client has no secret, as in the modes with tokens: Cognito runs
/// the triggers.
#[tokio::test]
async fn a_client_without_a_secret_is_detected() {
    let setting = seeded(Typed::Address);
    let known = play_without_secret(setting, Class::Known).await;
    let seen = step(&known, "InitiateAuth").expect("the step exists");
    assert!(!seen.calls.is_empty());
}
