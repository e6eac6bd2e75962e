//! An attacker uses a stolen device token until the account owner ends it. (Adversarial review of
//! this project.)

use crate::production;

latchstring_tests::doors! {
    every: [
        a_stolen_token_leaves_the_owners_other_devices_their_codes,
        forgetting_or_a_contact_change_ends_a_device_token,
        a_stale_access_token_remembers_no_device,
    ],
}

#[tokio::test]
async fn a_stolen_token_leaves_the_owners_other_devices_their_codes() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let signed_in = victim.signs_in_for_the_first_time().await;
    let stolen = signed_in.remembers_the_device().await.expect("signed in");
    latchstring.advance(60).await;
    let signed_in = victim.signs_in().await;
    let own = signed_in.remembers_the_device().await.expect("signed in");
    latchstring.advance(3600).await;
    while victim.has_a_code_left().await {}
    let thief = victim.clone().on_device(&stolen);
    for _ in 0..10 {
        let _ = thief.tries_to_request_a_code().await;
        latchstring.advance(60).await;
    }
    let before = victim.messages().await.len();
    while victim.has_a_code_left().await {}
    let owner = victim.clone().on_device(&own);
    let question = owner.requests_a_code().await;
    assert!(victim.messages().await.len() > before);
    question.answer(&owner.code().await).await.signed_in();
}

#[tokio::test]
async fn forgetting_or_a_contact_change_ends_a_device_token() {
    for ends in ["forgetDevices", "changeContact"] {
        let latchstring = production().await;
        let victim = latchstring.by_email("victim@example.com");
        let signed_in = victim.signs_in_for_the_first_time().await;
        let stolen = signed_in.remembers_the_device().await.expect("signed in");
        if ends == "forgetDevices" {
            signed_in.forgets_the_devices().await.expect("signed in");
        } else {
            let second = latchstring.by_email("second@example.com");
            let question = signed_in.changes_to(&second).await.expect("signed in");
            question.answer(&second.code().await).await.signed_in();
            // Its owner may need it to undo the change, for as long as that is possible.
            latchstring.advance(72 * 3600).await;
        }
        latchstring.advance(60).await;
        while victim.has_a_code_left().await {}
        let thief = victim.clone().on_device(&stolen);
        assert!(!thief.has_a_code_left().await, "{ends}");
    }
}

#[tokio::test]
async fn a_stale_access_token_remembers_no_device() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let signed_in = victim.signs_in_for_the_first_time().await;
    latchstring.advance(30 * 60).await;
    let refused = signed_in.remembers_the_device().await;
    assert_eq!(
        refused.err().map(|it| it.kind),
        Some("ReauthRequired".to_owned())
    );
}
