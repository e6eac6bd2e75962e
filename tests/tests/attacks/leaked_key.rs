//! A key of the deployment leaks, and the attacker seals tickets and proofs with it. Each forgery
//! is valid in every other respect, so only the key decides.

use std::time::Duration;

use latchstring_core::code::CodeLength;
use latchstring_core::flow::AppClient;
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::ports::Clock as _;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_lambda::{OsEntropy, SystemClock};
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person, Question, note};

use crate::{refused, victim};

latchstring_tests::doors! {
    Cognito: [
        a_ticket_under_a_key_in_the_wrong_role_sends_nothing,
        a_ticket_without_a_charge_sends_nothing,
        a_code_has_the_length_of_its_tickets_tier,
    ],
    Proof: [
        a_proof_under_a_key_in_the_wrong_role_is_refused,
        a_ticket_and_a_proof_under_the_previous_key_are_accepted,
    ],
}

/// Longer than the age of any ticket or proof in these tests.
const LIFE: Duration = Duration::from_secs(3600);

fn key(id: &str, byte: u8) -> Key {
    let id = KeyId::parse(id).expect("an id");
    Key::new(id, &[byte; 32]).expect("a key")
}

/// Returns the key ring of a deployment whose current key is `k2`.
fn ring(previous: Option<Key>) -> KeyRing {
    KeyRing::new(key("k2", 2), None, previous).expect("a ring")
}

/// Returns the key ring of an attacker who has `k1` only.
fn leaked() -> KeyRing {
    KeyRing::new(key("k1", 1), None, None).expect("a ring")
}

async fn service(keys: KeyRing) -> Latchstring {
    let keys = Some(keys);
    let options = Options {
        strict: true,
        keys,
        ..Options::default()
    };
    Latchstring::start_with(options).await
}

fn app_client(latchstring: &Latchstring) -> AppClient {
    let settings = latchstring.settings();
    AppClient::new(&*settings.user_pool_id, &*settings.client_id)
}

/// Returns a ticket of the deployment, changed and sealed with other keys.
fn forged_ticket(
    latchstring: &Latchstring,
    ticket: &str,
    keys: &KeyRing,
    change: impl FnOnce(&mut Ticket),
) -> String {
    let app_client = app_client(latchstring);
    let opened = Ticket::open(ticket, &ring(None), &app_client, SystemClock.now(), LIFE);
    let mut opened = opened.expect("a ticket of this deployment");
    change(&mut opened);
    let forged = opened.seal(keys, &app_client, &OsEntropy);
    note(&forged);
    forged
}

/// Returns a proof of the deployment, sealed with other keys.
fn forged_proof(latchstring: &Latchstring, proof: &str, keys: &KeyRing) -> String {
    let app_client = app_client(latchstring);
    let opened = Proof::open(proof, &ring(None), &app_client, SystemClock.now(), LIFE);
    let opened = opened.expect("a proof of this deployment");
    let forged = opened.seal(keys, &app_client, &OsEntropy);
    note(&forged);
    forged
}

async fn select(latchstring: &Latchstring, person: &Person, ticket: &str) -> Question {
    let opened = latchstring
        .initiate(person.contact())
        .await
        .challenge("select");
    opened.select("email", Some(ticket)).await.challenge("otp")
}

/// Returns the number of decisions with this reason in the log.
fn decisions(latchstring: &Latchstring, reason: &str) -> usize {
    let log = latchstring.log();
    log.iter().filter(|line| line["reason"] == reason).count()
}

