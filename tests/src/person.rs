//! A user who signs in, and the challenges that they receive.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, AuthenticationResultType, ChallengeNameType,
};
use data_encoding::BASE64URL_NOPAD;
use latchstring_core::code::LinkChallenge;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::secret::Secret;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::door::Door;
use crate::files::note;
use crate::service::{Latchstring, Mail};
use crate::tokens::SignedIn;

/// Returns the code of an SDK's error, but not its message or `Debug`, which hold the request's
/// values.
pub(crate) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("no code").to_owned(),
        _ => "no answer of the service".to_owned(),
    }
}

/// A refusal: an error type or code, and the message, which is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `errorType` of GraphQL, or Cognito's code.
    pub kind: String,
    /// The text that the client reads.
    pub message: String,
    /// The continuation by which the sign-in goes on, at the HTTP door.
    continuation: Option<String>,
}

impl Refusal {
    pub(crate) fn new(kind: &str, message: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.to_owned(),
            continuation: None,
        }
    }

    pub(crate) fn with_continuation(self, continuation: Option<&str>) -> Self {
        continuation.into_iter().for_each(note);
        Self {
            continuation: continuation.map(str::to_owned),
            ..self
        }
    }

    pub(crate) fn of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        let message = match error {
            SdkError::ServiceError(service) => service.err().message().unwrap_or_default(),
            _ => "",
        };
        Self::new(&code_of(error), message)
    }

    /// Returns true if the session has ended, or never was.
    pub fn is_of_an_ended_session(&self) -> bool {
        ["NotAuthorizedException", "InvalidContinuation"].contains(&&*self.kind)
    }

    /// Returns true if code and text are those of any failed authentication.
    pub fn is_a_failed_sign_in(&self) -> bool {
        let known = [
            ("NotAuthorizedException", "Incorrect username or password."),
            (
                "InvalidContinuation",
                "This sign-in has ended. Start again.",
            ),
        ];
        known.contains(&(&self.kind, &self.message)) && self.continuation.is_none()
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)
    }
}

/// The input of an SDK that talks to Cognito itself.
pub struct Ticket {
    /// The ticket.
    pub text: String,
    /// The username for `InitiateAuth`.
    pub username: String,
}

/// A user with one address or number.
#[derive(Clone)]
pub struct Person {
    latchstring: Latchstring,
    method: Method,
    typed: String,
    canonical: String,
    /// The language that their client sends.
    locale: Option<String>,
    device: Option<String>,
    captcha: Option<String>,
    link_challenge: Option<String>,
}

impl Person {
    pub(crate) fn new(latchstring: &Latchstring, method: Method, typed: &str) -> Self {
        let canonical = Identifier::parse(method, typed)
            .map_or_else(|_| typed.trim().to_owned(), |i| i.as_str().to_owned());
        note(typed);
        note(&canonical);
        Self {
            latchstring: latchstring.clone(),
            method,
            typed: typed.to_owned(),
            canonical,
            locale: None,
            device: None,
            captcha: None,
            link_challenge: None,
        }
    }

    /// Returns this user with a client that names a language.
    #[must_use]
    pub fn reading(mut self, locale: &str) -> Self {
        self.locale = Some(locale.to_owned());
        self
    }

    /// Returns this user on a remembered device.
    #[must_use]
    pub fn on_device(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    /// Returns this user, with a CAPTCHA solved by this answer.
    #[must_use]
    pub fn solving(mut self, captcha: &str) -> Self {
        self.captcha = Some(captcha.to_owned());
        self
    }

    /// Returns this user in a browser that keeps a link secret.
    #[must_use]
    pub fn keeping(mut self, link_secret: &str) -> Self {
        note(link_secret);
        let challenge = LinkChallenge::of(&Secret::new(link_secret));
        self.link_challenge = Some(BASE64URL_NOPAD.encode(challenge.as_bytes()));
        self
    }

    /// Returns the link challenge that this user's client sends.
    pub(crate) fn link_challenge(&self) -> Option<&str> {
        self.link_challenge.as_deref()
    }

    /// Returns the language that this user's client sends.
    pub(crate) fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// Returns the canonical address or number.
    pub fn contact(&self) -> &str {
        &self.canonical
    }

    /// Returns the method's name in Cognito's API.
    pub const fn method(&self) -> &'static str {
        self.method.as_str()
    }

