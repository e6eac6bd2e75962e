//! Several app clients: each has its own look, methods and rule, and no budget of its own.

use latchstring_core::admission::AdmissionRule;
use latchstring_core::clients::ClientPolicy;
use latchstring_core::flow::AppClient;
use latchstring_core::message::AppName;
use latchstring_core::policy::Policy;
use latchstring_core::ports::{ChallengeApi, Directory as _, Reply as Cognitos};
use serde_json::{Value, json};

use crate::sessions::Sessions;
use crate::world::{ADA, BOB, CLIENT, POOL, Reply, World};

const OTHER: &str = "othertestedclient";

/// Serves a second client: an app named Acme, for addresses alone.
fn two(policy: &mut Policy) {
    policy.clients.push(OTHER.to_owned());
    policy.branding.app_name = AppName::parse("First").ok();
    let mut other = ClientPolicy::of(policy);
    other.branding.app_name = AppName::parse("Acme").ok();
    other.branding.sender = Some(OTHER.to_owned());
    other.sms = false;
    policy.of_clients.insert(OTHER.to_owned(), other);
}

fn two_and_invited(policy: &mut Policy) {
    two(policy);
    let other = policy.of_clients.get_mut(OTHER).unwrap();
    other.admission.rule = AdmissionRule::Invited;
}

async fn begin(world: &World, typed: &str, client: &str) -> Reply {
    let body = json!({ "emailOrPhone": typed, "clientId": client });
    world.post("/v1/sign-in", &body).await
}

async fn sign_in(world: &World, typed: &str, client: &str) -> Reply {
    let begun = begin(world, typed, client).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let (code, _) = world.code();
    world.answer(&begun.text_of("continuation"), &code).await
}

#[tokio::test]
async fn a_sign_in_is_for_the_client_that_it_names() {
    for typed in [ADA, BOB] {
        let world = World::with(two);
        for (client, app, sender) in [(OTHER, "Acme", Some(OTHER)), (CLIENT, "First", None)] {
            let answered = sign_in(&world, typed, client).await;
            assert_eq!(answered.body["status"], "signed_in", "{}", answered.text);
            assert!(world.mail().contains(app), "{}", world.mail());
            let sent = &world.shared.inbox.messages(None, 1)[0].message;
            assert_eq!(sent.sender.as_deref(), sender);
        }
        // Without a name: the first.
        world.begin(typed).await;
        assert!(world.mail().contains("First"));
    }
}

/// A rule is of the client at which the code was requested. The account then is the pool's.
#[tokio::test]
async fn a_client_has_its_own_rule_and_the_pool_one_account() {
    let world = World::with(two_and_invited);
    let refused = sign_in(&world, BOB, OTHER).await;
    assert_eq!((refused.status, refused.problem()), (403, "NotAdmitted"));
    let made = sign_in(&world, BOB, CLIENT).await;
    assert_eq!(made.body["isNew"], true, "{}", made.text);
    let known = sign_in(&world, BOB, OTHER).await;
    assert_eq!(known.body["isNew"], false, "{}", known.text);
    // An operator may invite while one client has a rule.
    for (typed, client) in [("eve@example.com", OTHER), ("dan@example.com", CLIENT)] {
        let event = json!({ "invite": { "emailOrPhone": typed, "groups": ["staff"] } });
        let invited = latchstring_lambda::answer(&world.accounts, event).await;
        assert_eq!(invited.unwrap().value, json!({}));
        let answered = sign_in(&world, typed, client).await;
        assert_eq!(answered.body["isNew"], true, "{}", answered.text);
        // The invitation counts at each client, also at one without a rule.
        let directory = &world.shared.directory;
        let account = directory.find(typed).await.unwrap().expect("an account");
        assert!(directory.groups(&account.username).contains("staff"));
    }
}

#[tokio::test]
async fn a_client_takes_its_own_methods() {
    let world = World::with(two);
    for path in ["/v1/sign-in", "/v1/sign-in/ticket"] {
        let body = json!({ "emailOrPhone": "+14155550132", "clientId": OTHER });
        let refused = world.post(path, &body).await;
        let problem = (refused.status, refused.problem());
        assert_eq!(problem, (400, "InvalidIdentifier"));
        assert!(refused.text.contains("not sent to phone numbers"));
    }
    let begun = begin(&world, "+14155550132", CLIENT).await;
    assert_eq!((begun.status, world.sent()), (200, 1));
    let body = json!({ "emailOrPhone": "+14155550133" });
    let refused = as_ada(&world, OTHER, "/v1/contacts/change", &body).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (400, "InvalidIdentifier")
    );
}

/// Posts as Ada, whose token is of this client.
async fn as_ada(world: &World, client: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {}", world.token(&json!({ "client_id": client })));
    let headers = [
        ("content-type", "application/json"),
        ("authorization", &bearer),
    ];
    world
        .request("POST", path, &headers, &body.to_string())
        .await
}

