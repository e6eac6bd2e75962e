//! Browser sessions over HTTP, together with the rest: undo, changes of contact, sign-outs, parallel
//! requests, and users who are disabled or deleted. [`session_mode`](crate::session_mode) has them before
//! the real SDK alone.

use std::time::Duration;

use futures_util::future::join_all;
use latchstring_local::Options;
use latchstring_tests::{Browser, Door, Latchstring, Person, SignedIn};
use reqwest::Method;
use serde_json::{Value, json};

latchstring_tests::doors!(all: Session);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/// The lifetime of an access token in seconds.
const ACCESS: u64 = 3600;

async fn latchstring() -> Latchstring {
    with(Options::default()).await
}

async fn with(options: Options) -> Latchstring {
    let options = Options {
        session_mode: true,
        ..options
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.through(Door::Session)
}

/// A service whose app client rotates refresh tokens.
async fn rotating() -> Latchstring {
    with(Options {
        rotate_refresh_tokens: Some(Duration::from_secs(60)),
        ..Options::default()
    })
    .await
}

async fn get(latchstring: &Latchstring, browser: &Browser, path: &str) -> Result<Value, String> {
    let answer = latchstring.browse(browser, Method::GET, path, Value::Null);
    answer.await.map_err(|refusal| refusal.kind)
}

async fn post(
    latchstring: &Latchstring,
    browser: &Browser,
    path: &str,
    body: Value,
) -> Result<Value, String> {
    let answer = latchstring.browse(browser, Method::POST, path, body);
    answer.await.map_err(|refusal| refusal.kind)
}

async fn is_in(latchstring: &Latchstring, browser: &Browser) -> bool {
    match get(latchstring, browser, "session").await {
        Ok(_) => true,
        Err(kind) => {
            assert_eq!(kind, "NotSignedIn");
            false
        }
    }
}

/// Signs Ada in for the first time, in one browser, and then in another.
async fn two_browsers(ada: &Person) -> (SignedIn, SignedIn) {
    let one = ada.signs_in_for_the_first_time().await;
    (one, ada.signs_in().await)
}

/// Signs a user out at Cognito, as an operator does.
async fn sign_out_by_the_operator(latchstring: &Latchstring, username: &str) {
    let signed_out = latchstring
        .cognito()
        .admin_user_global_sign_out()
        .user_pool_id(&latchstring.settings().user_pool_id)
        .username(username)
        .send();
    assert!(signed_out.await.is_ok());
}

/// Returns the sessions in the list of a browser.
async fn listed(latchstring: &Latchstring, browser: &Browser) -> Vec<Value> {
    let listed = get(latchstring, browser, "sessions").await;
    let listed = listed.expect("it is signed in")["sessions"].take();
    listed.as_array().expect("an array").clone()
}

#[tokio::test]
async fn an_undo_ends_every_other_session_at_once() {
    let latchstring = latchstring().await;
    let owner = latchstring.by_email("victim@example.com");
    let (stolen, elsewhere) = two_browsers(&owner).await;
    let thief = latchstring.by_email("thief@example.org");
    let question = stolen.changes_to(&thief).await.expect("it is fresh");
    question.answer(&thief.code().await).await.signed_in();
    let thiefs = thief.signs_in().await;
    assert!(thiefs.sub() == elsewhere.sub());

    let undone = owner.undoes(&owner.begins_to_undo().await).await;
    let undone = undone.expect("it can be undone");
    for ended in [&stolen, &elsewhere, &thiefs] {
        assert!(!is_in(&latchstring, &ended.browser).await);
    }
    assert!(is_in(&latchstring, &undone.browser).await);
    assert_eq!(listed(&latchstring, &undone.browser).await.len(), 1);
    latchstring.advance(ACCESS).await;
    assert!(
        is_in(&latchstring, &undone.browser).await,
        "its tokens are valid"
    );
}

/// As with tokens: the change proves no theft, and the replaced contact can undo it for 72 hours.
#[tokio::test]
async fn a_change_of_contact_ends_no_other_session() {
    let latchstring = latchstring().await;
    let ada = latchstring.by_email("ada@example.com");
    let (here, other) = two_browsers(&ada).await;
    let before = here.browser.stolen_by("");
    let new = latchstring.by_email("ada@example.org");
    let question = here.changes_to(&new).await.expect("it is fresh");
    let changed = question.answer(&new.code().await).await.signed_in();
    assert!(changed.id["email"] == new.contact());

    assert!(is_in(&latchstring, &here.browser).await);
    assert!(
        !is_in(&latchstring, &before).await,
        "a new sign-in has a new cookie"
    );
    let other = SignedIn::within(&latchstring, &other.browser).await;
    let other = other.expect("it is signed in");
    assert!(other.id["email"] == new.contact() && other.sub() == changed.sub());
    latchstring.advance(ACCESS).await;
    assert!(
        is_in(&latchstring, &other.browser).await,
        "also after a refresh"
    );
    assert_eq!(listed(&latchstring, &other.browser).await.len(), 2);
}

#[tokio::test]
async fn twenty_parallel_requests_for_a_token_rotate_once() {
    let latchstring = rotating().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let first = latchstring.token_of(&signed_in.browser).await;
    let first = first.expect("a token");
    latchstring.advance(ACCESS).await;
    let tokens = join_all((0..20).map(|_| latchstring.token_of(&signed_in.browser))).await;
    let tokens: Vec<_> = tokens.into_iter().map(|it| it.expect("a token")).collect();
    assert!(tokens[0] != first, "it is another one");
    assert!(
        tokens.iter().all(|token| *token == tokens[0]),
        "one rotation"
    );
    latchstring.advance(ACCESS).await;
    assert!(latchstring.token_of(&signed_in.browser).await.is_ok());
}

#[tokio::test]
async fn a_sign_out_everywhere_beats_parallel_refreshes() {
    let latchstring = rotating().await;
    let ada = latchstring.by_email("ada@example.com");
    let (one, other) = two_browsers(&ada).await;
    latchstring.advance(ACCESS).await;
    let copies: Vec<_> = (0..16)
        .map(|number| if number % 2 == 0 { &one } else { &other })
        .map(|it| it.browser.stolen_by(""))
        .collect();
    let refreshing = join_all(copies.iter().map(|browser| latchstring.token_of(browser)));
    let body = json!({ "everywhere": true });
    let leaving = post(&latchstring, &one.browser, "sign-out", body);
    let (tokens, left) = tokio::join!(refreshing, leaving);
    assert_eq!(left, Ok(Value::Null));
    let refused = tokens.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|it| it.kind == "NotSignedIn"));
    for browser in copies.iter().chain([&one.browser, &other.browser]) {
        assert!(!is_in(&latchstring, browser).await);
    }
    let again = ada.signs_in().await;
    assert_eq!(listed(&latchstring, &again.browser).await.len(), 1);
}

