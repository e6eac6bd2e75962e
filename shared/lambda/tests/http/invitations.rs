//! Invitations: by an account of the group that may, and by a principal of IAM.

use std::time::Duration;

use latchstring_core::admission::AdmissionRule;
use latchstring_core::policy::Policy;
use latchstring_core::ports::Directory as _;
use latchstring_lambda::config::Doors;
use latchstring_lambda::{Behind, Handler, PublicError, answer};
use serde_json::{Value, json};

use crate::sessions::Sessions;
use crate::world::{ADA, BOB, Reply, World};

const JSON: (&str, &str) = ("content-type", "application/json");

fn by_invitation(policy: &mut Policy) {
    policy.admission.rule = AdmissionRule::Invited;
    policy.inviters = Some("admins".to_owned());
    policy.inviters_may_give = ["staff".to_owned()].into();
    policy.inviters_may_set = ["custom:tier".to_owned()].into();
}

/// Posts as Ada, who is in these groups.
async fn post(world: &World, path: &str, groups: &[&str], body: &Value) -> Reply {
    let bearer = format!(
        "Bearer {}",
        world.token(&json!({ "cognito:groups": groups }))
    );
    let headers = [JSON, ("authorization", &bearer)];
    world
        .request("POST", path, &headers, &body.to_string())
        .await
}

async fn sign_in(world: &World, typed: &str) -> Reply {
    let continuation = world.begin(typed).await;
    let (code, _) = world.code();
    world.answer(&continuation, &code).await
}

/// Sends the event of an operator to the function sign-up.
async fn operate(sign_up: &impl Handler, event: Value) -> Value {
    answer(sign_up, event).await.unwrap().value
}

#[tokio::test]
async fn an_invited_contact_signs_up_and_another_is_refused() {
    let world = World::with(by_invitation);
    let refused = sign_in(&world, BOB).await;
    assert_eq!((refused.status, refused.problem()), (403, "NotAdmitted"));
    assert!(refused.body["continuation"].is_null() && !refused.text.contains(BOB));

    let body = json!({ "emailOrPhone": BOB, "groups": ["staff"], "attributes": { "custom:tier": "gold" } });
    let invited = post(&world, "/v1/invitations", &["staff", "admins"], &body).await;
    assert_eq!(invited.status, 204, "{}", invited.text);
    world.shared.clock.advance(Duration::from_secs(60));
    let answered = sign_in(&world, BOB).await;
    assert_eq!(answered.body["isNew"], true, "{}", answered.text);
    let directory = &world.shared.directory;
    let account = directory.find(BOB).await.unwrap().expect("an account");
    assert!(directory.groups(&account.username).contains("staff"));
    assert_eq!(sign_in(&world, ADA).await.body["isNew"], false);
}

#[tokio::test]
async fn an_account_outside_the_group_may_not_invite() {
    let world = World::with(by_invitation);
    let body = json!({ "emailOrPhone": BOB });
    for path in ["/v1/invitations", "/v1/invitations/withdraw"] {
        for groups in [&[][..], &["Admins", "admin", "admins,staff"]] {
            let refused = post(&world, path, groups, &body).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (403, "NotAnInviter"),
                "{path}"
            );
        }
        let reply = world
            .request("POST", path, &[JSON], &body.to_string())
            .await;
        assert_eq!((reply.status, reply.problem()), (401, "NotSignedIn"));
    }
}

#[tokio::test]
async fn an_invitation_that_cannot_be_kept_is_refused() {
    let world = World::with(by_invitation);
    for (member, value) in [
        ("days", json!(0)),
        ("days", json!(91)),
        ("groups", json!(["a group"])),
        ("attributes", json!({ "email": "eve@example.com" })),
        ("attributes", json!({ "custom:tier": "a\nb" })),
    ] {
        let body = json!({ "emailOrPhone": BOB, member: value });
        let refused = post(&world, "/v1/invitations", &["admins"], &body).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "InvalidInvitation"),
            "{body}"
        );
    }
    world.shared.directory.remove_group("staff");
    let body = json!({ "emailOrPhone": BOB, "groups": ["staff"] });
    let refused = post(&world, "/v1/invitations", &["admins"], &body).await;
    let expected = (400, "InvalidInvitation");
    assert_eq!((refused.status, refused.problem()), expected);
    let open = World::with(|policy| policy.inviters = Some("admins".to_owned()));
    let body = json!({ "emailOrPhone": BOB });
    for path in ["/v1/invitations", "/v1/invitations/withdraw"] {
        let refused = post(&open, path, &["admins"], &body).await;
        assert_eq!((refused.status, refused.problem()), (409, "SignUpIsOpen"));
    }
    for operation in ["invite", "withdrawInvitation"] {
        let refused = operate(&open.accounts, json!({ operation: body })).await;
        assert_eq!(refused["error"]["type"], "SignUpIsOpen", "{operation}");
    }
}

#[tokio::test]
async fn an_inviter_gives_only_what_is_listed() {
    let claims = json!({ "cognito:groups": ["admins"] });
    let deployed = Sessions::with(by_invitation, claims);
    let cookie = deployed.signed_in().await;
    let world = World::with(by_invitation);
    let groups = json!({ "groups": ["staff", "admins"] });
    let attributes = json!({ "attributes": { "custom:role": "root" } });
    for mut body in [groups, attributes] {
        body["emailOrPhone"] = json!(BOB);
        let path = "/v1/invitations";
        let by_token = post(&world, path, &["admins"], &body).await;
        let (by_cookie, _) = deployed.post(path, Some(&cookie), &body).await;
        for refused in [by_token, by_cookie] {
            let expected = (403, "MembershipNotPermitted");
            assert_eq!((refused.status, refused.problem()), expected, "{body}");
        }
        // The operator gives any.
        let invited = operate(&world.accounts, json!({ "invite": body })).await;
        assert_eq!(invited, json!({}));
    }
}

