//! The attacker creates an account for the victim's address before the victim does, and adds an
//! identifier of their own. ("Trojan identifier", Sudhodanan and Paverd 2022; possible wherever a
//! typed address creates an account.)

use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    both: [
        an_attackers_earlier_steps_do_not_reach_the_victims_account,
    ],
}

#[tokio::test]
async fn an_attackers_earlier_steps_do_not_reach_the_victims_account() {
    let latchstring = Latchstring::start().await;
    let victim = latchstring.by_email("victim@example.com");
    // Without the victim's mailbox, the attacker can only request codes and tickets, and guess.
    victim
        .requests_a_code()
        .await
        .answer("000000")
        .await
        .challenge("otp");
    let ticket = victim.requests_a_ticket(None).await.expect("a ticket");
    let opened = latchstring
        .initiate(&ticket.username)
        .await
        .challenge("select");
    opened
        .select("email", Some(&ticket.text))
        .await
        .challenge("otp");
    assert_eq!(latchstring.accounts().await.len(), 0, "nothing exists yet");

    let trojan = latchstring.by_phone("+1 415 555 0132");
    let attackers = trojan.signs_in_for_the_first_time().await;
    attackers.changes_to(&victim).await.expect("a code is sent");

    let victims = victim.signs_in_for_the_first_time().await;
    assert!(victims.sub() != attackers.sub());
    assert!(trojan.signs_in().await.sub() == attackers.sub());
    assert_eq!(latchstring.accounts().await.len(), 2);
}
