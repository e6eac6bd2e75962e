//! `cargo run -- demo`: a first sign-in and a second one, step by step, each checked.

use std::io::Write;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Client;
use serde_json::{Value, json};
use thiserror::Error;

use crate::{Options, Service, Settings};

const ADA: &str = "ada@example.com";

/// A step that did not go as it must.
#[derive(Debug, Error)]
pub enum DemoError {
    /// Something else happened than what must.
    #[error("The demo failed: {0}.")]
    Differs(String),
    /// The service does not start.
    #[error(transparent)]
    Service(#[from] crate::ServiceError),
    /// The service does not answer.
    #[error("The demo failed: the service does not answer: {0}.")]
    Http(#[from] reqwest::Error),
    /// The steps cannot be printed.
    #[error("The demo cannot print: {0}.")]
    Print(#[from] std::io::Error),
}

fn must(holds: bool, what: &str) -> Result<(), DemoError> {
    if holds {
        Ok(())
    } else {
        Err(DemoError::Differs(format!("not true that {what}")))
    }
}

/// Starts a service on a free port and plays the story against it.
///
/// # Errors
/// If any step differs from what must happen.
pub async fn run(out: &mut impl Write) -> Result<(), DemoError> {
    let service = Service::bind(Options::default()).await?;
    let mut demo = Demo::new(service.settings().clone(), out);
    tokio::select! {
        served = service.serve() => Err(served.err().map_or_else(
            || DemoError::Differs("the service ended".to_owned()),
            DemoError::Print,
        )),
        played = demo.play() => played,
    }
}

struct Demo<'a, W> {
    http: Client,
    settings: Settings,
    out: &'a mut W,
    step: u32,
}

/// What a client holds between two calls.
struct Session {
    session: String,
    username: String,
}

impl<'a, W: Write> Demo<'a, W> {
    fn new(settings: Settings, out: &'a mut W) -> Self {
        Self {
            http: Client::new(),
            settings,
            out,
            step: 0,
        }
    }

    async fn play(&mut self) -> Result<(), DemoError> {
        let endpoint = self.settings.endpoint.clone();
        writeln!(
            self.out,
            "A fresh Latchstring at {endpoint}: nobody has an account."
        )?;

        self.title("Ada gives her address for the first time")?;
        let first = self.sign_in(ADA, None).await?;
        self.title("A code arrives in her inbox")?;
        let code = self.newest_code().await?;
        self.title("Still nobody has an account: nothing exists until its owner has proved it")?;
        must(self.users().await? == 0, "there is no account yet")?;

        self.title("She mistypes the code, and is asked again")?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let asked = self.respond(&first, wrong).await?;
        must(
            asked["ChallengeParameters"]["step"] == "otp",
            "she is asked for the code again",
        )?;
        must(
            asked["ChallengeParameters"]["attemptsLeft"] == "2",
            "two attempts are left",
        )?;
        let again = Session {
            session: text(&asked["Session"])?,
            username: first.username,
        };

        self.title("She types it right. She is new, so she gets a proof and no tokens yet")?;
        let claimed = self.respond(&again, &code).await?;
        must(
            claimed["ChallengeParameters"]["step"] == "claim",
            "she is handed a proof",
        )?;
        let proof = text(&claimed["ChallengeParameters"]["proof"])?;

        self.title("Her client signs in with the proof: now the account is made")?;
        let new = self.sign_in(ADA, Some(&proof)).await?;
        must(self.users().await? == 1, "there is exactly one account")?;
        self.title("… and answers with it")?;
        let first_claims = {
            let answered = self.respond(&new, &proof).await?;
            self.tokens(&answered).await?
        };
        must(first_claims["email"] == ADA, "the token names her address")?;
        must(
            first_claims["email_verified"] == true,
            "the address is verified",
        )?;

        self.title(
            "The next day she signs in again: the same question, no proof, the same account",
        )?;
        let second = self.sign_in("  Ada@Example.COM ", None).await?;
        let code = self.newest_code().await?;
        let answered = self.respond(&second, &code).await?;
        let second_claims = self.tokens(&answered).await?;
        must(
            second_claims["sub"] == first_claims["sub"],
            "it is the same account",
        )?;
        must(
            self.users().await? == 1,
            "there is still exactly one account",
        )?;

        writeln!(self.out, "\nAll {} steps went as they must.", self.step)?;
        Ok(())
    }

    fn title(&mut self, text: &str) -> Result<(), DemoError> {
        self.step += 1;
        Ok(writeln!(self.out, "\n{}. {text}.", self.step)?)
    }

    fn say(&mut self, text: &str) -> Result<(), DemoError> {
        Ok(writeln!(self.out, "   {text}")?)
    }

    async fn sign_in(&mut self, typed: &str, proof: Option<&str>) -> Result<Session, DemoError> {
        let with = if proof.is_some() { ", proof" } else { "" };
        self.say(&format!(
            "POST /graphql   signIn(emailOrPhone: \"{typed}\", method: EMAIL{with})"
        ))?;
        let answer: Value = self
            .http
            .post(self.settings.graphql_url())
            .header("x-api-key", &self.settings.api_key)
            .json(&json!({
                "query": "mutation ($input: SignInInput!) { signIn(input: $input) \
                          { session username codeLength expiresIn resendAfter } }",
                "variables": {"input": {"emailOrPhone": typed, "method": "EMAIL", "proof": proof}},
            }))
            .send()
            .await?
            .json()
            .await?;
        must(
            answer["errors"].is_null(),
            "sign-in is answered without an error",
        )?;
        let payload = &answer["data"]["signIn"];
        self.say(&format!(
            "                ← a session of {} characters, a code of {} digits for {} seconds",
            text(&payload["session"])?.len(),
            payload["codeLength"],
            payload["expiresIn"],
        ))?;
        Ok(Session {
            session: text(&payload["session"])?,
            username: text(&payload["username"])?,
        })
    }

    async fn newest_code(&mut self) -> Result<String, DemoError> {
        let url = format!("{}/inbox.json", self.settings.endpoint);
        let messages: Value = self.http.get(url).send().await?.json().await?;
        let message = &messages[0];
        self.say(&format!(
            "GET /inbox.json ← {} to {}: {}",
            text(&message["channel"])?,
            text(&message["to"])?,
            text(&message["text"])?.lines().next().unwrap_or_default(),
        ))?;
        must(message["to"] == ADA, "the message went to her")?;
        text(&message["code"])
    }

    async fn users(&mut self) -> Result<usize, DemoError> {
        let listed = self
            .cognito(
                "ListUsers",
                &json!({"UserPoolId": self.settings.user_pool_id}),
            )
            .await?;
        let users = listed["Users"].as_array().map_or(0, Vec::len);
        self.say(&format!("ListUsers       ← {users} in the user pool"))?;
        Ok(users)
    }

    async fn respond(&mut self, session: &Session, answer: &str) -> Result<Value, DemoError> {
        let shown = if answer.len() > 10 {
            "the proof"
        } else {
            answer
        };
        self.say(&format!(
            "POST /          RespondToAuthChallenge(ANSWER: {shown})"
        ))?;
        let response = self
            .cognito(
                "RespondToAuthChallenge",
                &json!({
                    "ClientId": self.settings.client_id,
                    "ChallengeName": "CUSTOM_CHALLENGE",
                    "Session": session.session,
                    "ChallengeResponses": {"USERNAME": session.username, "ANSWER": answer},
                }),
            )
            .await?;
        let parameters = &response["ChallengeParameters"];
        match (parameters["step"].as_str(), parameters["proof"].as_str()) {
            (Some(_), Some(_)) => {
                self.say("                ← claim: a proof, good for 3 minutes")?
            }
            (Some(step), None) => self.say(&format!(
                "                ← {step}: {} attempts left",
                text(&parameters["attemptsLeft"])?,
            ))?,
            (None, _) => {}
        }
        Ok(response)
    }

    /// Checks the tokens' signature against the pool's keys and shows what they say.
    async fn tokens(&mut self, response: &Value) -> Result<Value, DemoError> {
        let url = format!(
            "{}/{}/.well-known/jwks.json",
            self.settings.endpoint, self.settings.user_pool_id
        );
        let keys: JwkSet = self.http.get(url).send().await?.json().await?;
        let result = &response["AuthenticationResult"];
        let id = claims(&text(&result["IdToken"])?, &keys)?;
        let access = claims(&text(&result["AccessToken"])?, &keys)?;
        must(
            access["client_id"] == self.settings.client_id.as_str(),
            "the token is for this client",
        )?;
        must(id["sub"] == access["sub"], "both tokens are of one account")?;
        self.say("                ← tokens, their signature right by the pool's JWKS:")?;
        for name in ["sub", "email", "email_verified", "token_use", "iss"] {
            self.say(&format!("                  {name}: {}", id[name]))?;
        }
        Ok(id)
    }

    async fn cognito(&self, operation: &str, body: &Value) -> Result<Value, DemoError> {
        let response = self
            .http
            .post(&self.settings.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            )
            // The stand-in wants admin operations signed, and takes any signature.
            .header("authorization", "AWS4-HMAC-SHA256 Credential=demo")
            .body(body.to_string())
            .send()
            .await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(DemoError::Differs(format!(
                "{operation} answers {}",
                answer["__type"]
            )))
        }
    }
}

fn text(value: &Value) -> Result<String, DemoError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| DemoError::Differs("an answer lacks a field".to_owned()))
}

fn claims(token: &str, keys: &JwkSet) -> Result<Value, DemoError> {
    let unsigned = |_| DemoError::Differs("a token's signature is not right".to_owned());
    let header = jsonwebtoken::decode_header(token).map_err(unsigned)?;
    let key = header
        .kid
        .and_then(|kid| keys.find(&kid))
        .ok_or_else(|| DemoError::Differs("a token's key is not in the JWKS".to_owned()))?;
    let key = DecodingKey::from_jwk(key).map_err(unsigned)?;
    let mut validation = Validation::new(Algorithm::RS256);
    // An access token has no audience; the client is checked by its claim.
    validation.validate_aud = false;
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(unsigned)?;
    Ok(token.claims)
}
