//! `cargo run -- demo`: one user from a first sign-in to a changed address, and back, and then a sign-in
//! while an attacker spends the budgets of that address. Then an invitation, at a service where only
//! invited contacts may have an account. Each step is checked.

mod invitation;

use std::io::Write;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Client;
use serde_json::{Value, json};
use thiserror::Error;

use crate::clock::LocalClock;
use crate::{Options, Service, Settings};

const PHONE: &str = "+14155550132";
const EMAIL: &str = "ada@example.com";
const NEW_EMAIL: &str = "ada@example.org";

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// More requests than the budgets of one minute.
const MAX_REQUESTS: usize = 20;

/// The error of a step with the wrong outcome.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The outcome of a step is wrong.
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

fn check(holds: bool, what: &str) -> Result<(), DemoError> {
    if holds {
        Ok(())
    } else {
        Err(DemoError::Differs(format!("not true that {what}")))
    }
}

/// Starts a service on a free port and runs the demo against it.
///
/// # Errors
///
/// Returns an error if any step has the wrong outcome.
pub async fn run(out: &mut impl Write) -> Result<(), DemoError> {
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let steps = {
        let (service, mut demo) = start(strict.clone(), out, 0).await?;
        tokio::select! {
            ended = ends(service) => Err(ended),
            played = demo.play() => played,
        }?
    };
    let steps = {
        let (service, mut demo) = start(invitation::rule(strict), out, steps).await?;
        tokio::select! {
            ended = ends(service) => Err(ended),
            played = demo.play_invitation() => played,
        }?
    };
    writeln!(out, "\nAll {steps} steps succeeded.")?;
    Ok(())
}

/// Starts a service whose clock stands still: the budgets of a minute and the slot must not end within
/// a step.
async fn start<W: Write>(
    options: Options,
    out: &mut W,
    steps: u32,
) -> Result<(Service, Demo<'_, W>), DemoError> {
    let service = Service::bind(options).await?;
    let clock = service.clock();
    clock.stop();
    let settings = service.settings().clone();
    Ok((service, Demo::new(settings, clock, out, steps)))
}

/// Serves, and returns the reason why that ended.
async fn ends(service: Service) -> DemoError {
    let served = service.serve().await;
    served.err().map_or_else(
        || DemoError::Differs("the service ended".to_owned()),
        DemoError::Print,
    )
}

struct Demo<'a, W> {
    http: Client,
    settings: Settings,
    clock: LocalClock,
    out: &'a mut W,
    step: u32,
}

/// The state of a client between two calls.
struct OpenSession {
    session: String,
    username: String,
    code_length: u64,
    resume: Option<String>,
}

impl OpenSession {
    fn of(payload: &Value) -> Result<Self, DemoError> {
        Ok(Self {
            session: text(&payload["session"])?,
            username: text(&payload["username"])?,
            code_length: payload["codeLength"].as_u64().unwrap_or_default(),
            resume: payload["resume"].as_str().map(str::to_owned),
        })
    }
}

/// The state of a signed-in client.
struct SignedIn {
    /// The claims of the ID token.
    claims: Value,
    access_token: String,
    refresh_token: String,
}

impl<'a, W: Write> Demo<'a, W> {
    fn new(settings: Settings, clock: LocalClock, out: &'a mut W, step: u32) -> Self {
        Self {
            http: Client::new(),
            settings,
            clock,
            out,
            step,
        }
    }

    /// Returns the number of steps.
    async fn play(&mut self) -> Result<u32, DemoError> {
        let endpoint = self.settings.endpoint.clone();
        writeln!(
            self.out,
            "A new Latchstring at {endpoint}: there are no accounts."
        )?;
        let first = self.first_sign_in().await?;
        self.second_contact(&first).await?;
        let now = self.another_sign_in(&first).await?;
        let proof = self.changed_contact(&now).await?;
        self.undone_change(&now, &proof).await?;
        self.spent_budgets(&now).await?;
        Ok(self.step)
    }