    /// Returns the members of a request to sign in through the HTTP door.
    fn request(&self, resume: Option<&str>) -> Value {
        json!({
            "emailOrPhone": self.typed, "method": self.method(), "resume": resume,
            "locale": self.locale, "device": self.device, "captcha": self.captcha,
            "linkChallenge": self.link_challenge,
        })
    }

    fn is_at_http(&self) -> bool {
        self.latchstring.door().is_http()
    }

    fn input(&self, proof: Option<&str>) -> Value {
        json!({"input": {
            "emailOrPhone": self.typed, "method": self.graphql_method(), "proof": proof,
            "locale": self.locale, "device": self.device, "captcha": self.captcha,
            "linkChallenge": self.link_challenge,
        }})
    }

    async fn sign_in(&self, proof: Option<&str>) -> Result<Question, Refusal> {
        self.begin(self.input(proof)).await
    }

    async fn begin(&self, input: Value) -> Result<Question, Refusal> {
        const QUERY: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                             { session username codeLength codeAlphabet pointer resume expiresIn \
                             resendAfter } }";
        let payload = self.latchstring.graphql("signIn", QUERY, input).await?;
        Ok(Question::of(&self.latchstring, &payload))
    }

    async fn calls(&self, path: &str, body: Value) -> Result<Value, Refusal> {
        let calling = self
            .latchstring
            .call(None, reqwest::Method::POST, path, body);
        calling.await
    }

    /// Continues a sign-in in another session. May be refused.
    pub async fn resumes(&self, resume: &str) -> Result<Question, Refusal> {
        if self.is_at_http() {
            let prompt = self.calls("sign-in", self.request(Some(resume))).await?;
            return Ok(Question::prompted(&self.latchstring, &prompt));
        }
        let mut input = self.input(None);
        input["input"]["resume"] = resume.into();
        self.begin(input).await
    }

    /// Returns the method's name in GraphQL.
    pub(crate) const fn graphql_method(&self) -> &'static str {
        match self.method {
            Method::Email => "EMAIL",
            Method::PhoneNumber => "PHONE_NUMBER",
        }
    }

    /// Returns the identifier as this user types it.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// Requests a code. May be refused.
    pub async fn tries_to_request_a_code(&self) -> Result<Question, Refusal> {
        if self.is_at_http() {
            let prompt = self.calls("sign-in", self.request(None)).await?;
            return Ok(Question::prompted(&self.latchstring, &prompt));
        }
        self.sign_in(None).await
    }

    /// Requests a code. False if the budgets of the mailbox are spent: the request is refused, or its
    /// code is that of a slot.
    pub async fn has_a_code_left(&self) -> bool {
        let asked = self.tries_to_request_a_code().await;
        asked.is_ok_and(|question| question.number("codeLength") != 12)
    }

    /// Requests a code.
    pub async fn requests_a_code(&self) -> Question {
        let requested = self.tries_to_request_a_code().await;
        requested.expect("a code can be requested")
    }

    /// Signs in with a proof. May be refused.
    pub async fn presents(&self, proof: &str) -> Result<Question, Refusal> {
        self.sign_in(Some(proof)).await
    }

    /// Proves this contact, for [`Person::undoes`].
    pub async fn begins_to_undo(&self) -> Undo {
        if self.is_at_http() {
            let question = self.requests_a_code().await;
            return Undo::Code(question, self.code().await);
        }
        Undo::Proof(self.earns_a_proof().await)
    }

    /// Undoes the change that replaced this contact. May be refused.
    pub async fn undoes(&self, undo: &Undo) -> Result<SignedIn, Refusal> {
        const QUERY: &str = "mutation ($input: UndoContactChangeInput!) { undoContactChange(input: $input) \
                             { username tokens { accessToken idToken refreshToken } } }";
        let proof = match undo {
            Undo::Proof(proof) => proof,
            Undo::Code(question, code) => {
                let body = json!({ "answer": code });
                return match question.post("contacts/undo", body).await {
                    Outcome::Refused(refusal) => Err(refusal),
                    outcome => Ok(outcome.signed_in()),
                };
            }
        };
        let input = json!({"input": {
            "emailOrPhone": self.typed, "method": self.graphql_method(), "proof": proof,
        }});
        let payload = self
            .latchstring
            .graphql("undoContactChange", QUERY, input)
            .await?;
        let signed_in = SignedIn::of(&self.latchstring, &payload["tokens"]).await;
        assert!(payload["username"] == signed_in.username());
        Ok(signed_in)
    }

    /// Requests a ticket alone, for an SDK that talks to Cognito itself.
    pub async fn requests_a_ticket(&self, proof: Option<&str>) -> Result<Ticket, Refusal> {
        self.ticket_by(self.input(proof)).await
    }

    /// Returns a ticket that continues a sign-in.
    pub async fn requests_a_resuming_ticket(&self, resume: &str) -> String {
        let mut input = self.input(None);
        input["input"]["resume"] = resume.into();
        self.ticket_by(input).await.expect("a ticket").text
    }

    async fn ticket_by(&self, input: Value) -> Result<Ticket, Refusal> {
        const QUERY: &str = "mutation ($input: SignInInput!) { signInTicket(input: $input) \
                             { ticket username expiresIn } }";
        let payload = if self.is_at_http() && input["input"]["proof"].is_null() {
            let resume = input["input"]["resume"].as_str();
            self.calls("sign-in/ticket", self.request(resume)).await?
        } else {
            let latchstring = &self.latchstring;
            latchstring.graphql("signInTicket", QUERY, input).await?
        };
        let text = |name: &str| payload[name].as_str().expect("a text").to_owned();
        note(&text("ticket"));
        Ok(Ticket {
            text: text("ticket"),
            username: text("username"),
        })
    }

    /// Returns a ticket for a code.
    pub async fn ticket(&self) -> String {
        self.requests_a_ticket(None).await.expect("a ticket").text
    }

    /// Returns the messages that this user received, newest first.
    pub async fn messages(&self) -> Vec<Mail> {
        let mut messages = self.latchstring.inbox().await;
        messages.retain(|message| message.to == self.canonical);
        messages
    }

    /// Returns the code of the newest message.
    pub async fn code(&self) -> String {
        let newest = self.messages().await.into_iter().next();
        newest.expect("a message arrived").code
    }

    /// Returns the pointer and the token of the link in the newest message, if it has one.
    pub async fn link(&self) -> Option<(String, String)> {
        let newest = self.messages().await.into_iter().next();
        let text = newest.expect("a message arrived").text;
        let link = text.lines().find(|line| line.starts_with("http"))?;
        let (_, fragment) = link.split_once('#').expect("a fragment");
        let (pointer, token) = fragment.split_once('.').expect("two parts");
        note(token);
        Some((pointer.to_owned(), token.to_owned()))
    }

    /// Returns `count` different codes, all of them wrong.
    pub async fn wrong_codes(&self, count: usize) -> Vec<String> {
        let right: Vec<String> = self.messages().await.into_iter().map(|m| m.code).collect();
        (0..)
            .map(|number| format!("{number:06}"))
            .filter(|code| !right.contains(code))
            .take(count)
            .collect()
    }

    /// Returns a wrong code.
    pub async fn wrong_code(&self) -> String {
        self.wrong_codes(1).await.remove(0)
    }

    /// Takes a new user to a proof.
    pub async fn earns_a_proof(&self) -> String {
        let question = self.requests_a_code().await;
        question.answer(&self.code().await).await.proof()
    }

    /// Takes a new user to the moment before the account is created.
    pub async fn nearly_signs_in(&self) -> FirstSignIn {
        if self.is_at_http() {
            let question = self.requests_a_code().await;
            return FirstSignIn::Code(question, self.code().await);
        }
        FirstSignIn::Proof(self.clone(), self.earns_a_proof().await)
    }

    /// Takes a new user through the first sign-in. May be refused after the right code.
    pub async fn tries_to_join(&self) -> Result<SignedIn, Refusal> {
        self.nearly_signs_in().await.completes().await
    }

    /// Returns an invitation of this contact, with further members.
    pub(crate) fn invitation(&self, mut members: Value) -> Value {
        members["emailOrPhone"] = self.typed.as_str().into();
        members
    }

    /// Takes a new user from the outcome of the right code to tokens.
    pub async fn completes(&self, outcome: Outcome) -> SignedIn {
        let proof = match outcome {
            Outcome::SignedIn(signed_in) if self.is_at_http() => {
                assert!(signed_in.is_new == Some(true), "the account is new");
                return *signed_in;
            }
            outcome => outcome.proof(),
        };
        let mut first = FirstSignIn::Proof(self.clone(), proof);
        first.completes().await.expect("the proof is taken")
    }

    /// Takes a new user through the first sign-in, to tokens.
    pub async fn signs_in_for_the_first_time(&self) -> SignedIn {
        let question = self.requests_a_code().await;
        self.completes(question.answer(&self.code().await).await)
            .await
    }

    /// Checks that this contact signs in to no account. Leaves none.
    pub async fn has_no_account(&self) {
        if !self.is_at_http() {
            self.earns_a_proof().await;
            return;
        }
        let signed_in = self.signs_in_for_the_first_time().await;
        self.latchstring.delete(signed_in.username()).await;
    }

    /// Signs in to an existing account.
    pub async fn signs_in(&self) -> SignedIn {
        let question = self.requests_a_code().await;
        let signed_in = question.answer(&self.code().await).await.signed_in();
        assert!(signed_in.is_new != Some(true), "the account existed");
        signed_in
    }
}

