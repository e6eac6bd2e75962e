//! An attacker makes an account with the victim's address before the victim does, unverified, in a
//! pool whose addresses are usernames; or states it at another identity provider.

use latchstring_core::holders::OtherHolders;
use latchstring_local::Options;
use latchstring_tests::Latchstring;
use serde_json::{Value, json};

latchstring_tests::doors! {
    both: [
        the_owner_never_joins_an_account_of_the_attacker,
        an_attacker_of_a_federated_profile_gets_no_tokens,
    ],
}

const VICTIM: &str = "victim@example.com";

async fn pool(username_attributes: bool, other_holders: OtherHolders) -> Latchstring {
    Latchstring::start_with(Options {
        username_attributes,
        other_holders,
        // As before the pool is hardened.
        open_sign_up: true,
        ..Options::default()
    })
    .await
}

/// Signs up as anyone may, and leaves the account unconfirmed.
async fn attacker_signs_up(latchstring: &Latchstring) {
    let body: Value = json!({
        "ClientId": latchstring.settings().client_id,
        "Username": VICTIM,
        "Password": "Attackers-1-password",
        "UserAttributes": [{ "Name": "email", "Value": VICTIM }],
    });
    latchstring.call_cognito("SignUp", &body).await;
}

#[tokio::test]
async fn the_owner_never_joins_an_account_of_the_attacker() {
    for choice in [OtherHolders::Refuse, OtherHolders::Delete] {
        let latchstring = pool(true, choice).await;
        attacker_signs_up(&latchstring).await;
        let attackers = latchstring.accounts().await.remove(0).username;
        let joined = latchstring.by_email(VICTIM).tries_to_join().await;
        match choice {
            OtherHolders::Delete => {
                assert_ne!(joined.expect("an account").username(), attackers);
                assert_eq!(latchstring.accounts().await.len(), 1);
            }
            _ => assert_eq!(crate::refused(joined).kind, "ContactInUse"),
        }
    }
}

#[tokio::test]
async fn an_attacker_of_a_federated_profile_gets_no_tokens() {
    let latchstring = pool(false, OtherHolders::Refuse).await;
    let victim = latchstring.by_email(VICTIM);
    let account = victim.signs_in_for_the_first_time().await;
    // The attacker's provider lets its users state any address, verified or not.
    let email = json!({ "email": VICTIM, "email_verified": "true" });
    latchstring.federate("Lax", "1", email).await;
    let again = victim.signs_in().await;
    assert!(again.sub() == account.sub(), "the victim's own account");
    let direct = latchstring.initiate("Lax_1").await;
    assert_eq!(direct.refused().kind, "NotAuthorizedException");
}
