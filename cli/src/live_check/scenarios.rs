//! The scenarios: what a user of the deployment does, with what must follow. `tests/deployment/scenarios.py` has
//! those that read messages.

use serde_json::json;

use super::http;
use super::person::{Person, Site, shown, wrong};
use crate::error_code::ErrorCode;

/// A scenario by its name.
pub(super) const SCENARIOS: [&str; 8] = [
    "a first sign-in makes the account with the address verified",
    "a second sign-in opens the same account",
    "a mistyped code costs an attempt, and the right one signs in",
    "a code signs in once",
    "a change of address is committed by its code",
    "refusals have their names",
    "a refresh token gives new tokens until it is revoked",
    "a sign-in by AppSync ends at Cognito",
];

/// Plays a scenario.
///
/// # Errors
/// The first expectation that did not hold.
pub(super) async fn play(name: &str, site: &Site) -> Result<(), String> {
    let position = SCENARIOS.iter().position(|it| *it == name);
    match position {
        Some(0) => first(site).await,
        Some(1) => second(site).await,
        Some(2) => mistyped(site).await,
        Some(3) => once(site).await,
        Some(4) => change(site).await,
        Some(5) => refusals(site).await,
        Some(6) => refresh(site).await,
        Some(7) => by_appsync(site).await,
        _ => Err("there is no such scenario".to_owned()),
    }
}

fn expect(what: &str, holds: bool) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{what} does not hold"))
    }
}

async fn first(site: &Site) -> Result<(), String> {
    let mut person = Person::new(site);
    person.sign_in("ada@live-check.example").await?;
    let account = person.account().await?;
    let has = |name: &str, value: &str| {
        let found = account.get(name);
        found.is_some_and(|it| it.eq_ignore_ascii_case(value))
    };
    expect(
        "the address is the account's",
        has("email", "ada@live-check.example"),
    )?;
    expect("the address is verified", has("email_verified", "true"))?;
    expect("there is no number", !account.contains_key("phone_number"))
}

async fn second(site: &Site) -> Result<(), String> {
    let mut person = Person::new(site);
    person.sign_in("grace@live-check.example").await?;
    let mut again = Person::new(site);
    again.sign_in("grace@live-check.example").await?;
    let subs = [
        person.account().await?.remove("sub"),
        again.account().await?.remove("sub"),
    ];
    expect(
        "both are one account",
        subs[0].is_some() && subs[0] == subs[1],
    )
}

async fn mistyped(site: &Site) -> Result<(), String> {
    let identifier = "joan@live-check.example";
    let mut person = Person::new(site);
    let mut prompt = person.begin("sign-in", identifier).await?;
    let reply = person
        .answer(&mut prompt, &wrong(site.code(identifier)))
        .await?;
    expect(
        "a wrong code is answered as wrong",
        reply.body["status"] == "wrong",
    )?;
    expect("two attempts are left", reply.body["attemptsLeft"] == 2)?;
    person.finish(prompt, identifier).await
}

async fn once(site: &Site) -> Result<(), String> {
    let identifier = "kay@live-check.example";
    let mut person = Person::new(site);
    let mut prompt = person.begin("sign-in", identifier).await?;
    let code = site.code(identifier).to_owned();
    let reply = person.answer(&mut prompt, &code).await?;
    expect(
        "the right code signs in",
        reply.body["status"] == "signed_in",
    )?;
    let again = person.answer(&mut prompt, &code).await?;
    expect(
        "the same answer signs in again",
        again.body["status"] != "signed_in",
    )
    .map_err(|_| format!("the same answer was answered by {}", shown(&again)))
}