/// A contact that is proved, to undo a change.
pub enum Undo {
    /// By a proof.
    Proof(String),
    /// By a code that was not answered yet.
    Code(Question, String),
}

/// A first sign-in, before its account is created.
pub enum FirstSignIn {
    /// A user with a proof.
    Proof(Person, String),
    /// A challenge, and its right answer.
    Code(Question, String),
}

impl FirstSignIn {
    /// Creates the account and signs in. May be refused, and repeated.
    pub async fn completes(&mut self) -> Result<SignedIn, Refusal> {
        let is_at_http = matches!(self, Self::Code(..));
        let signed_in = self.completes_beside_others().await?;
        assert!(
            !is_at_http || signed_in.is_new == Some(true),
            "the account is new"
        );
        Ok(signed_in)
    }

    /// Creates the account, unless another sign-in has, and signs in. May be refused, and repeated.
    pub async fn completes_beside_others(&mut self) -> Result<SignedIn, Refusal> {
        match self {
            Self::Proof(person, proof) => {
                let question = person.presents(proof).await?;
                Ok(question.answer(proof).await.signed_in())
            }
            Self::Code(question, code) => match question.answer(code).await {
                Outcome::Refused(refusal) => {
                    if let Some(continuation) = &refusal.continuation {
                        question.session.clone_from(continuation);
                    }
                    Err(refusal)
                }
                outcome => Ok(outcome.signed_in()),
            },
        }
    }
}