    async fn first_sign_in(&mut self) -> Result<SignedIn, DemoError> {
        self.title("Ada types her phone number into an app for the first time")?;
        let opened = self.sign_in("+1 (415) 555-0132", None).await?;
        self.title("A code arrives on her phone")?;
        let code = self.newest_code(PHONE).await?;
        self.title(
            "There is still no account: it is created after its owner has proved the number",
        )?;
        check(self.users().await? == 0, "there is no account yet")?;

        self.title("She mistypes the code and may try again")?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let answered = self.respond(&opened, wrong).await?;
        let parameters = &answered["ChallengeParameters"];
        check(parameters["step"] == "otp", "the code is requested again")?;
        check(parameters["attemptsLeft"] == "2", "two attempts are left")?;
        let opened = OpenSession {
            session: text(&answered["Session"])?,
            ..opened
        };

        self.title("She types it right. She is new, so she gets a proof and no tokens yet")?;
        let answered = self.respond(&opened, &code).await?;
        let parameters = &answered["ChallengeParameters"];
        check(parameters["step"] == "claim", "she gets a proof")?;
        let proof = text(&parameters["proof"])?;

        self.title("Her client signs in with the proof: now the account is made")?;
        let made = self.sign_in(PHONE, Some(&proof)).await?;
        check(self.users().await? == 1, "there is exactly one account")?;
        self.title("… and answers with it")?;
        let answered = self.respond(&made, &proof).await?;
        let ada = self.signed_in(&answered).await?;
        check(
            ada.claims["phone_number"] == PHONE,
            "the token names her number",
        )?;
        check(
            ada.claims["phone_number_verified"] == true,
            "the number is verified",
        )?;
        Ok(ada)
    }

    async fn second_contact(&mut self, ada: &SignedIn) -> Result<(), DemoError> {
        self.title("On the web she signs up: her name, and an email address")?;
        let opened = self
            .signed_in_call(
                ada,
                "signUp",
                &format!(
                    "data: {{method: EMAIL, emailOrPhone: \"{EMAIL}\", \
                     givenName: \"Ada\", familyName: \"Lovelace\"}}"
                ),
            )
            .await?;
        self.title("A code arrives there, and she types it")?;
        let code = self.newest_code(EMAIL).await?;
        let answered = self.respond(&opened, &code).await?;
        self.signed_in(&answered).await?;
        self.title("Her client refreshes its tokens: both contacts are verified now")?;
        let refreshed = self.refresh(ada).await?;
        for (claim, expected) in [
            ("email", json!(EMAIL)),
            ("email_verified", json!(true)),
            ("phone_number_verified", json!(true)),
            ("given_name", json!("Ada")),
        ] {
            check(
                refreshed[claim] == expected,
                &format!("the refreshed token shows {claim}"),
            )?;
        }
        Ok(())
    }

    async fn another_sign_in(&mut self, first: &SignedIn) -> Result<SignedIn, DemoError> {
        self.clock.advance(DAY);
        self.title("The next day she signs in by email: the same account, and no proof")?;
        let opened = self.sign_in("  Ada@Example.COM ", None).await?;
        let code = self.newest_code(EMAIL).await?;
        self.title(
            "Her phone ends the app while she reads the mail; it continues with the same code",
        )?;
        let resumed = self.resume(EMAIL, &opened).await?;
        check(
            self.newest_code(EMAIL).await? == code,
            "no other code was sent",
        )?;
        let answered = self.respond(&resumed, &code).await?;
        let ada = self.signed_in(&answered).await?;
        check(
            ada.claims["sub"] == first.claims["sub"],
            "it is the same account",
        )?;
        check(
            self.users().await? == 1,
            "there is still exactly one account",
        )?;
        Ok(ada)
    }

