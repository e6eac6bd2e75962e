//! A caller that bypasses the resolvers: without a ticket nothing is sent, and without the caller's
//! own proof no account is created.

use latchstring_tests::{Latchstring, Outcome, Person, Question};

latchstring_tests::doors!(all: Cognito);

/// Ada has an account; Bob, a stranger, has none.
async fn ada_and_bob(latchstring: &Latchstring) -> (Person, Person) {
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    (ada, latchstring.by_email("bob@example.com"))
}

/// Returns the challenge for a code, in a session opened for `name` without the resolvers.
async fn select(latchstring: &Latchstring, name: &str, ticket: Option<&str>) -> Question {
    let question = latchstring.initiate(name).await.challenge("select");
    question.select("email", ticket).await.challenge("otp")
}

/// Returns this sealed text with one character changed.
fn forgeries(sealed: &str) -> Vec<String> {
    // Not the last character: it may hold unused bits.
    let place = sealed.len() - 10;
    let other = if &sealed[place..=place] == "A" {
        "B"
    } else {
        "A"
    };
    vec![
        format!("{}{other}{}", &sealed[..place], &sealed[place + 1..]),
        sealed[..place].to_owned(),
        "x".to_owned(),
        " ".to_owned(),
        String::new(),
    ]
}

/// Checks that a challenge is a decoy: it looks like a real one, sends nothing, counts attempts, and
/// fails in the end.
async fn is_a_decoy(latchstring: &Latchstring, sent: usize, question: Question) {
    assert_eq!(latchstring.inbox().await.len(), sent, "nothing was sent");
    assert_eq!(question.number("codeLength"), 6);
    assert_eq!(question.attempts_left(), 3);
    assert_eq!(question.number("expiresIn"), 300);
    let question = question.answer("000000").await.challenge("otp");
    assert_eq!(question.attempts_left(), 2);
    let question = question.resend().await.challenge("otp");
    assert_eq!(question.attempts_left(), 2, "a resend is not counted");
    let question = question.answer("000001").await.challenge("otp");
    assert_eq!(question.attempts_left(), 1);
    question.answer("000002").await.failed();
    assert_eq!(latchstring.inbox().await.len(), sent, "nothing was sent");
}

#[tokio::test]
async fn without_a_ticket_nothing_is_sent_and_no_answer_is_right() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let question = select(&latchstring, person.contact(), None).await;
        is_a_decoy(&latchstring, 1, question).await;
    }
}

#[tokio::test]
async fn a_forged_ticket_has_no_effect() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let sent = latchstring.inbox().await.len();
        let ticket = person.ticket().await;
        for forged in forgeries(&ticket) {
            let question = select(&latchstring, person.contact(), Some(&forged)).await;
            is_a_decoy(&latchstring, sent, question).await;
        }
        // The forgeries did not use it.
        select(&latchstring, person.contact(), Some(&ticket)).await;
        assert_eq!(latchstring.inbox().await.len(), sent + 1);
    }
}

#[tokio::test]
async fn a_ticket_is_valid_for_a_minute_and_the_leeway() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let sent = latchstring.inbox().await.len();
        let (fresh, stale) = (person.ticket().await, person.ticket().await);
        latchstring.advance(55).await;
        select(&latchstring, person.contact(), Some(&fresh)).await;
        assert_eq!(
            latchstring.inbox().await.len(),
            sent + 1,
            "the ticket was valid"
        );
        // The lifetime of 60 s, and 30 s for a difference of clocks.
        latchstring.advance(36).await;
        let opened = latchstring
            .initiate(person.contact())
            .await
            .challenge("select");
        opened.select("email", Some(&stale)).await.failed();
        assert_eq!(latchstring.inbox().await.len(), sent + 1);
    }
}

#[tokio::test]
async fn a_ticket_sends_one_message_in_one_flow() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let sent = latchstring.inbox().await.len();
        let ticket = person.ticket().await;
        let question = select(&latchstring, person.contact(), Some(&ticket)).await;
        assert_eq!(latchstring.inbox().await.len(), sent + 1);
        let code = person.code().await;
        for _ in 0..2 {
            let opened = latchstring
                .initiate(person.contact())
                .await
                .challenge("select");
            opened.select("email", Some(&ticket)).await.failed();
        }
        assert_eq!(latchstring.inbox().await.len(), sent + 1);
        let outcome = question.answer(&code).await;
        if person.contact() == ada.contact() {
            outcome.signed_in();
        } else {
            outcome.proof();
        }
    }
}