/// A challenge: a session and its parameters.
#[derive(Clone)]
pub struct Question {
    latchstring: Latchstring,
    /// The door of its answer: that of its session.
    door: Door,
    /// Cognito's session, or a continuation.
    session: String,
    /// The browser of its answer, in session mode.
    browser: Browser,
    /// The `USERNAME` to answer with; empty at the HTTP door.
    pub username: String,
    parameters: HashMap<String, String>,
}

impl Latchstring {
    /// Begins without a resolver, as any caller with the client's id can: `InitiateAuth`.
    pub async fn initiate(&self, username: &str) -> Outcome {
        let initiated = self
            .cognito()
            .initiate_auth()
            .auth_flow(AuthFlowType::CustomAuth)
            .client_id(&self.settings().client_id)
            .auth_parameters("USERNAME", username)
            .send()
            .await;
        match initiated {
            Err(error) => Outcome::Refused(Refusal::of(&error)),
            Ok(output) => {
                let parameters = output.challenge_parameters.unwrap_or_default();
                outcome(
                    self,
                    output.session,
                    parameters,
                    output.authentication_result,
                )
                .await
            }
        }
    }
}

impl Question {
    /// Returns the challenge of a `SignInPayload`.
    pub(crate) fn of(latchstring: &Latchstring, payload: &Value) -> Self {
        let text = |name: &str| payload[name].as_str().expect("a text").to_owned();
        let numbers = ["codeLength", "expiresIn", "resendAfter"]
            .map(|name| (name.to_owned(), payload[name].to_string()));
        let texts = ["pointer", "resume"].into_iter().filter_map(|name| {
            let text = payload[name].as_str()?;
            Some((name.to_owned(), text.to_owned()))
        });
        Self::new(
            latchstring,
            Door::AppSync,
            text("session"),
            text("username"),
            numbers.into_iter().chain(texts).collect(),
        )
    }