    /// Returns the proof of the old address.
    async fn changed_contact(&mut self, ada: &SignedIn) -> Result<String, DemoError> {
        self.clock.advance(MINUTE);
        self.title("In the settings she changes her address")?;
        let input = format!("method: EMAIL, emailOrPhone: \"{NEW_EMAIL}\"");
        let opened = self.signed_in_call(ada, "changeContact", &input).await?;
        let code = self.newest_code(NEW_EMAIL).await?;
        check(self.pending(ada).await? == "WAITING", "the change waits")?;

        self.title("Until the new address is proved, the old one signs in")?;
        let by_old = self.sign_in(EMAIL, None).await?;
        let old_code = self.newest_code(EMAIL).await?;
        let answered = self.respond(&by_old, &old_code).await?;
        let still = self.signed_in(&answered).await?;
        check(
            still.claims["sub"] == ada.claims["sub"] && still.claims["email"] == EMAIL,
            "the old address still reaches the account",
        )?;

        self.title("She types the code from the new address")?;
        let answered = self.respond(&opened, &code).await?;
        let changed = self.signed_in(&answered).await?;
        check(
            changed.claims["email"] == NEW_EMAIL,
            "the address is changed",
        )?;
        check(self.pending(ada).await? == "DONE", "the change is done")?;

        self.title("The old address is notified")?;
        let notice = self.newest().await?;
        check(notice["to"] == EMAIL, "the notice went to the old address")?;
        check(notice["code"].is_null(), "the notice carries no code")?;

        self.title(
            "The old address no longer reaches the account: a sign-in with it starts a new one",
        )?;
        let by_old = self.sign_in(EMAIL, None).await?;
        let code = self.newest_code(EMAIL).await?;
        let answered = self.respond(&by_old, &code).await?;
        check(
            answered["ChallengeParameters"]["step"] == "claim",
            "the old address has no account",
        )?;
        let proof = text(&answered["ChallengeParameters"]["proof"])?;

        self.title("The new address reaches the account")?;
        let by_new = self.sign_in(NEW_EMAIL, None).await?;
        let code = self.newest_code(NEW_EMAIL).await?;
        let answered = self.respond(&by_new, &code).await?;
        let again = self.signed_in(&answered).await?;
        check(
            again.claims["sub"] == ada.claims["sub"],
            "it is the same account",
        )?;
        check(
            self.users().await? == 1,
            "there is still exactly one account",
        )?;
        Ok(proof)
    }

    async fn undone_change(&mut self, ada: &SignedIn, proof: &str) -> Result<(), DemoError> {
        self.clock.advance(MINUTE);
        self.title("If it was not Ada who changed it, the proof of the old address undoes that")?;
        self.print(&format!(
            "POST /graphql   undoContactChange(emailOrPhone: \"{EMAIL}\", method: EMAIL, proof)"
        ))?;
        let request = self
            .http
            .post(self.settings.graphql_url())
            .header("x-api-key", &self.settings.api_key)
            .json(&json!({
                "query": "mutation ($input: UndoContactChangeInput!) { undoContactChange(input: $input) \
                          { username tokens { accessToken idToken refreshToken } } }",
                "variables": {"input": {"emailOrPhone": EMAIL, "method": "EMAIL", "proof": proof}},
            }));
        let payload = self.graphql(request, "undoContactChange").await?;
        let tokens = &payload["tokens"];
        let answered = json!({"AuthenticationResult": {
            "AccessToken": tokens["accessToken"],
            "IdToken": tokens["idToken"],
            "RefreshToken": tokens["refreshToken"],
        }});
        let again = self.signed_in(&answered).await?;
        check(
            again.claims["sub"] == ada.claims["sub"] && again.claims["email"] == EMAIL,
            "the old address is back on the account",
        )?;

        self.title("Her phone is notified, and the new address no longer reaches the account")?;
        let notice = self.newest().await?;
        check(notice["to"] == PHONE, "the notice went to her phone")?;
        let by_new = self.sign_in(NEW_EMAIL, None).await?;
        let code = self.newest_code(NEW_EMAIL).await?;
        let answered = self.respond(&by_new, &code).await?;
        check(
            answered["ChallengeParameters"]["step"] == "claim",
            "the new address has no account",
        )
    }

    async fn spent_budgets(&mut self, ada: &SignedIn) -> Result<(), DemoError> {
        self.clock.advance(MINUTE);
        self.title("An attacker has codes sent to her address until its budgets are spent")?;
        let mut lengths = Vec::new();
        while lengths.last() != Some(&12) && lengths.len() < MAX_REQUESTS {
            lengths.push(self.sign_in(EMAIL, None).await?.code_length);
        }
        check(lengths.contains(&10), "the codes lengthen first")?;
        check(lengths.last() == Some(&12), "a code has 12 characters")?;
        self.title("The last request sent the only message of these ten minutes")?;
        let sent = self.newest().await?;
        check(sent["to"] == EMAIL, "the message went to her address")?;
        let code = text(&sent["code"])?;
        check(code.len() == 12, "it has the long code")?;

        self.title("Ada requests a code too. Nothing is sent: that message is hers")?;
        let opened = self.sign_in(EMAIL, None).await?;
        check(opened.code_length == 12, "her code has 12 characters")?;
        check(self.newest().await?["id"] == sent["id"], "nothing was sent")?;

        self.title("She types its code in her own session, in lower case and with hyphens")?;
        let groups = [&code[..4], &code[4..8], &code[8..]];
        let answered = self
            .respond(&opened, &groups.join("-").to_lowercase())
            .await?;
        let again = self.signed_in(&answered).await?;
        check(
            again.claims["sub"] == ada.claims["sub"],
            "it is the same account",
        )
    }

