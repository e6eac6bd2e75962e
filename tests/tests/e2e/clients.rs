//! Two app clients of one pool: a sign-in is for the one that it names, through each door.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::types::ChallengeNameType;
use data_encoding::BASE64URL_NOPAD;
use latchstring_local::Options;
use latchstring_tests::{Door, Latchstring};
use serde_json::{Value, json};

latchstring_tests::doors! {
    GraphQl: [
        a_person_joins_and_changes_a_contact_at_the_second_client,
        a_client_that_is_not_served_is_refused_like_an_empty_field,
    ],
    Http: [
        the_http_door_signs_in_to_the_named_client,
    ],
}

const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                       { session username tokens { accessToken } } }";
const CHANGE: &str = "mutation ($input: ChangeContactInput!) { changeContact(input: $input) \
                      { session username } }";

async fn start() -> Latchstring {
    let options = Options {
        two_clients: true,
        ..Options::default()
    };
    Latchstring::start_with(options).await
}

fn other(latchstring: &Latchstring) -> String {
    let other = latchstring.settings().other_client.clone();
    other.expect("a second client")
}

/// The app client of an access token.
fn client_of(access_token: &str) -> String {
    let claims = access_token.split('.').nth(1).expect("claims");
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["client_id"].as_str().expect("a client").to_owned()
}

/// Answers a session as a client does, and returns the parameters of the next challenge, or the access
/// token.
async fn answer(
    latchstring: &Latchstring,
    client: &str,
    opened: &Value,
    answer: &str,
) -> Result<Result<HashMap<String, String>, String>, ()> {
    let text = |name: &str| opened[name].as_str().expect("a text");
    let answered = latchstring
        .cognito()
        .respond_to_auth_challenge()
        .client_id(client)
        .challenge_name(ChallengeNameType::CustomChallenge)
        .session(text("session"))
        .challenge_responses("USERNAME", text("username"))
        .challenge_responses("ANSWER", answer)
        .send()
        .await
        .map_err(|_| ())?;
    Ok(match answered.authentication_result {
        Some(tokens) => Err(tokens.access_token.expect("an access token")),
        None => Ok(answered.challenge_parameters.unwrap_or_default()),
    })
}

async fn code(latchstring: &Latchstring) -> String {
    latchstring.inbox().await[0].code.clone()
}

#[tokio::test]
async fn a_person_joins_and_changes_a_contact_at_the_second_client() {
    let latchstring = start().await;
    let client = other(&latchstring);
    let mut input = json!({
        "emailOrPhone": "bob@example.com", "method": "EMAIL", "clientId": client,
    });
    let signing_in = |input: &Value| {
        let variables = json!({ "input": input });
        latchstring.graphql("signIn", SIGN_IN, variables)
    };
    let opened = signing_in(&input).await.expect("a session");
    let mail = &latchstring.inbox().await[0];
    let subject = mail.subject.clone().expect("a subject");
    assert!(
        subject.contains("Acme") && subject.contains("Anmeldecode"),
        "{subject}"
    );
    let code_of_bob = code(&latchstring).await;
    let first = latchstring.settings().client_id.clone();
    let elsewhere = answer(&latchstring, &first, &opened, &code_of_bob).await;
    assert_eq!(elsewhere, Err(()), "a session is of its client");
    let claim = answer(&latchstring, &client, &opened, &code_of_bob).await;
    let claim = claim.expect("an answer").expect("a challenge");
    input["proof"] = json!(claim["proof"]);
    input["complete"] = json!(true);
    let mut at_first = input.clone();
    at_first["clientId"] = Value::Null;
    let refused = signing_in(&at_first).await.expect_err("another client");
    assert_eq!(refused.kind, "InvalidProof");
    let joined = signing_in(&input).await.expect("tokens");
    let token = joined["tokens"]["accessToken"].as_str().expect("a token");
    assert_eq!(client_of(token), client);

    let contact = json!({ "emailOrPhone": "bob@example.org", "method": "EMAIL" });
    let changing = latchstring.graphql_as(
        ("authorization", token),
        "changeContact",
        CHANGE,
        json!({ "input": contact }),
    );
    let opened = changing.await.expect("a session");
    let code_of_contact = code(&latchstring).await;
    let changed = answer(&latchstring, &client, &opened, &code_of_contact).await;
    let token = changed.expect("an answer").expect_err("tokens");
    assert_eq!(client_of(&token), client);
}

#[tokio::test]
async fn a_client_that_is_not_served_is_refused_like_an_empty_field() {
    let latchstring = start().await;
    let mut refusals = Vec::new();
    for (typed, client) in [
        ("", None),
        ("ada@example.com", Some("unknownclient")),
        ("", Some("unknownclient")),
    ] {
        let input = json!({ "emailOrPhone": typed, "method": "EMAIL", "clientId": client });
        let variables = json!({ "input": input });
        let signing_in = latchstring.graphql("signIn", SIGN_IN, variables);
        let refusal = signing_in.await.expect_err("a refusal");
        refusals.push((refusal.kind, refusal.message));
    }
    assert_eq!(refusals[0].0, "InvalidIdentifier");
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(refusals[0], refusals[2]);
    assert!(latchstring.inbox().await.is_empty());
}

#[tokio::test]
async fn the_http_door_signs_in_to_the_named_client() {
    let latchstring = start().await.through(Door::Http);
    let post = async |path: &str, body: Value| -> Value {
        let url = format!("{}/v1/{path}", latchstring.settings().endpoint);
        let answered = latchstring.http().post(url).json(&body).send().await;
        answered.expect("an answer").json().await.expect("JSON")
    };
    let first = latchstring.settings().client_id.clone();
    for client in [other(&latchstring), first] {
        let body = json!({ "emailOrPhone": "bob@example.com", "clientId": client });
        let begun = post("sign-in", body).await;
        let code = code(&latchstring).await;
        let body = json!({ "continuation": begun["continuation"], "answer": code });
        let answered = post("sign-in/answer", body).await;
        let token = answered["tokens"]["accessToken"].as_str();
        assert_eq!(client_of(token.expect("a token")), client, "{answered}");
    }
}