    /// Returns the challenge of an answer of the HTTP door. All its members are texts or numbers.
    pub(crate) fn prompted(latchstring: &Latchstring, prompt: &Value) -> Self {
        let mut parameters: HashMap<_, _> = prompt
            .as_object()
            .expect("an object")
            .iter()
            .map(|(name, value)| {
                let text = value.as_str().map(str::to_owned);
                (name.clone(), text.unwrap_or_else(|| value.to_string()))
            })
            .collect();
        parameters.insert("step".to_owned(), "otp".to_owned());
        let continuation = parameters.remove("continuation").expect("a continuation");
        let username = String::new();
        let door = latchstring.door();
        Self::new(latchstring, door, continuation, username, parameters)
    }

    /// Returns this challenge, answered in this browser.
    pub(crate) fn within(self, browser: &Browser) -> Self {
        Self {
            browser: browser.clone(),
            ..self
        }
    }

    fn new(
        latchstring: &Latchstring,
        door: Door,
        session: String,
        username: String,
        parameters: HashMap<String, String>,
    ) -> Self {
        note(&session);
        if let Some(resume) = parameters.get("resume") {
            note(resume);
        }
        Self {
            latchstring: latchstring.clone(),
            door,
            session,
            browser: Browser::default(),
            username,
            parameters,
        }
    }