#[tokio::test]
async fn a_ticket_used_twenty_times_at_once_sends_one_message() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let ticket = ada.ticket().await;
    let mut questions = Vec::new();
    for _ in 0..20 {
        questions.push(
            latchstring
                .initiate(ada.contact())
                .await
                .challenge("select"),
        );
    }
    let racing: Vec<_> = questions
        .into_iter()
        .map(|question| {
            let ticket = ticket.clone();
            tokio::spawn(async move { question.select("email", Some(&ticket)).await })
        })
        .collect();
    let mut asked = 0;
    for outcome in racing {
        match outcome.await.expect("each is answered") {
            Outcome::Asked(_) => asked += 1,
            outcome => outcome.failed(),
        }
    }
    assert_eq!(asked, 1, "the other flows ended");
    assert_eq!(latchstring.inbox().await.len(), 1);
}

/// With and without an account, the code goes to the ticket's contact, and earns a proof of that
/// contact. Otherwise the recipient of the message would reveal whether another user has an account.
#[tokio::test]
async fn in_any_session_code_and_proof_belong_to_the_tickets_contact() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    let cyd = latchstring.by_email("cyd@example.com");
    let accounts = 1;
    for session in [&ada, &bob] {
        let before = session.messages().await.len();
        let ticket = cyd.ticket().await;
        let question = select(&latchstring, session.contact(), Some(&ticket)).await;
        assert_eq!(
            session.messages().await.len(),
            before,
            "the session's contact gets no message"
        );
        let proof = question.answer(&cyd.code().await).await.proof();
        let refusal = session
            .presents(&proof)
            .await
            .err()
            .expect("the proof is of another contact");
        assert_eq!(refusal.kind, "InvalidProof");
        assert_eq!(latchstring.accounts().await.len(), accounts);
    }
    cyd.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn a_ticket_is_valid_for_its_own_method_only() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let ticket = person.ticket().await;
        let question = latchstring
            .initiate(person.contact())
            .await
            .challenge("select");
        let question = question
            .select("phone_number", Some(&ticket))
            .await
            .challenge("otp");
        is_a_decoy(&latchstring, 1, question).await;
    }
}

#[tokio::test]
async fn a_method_that_is_missing_or_unknown_fails() {
    let latchstring = Latchstring::start().await;
    let (ada, bob) = ada_and_bob(&latchstring).await;
    for person in [&ada, &bob] {
        let ticket = person.ticket().await;
        for method in ["", "EMAIL", "pigeon", "email ", "sms"] {
            let question = latchstring
                .initiate(person.contact())
                .await
                .challenge("select");
            question.select(method, Some(&ticket)).await.failed();
        }
        let question = latchstring
            .initiate(person.contact())
            .await
            .challenge("select");
        question.answer("email").await.failed();
    }
    assert_eq!(latchstring.inbox().await.len(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_proof_is_no_ticket_and_a_ticket_no_proof() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let ticket = bob.ticket().await;
    let refusal = bob.presents(&ticket).await.err().expect("it is refused");
    assert_eq!(refusal.kind, "InvalidProof");
    let proof = bob.earns_a_proof().await;
    let question = select(&latchstring, bob.contact(), Some(&proof)).await;
    is_a_decoy(&latchstring, 1, question).await;
    assert!(latchstring.accounts().await.is_empty());
}

#[tokio::test]
async fn a_ticket_for_a_code_accepts_no_proof() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    bob.presents(&proof).await.expect("the account is created");
    let question = bob.requests_a_code().await;
    let question = question.answer(&proof).await.challenge("otp");
    assert_eq!(question.attempts_left(), 2, "the proof is a wrong code");
}

#[tokio::test]
async fn a_forged_proof_is_refused() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    for forged in forgeries(&proof) {
        let refusal = bob.presents(&forged).await.err().expect("it is refused");
        assert_eq!(refusal.kind, "InvalidProof");
    }
    assert!(
        latchstring.accounts().await.is_empty(),
        "no account is created"
    );
    // The forgeries did not use it.
    let question = bob.presents(&proof).await.expect("the proof is taken");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn a_proof_is_valid_for_three_minutes_and_the_leeway() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    let (early, late) = (ada.earns_a_proof().await, bob.earns_a_proof().await);
    latchstring.advance(175).await;
    let question = ada.presents(&early).await.expect("it is still valid");
    question.answer(&early).await.signed_in();
    latchstring.advance(36).await;
    let refusal = bob.presents(&late).await.err().expect("it is stale");
    assert_eq!(refusal.kind, "InvalidProof");
    assert_eq!(
        latchstring.accounts().await.len(),
        1,
        "only Ada has an account"
    );
}