    fn title(&mut self, text: &str) -> Result<(), DemoError> {
        self.step += 1;
        Ok(writeln!(self.out, "\n{}. {text}.", self.step)?)
    }

    fn print(&mut self, text: &str) -> Result<(), DemoError> {
        Ok(writeln!(self.out, "   {text}")?)
    }

    /// Continues a sign-in by its resume secret.
    async fn resume(&mut self, typed: &str, begun: &OpenSession) -> Result<OpenSession, DemoError> {
        let resume = begun.resume.as_deref();
        self.begin(typed, json!({"resume": resume}), ", resume")
            .await
    }

    async fn sign_in(
        &mut self,
        typed: &str,
        proof: Option<&str>,
    ) -> Result<OpenSession, DemoError> {
        let with = if proof.is_some() { ", proof" } else { "" };
        self.begin(typed, json!({"proof": proof}), with).await
    }

    async fn begin(
        &mut self,
        typed: &str,
        input: Value,
        with: &str,
    ) -> Result<OpenSession, DemoError> {
        let is_claim = input["proof"].is_string();
        let request = self.sign_in_request(typed, input, with)?;
        let payload = self.graphql(request, "signIn").await?;
        let wants = if is_claim {
            "that the proof answers".to_owned()
        } else if payload["codeAlphabet"] == "BASE32" {
            format!(
                "that a code of {} characters answers",
                payload["codeLength"]
            )
        } else {
            format!("that a code of {} digits answers", payload["codeLength"])
        };
        self.print(&format!(
            "                ← a session {wants}, for {} seconds",
            payload["expiresIn"],
        ))?;
        OpenSession::of(&payload)
    }

    fn sign_in_request(
        &mut self,
        typed: &str,
        mut input: Value,
        with: &str,
    ) -> Result<reqwest::RequestBuilder, DemoError> {
        let method = if typed.contains('@') {
            "EMAIL"
        } else {
            "PHONE_NUMBER"
        };
        self.print(&format!(
            "POST /graphql   signIn(emailOrPhone: \"{typed}\", method: {method}{with})"
        ))?;
        input["emailOrPhone"] = typed.into();
        input["method"] = method.into();
        Ok(self
            .http
            .post(self.settings.graphql_url())
            .header("x-api-key", &self.settings.api_key)
            .json(&json!({
                "query": "mutation ($input: SignInInput!) { signIn(input: $input) \
                          { session username codeLength codeAlphabet resume expiresIn resendAfter } }",
                "variables": {"input": input},
            })))
    }

    /// A mutation that takes `input` and an access token.
    async fn signed_in_call(
        &mut self,
        ada: &SignedIn,
        field: &str,
        input: &str,
    ) -> Result<OpenSession, DemoError> {
        self.print(&format!("POST /graphql   {field}({input})"))?;
        let query = format!(
            "mutation {{ {field}(input: {{{input}}}) {{ session username codeLength expiresIn }} }}"
        );
        let payload = self.as_signed_in(ada, &query, field).await?;
        self.print(&format!(
            "                ← a session that a code of {} digits answers, for {} seconds",
            payload["codeLength"], payload["expiresIn"],
        ))?;
        OpenSession::of(&payload)
    }

    async fn pending(&mut self, ada: &SignedIn) -> Result<String, DemoError> {
        let query = "query { pendingContact(method: EMAIL) { state } }";
        let pending = self.as_signed_in(ada, query, "pendingContact").await?;
        let state = text(&pending["state"])?;
        self.print(&format!(
            "POST /graphql   pendingContact(method: EMAIL)\n                   ← {state}"
        ))?;
        Ok(state)
    }

    async fn as_signed_in(
        &self,
        ada: &SignedIn,
        query: &str,
        field: &str,
    ) -> Result<Value, DemoError> {
        let request = self
            .http
            .post(self.settings.graphql_url())
            .header("authorization", &ada.access_token)
            .json(&json!({ "query": query }));
        self.graphql(request, field).await
    }