async fn change(site: &Site) -> Result<(), String> {
    let (old, new) = ("barbara@live-check.example", "liskov@live-check.example");
    let mut person = Person::new(site);
    person.sign_in(old).await?;
    let before = person.account().await?;
    let mut prompt = person.begin("contacts/change", new).await?;
    let reply = person.answer(&mut prompt, &wrong(site.code(new))).await?;
    expect(
        "a wrong code is answered as wrong",
        reply.body["status"] == "wrong",
    )?;
    let meanwhile = person.account().await?;
    expect(
        "the old address stands",
        meanwhile.get("email").is_some_and(|it| it == old),
    )?;
    person.finish(prompt, new).await?;
    let after = person.account().await?;
    expect(
        "the new address is there",
        after.get("email").is_some_and(|it| it == new),
    )?;
    expect(
        "it is the same account",
        before.get("sub") == after.get("sub"),
    )
}

async fn refusals(site: &Site) -> Result<(), String> {
    let person = Person::new(site);
    let reply = person
        .post("sign-in", &json!({ "emailOrPhone": "x" }))
        .await?;
    let kind = shown(&reply);
    if kind != "400 InvalidIdentifier" {
        return Err(format!("a text that is no address was answered by {kind}"));
    }
    let change = json!({ "emailOrPhone": "a@live-check.example" });
    let reply = person.post("contacts/change", &change).await?;
    expect(
        "a change without a token is refused by 401",
        reply.status == 401,
    )
}

async fn refresh(site: &Site) -> Result<(), String> {
    use aws_sdk_cognitoidentityprovider::types::AuthFlowType;
    let mut person = Person::new(site);
    person.sign_in("lynn@live-check.example").await?;
    let renew = || {
        site.cognito
            .initiate_auth()
            .client_id(&site.client)
            .auth_flow(AuthFlowType::RefreshTokenAuth)
            .auth_parameters("REFRESH_TOKEN", person.refresh_token())
            .send()
    };
    let renewed = renew().await;
    let renewed =
        renewed.map_err(|error| format!("InitiateAuth answered {}", ErrorCode::of(&error)))?;
    expect(
        "there are new tokens",
        renewed.authentication_result().is_some(),
    )?;
    let revoke = site.cognito.revoke_token().client_id(&site.client);
    let revoked = revoke.token(person.refresh_token()).send().await;
    revoked.map_err(|error| format!("RevokeToken answered {}", ErrorCode::of(&error)))?;
    expect("a revoked token is refused", renew().await.is_err())
}

/// Requests a code by AppSync, and answers it at Cognito, as an app does.
async fn by_appsync(site: &Site) -> Result<(), String> {
    use aws_sdk_cognitoidentityprovider::types::ChallengeNameType;
    const QUERY: &str =
        "mutation ($input: SignInInput!) { signIn(input: $input) { session username } }";
    let Some((url, key)) = &site.graphql else {
        return Err("the stack has no GraphQL API with a key".to_owned());
    };
    let identifier = "grace@live-check.example";
    let input = json!({ "emailOrPhone": identifier, "method": "EMAIL" });
    let body = json!({ "query": QUERY, "variables": { "input": input } });
    let reply = http::post(url, &[("x-api-key", key)], &body).await?;
    let payload = &reply.body["data"]["signIn"];
    let text = |name: &str| payload[name].as_str().map(str::to_owned);
    let (Some(session), Some(username)) = (text("session"), text("username")) else {
        let kind = reply.body["errors"][0]["errorType"].as_str();
        return Err(format!(
            "signIn answered {} {}",
            reply.status,
            kind.unwrap_or("no type")
        ));
    };
    let answer = site
        .cognito
        .respond_to_auth_challenge()
        .client_id(&site.client)
        .challenge_name(ChallengeNameType::CustomChallenge)
        .session(session)
        .challenge_responses("USERNAME", username)
        .challenge_responses("ANSWER", site.code(identifier));
    let answered = answer.send().await;
    let answered = answered
        .map_err(|error| format!("RespondToAuthChallenge answered {}", ErrorCode::of(&error)))?;
    expect(
        "there are tokens",
        answered.authentication_result().is_some(),
    )
}
