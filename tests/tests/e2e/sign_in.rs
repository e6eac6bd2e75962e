//! First and second sign-ins, and the content of their tokens.

use latchstring_tests::{Latchstring, Outcome, Ticket};

latchstring_tests::doors! {
    every: [
        a_second_sign_in_is_equal_and_reaches_the_same_account,
        an_address_and_a_number_are_two_accounts_until_joined,
        the_tokens_work_and_can_be_refreshed,
        before_the_answer_a_client_sees_no_difference_by_account,
        the_challenge_shows_the_default_settings,
        a_code_works_in_its_own_flow_and_in_no_other,
        white_space_around_and_within_a_code_does_not_make_it_wrong,
        ten_users_at_once_sign_in_to_their_own_accounts,
    ],
    both: [
        an_sdk_that_opens_the_session_signs_in_with_a_ticket,
        tokens_are_never_issued_without_an_answer_to_a_code,
    ],
    Proof: [
        a_first_sign_in_by_email_creates_the_account_after_the_code,
        a_first_sign_in_by_phone_creates_the_account_after_the_code,
    ],
}

#[tokio::test]
async fn a_first_sign_in_by_email_creates_the_account_after_the_code() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("  Ada@Example.COM ");

    let question = ada.requests_a_code().await;
    assert!(
        latchstring.accounts().await.is_empty(),
        "a request creates none"
    );
    let question = question
        .answer(&ada.wrong_code().await)
        .await
        .challenge("otp");
    assert!(
        latchstring.accounts().await.is_empty(),
        "a wrong code creates none"
    );
    let proof = question.answer(&ada.code().await).await.proof();
    assert!(
        latchstring.accounts().await.is_empty(),
        "the right code earns a proof and creates none"
    );
    let question = ada.presents(&proof).await.expect("the proof is taken");
    assert_eq!(
        latchstring.accounts().await.len(),
        1,
        "the proof creates one"
    );
    let signed_in = question.answer(&proof).await.signed_in();

    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1, "there is exactly one");
    assert!(
        accounts[0].username == signed_in.username(),
        "the account is the user's"
    );
    assert_eq!(accounts[0].status, "CONFIRMED");
    assert!(signed_in.id["email"] == ada.contact(), "the token names it");
    assert!(signed_in.id["email_verified"] == true, "as verified");
    assert!(
        signed_in.id["phone_number"].is_null(),
        "nothing else is known"
    );
    assert!(
        !signed_in.username().contains('@'),
        "the username is not an address"
    );
}

#[tokio::test]
async fn a_first_sign_in_by_phone_creates_the_account_after_the_code() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_phone(" +1 (415) 555-0132 ");

    let question = bob.requests_a_code().await;
    let messages = bob.messages().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].channel, "sms");
    let proof = question.answer(&bob.code().await).await.proof();
    assert!(latchstring.accounts().await.is_empty(), "there is none yet");
    let question = bob.presents(&proof).await.expect("the proof is taken");
    let signed_in = question.answer(&proof).await.signed_in();

    assert_eq!(latchstring.accounts().await.len(), 1);
    assert!(signed_in.id["phone_number"] == bob.contact());
    assert!(signed_in.id["phone_number_verified"] == true);
    assert!(signed_in.id["email"].is_null(), "nothing else is known");
}

#[tokio::test]
async fn a_second_sign_in_is_equal_and_reaches_the_same_account() {
    let latchstring = Latchstring::start().await;
    for (first, second) in [
        (
            latchstring.by_email("ada@example.com"),
            latchstring.by_email(" ADA@example.com"),
        ),
        (
            latchstring.by_phone("+14155550132"),
            latchstring.by_phone("+1 415 555 0132"),
        ),
    ] {
        let before = latchstring.accounts().await.len();
        let new = first.signs_in_for_the_first_time().await;
        let again = second.signs_in().await;
        assert!(new.sub() == again.sub(), "it is the same account");
        assert_eq!(latchstring.accounts().await.len(), before + 1);
    }
}

#[tokio::test]
async fn an_address_and_a_number_are_two_accounts_until_joined() {
    let latchstring = Latchstring::start().await;
    let by_email = latchstring.by_email("ada@example.com");
    let by_phone = latchstring.by_phone("+14155550132");
    let one = by_email.signs_in_for_the_first_time().await;
    let other = by_phone.signs_in_for_the_first_time().await;
    assert!(one.sub() != other.sub());
}

#[tokio::test]
async fn the_tokens_work_and_can_be_refreshed() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;

    let (username, attributes) = signed_in.who_am_i().await.expect("GetUser");
    assert!(username == signed_in.username());
    let has = |name: &str, value: &str| attributes.iter().any(|(n, v)| n == name && v == value);
    assert!(has("email", ada.contact()) && has("email_verified", "true"));

    latchstring.advance(3601).await;
    let refusal = signed_in.who_am_i().await.expect_err("it has expired");
    assert_eq!(refusal.kind, "NotAuthorizedException");
    let refreshed = signed_in.refreshes().await;
    assert!(refreshed.sub() == signed_in.sub());
    refreshed.who_am_i().await.expect("the new token works");
}

