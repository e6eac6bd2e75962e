//! The routes for a signed-in user.

use std::time::Duration;

use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::Directory;
use serde_json::json;

use crate::world::{ADA, ADAS_NAME, BOB, Reply, World};

const NUMBER: &str = "+14155550132";
const NEW: &str = "ada@example.org";

async fn pending(world: &World, method: &str) -> Reply {
    let bearer = format!("Bearer {}", world.token(&json!({})));
    let headers = [("authorization", &*bearer)];
    let path = format!("/v1/contacts/pending?method={method}");
    world.request("GET", &path, &headers, "").await
}

#[tokio::test]
async fn a_sign_up_writes_names_and_adds_a_contact() {
    let world = World::new();
    let body = json!({
        "emailOrPhone": "+1 (415) 555-0132",
        "givenName": " Ada ",
        "familyName": "Lovelace",
    });
    let begun = world.post_as_ada("/v1/sign-up", &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let (code, to) = world.code();
    assert_eq!(to, NUMBER);
    let state = pending(&world, "phone_number").await;
    let waiting = json!({ "method": "phone_number", "state": "waiting" });
    assert_eq!(state.body["pending"], waiting);
    let answered = world.answer(&begun.text_of("continuation"), &code).await;
    assert_eq!(answered.body["status"], "signed_in", "{}", answered.text);
    assert_eq!(answered.body["isNew"], false);
    let state = pending(&world, "phone_number").await;
    assert_eq!(state.body["pending"]["state"], "done");
    let found = world.shared.directory.find(ADAS_NAME).await.unwrap();
    let number = Identifier::parse(Method::PhoneNumber, NUMBER).unwrap();
    assert!(found.unwrap().attributes.holds(&number));
}

#[tokio::test]
async fn a_change_takes_effect_when_its_code_is_answered() {
    let world = World::new();
    let body = json!({ "emailOrPhone": NEW, "method": "email", "locale": "de" });
    let begun = world.post_as_ada("/v1/contacts/change", &body).await;
    let (code, to) = world.code();
    assert_eq!((begun.status, &*to), (200, NEW));
    // A reload of the page continues it.
    let body = json!({ "emailOrPhone": NEW, "resume": begun.text_of("resume") });
    let resumed = world.post_as_ada("/v1/contacts/change", &body).await;
    assert_eq!((resumed.status, world.sent()), (200, 1));
    let resend = json!({ "continuation": resumed.text_of("continuation") });
    let prompt = world.post("/v1/sign-in/resend", &resend).await;
    let answered = world.answer(&prompt.text_of("continuation"), &code).await;
    assert_eq!(answered.body["status"], "signed_in", "{}", answered.text);
    // The change can be undone, so no other is made.
    let held = json!({ "emailOrPhone": BOB });
    let held = world.post_as_ada("/v1/contacts/change", &held).await;
    assert_eq!((held.status, held.problem()), (409, "ChangeHeld"));
    assert_eq!(held.body["retryAfter"], 72 * 3600);
}

#[tokio::test]
async fn a_contact_of_the_account_is_in_use() {
    let world = World::new();
    let body = json!({ "emailOrPhone": ADA });
    let reply = world.post_as_ada("/v1/contacts/change", &body).await;
    assert_eq!((reply.status, reply.problem()), (409, "ContactInUse"));
    assert!(!reply.text.contains(ADA));
}

#[tokio::test]
async fn a_contact_of_another_account_shows_when_it_is_proved() {
    let world = World::new();
    let continuation = world.begin(BOB).await;
    let (code, _) = world.code();
    world.answer(&continuation, &code).await;
    let body = json!({ "emailOrPhone": BOB });
    let begun = world.post_as_ada("/v1/contacts/change", &body).await;
    let (code, _) = world.code();
    let answered = world.answer(&begun.text_of("continuation"), &code).await;
    assert_eq!(answered.problem(), "InvalidContinuation");
    let state = pending(&world, "email").await;
    assert_eq!(state.body["pending"]["state"], "in_use");
}

#[tokio::test]
async fn the_state_of_a_contact_is_null_or_ends() {
    let world = World::new();
    let state = pending(&world, "email").await;
    assert_eq!((state.status, &*state.text), (200, r#"{"pending":null}"#));
    let body = json!({ "emailOrPhone": NEW });
    world.post_as_ada("/v1/contacts/change", &body).await;
    world.shared.clock.advance(Duration::from_secs(3600));
    let state = pending(&world, "email").await;
    assert_eq!(state.body["pending"]["state"], "expired");
    for method in ["", "fax", "EMAIL"] {
        let reply = pending(&world, method).await;
        assert_eq!((reply.status, reply.problem()), (400, "MalformedRequest"));
    }
}

#[tokio::test]
async fn names_are_written_trimmed_and_refused_when_empty() {
    let world = World::new();
    let names = json!({ "givenName": " Ada", "familyName": "King " });
    let reply = world.post_as_ada("/v1/names", &names).await;
    assert_eq!(
        (reply.status, &*reply.text),
        (200, r#"{"givenName":"Ada","familyName":"King"}"#)
    );
    for path in ["/v1/names", "/v1/sign-up"] {
        let names = json!({ "emailOrPhone": NUMBER, "givenName": " ", "familyName": "x" });
        let reply = world.post_as_ada(path, &names).await;
        assert_eq!((reply.status, reply.problem()), (400, "InvalidName"));
    }
}

#[tokio::test]
async fn a_device_is_remembered_and_forgotten() {
    let world = World::new();
    let bearer = format!("Bearer {}", world.token(&json!({})));
    let headers = [("authorization", &*bearer)];
    // Neither route has a body, so none is demanded.
    let remembered = world
        .request("POST", "/v1/devices/remember", &headers, "")
        .await;
    assert_eq!(remembered.status, 200, "{}", remembered.text);
    assert_eq!(remembered.body["expiresIn"], 180 * 24 * 3600);
    let body = json!({ "emailOrPhone": ADA, "device": remembered.text_of("device") });
    assert_eq!(world.post("/v1/sign-in", &body).await.status, 200);
    let forgotten = world
        .request("POST", "/v1/devices/forget", &headers, "")
        .await;
    assert_eq!((forgotten.status, &*forgotten.text), (204, ""));
}

#[tokio::test]
async fn an_old_sign_in_changes_no_contact() {
    let world = World::new();
    let bearer = format!("Bearer {}", world.token(&json!({})));
    world.shared.clock.advance(Duration::from_secs(601));
    let headers = [
        ("authorization", &*bearer),
        ("content-type", "application/json"),
    ];
    let body = json!({ "emailOrPhone": NEW, "givenName": "Ada", "familyName": "King" });
    for path in ["/v1/sign-up", "/v1/contacts/change", "/v1/devices/remember"] {
        let reply = world
            .request("POST", path, &headers, &body.to_string())
            .await;
        assert_eq!((reply.status, reply.problem()), (403, "ReauthRequired"));
    }
    assert_eq!(world.sent(), 0);
    // A name is not used to sign in.
    let reply = world
        .request("POST", "/v1/names", &headers, &body.to_string())
        .await;
    assert_eq!(reply.status, 200);
}
