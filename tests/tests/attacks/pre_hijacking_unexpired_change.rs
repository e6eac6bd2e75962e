//! The attacker requests a change to the victim's address and keeps the request open until the
//! victim creates an account, which the change then takes over. ("Unexpired email change",
//! Sudhodanan and Paverd 2022.)

use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_pending_change_does_not_take_a_later_account,
    ],
}

#[tokio::test]
async fn a_pending_change_does_not_take_a_later_account() {
    let latchstring = Latchstring::start().await;
    let attacker = latchstring.by_email("attacker@example.com");
    let attackers = attacker.signs_in_for_the_first_time().await;
    let victim = latchstring.by_email("victim@example.com");
    let open = attackers.changes_to(&victim).await.expect("a code is sent");
    let code = victim.code().await;

    let victims = victim.signs_in_for_the_first_time().await;
    assert!(victims.sub() != attackers.sub());
    // Even the code, which only the victim can read, does not complete the change.
    open.answer(&code).await.failed();
    assert_eq!(attackers.pending_email().await.as_deref(), Some("IN_USE"));
    assert!(victim.signs_in().await.sub() == victims.sub());
    assert!(attacker.signs_in().await.sub() == attackers.sub());
}