    async fn graphql(
        &self,
        request: reqwest::RequestBuilder,
        field: &str,
    ) -> Result<Value, DemoError> {
        let answer: Value = request.send().await?.json().await?;
        check(
            answer["errors"].is_null(),
            &format!("{field} is answered without an error"),
        )?;
        Ok(answer["data"][field].clone())
    }

    async fn newest(&mut self) -> Result<Value, DemoError> {
        let url = format!("{}/inbox.json", self.settings.endpoint);
        let messages: Value = self.http.get(url).send().await?.json().await?;
        let message = &messages[0];
        self.print(&format!(
            "GET /inbox.json ← {} to {}: {}",
            text(&message["channel"])?,
            text(&message["to"])?,
            text(&message["text"])?.lines().next().unwrap_or_default(),
        ))?;
        Ok(message.clone())
    }

    async fn newest_code(&mut self, to: &str) -> Result<String, DemoError> {
        let message = self.newest().await?;
        check(message["to"] == to, "the message went to its address")?;
        text(&message["code"])
    }

    async fn refresh(&mut self, ada: &SignedIn) -> Result<Value, DemoError> {
        self.print("POST /          InitiateAuth(REFRESH_TOKEN_AUTH)")?;
        let response = self
            .cognito(
                "InitiateAuth",
                &json!({
                    "ClientId": self.settings.client_id,
                    "AuthFlow": "REFRESH_TOKEN_AUTH",
                    "AuthParameters": {"REFRESH_TOKEN": ada.refresh_token},
                }),
            )
            .await?;
        self.claims(&response).await
    }

    async fn users(&mut self) -> Result<usize, DemoError> {
        let listed = self
            .cognito(
                "ListUsers",
                &json!({"UserPoolId": self.settings.user_pool_id}),
            )
            .await?;
        let users = listed["Users"].as_array().map_or(0, Vec::len);
        self.print(&format!("ListUsers       ← {users} in the user pool"))?;
        Ok(users)
    }

    async fn respond(&mut self, session: &OpenSession, answer: &str) -> Result<Value, DemoError> {
        // A proof is longer than any code.
        let shown = if answer.len() > 14 {
            "the proof"
        } else {
            answer
        };
        self.print(&format!(
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
        if parameters["proof"].is_string() {
            self.print("                ← claim: a proof, good for 3 minutes")?;
        } else if let Some(step) = parameters["step"].as_str() {
            let left = text(&parameters["attemptsLeft"])?;
            self.print(&format!("                ← {step}: {left} attempts left"))?;
        }
        Ok(response)
    }

    async fn signed_in(&mut self, response: &Value) -> Result<SignedIn, DemoError> {
        let result = &response["AuthenticationResult"];
        Ok(SignedIn {
            claims: self.claims(response).await?,
            access_token: text(&result["AccessToken"])?,
            refresh_token: text(&result["RefreshToken"])?,
        })
    }

    /// Checks the tokens' signature against the pool's keys and prints their claims.
    async fn claims(&mut self, response: &Value) -> Result<Value, DemoError> {
        let url = format!(
            "{}/{}/.well-known/jwks.json",
            self.settings.endpoint, self.settings.user_pool_id
        );
        let keys: JwkSet = self.http.get(url).send().await?.json().await?;
        let result = &response["AuthenticationResult"];
        let id = claims(&text(&result["IdToken"])?, &keys)?;
        let access = claims(&text(&result["AccessToken"])?, &keys)?;
        check(
            access["client_id"] == self.settings.client_id.as_str(),
            "the token is for this client",
        )?;
        check(id["sub"] == access["sub"], "both tokens are of one account")?;
        self.print("                ← tokens, their signature right by the pool's JWKS:")?;
        for name in [
            "sub",
            "given_name",
            "family_name",
            "email",
            "email_verified",
            "phone_number",
            "phone_number_verified",
            "cognito:groups",
        ] {
            if !id[name].is_null() {
                self.print(&format!("                  {name}: {}", id[name]))?;
            }
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
            // The stand-in requires a signature on admin operations and accepts any.
            .header("authorization", "AWS4-HMAC-SHA256 Credential=demo")
            .body(body.to_string())
            .send()
            .await?;
        let status = response.status();
        // An operation without an output has an empty body.
        let body = response.text().await?;
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
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
    // An access token has no audience; its claim names the client.
    validation.validate_aud = false;
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(unsigned)?;
    Ok(token.claims)
}