    /// Sends this challenge's continuation to a route of the HTTP door.
    async fn post(&self, path: &str, mut body: Value) -> Outcome {
        body["continuation"] = self.session.as_str().into();
        let method = reqwest::Method::POST;
        let latchstring = &self.latchstring;
        let answer = if self.door == Door::Session {
            latchstring.browse(&self.browser, method, path, body).await
        } else {
            latchstring.call(None, method, path, body).await
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        match answer["status"].take().as_str() {
            None => Outcome::Asked(Self::prompted(latchstring, &answer).within(&self.browser)),
            Some("session_opened") => {
                assert!(self.door == Door::Session && answer["tokens"].is_null());
                let mut signed_in = match SignedIn::within(latchstring, &self.browser).await {
                    Ok(signed_in) => signed_in,
                    // Another request ended it at once.
                    Err(refusal) => return Outcome::Refused(refusal),
                };
                signed_in.is_new = answer["isNew"].as_bool();
                assert!(signed_in.is_new.is_some(), "it says whether it is new");
                Outcome::SignedIn(Box::new(signed_in))
            }
            Some("signed_in") => {
                assert!(self.door == Door::Http, "no tokens in session mode");
                let mut signed_in = SignedIn::of(latchstring, &answer["tokens"]).await;
                signed_in.is_new = answer["isNew"].as_bool();
                assert!(signed_in.is_new.is_some(), "it says whether it is new");
                Outcome::SignedIn(Box::new(signed_in))
            }
            Some(status) => {
                assert_eq!(status, "wrong");
                answer.as_object_mut().expect("an object").remove("status");
                let mut next = Self::prompted(latchstring, &answer).within(&self.browser);
                assert!(next.parameters.contains_key("attemptsLeft"));
                for (name, value) in &self.parameters {
                    let name = name.clone();
                    next.parameters.entry(name).or_insert_with(|| value.clone());
                }
                Outcome::Asked(next)
            }
        }
    }

    /// Answers, with further metadata from the client.
    pub async fn answer_with(&self, answer: &str, metadata: &[(&str, &str)]) -> Outcome {
        if self.door.is_http() {
            assert!(metadata.is_empty(), "the HTTP door has no metadata");
            return self
                .post("sign-in/answer", json!({ "answer": answer }))
                .await;
        }
        let mut request = self
            .latchstring
            .cognito()
            .respond_to_auth_challenge()
            .client_id(&self.latchstring.settings().client_id)
            .challenge_name(ChallengeNameType::CustomChallenge)
            .session(&self.session)
            .challenge_responses("USERNAME", &self.username)
            .challenge_responses("ANSWER", answer);
        for (name, value) in metadata {
            request = request.client_metadata(*name, *value);
        }
        match request.send().await {
            Err(error) => Outcome::Refused(Refusal::of(&error)),
            Ok(output) => {
                let parameters = output.challenge_parameters.unwrap_or_default();
                let result = output.authentication_result;
                outcome(&self.latchstring, output.session, parameters, result).await
            }
        }
    }

    /// Answers.
    pub async fn answer(&self, answer: &str) -> Outcome {
        self.answer_with(answer, &[]).await
    }

    /// Answers by a link, as the page that it opens does.
    pub async fn answer_by_link(&self, token: &str, link_secret: &str) -> Outcome {
        if self.door.is_http() {
            let body = json!({ "answer": token, "linkSecret": link_secret });
            return self.post("sign-in/answer", body).await;
        }
        let metadata = [("action", "link"), ("linkSecret", link_secret)];
        self.answer_with(token, &metadata).await
    }

    /// Requests the same code again.
    pub async fn resend(&self) -> Outcome {
        if self.door.is_http() {
            return self.post("sign-in/resend", json!({})).await;
        }
        self.answer_with("resend", &[("action", "resend")]).await
    }

    /// Answers the first challenge: the method, and a ticket if there is one.
    pub async fn select(&self, method: &str, ticket: Option<&str>) -> Outcome {
        let mut metadata = vec![("method", method)];
        metadata.extend(ticket.map(|ticket| ("ticket", ticket)));
        self.answer_with("select", &metadata).await
    }

    /// Returns the public parameters, without the username.
    pub fn parameters(&self) -> HashMap<&str, &str> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "USERNAME")
            .collect()
    }

    /// Returns true if an answer names this user. At the HTTP door an answer names none.
    pub fn is_of(&self, username: &str) -> bool {
        match self.door {
            Door::AppSync => self.username == username,
            Door::Http | Door::Session => self.username.is_empty(),
        }
    }

    /// Returns the step: `select`, `otp` or `claim`.
    pub fn step(&self) -> &str {
        self.parameters.get("step").map_or("", String::as_str)
    }

    /// Returns the number in one parameter.
    pub fn number(&self, name: &str) -> u64 {
        self.parameters
            .get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("the challenge has {name}"))
    }

    /// Returns the resume secret.
    pub fn resume(&self) -> &str {
        self.parameters.get("resume").expect("a resume secret")
    }

    /// Returns the number of answers that are left.
    pub fn attempts_left(&self) -> u64 {
        self.number("attemptsLeft")
    }

    /// Returns true if this number of answers is left. At the HTTP door only a wrong answer has the
    /// number; after a resend there is none.
    pub fn has_attempts(&self, number: u64) -> bool {
        let is_shown = self.parameters.contains_key("attemptsLeft");
        (self.door.is_http() && !is_shown) || self.attempts_left() == number
    }

    /// Returns the length of the session's text.
    pub fn session_length(&self) -> usize {
        self.session.len()
    }
}

