//! A link works wherever it is opened: a scanner of a mail gateway uses it up, and a link that is
//! forwarded signs in its reader. (supabase/auth#1214, next-auth#1840, FusionAuth#629.)

use crate::victim;
use latchstring_tests::{Latchstring, Person, Question};

latchstring_tests::doors! {
    every: [
        a_link_opened_in_another_browser_uses_nothing_up,
        a_forwarded_link_signs_in_no_other_browser,
        a_link_with_a_wrong_secret_or_token_costs_no_attempt,
        no_url_of_the_service_takes_a_link,
    ],
}

const SECRET: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ANOTHER: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The victim, the challenge in the browser that requested the code, and the token of the link.
async fn asked(latchstring: &Latchstring) -> (Person, Question, String) {
    let victim = victim(latchstring).await.keeping(SECRET);
    let asked = victim.requests_a_code().await;
    let (_, token) = victim.link().await.expect("a link");
    (victim, asked, token)
}

#[tokio::test]
async fn a_link_opened_in_another_browser_uses_nothing_up() {
    let latchstring = Latchstring::start().await;
    let (victim, asked, token) = asked(&latchstring).await;
    // A page that a scanner opens has the address alone, and no session. At most it begins one.
    let scanner = victim.clone().keeping(ANOTHER);
    let mut other = scanner.requests_a_code().await;
    for secret in [ANOTHER, SECRET, ""] {
        other = other.answer_by_link(&token, secret).await.challenge("otp");
    }
    asked.answer_by_link(&token, SECRET).await.signed_in();
}

#[tokio::test]
async fn a_forwarded_link_signs_in_no_other_browser() {
    let latchstring = Latchstring::start().await;
    let (_, mut question, token) = asked(&latchstring).await;
    // The reader has the mail, and even the session, but not the secret of the browser.
    for secret in ["", ANOTHER, &token] {
        question = question
            .answer_by_link(&token, secret)
            .await
            .challenge("otp");
    }
    question.answer_by_link(&token, SECRET).await.signed_in();
}

#[tokio::test]
async fn a_link_with_a_wrong_secret_or_token_costs_no_attempt() {
    let latchstring = Latchstring::start().await;
    let (victim, mut question, token) = asked(&latchstring).await;
    let code = victim.code().await;
    for (token, secret) in [
        (&*token, ANOTHER),
        ("AAAAAAAAAAAAAAAAAAAAAA", SECRET),
        (&code, SECRET),
        (" ", SECRET),
        (&token, ""),
    ] {
        question = question
            .answer_by_link(token, secret)
            .await
            .challenge("otp");
        assert_eq!(question.attempts_left(), 3);
    }
    assert_eq!(latchstring.verdicts(&["wrong"]), 0);
    assert_eq!(latchstring.verdicts(&["wrong_link"]), 5);
    question.answer(&code).await.signed_in();
}

#[tokio::test]
async fn no_url_of_the_service_takes_a_link() {
    let latchstring = Latchstring::start().await;
    let (victim, asked, token) = asked(&latchstring).await;
    let text = victim.messages().await.remove(0).text;
    let link = text.lines().find(|line| line.starts_with("http"));
    let link = link.expect("a link");
    // A browser sends no fragment, so the request is the same for every link.
    for _ in 0..3 {
        let page = reqwest::get(link).await.expect("the page is served");
        assert!(page.status().is_success());
        let page = page.text().await.expect("a page");
        assert!(!page.contains(&token));
    }
    asked.answer_by_link(&token, SECRET).await.signed_in();
}