#[tokio::test]
async fn a_proof_is_valid_once() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    let question = bob.presents(&proof).await.expect("the proof is taken");
    let waiting = bob.presents(&proof).await.expect("it is not used yet");
    question.answer(&proof).await.signed_in();
    let refusal = bob.presents(&proof).await.err().expect("it is used");
    assert_eq!(refusal.kind, "InvalidProof");
    // A session that was opened before does not sign in either.
    let waiting = waiting.answer(&proof).await.challenge("claim");
    assert_eq!(waiting.attempts_left(), 2);
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn of_ten_sessions_with_one_proof_one_signs_in() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    let mut questions = Vec::new();
    for _ in 0..10 {
        questions.push(bob.presents(&proof).await.expect("it is not used yet"));
    }
    let answering: Vec<_> = questions
        .into_iter()
        .map(|question| {
            let proof = proof.clone();
            tokio::spawn(async move {
                use latchstring_tests::Outcome::{Asked, Refused, SignedIn};
                match question.answer(&proof).await {
                    SignedIn(_) => 1,
                    Asked(_) => 0,
                    Refused(refusal) => panic!("refused: {refusal:?}"),
                }
            })
        })
        .collect();
    let mut signed_in = 0;
    for answer in answering {
        signed_in += answer.await.expect("each has an outcome");
    }
    assert_eq!(signed_in, 1);
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_foreign_proof_is_refused_and_is_a_wrong_answer() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    let (adas, bobs) = (ada.earns_a_proof().await, bob.earns_a_proof().await);
    let refusal = bob.presents(&adas).await.err().expect("it is Ada's");
    assert_eq!(refusal.kind, "InvalidProof");
    assert!(latchstring.accounts().await.is_empty());

    let question = bob.presents(&bobs).await.expect("his own is taken");
    let question = question.answer(&adas).await.challenge("claim");
    assert_eq!(question.attempts_left(), 2, "hers is a wrong answer");
    question.answer(&bobs).await.signed_in();
    // Her proof was not used.
    let question = ada.presents(&adas).await.expect("it is hers");
    question.answer(&adas).await.signed_in();
    assert_eq!(latchstring.accounts().await.len(), 2);
}

#[tokio::test]
async fn a_proof_does_not_answer_the_session_that_returned_it() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let question = bob.requests_a_code().await;
    let claim = question.answer(&bob.code().await).await.challenge("claim");
    let proof = claim.parameters()["proof"].to_owned();
    claim.answer(&proof).await.failed();
    assert!(latchstring.accounts().await.is_empty());
    // The proof is still valid in its own session.
    let question = bob.presents(&proof).await.expect("the proof is taken");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn a_session_of_no_account_stays_one_when_an_account_is_created() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let waiting = bob.requests_a_code().await;
    let code = bob.code().await;
    let first = bob.signs_in_for_the_first_time().await;
    // The old session leads to a proof, never to tokens, and the proof to the same account.
    let proof = waiting.answer(&code).await.proof();
    let question = bob.presents(&proof).await.expect("the proof is taken");
    let again = question.answer(&proof).await.signed_in();
    assert!(again.sub() == first.sub());
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn two_proofs_of_one_address_at_once_end_in_one_account() {
    let latchstring = Latchstring::start().await;
    for person in [
        latchstring.by_email("bob@example.com"),
        latchstring.by_phone("+14155550132"),
    ] {
        let before = latchstring.accounts().await.len();
        let proofs = [person.earns_a_proof().await, person.earns_a_proof().await];
        let racing = proofs.map(|proof| {
            let person = person.clone();
            tokio::spawn(async move {
                let question = person.presents(&proof).await.expect("each is taken");
                question.answer(&proof).await.signed_in().sub().to_owned()
            })
        });
        let mut subs = Vec::new();
        for one in racing {
            subs.push(one.await.expect("each signs in"));
        }
        assert!(subs[0] == subs[1], "it is the same account");
        assert_eq!(latchstring.accounts().await.len(), before + 1);
    }
}

#[tokio::test]
async fn a_claim_needs_a_proof_and_gives_up_after_three_wrong_answers() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    let question = bob.presents(&proof).await.expect("the proof is taken");
    let question = question.answer("").await.challenge("claim");
    let question = question.answer("000000").await.challenge("claim");
    question.answer("true").await.failed();
    // The account exists and is proved; its owner signs in with the proof, or with a new code.
    let question = bob.presents(&proof).await.expect("it is not used");
    question.answer(&proof).await.signed_in();
    bob.signs_in().await;
}
