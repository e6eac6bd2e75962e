//! Sign-up is closed, and a stranger wants an account, wants to know who is invited, or keeps an
//! invited owner out.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Outcome, Person, Question, SignedIn};
use serde_json::json;

use crate::refused;

latchstring_tests::doors! {
    both: [
        an_outsider_cannot_invite,
        an_inviter_cannot_make_an_inviter_or_an_administrator,
        before_a_right_code_no_invitation_shows,
        an_invitation_is_of_no_other_contact,
        an_invitation_is_redeemed_once_by_many_at_once,
        an_attacker_cannot_block_an_invited_owner,
    ],
}

async fn by_invitation() -> Latchstring {
    Latchstring::start_by_invitation(Options::default()).await
}

/// Returns a signed-in user without a group.
async fn outsider(latchstring: &Latchstring) -> SignedIn {
    let mallory = latchstring.by_email("mallory@example.com");
    latchstring.invite(&mallory, json!({})).await;
    mallory.tries_to_join().await.expect("an invited contact")
}

#[tokio::test]
async fn an_outsider_cannot_invite() {
    let latchstring = by_invitation().await;
    latchstring.create_group("administrators").await;
    let mallory = outsider(&latchstring).await;
    let friend = latchstring.by_email("friend@example.com");
    let body = json!({ "groups": ["admins"] });
    let kind = refused(mallory.invites(&friend, body.clone()).await).kind;
    assert_eq!(kind, "NotAnInviter");
    let kind = refused(mallory.withdraws_the_invitation(&friend).await).kind;
    assert_eq!(kind, "NotAnInviter");
    // A group of a similar name is another group.
    latchstring
        .add_to_group(mallory.username(), "administrators")
        .await;
    let mallory = mallory.refreshes().await;
    let kind = refused(mallory.invites(&friend, body.clone()).await).kind;
    assert_eq!(kind, "NotAnInviter");
    let forged = mallory.with_forged_groups(&["admins"]);
    let kind = refused(forged.invites(&friend, body).await).kind;
    assert_eq!(kind, "Unauthorized");
    let kind = refused(friend.tries_to_join().await).kind;
    assert_eq!(kind, "NotAdmitted");
}

/// An inviter is trusted to let people in, and with nothing more.
#[tokio::test]
async fn an_inviter_cannot_make_an_inviter_or_an_administrator() {
    let latchstring = by_invitation().await;
    latchstring.create_group("root").await;
    let inviter = latchstring.by_email("mallory@example.com");
    let terms = json!({ "groups": ["admins"] });
    latchstring.invite(&inviter, terms).await;
    let inviter = inviter.tries_to_join().await.expect("an invited contact");
    let friend = latchstring.by_email("friend@example.com");
    for terms in [
        json!({ "groups": ["admins"] }),
        json!({ "groups": ["editors", "root"] }),
        json!({ "groups": ["Editors"] }),
        // Whether a group exists shows no one.
        json!({ "groups": ["no-group"] }),
        json!({ "attributes": { "given_name": "Root" } }),
    ] {
        let kind = refused(inviter.invites(&friend, terms).await).kind;
        assert_eq!(kind, "MembershipNotPermitted");
    }
    let kind = refused(friend.tries_to_join().await).kind;
    assert_eq!(kind, "NotAdmitted");
    let terms = json!({ "groups": ["editors"], "attributes": { "custom:tier": "tin" } });
    let reply = inviter.invites(&friend, terms).await;
    reply.expect("what is listed");
    let joined = friend.tries_to_join().await.expect("an invited contact");
    assert_eq!(joined.id["cognito:groups"], json!(["editors"]));
}

/// Returns what a caller sees of a sign-in up to its last wrong code.
async fn seen(contact: &Person) -> Vec<String> {
    let mut question = contact.requests_a_code().await;
    let mut seen = vec![shown(&question)];
    for wrong in contact.wrong_codes(5).await {
        match question.answer(&wrong).await {
            Outcome::Asked(next) => {
                seen.push(shown(&next));
                question = next;
            }
            Outcome::Refused(refusal) => {
                seen.push(format!("{refusal:?} {}", refusal.message));
                break;
            }
            Outcome::SignedIn(_) => panic!("a wrong code signs in"),
        }
    }
    seen
}

