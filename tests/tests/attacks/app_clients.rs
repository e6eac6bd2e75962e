//! An attacker carries what one app client obtained to another, asks at each in turn, or guesses which
//! are served. (Adversarial review of this project.)

use data_encoding::BASE64URL_NOPAD;
use latchstring_local::Options;
use latchstring_tests::{Door, Latchstring, Refusal};
use serde_json::{Value, json};

use crate::production_with;

latchstring_tests::doors! {
    GraphQl: [
        each_further_client_is_no_further_budget,
        a_device_has_one_budget_at_all_clients,
        no_answer_shows_which_clients_are_served,
    ],
    Http: [
        what_one_client_obtained_is_of_no_use_at_another,
    ],
    Cognito: [
        a_ticket_of_one_client_sends_nothing_at_another,
    ],
}

const VICTIM: &str = "victim@example.com";
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                       { session username codeLength resendAfter } }";

async fn two_clients() -> Latchstring {
    let options = Options {
        two_clients: true,
        ..Options::default()
    };
    production_with(options).await
}

/// Both clients.
fn clients(latchstring: &Latchstring) -> [String; 2] {
    let settings = latchstring.settings();
    let other = settings.other_client.clone().expect("a second client");
    [settings.client_id.clone(), other]
}

/// The app client of an access token.
fn client_of(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("claims");
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["client_id"].as_str().expect("a client").to_owned()
}

async fn post(latchstring: &Latchstring, path: &str, body: &Value) -> Value {
    let url = format!("{}/v1/{path}", latchstring.settings().endpoint);
    let answered = latchstring.http().post(url).json(body).send().await;
    answered.expect("an answer").json().await.expect("JSON")
}

async fn request(
    latchstring: &Latchstring,
    typed: &str,
    client: &str,
    device: Option<&str>,
) -> Result<Value, Refusal> {
    let input = json!({
        "emailOrPhone": typed, "method": "EMAIL", "clientId": client, "device": device,
    });
    let variables = json!({ "input": input });
    latchstring.graphql("signIn", SIGN_IN, variables).await
}

#[tokio::test]
async fn what_one_client_obtained_is_of_no_use_at_another() {
    let latchstring = two_clients().await.through(Door::Http);
    let [first, other] = clients(&latchstring);
    for (own, elsewhere) in [(&other, &first), (&first, &other)] {
        let body = json!({ "emailOrPhone": VICTIM, "clientId": own });
        let begun = post(&latchstring, "sign-in", &body).await;
        let sent = latchstring.inbox().await;
        let body = json!({
            "emailOrPhone": VICTIM, "clientId": elsewhere, "resume": begun["resume"],
        });
        let refused = post(&latchstring, "sign-in", &body).await;
        assert!(
            refused["type"]
                .as_str()
                .is_some_and(|it| it.ends_with("InvalidResume"))
        );
        assert_eq!(latchstring.inbox().await.len(), sent.len());
        // A continuation names no client: its tokens are of its own, wherever it is sent from.
        let body = json!({ "continuation": begun["continuation"], "answer": sent[0].code });
        let answered = post(&latchstring, "sign-in/answer", &body).await;
        let token = answered["tokens"]["accessToken"].as_str();
        assert_eq!(client_of(token.expect("a token")), *own);
        latchstring.advance(600).await;
    }
}

#[tokio::test]
async fn a_ticket_of_one_client_sends_nothing_at_another() {
    const TICKET: &str =
        "mutation ($input: SignInInput!) { signInTicket(input: $input) { ticket } }";
    let latchstring = two_clients().await;
    let [first, other] = clients(&latchstring);
    for (own, elsewhere) in [(&other, &first), (&first, &other)] {
        let input = json!({ "emailOrPhone": VICTIM, "method": "EMAIL", "clientId": own });
        let variables = json!({ "input": input });
        let made = latchstring.graphql("signInTicket", TICKET, variables).await;
        let ticket = made.expect("a ticket")["ticket"].clone();
        for (client, sent) in [(elsewhere, 0), (own, 1)] {
            let before = latchstring.inbox().await.len();
            let body = json!({
                "ClientId": client, "AuthFlow": "CUSTOM_AUTH",
                "AuthParameters": { "USERNAME": VICTIM },
            });
            let opened = latchstring.call_cognito("InitiateAuth", &body).await;
            let body = json!({
                "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE",
                "Session": opened["Session"],
                "ChallengeResponses": { "USERNAME": VICTIM, "ANSWER": "email" },
                "ClientMetadata": { "method": "email", "ticket": ticket },
            });
            let _ = latchstring
                .call_cognito("RespondToAuthChallenge", &body)
                .await;
            assert_eq!(latchstring.inbox().await.len(), before + sent, "{client}");
        }
    }
}

/// Requests codes of an address until long after its budget is spent.
async fn outcomes(typed: &str, at: [usize; 2], device: bool) -> Vec<(Option<Value>, usize)> {
    let latchstring = two_clients().await;
    let victim = latchstring.by_email(typed);
    let signed_in = victim.signs_in_for_the_first_time().await;
    let token = signed_in.remembers_the_device().await.expect("signed in");
    let clients = clients(&latchstring);
    let mut outcomes = Vec::new();
    for client in at.into_iter().cycle().take(16) {
        latchstring.advance(60).await;
        let device = device.then_some(&*token);
        let asked = request(&latchstring, typed, &clients[client], device).await;
        let length = asked.ok().map(|it| it["codeLength"].clone());
        outcomes.push((length, latchstring.inbox().await.len()));
    }
    outcomes
}

#[tokio::test]
async fn each_further_client_is_no_further_budget() {
    let one = outcomes(VICTIM, [0, 0], false).await;
    assert_eq!(one, outcomes(VICTIM, [0, 1], false).await);
    assert_ne!(one[0].0, one[15].0, "longer codes: {one:?}");
}

#[tokio::test]
async fn a_device_has_one_budget_at_all_clients() {
    let one = outcomes(VICTIM, [0, 0], true).await;
    assert_eq!(one, outcomes(VICTIM, [0, 1], true).await);
}

#[tokio::test]
async fn no_answer_shows_which_clients_are_served() {
    let latchstring = two_clients().await;
    let victim = latchstring.by_email(VICTIM);
    victim.signs_in_for_the_first_time().await;
    let before = latchstring.inbox().await.len();
    let mut refusals = Vec::new();
    for typed in ["", VICTIM, "no-account@example.com"] {
        for client in [
            "unknownclient",
            "unknownclient0",
            "latchstringlocalclient0002",
        ] {
            let refused = request(&latchstring, typed, client, None).await;
            let refused = refused.expect_err("a refusal");
            refusals.push((refused.kind, refused.message));
        }
    }
    let [own, _] = clients(&latchstring);
    let empty = request(&latchstring, "", &own, None).await;
    let empty = empty.expect_err("a refusal");
    let empty = (empty.kind, empty.message);
    assert!(refusals.iter().all(|it| *it == empty), "{refusals:?}");
    assert_eq!(latchstring.inbox().await.len(), before);
}