#[tokio::test]
async fn before_the_answer_a_client_sees_no_difference_by_account() {
    let latchstring = Latchstring::start().await;
    let known = latchstring.by_email("ada@example.com");
    let signed_in = known.signs_in_for_the_first_time().await;
    let stranger = latchstring.by_email("bob@example.com");

    let mut seen = Vec::new();
    for person in [&known, &stranger] {
        let question = person.requests_a_code().await;
        assert!(
            question.is_of(person.contact()),
            "the username is the canonical form of the input"
        );
        let length = question.session_length();
        let asked = question
            .answer(&person.wrong_code().await)
            .await
            .challenge("otp");
        seen.push((length, asked.session_length()));
        let mut names: Vec<_> = asked.parameters().keys().copied().collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "attemptsLeft",
                "codeAlphabet",
                "codeLength",
                "expiresIn",
                "pointer",
                "resendAfter",
                "resume",
                "step"
            ]
        );
        assert_eq!(asked.attempts_left(), 2);
        assert_eq!(asked.number("codeLength"), 6);
    }
    assert_eq!(seen[0], seen[1], "the sessions' lengths reveal nothing");
    assert!(!signed_in.sub().is_empty());
    let (known, stranger) = (&known.messages().await[0], &stranger.messages().await[0]);
    assert!(known.subject == stranger.subject);
    assert!(
        known.text.replace(&known.code, "") == stranger.text.replace(&stranger.code, ""),
        "the messages are equal"
    );
}

#[tokio::test]
async fn the_challenge_shows_the_default_settings() {
    let latchstring = Latchstring::start().await;
    let question = latchstring
        .by_email("ada@example.com")
        .requests_a_code()
        .await;
    assert_eq!(question.number("codeLength"), 6);
    // A second may have begun since.
    assert_eq!(question.number("expiresIn"), 300);
    assert_eq!(question.number("resendAfter"), 30);
}

#[tokio::test]
async fn a_code_works_in_its_own_flow_and_in_no_other() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    let first = ada.requests_a_code().await;
    let first_code = ada.code().await;
    // Two flows may have the same six digits by chance; then another code is requested.
    let (second, second_code) = loop {
        let question = ada.requests_a_code().await;
        let code = ada.code().await;
        if code != first_code {
            break (question, code);
        }
    };
    let second = second.answer(&first_code).await.challenge("otp");
    let others = bob.requests_a_code().await;
    if bob.code().await != first_code {
        others.answer(&first_code).await.challenge("otp");
    }
    second.answer(&second_code).await.right();
    first.answer(&first_code).await.right();
}

#[tokio::test]
async fn white_space_around_and_within_a_code_does_not_make_it_wrong() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    let typed = format!(" {} {}\n", &code[..3], &code[3..]);
    question.answer(&typed).await.right();
}

#[tokio::test]
async fn an_sdk_that_opens_the_session_signs_in_with_a_ticket() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("Ada@example.com");

    let Ticket { text, username } = ada.requests_a_ticket(None).await.expect("a ticket");
    assert!(username == ada.contact());
    assert!(ada.messages().await.is_empty(), "a ticket sends nothing");
    let question = latchstring.initiate(&username).await.challenge("select");
    let question = question.select("email", Some(&text)).await.challenge("otp");
    let proof = question.answer(&ada.code().await).await.proof();
    assert!(latchstring.accounts().await.is_empty());

    let Ticket { text, username } = ada
        .requests_a_ticket(Some(&proof))
        .await
        .expect("a ticket for the proof");
    let question = latchstring.initiate(&username).await.challenge("select");
    let question = question
        .select("email", Some(&text))
        .await
        .challenge("claim");
    let signed_in = question.answer(&proof).await.signed_in();
    assert!(signed_in.username() == username);
    assert_eq!(latchstring.accounts().await.len(), 1);
    assert_eq!(ada.messages().await.len(), 1, "a claim sends nothing");
}

#[tokio::test]
async fn ten_users_at_once_sign_in_to_their_own_accounts() {
    let latchstring = Latchstring::start().await;
    let users = (0..10).map(|n| latchstring.by_email(&format!("person{n}@example.com")));
    let signing_in: Vec<_> = users
        .map(|person| {
            tokio::spawn(async move {
                let signed_in = person.signs_in_for_the_first_time().await;
                assert!(signed_in.id["email"] == person.contact());
                signed_in.sub().to_owned()
            })
        })
        .collect();
    let mut subs = Vec::new();
    for person in signing_in {
        subs.push(person.await.expect("they sign in"));
    }
    subs.sort();
    subs.dedup();
    assert_eq!(subs.len(), 10);
    assert_eq!(latchstring.accounts().await.len(), 10);
}

#[tokio::test]
async fn tokens_are_never_issued_without_an_answer_to_a_code() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let known = ada.signs_in_for_the_first_time().await;
    // By contact and by username: without a ticket, no answer is right.
    for name in [ada.contact(), known.username()] {
        for answer in ["", "000000", "true", "null", "resend", "otp", known.sub()] {
            let question = latchstring.initiate(name).await.challenge("select");
            let question = question.select("email", None).await.challenge("otp");
            let outcome = question.answer(answer).await;
            assert!(
                !matches!(outcome, Outcome::SignedIn(_)),
                "there are no tokens"
            );
        }
    }
}