/// Returns the parameters of a challenge, and the lengths of those that differ in each.
fn shown(question: &Question) -> String {
    let mut shown: Vec<String> = question
        .parameters()
        .into_iter()
        .map(|(name, value)| match name {
            "pointer" | "resume" | "username" | "proof" => format!("{name}: {}", value.len()),
            _ => format!("{name}: {value}"),
        })
        .collect();
    shown.sort_unstable();
    format!("{shown:?} {}", question.session_length())
}

#[tokio::test]
async fn before_a_right_code_no_invitation_shows() {
    let latchstring = by_invitation().await;
    let invited = latchstring.by_email("bob@example.com");
    let stranger = latchstring.by_email("eve@example.com");
    latchstring
        .invite(&invited, json!({ "groups": ["admins"] }))
        .await;
    let open = Latchstring::start().await;
    let anyone = open.by_email("ned@example.com");
    let seen_of_anyone = seen(&anyone).await;
    assert!(seen_of_anyone.len() > 1);
    assert_eq!(seen(&invited).await, seen_of_anyone);
    assert_eq!(seen(&stranger).await, seen_of_anyone);
}

#[tokio::test]
async fn an_invitation_is_of_no_other_contact() {
    let latchstring = by_invitation().await;
    let victim = latchstring.by_email("victim@example.com");
    latchstring
        .invite(&victim, json!({ "groups": ["admins"] }))
        .await;
    for other in [
        "victim+1@example.com",
        "vict\u{131}m@example.com",
        "mallory@example.com",
    ] {
        let other = latchstring.by_email(other);
        let Ok(question) = other.tries_to_request_a_code().await else {
            continue;
        };
        let outcome = question.answer(&other.code().await).await;
        if let Outcome::Asked(claim) = outcome {
            // The proof of one contact is none of another, also not of the invited one.
            let proof = Outcome::Asked(claim).proof();
            let kind = refused(victim.presents(&proof).await).kind;
            assert_eq!(kind, "InvalidProof");
            let kind = refused(other.presents(&proof).await).kind;
            assert_eq!(kind, "NotAdmitted");
        } else {
            assert_eq!(outcome.refused().kind, "NotAdmitted");
        }
    }
    assert!(latchstring.accounts().await.is_empty());
    let joined = victim.tries_to_join().await.expect("an invited contact");
    assert_eq!(joined.id["cognito:groups"], json!(["admins"]));
}

#[tokio::test]
async fn an_invitation_is_redeemed_once_by_many_at_once() {
    let latchstring = by_invitation().await;
    let bob = latchstring.by_email("bob@example.com");
    latchstring
        .invite(&bob, json!({ "groups": ["admins"] }))
        .await;
    let mut tabs = Vec::new();
    for _ in 0..6 {
        tabs.push(bob.nearly_signs_in().await);
    }
    let joining = tabs.iter_mut().map(|tab| async move {
        // The tab that comes second finds the account, or has to wait for it.
        let first = tab.completes_beside_others().await;
        match first {
            Err(refusal) if refusal.kind == "Unavailable" => tab.completes_beside_others().await,
            first => first,
        }
    });
    let joined = join_all(joining).await;
    let subs: BTreeSet<String> = joined
        .iter()
        .flatten()
        .map(|signed_in| signed_in.sub().to_owned())
        .collect();
    assert_eq!(subs.len(), 1, "all are of one account");
    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1);
    latchstring.delete(&accounts[0].username).await;
    let kind = refused(bob.tries_to_join().await).kind;
    assert_eq!(kind, "NotAdmitted", "the invitation is used");
}

#[tokio::test]
async fn an_attacker_cannot_block_an_invited_owner() {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_by_invitation(options).await;
    latchstring.advance_to_the_next(24 * 3600).await;
    let owner = latchstring.by_email("bob@example.com");
    latchstring
        .invite(&owner, json!({ "groups": ["admins"] }))
        .await;
    // The stranger has codes sent to the address, and guesses, until its budgets are spent.
    for _ in 0..60 {
        let Ok(question) = owner.tries_to_request_a_code().await else {
            break;
        };
        if question.number("codeLength") == 12 {
            break;
        }
        question.answer("a guess").await;
        latchstring.advance(30).await;
    }
    assert!(!owner.has_a_code_left().await);
    let joined = owner.tries_to_join().await.expect("the owner joins");
    assert_eq!(joined.id["cognito:groups"], json!(["admins"]));
}