/// Returns key rings in which the leaked key is the lasting key, was removed, or has only its id in
/// common with a key of the ring; each with the attacker's ring.
fn wrong_roles() -> [(&'static str, KeyRing, KeyRing); 3] {
    let lasting = ring(None).with_lasting(key("k1", 1)).expect("a ring");
    let namesake = KeyRing::new(key("k2", 1), None, None).expect("a ring");
    [
        ("lasting", lasting, leaked()),
        ("gone", ring(None), leaked()),
        ("namesake", ring(None), namesake),
    ]
}

#[tokio::test]
async fn a_ticket_under_a_key_in_the_wrong_role_sends_nothing() {
    for (role, keys, leaked) in wrong_roles() {
        let latchstring = service(keys).await;
        let victim = victim(&latchstring).await;
        let sent = latchstring.inbox().await.len();
        let ticket = victim.ticket().await;
        let forged = forged_ticket(&latchstring, &ticket, &leaked, |_| ());
        if role == "namesake" {
            let question = select(&latchstring, &victim, &forged).await;
            question.answer(&victim.code().await).await.challenge("otp");
            // Define distinguishes it from an expired ticket.
            latchstring.advance(91).await;
            select(&latchstring, &victim, &forged).await;
            assert_eq!(decisions(&latchstring, "ticket_stale"), 0);
            assert_eq!(decisions(&latchstring, "ticket_forged"), 2);
        } else {
            let opened = latchstring
                .initiate(victim.contact())
                .await
                .challenge("select");
            opened.select("email", Some(&forged)).await.failed();
            // Verify and Define.
            assert_eq!(decisions(&latchstring, "ticket_key_unknown"), 2, "{role}");
        }
        assert_eq!(latchstring.inbox().await.len(), sent, "{role}");
    }
}

#[tokio::test]
async fn a_proof_under_a_key_in_the_wrong_role_is_refused() {
    for (role, keys, leaked) in wrong_roles() {
        let latchstring = service(keys).await;
        let newcomer = latchstring.by_email("newcomer@example.com");
        let proof = newcomer.earns_a_proof().await;
        let forged = forged_proof(&latchstring, &proof, &leaked);
        // signIn.
        let refusal = refused(newcomer.presents(&forged).await);
        assert_eq!(refusal.kind, "InvalidProof", "{role}");
        let accounts = latchstring.accounts().await;
        assert!(accounts.is_empty(), "{role}");
        // Verify and Define.
        let ticket = newcomer.requests_a_ticket(Some(&proof)).await;
        let ticket = ticket.expect("the proof is right");
        let opened = latchstring
            .initiate(&ticket.username)
            .await
            .challenge("select");
        let claim = opened.select("email", Some(&ticket.text)).await;
        let claim = claim.challenge("claim");
        claim.clone().answer(&forged).await.challenge("claim");
        assert_eq!(decisions(&latchstring, "proof_forged"), 1, "{role}");
    }
}

/// Shows that the forgeries above are refused only because of their key.
#[tokio::test]
async fn a_ticket_and_a_proof_under_the_previous_key_are_accepted() {
    let latchstring = service(ring(Some(key("k1", 1)))).await;
    let newcomer = latchstring.by_email("newcomer@example.com");
    let ticket = newcomer.ticket().await;
    let forged = forged_ticket(&latchstring, &ticket, &leaked(), |_| ());
    let question = select(&latchstring, &newcomer, &forged).await;
    let proof = question.answer(&newcomer.code().await).await.proof();
    let forged = forged_proof(&latchstring, &proof, &leaked());
    let claim = newcomer.presents(&forged).await;
    let claim = claim.expect("the flow earned it");
    claim.answer(&forged).await.signed_in();
}

/// No resolver seals such a ticket: no budget would count its messages and guesses.
#[tokio::test]
async fn a_ticket_without_a_charge_sends_nothing() {
    let latchstring = service(ring(None)).await;
    let victim = victim(&latchstring).await;
    let sent = latchstring.inbox().await.len();
    let ticket = victim.ticket().await;
    let forged = forged_ticket(&latchstring, &ticket, &ring(None), |ticket| {
        ticket.terms = CodeTerms::uncharged(CodeLength::DEFAULT);
    });
    let question = select(&latchstring, &victim, &forged).await;
    assert_eq!(latchstring.inbox().await.len(), sent);
    question.answer("000000").await.challenge("otp");
    assert_eq!(decisions(&latchstring, "ticket_forged"), 1);
}

/// A ticket names the tier and the length of its code. The budgets of a longer tier permit more
/// guesses, so a shorter code on them could be guessed.
#[tokio::test]
async fn a_code_has_the_length_of_its_tickets_tier() {
    for (tier, digits) in [(1, 6), (2, 8), (3, 10)] {
        let latchstring = service(ring(None)).await;
        let victim = victim(&latchstring).await;
        let ticket = victim.ticket().await;
        latchstring.advance(60).await;
        let forged = forged_ticket(&latchstring, &ticket, &ring(None), |ticket| {
            let mut bytes = ticket.terms.to_bytes();
            assert_eq!(
                (bytes[0], bytes[1] & 3),
                (6, 1),
                "six digits, the first tier"
            );
            bytes[1] = bytes[1] & !3 | tier;
            ticket.terms = CodeTerms::from_bytes(&bytes).expect("a charge");
        });
        let question = select(&latchstring, &victim, &forged).await;
        assert_eq!(question.number("codeLength"), digits);
        assert_eq!(u64::try_from(victim.code().await.len()), Ok(digits));
    }
}