#[tokio::test]
async fn a_sign_out_everywhere_is_published_at_once() {
    let latchstring = latchstring().await;
    latchstring.stop_clock().await;
    let ada = latchstring.by_email("ada@example.com");
    let here = ada.signs_in_for_the_first_time().await;
    let before = latchstring.events().await.len();
    let body = json!({ "everywhere": true });
    let left = post(&latchstring, &here.browser, "sign-out", body).await;
    assert_eq!(left, Ok(Value::Null));
    let events = latchstring.events().await.split_off(before);
    let kinds: Vec<_> = events.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(kinds, ["SignedOutEverywhere"]);
}

#[tokio::test]
async fn a_disabled_or_deleted_user_is_out_with_the_token() {
    for deleted in [false, true] {
        let latchstring = latchstring().await;
        let ada = latchstring.by_email("ada@example.com");
        let (here, other) = two_browsers(&ada).await;
        if deleted {
            latchstring.delete(here.username()).await;
        } else {
            latchstring.disable(here.username()).await;
        }
        // A route that calls Cognito refuses at once, the others with the access token.
        let body = json!({ "givenName": "Ada", "familyName": "Lovelace" });
        let written = post(&latchstring, &here.browser, "names", body).await;
        assert_eq!(written, Err("NotSignedIn".to_owned()));
        latchstring.advance(ACCESS - 61).await;
        assert!(is_in(&latchstring, &other.browser).await);
        latchstring.advance(61).await;
        assert!(!is_in(&latchstring, &other.browser).await);
    }
}

#[tokio::test]
async fn a_silent_cognito_signs_no_browser_out() {
    let latchstring = rotating().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let browser = &signed_in.browser;
    for failures in [1, 2] {
        latchstring.advance(ACCESS).await;
        let operation = "GetTokensFromRefreshToken";
        latchstring.fail_next(operation, failures).await;
        let answered = get(&latchstring, browser, "session").await;
        match failures {
            1 => assert!(answered.is_ok(), "the call is repeated"),
            _ => assert_eq!(answered, Err("Unavailable".to_owned())),
        }
        assert!(browser.has_a_cookie());
        assert!(is_in(&latchstring, browser).await);
    }
}

#[tokio::test]
async fn a_stolen_cookie_works_and_shows_its_browser() {
    let latchstring = latchstring().await;
    let ada = latchstring.by_email("ada@example.com");
    let (here, other) = two_browsers(&ada).await;
    let thief = here.browser.stolen_by(FIREFOX);
    assert!(is_in(&latchstring, &thief).await, "it is no error");
    let sessions = listed(&latchstring, &other.browser).await;
    let found = sessions.iter().find(|it| it["isCurrent"] == false);
    let found = found.expect("the other one");
    let browsers = found["browsers"].as_array().expect("an array");
    let families: Vec<_> = browsers.iter().map(|it| it["family"].clone()).collect();
    assert_eq!(families.len(), 2, "{families:?}");
    assert!(families.contains(&json!("firefox")), "{families:?}");
    let body = json!({ "handle": found["handle"] });
    let ended = post(&latchstring, &other.browser, "sessions/revoke", body).await;
    assert_eq!(ended, Ok(Value::Null));
    assert!(!is_in(&latchstring, &thief).await);
    assert!(!is_in(&latchstring, &here.browser).await);
}

/// A thief whose session the operator ended cannot end the owner's, not even before the access token
/// expires.
#[tokio::test]
async fn a_session_ended_at_cognito_ends_no_other() {
    for path in ["sessions/revoke", "sign-out"] {
        let latchstring = latchstring().await;
        let ada = latchstring.by_email("ada@example.com");
        let thief = ada.signs_in_for_the_first_time().await;
        sign_out_by_the_operator(&latchstring, thief.username()).await;
        let owner = ada.signs_in().await;
        let sessions = listed(&latchstring, &owner.browser).await;
        let own = sessions.iter().find(|it| it["isCurrent"] == true);
        let handle = &own.expect("its own")["handle"];
        let body = json!({ "handle": handle, "everywhere": true });
        let refused = post(&latchstring, &thief.browser, path, body).await;
        assert_eq!(refused, Err("NotSignedIn".to_owned()), "{path}");
        assert!(is_in(&latchstring, &owner.browser).await, "{path}");
        assert!(!is_in(&latchstring, &thief.browser).await, "{path}");
    }
}