#[tokio::test]
async fn a_principal_of_iam_invites_and_withdraws() {
    let world = World::with(by_invitation);
    let invite = json!({ "invite": { "emailOrPhone": BOB } });
    let withdraw = json!({ "withdrawInvitation": { "emailOrPhone": BOB } });
    assert_eq!(operate(&world.accounts, invite.clone()).await, json!({}));
    assert_eq!(operate(&world.accounts, withdraw).await, json!({}));
    assert_eq!(sign_in(&world, BOB).await.problem(), "NotAdmitted");
    world.shared.clock.advance(Duration::from_secs(60));
    assert_eq!(operate(&world.accounts, invite).await, json!({}));
    assert_eq!(sign_in(&world, BOB).await.body["isNew"], true);
    let refused = operate(
        &world.accounts,
        json!({ "invite": { "emailOrPhone": "bob" } }),
    )
    .await;
    assert_eq!(refused["error"]["type"], "InvalidIdentifier");
}

#[tokio::test]
async fn an_event_of_a_client_is_never_an_operators() {
    let world = World::with(by_invitation);
    let invite = json!({ "emailOrPhone": BOB });
    let context = json!({ "http": { "method": "POST", "sourceIp": "192.0.2.1" } });
    for event in [
        json!({ "invite": invite, "requestContext": context, "rawPath": "/v1/none" }),
        json!({ "invite": invite, "info": { "fieldName": "signUp" } }),
        json!({ "invite": invite, "withdrawInvitation": invite }),
        json!({ "invite": invite, "version": "2.0" }),
    ] {
        let _ = answer(&world.accounts, event).await;
    }
    assert_eq!(sign_in(&world, BOB).await.problem(), "NotAdmitted");
}

#[tokio::test]
async fn an_operators_event_passes_every_door_of_sign_up() {
    let invite = json!({ "invite": { "emailOrPhone": BOB } });
    for doors in [Doors::Both, Doors::Http] {
        let World {
            accounts, sign_in, ..
        } = World::with(by_invitation);
        let behind = Behind {
            doors,
            resolver: accounts,
        };
        assert_eq!(operate(&behind, invite.clone()).await, json!({}));
        let behind = Behind {
            doors,
            resolver: sign_in,
        };
        let refused = answer(&behind, invite.clone()).await.unwrap_err();
        assert_eq!(refused, PublicError::UnreadableEvent);
    }
    let deployed = Sessions::with(by_invitation, json!({}));
    let behind = Behind {
        doors: Doors::Http,
        resolver: deployed.accounts,
    };
    assert_eq!(operate(&behind, invite.clone()).await, json!({}));
    for event in [
        json!({ "invite": invite["invite"], "info": { "fieldName": "rememberDevice" } }),
        json!({ "info": { "fieldName": "rememberDevice" } }),
    ] {
        let refused = answer(&behind, event).await.unwrap_err();
        assert_eq!(refused, PublicError::UnreadableEvent);
    }
    let refused = answer(&deployed.sign_in, invite).await.unwrap_err();
    assert_eq!(refused, PublicError::UnreadableEvent);
}

#[tokio::test]
async fn a_session_opens_for_admitted_contacts_alone() {
    let groups = json!({ "cognito:groups": ["admins"] });
    let deployed = Sessions::with(by_invitation, groups);
    let (refused, cookie) = deployed.answered_as(BOB, None).await;
    assert_eq!((refused.status, refused.problem()), (403, "NotAdmitted"));
    assert_eq!(cookie, None);

    let inviter = deployed.signed_in().await;
    let body = json!({ "emailOrPhone": BOB });
    let (reply, _) = deployed
        .post("/v1/invitations", Some(&inviter), &body)
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    let clock = &deployed.world.shared.clock;
    clock.advance(Duration::from_secs(60));
    let (answered, cookie) = deployed.answered_as(BOB, None).await;
    assert_eq!(answered.body["isNew"], true, "{}", answered.text);
    assert!(cookie.is_some());

    let path = "/v1/invitations/withdraw";
    let (withdrawn, _) = deployed.post(path, Some(&inviter), &body).await;
    assert_eq!(withdrawn.status, 204, "{}", withdrawn.text);
}

#[tokio::test]
async fn a_session_outside_the_group_may_not_invite() {
    for claims in [json!({}), json!({ "cognito:groups": ["staff"] })] {
        let deployed = Sessions::with(by_invitation, claims);
        let cookie = deployed.signed_in().await;
        for path in ["/v1/invitations", "/v1/invitations/withdraw"] {
            let body = json!({ "emailOrPhone": BOB });
            let (refused, _) = deployed.post(path, Some(&cookie), &body).await;
            assert_eq!((refused.status, refused.problem()), (403, "NotAnInviter"));
        }
    }
}

/// The rule is for new accounts, and a sign-in of this kind makes none.
#[tokio::test]
async fn a_sign_in_to_an_existing_account_alone_meets_no_rule() {
    let world = World::with(by_invitation);
    for (contact, problem) in [(BOB, "NoAccount"), (ADA, "")] {
        let body = json!({ "emailOrPhone": contact, "existingOnly": true });
        let begun = world.post("/v1/sign-in", &body).await;
        let (code, _) = world.code();
        let answered = world.answer(&begun.text_of("continuation"), &code).await;
        assert_eq!(answered.problem(), problem, "{}", answered.text);
    }
}