#[tokio::test]
async fn a_new_contact_is_requested_at_the_client_of_the_token() {
    let world = World::with(two);
    let body = json!({ "emailOrPhone": "ada@example.org" });
    let begun = as_ada(&world, OTHER, "/v1/contacts/change", &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    assert!(world.mail().contains("Acme"), "{}", world.mail());
    let (code, _) = world.code();
    let answered = world.answer(&begun.text_of("continuation"), &code).await;
    assert_eq!(answered.body["status"], "signed_in", "{}", answered.text);
    // The notice to the replaced address.
    assert!(world.mail().contains("Acme"), "{}", world.mail());
    let unknown = as_ada(&world, "unknown", "/v1/contacts/change", &body).await;
    assert_eq!((unknown.status, unknown.problem()), (401, "NotSignedIn"));
}

#[tokio::test]
async fn a_ticket_of_one_client_sends_nothing_at_another() {
    let world = World::with(two);
    let body = json!({ "emailOrPhone": ADA, "method": "email", "clientId": OTHER });
    let ticket = world.post("/v1/sign-in/ticket", &body).await;
    let ticket = ticket.text_of("ticket");
    for (client, sent) in [(CLIENT, 0), (OTHER, 1)] {
        let (api, client) = (&world.sign_in.api, AppClient::new(POOL, client));
        let opened = ChallengeApi::initiate(api, &client, ADA, None).await;
        let Ok(Cognitos::Challenge(opened)) = opened else {
            panic!("{opened:?}");
        };
        let metadata = [("method", "email"), ("ticket", &*ticket)];
        let asked = ChallengeApi::respond(api, &client, &opened, "x", &metadata, None).await;
        let Ok(Cognitos::Challenge(asked)) = asked else {
            panic!("{asked:?}");
        };
        assert_eq!((&*asked.parameters["step"], world.sent()), ("otp", sent));
    }
}

#[tokio::test]
async fn a_flow_of_one_client_is_not_continued_at_another() {
    let world = World::with(two);
    let begun = begin(&world, ADA, OTHER).await;
    let mut body = json!({ "emailOrPhone": ADA, "resume": begun.text_of("resume") });
    for client in [Value::Null, json!(CLIENT)] {
        body["clientId"] = client;
        let refused = world.post("/v1/sign-in", &body).await;
        assert_eq!((refused.status, refused.problem()), (400, "InvalidResume"));
    }
    body["clientId"] = json!(OTHER);
    let resumed = world.post("/v1/sign-in", &body).await;
    assert_eq!((resumed.status, world.sent()), (200, 1));
    let (code, _) = world.code();
    let answered = world.answer(&resumed.text_of("continuation"), &code).await;
    assert_eq!(answered.body["status"], "signed_in", "{}", answered.text);
}

/// An attacker who asks at each client in turn gets no more codes, and no shorter ones.
#[tokio::test]
async fn two_clients_share_every_budget() {
    let outcomes = |clients: [&'static str; 2]| async move {
        let world = World::with(two);
        let mut outcomes = Vec::new();
        for client in clients.into_iter().cycle().take(20) {
            let begun = begin(&world, ADA, client).await;
            let length = begun.body["codeLength"].clone();
            outcomes.push((begun.status, length, world.sent()));
        }
        outcomes
    };
    let one = outcomes([CLIENT, CLIENT]).await;
    assert_eq!(one, outcomes([CLIENT, OTHER]).await);
    assert_eq!(one, outcomes([OTHER, OTHER]).await);
    let (_, last, sent) = &one[19];
    assert!(*sent < 20 && *last != one[0].1, "{one:?}");
}

/// The message of a slot is for all who request it, whichever client they use.
#[tokio::test]
async fn the_message_of_a_slot_has_the_look_of_no_client() {
    let world = World::with(two);
    for _ in 0..20 {
        begin(&world, ADA, OTHER).await;
    }
    let sent = &world.shared.inbox.messages(None, 1)[0].message;
    assert!(sent.code.as_ref().unwrap().shown().contains('-'));
    assert!(!world.mail().contains("Acme") && sent.sender.is_none());
}

/// Session mode has the secret of one client.
#[tokio::test]
async fn session_mode_serves_its_own_client_alone() {
    let sessions = Sessions::with(two, json!({}));
    let body = json!({ "emailOrPhone": ADA, "clientId": OTHER });
    let (refused, _) = sessions.post("/v1/sign-in", None, &body).await;
    let problem = (refused.status, refused.problem());
    assert_eq!(problem, (400, "InvalidIdentifier"));
    let body = json!({ "emailOrPhone": ADA, "clientId": CLIENT });
    let (begun, _) = sessions.post("/v1/sign-in", None, &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
}