async fn outcome(
    latchstring: &Latchstring,
    session: Option<String>,
    parameters: HashMap<String, String>,
    result: Option<AuthenticationResultType>,
) -> Outcome {
    if let Some(tokens) = result {
        let signed_in = SignedIn::check(
            latchstring,
            tokens.id_token().unwrap_or_default(),
            tokens.access_token().unwrap_or_default(),
            tokens.refresh_token().unwrap_or_default(),
        );
        return Outcome::SignedIn(Box::new(signed_in.await));
    }
    if let Some(proof) = parameters.get("proof") {
        note(proof);
    }
    let username = parameters.get("USERNAME").cloned().unwrap_or_default();
    let session = session.expect("a question comes with a session");
    let question = Question::new(latchstring, Door::AppSync, session, username, parameters);
    Outcome::Asked(question)
}

/// The outcome of an answer.
pub enum Outcome {
    /// A challenge: the same or another.
    Asked(Question),
    /// Tokens.
    SignedIn(Box<SignedIn>),
    /// An error.
    Refused(Refusal),
}

impl Outcome {
    /// Returns true for a right answer: tokens, or the proof of a new user.
    pub fn is_right(&self) -> bool {
        match self {
            Self::Asked(question) => question.step() == "claim",
            Self::SignedIn(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// Checks that the answer was right.
    #[track_caller]
    pub fn right(self) {
        if !self.is_right() {
            self.differs("the answer must be right");
        }
    }

    fn differs(&self, wanted: &str) -> ! {
        match self {
            Self::Asked(question) => panic!("{wanted}, but the challenge is {}", question.step()),
            Self::SignedIn(_) => panic!("{wanted}, but there are tokens"),
            Self::Refused(refusal) => panic!("{wanted}, but it was refused: {refusal:?}"),
        }
    }

    /// Returns the challenge, which must be of this step.
    #[track_caller]
    pub fn challenge(self, step: &str) -> Question {
        match self {
            Self::Asked(question) if question.step() == step => question,
            other => other.differs(&format!("the challenge must be {step}")),
        }
    }

    /// Returns the proof that a new user received.
    #[track_caller]
    pub fn proof(self) -> String {
        let question = self.challenge("claim");
        let proof = question.parameters.get("proof");
        proof.expect("the question holds a proof").clone()
    }

    /// Returns the tokens.
    #[track_caller]
    pub fn signed_in(self) -> SignedIn {
        match self {
            Self::SignedIn(signed_in) => *signed_in,
            other => other.differs("there must be tokens"),
        }
    }

    /// Returns the challenge of a resend that a budget refused: the code sent before is still valid.
    #[track_caller]
    pub fn refused_but_open(self, before: &Question) -> Question {
        match self {
            Self::Asked(question) => {
                let refused = question.parameters.contains_key("refused");
                assert!(refused, "the resend must be refused");
                question
            }
            Self::Refused(refusal) if refusal.continuation.is_some() => {
                assert_eq!(refusal.kind, "TooManyRequests");
                Question {
                    session: refusal.continuation.expect("it was checked"),
                    ..before.clone()
                }
            }
            other => other.differs("the resend must be refused"),
        }
    }

    /// Returns the error.
    #[track_caller]
    pub fn refused(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => other.differs("it must be refused"),
        }
    }

    /// Checks that the sign-in failed with the one error of all failed sign-ins.
    #[track_caller]
    pub fn failed(self) {
        let refusal = self.refused();
        assert!(
            refusal.is_a_failed_sign_in(),
            "a sign-in fails with the one answer for all, and not with {refusal:?}"
        );
    }
}
