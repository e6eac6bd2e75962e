//! A step-up that sends its SMS before it verifies the access token sends to any number, for any
//! caller. (Seen in aws-samples/amazon-cognito-passwordless-auth.)

use crate::{refused, victim};
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        an_unauthenticated_contact_change_sends_no_code,
    ],
}

#[tokio::test]
async fn an_unauthenticated_contact_change_sends_no_code() {
    let latchstring = Latchstring::start().await;
    let signed_in = victim(&latchstring).await.signs_in().await;
    signed_in.signs_out().await;
    let target = latchstring.by_phone("+1 415 555 0132");
    let refusal = refused(signed_in.changes_to(&target).await);
    assert_eq!(refusal.kind, "NotSignedIn");
    let refusal = refused(signed_in.with_the_wrong_token().changes_to(&target).await);
    assert_ne!(refusal.kind, "");
    assert_eq!(target.messages().await.len(), 0);
}
