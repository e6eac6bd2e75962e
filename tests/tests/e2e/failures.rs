//! Cognito's operations fail, one call at a time: nobody is locked out, nothing is made twice, and
//! the next try goes on.

use latchstring_tests::{Latchstring, Person};

/// The directory's client tries twice.
const TRIES: u32 = 2;

/// Somebody new, with a proof in hand.
async fn somebody_with_a_proof() -> (Latchstring, Person, String) {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    (latchstring, bob, proof)
}

const OF_A_CREATION: [&str; 3] = ["AdminGetUser", "AdminCreateUser", "AdminSetUserPassword"];

#[tokio::test]
async fn one_failure_while_an_account_is_made_goes_unnoticed() {
    for operation in OF_A_CREATION {
        let (latchstring, bob, proof) = somebody_with_a_proof().await;
        latchstring.fail_next(operation, 1).await;
        let question = bob.presents(&proof).await.expect("the proof is taken");
        question.answer(&proof).await.signed_in();
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn when_making_an_account_fails_the_same_proof_makes_it_later() {
    for operation in OF_A_CREATION {
        let (latchstring, bob, proof) = somebody_with_a_proof().await;
        latchstring.fail_next(operation, TRIES).await;
        let refusal = bob.presents(&proof).await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        let question = bob.presents(&proof).await.expect("the proof is taken");
        question.answer(&proof).await.signed_in();
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn an_account_that_was_half_made_is_nobodys_until_its_owner_proves_it_again() {
    let (latchstring, bob, proof) = somebody_with_a_proof().await;
    latchstring.fail_next("AdminSetUserPassword", TRIES).await;
    bob.presents(&proof).await.err().expect("it fails");
    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].status, "FORCE_CHANGE_PASSWORD");
    assert!(accounts[0].attribute("email") == bob.contact());

    // The client lost the proof: a new code leads to a new one, and to the same account.
    let signed_in = bob.signs_in_for_the_first_time().await;
    assert!(signed_in.username() == accounts[0].username);
    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].status, "CONFIRMED");
    bob.signs_in().await;
}

#[tokio::test]
async fn a_session_that_cannot_be_opened_is_unavailable_and_the_next_one_is_open() {
    for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
        let latchstring = Latchstring::start().await;
        let ada = latchstring.by_email("ada@example.com");
        latchstring.fail_next(operation, 1).await;
        let refusal = ada.tries_to_ask_for_a_code().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        assert!(ada.messages().await.is_empty(), "nothing was sent");
        ada.signs_in_for_the_first_time().await;
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_claim_that_cannot_be_opened_is_unavailable_and_the_proof_stays_good() {
    for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
        let (latchstring, bob, proof) = somebody_with_a_proof().await;
        latchstring.fail_next(operation, 1).await;
        let refusal = bob.presents(&proof).await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        let question = bob.presents(&proof).await.expect("the proof is taken");
        question.answer(&proof).await.signed_in();
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_right_code_stays_right_when_the_record_cannot_be_read() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let first = ada.signs_in_for_the_first_time().await;
    let question = ada.asks_for_a_code().await;
    let code = ada.code().await;
    latchstring.fail_next("AdminGetUser", TRIES).await;
    let question = question.answer(&code).await.asked("otp");
    let again = question.answer(&code).await.signed_in();
    assert!(again.sub() == first.sub());
}

#[tokio::test]
async fn a_right_proof_stays_right_when_the_record_cannot_be_read() {
    let (latchstring, bob, proof) = somebody_with_a_proof().await;
    let question = bob.presents(&proof).await.expect("the proof is taken");
    latchstring.fail_next("AdminGetUser", TRIES).await;
    let question = question.answer(&proof).await.asked("claim");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn one_failed_read_of_the_record_goes_unnoticed() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let question = ada.asks_for_a_code().await;
    latchstring.fail_next("AdminGetUser", 1).await;
    question.answer(&ada.code().await).await.signed_in();
}

#[tokio::test]
async fn a_wrong_code_needs_no_record_and_stays_wrong() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let question = ada.asks_for_a_code().await;
    latchstring.fail_next("AdminGetUser", TRIES).await;
    let question = question.answer(&ada.wrong_code().await).await.asked("otp");
    assert_eq!(question.attempts_left(), 2);
}

#[tokio::test]
async fn asking_for_a_code_looks_no_user_up() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    ada.signs_in_for_the_first_time().await;
    // Were any of these called, asking would fail or be slower for one of the two.
    for operation in ["AdminGetUser", "AdminCreateUser", "ListUsers"] {
        latchstring.fail_next(operation, TRIES).await;
    }
    ada.asks_for_a_code().await;
    let question = bob.asks_for_a_code().await;
    let proof = question.answer(&bob.code().await).await.proof();
    // All failures are still to come.
    let listed = latchstring
        .cognito()
        .list_users()
        .user_pool_id(&latchstring.settings().user_pool_id)
        .send()
        .await;
    assert!(listed.is_err(), "nobody called it");
    let refusal = bob.presents(&proof).await.err().expect("it fails");
    assert_eq!(refusal.kind, "Unavailable");
}
