//! A flow that assumes an email address sends mail to an undefined address, or fails for an account
//! without one or for a missing account. (Seen in amazon-cognito-passwordless-email-auth: no path
//! for a missing user, and mail to `undefined`.)

use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    Cognito: [
        without_a_contact_a_challenge_sends_no_message,
    ],
}

#[tokio::test]
async fn without_a_contact_a_challenge_sends_no_message() {
    let latchstring = Latchstring::start().await;
    let by_phone = latchstring.by_phone("+1 415 555 0132");
    by_phone.signs_in_for_the_first_time().await;
    let newcomer = latchstring.by_email("newcomer@example.com");
    let before = latchstring.inbox().await.len();
    for name in [by_phone.contact(), newcomer.contact()] {
        for method in ["email", "phone_number", "undefined", ""] {
            let opened = latchstring.initiate(name).await.challenge("select");
            let asked = opened.select(method, None).await;
            if method == "email" || method == "phone_number" {
                asked
                    .challenge("otp")
                    .answer("000000")
                    .await
                    .challenge("otp");
            } else {
                asked.failed();
            }
        }
    }
    assert_eq!(latchstring.inbox().await.len(), before, "nothing was sent");
    // The ticket decides the destination, not the method in the client metadata.
    let ticket = by_phone.ticket().await;
    let opened = latchstring
        .initiate(by_phone.contact())
        .await
        .challenge("select");
    opened.select("email", Some(&ticket)).await.challenge("otp");
    for mail in latchstring.inbox().await {
        assert!(mail.to == by_phone.contact(), "to no other contact");
    }
}
