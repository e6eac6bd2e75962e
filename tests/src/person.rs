//! Somebody who signs in, and the questions they are asked.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, AuthenticationResultType, ChallengeNameType,
};
use latchstring_core::identifier::{Identifier, Method};
use serde_json::{Value, json};

use crate::files::note;
use crate::service::{Latchstring, Mail};
use crate::tokens::SignedIn;

/// The code of an SDK's error. Never its message or `Debug`, which hold what was sent.
pub(crate) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("no code").to_owned(),
        _ => "no answer of the service".to_owned(),
    }
}

/// Why something was refused: an error type or code, and the message, which is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `errorType` of GraphQL, or Cognito's code.
    pub kind: String,
    /// What the client reads.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(kind: &str, message: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.to_owned(),
        }
    }

    pub(crate) fn of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        let message = match error {
            SdkError::ServiceError(service) => service.err().message().unwrap_or_default(),
            _ => "",
        };
        Self::new(&code_of(error), message)
    }

    /// Whether this is how any authentication fails, in code and words.
    pub fn is_a_failed_sign_in(&self) -> bool {
        self.kind == "NotAuthorizedException" && self.message == "Incorrect username or password."
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)
    }
}

/// What an SDK begins with that talks to Cognito itself.
pub struct Ticket {
    /// The ticket.
    pub text: String,
    /// The username for `InitiateAuth`.
    pub username: String,
}

/// Somebody with one address or number.
#[derive(Clone)]
pub struct Person {
    latchstring: Latchstring,
    method: Method,
    typed: String,
    canonical: String,
    /// What their client says about their language.
    locale: Option<String>,
    device: Option<String>,
    captcha: Option<String>,
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
        }
    }

    /// The same person with a client that names a language.
    #[must_use]
    pub fn reading(mut self, locale: &str) -> Self {
        self.locale = Some(locale.to_owned());
        self
    }

    /// The same person on a device that was remembered.
    #[must_use]
    pub fn on_device(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    /// The same person, who has solved a captcha with this answer.
    #[must_use]
    pub fn solving(mut self, captcha: &str) -> Self {
        self.captcha = Some(captcha.to_owned());
        self
    }

    /// What this person's client says about their language.
    pub(crate) fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// The canonical address or number.
    pub fn contact(&self) -> &str {
        &self.canonical
    }

    /// The method's name on Cognito's wire.
    pub const fn method(&self) -> &'static str {
        self.method.as_str()
    }

    fn input(&self, proof: Option<&str>) -> Value {
        json!({"input": {
            "emailOrPhone": self.typed, "method": self.graphql_method(), "proof": proof,
            "locale": self.locale, "device": self.device, "captcha": self.captcha,
        }})
    }

    async fn sign_in(&self, proof: Option<&str>) -> Result<Question, Refusal> {
        const QUERY: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                             { session username codeLength expiresIn resendAfter } }";
        let payload = self
            .latchstring
            .graphql("signIn", QUERY, self.input(proof))
            .await?;
        Ok(Question::of(&self.latchstring, &payload))
    }

    /// The method's name in GraphQL.
    pub(crate) const fn graphql_method(&self) -> &'static str {
        match self.method {
            Method::Email => "EMAIL",
            Method::PhoneNumber => "PHONE_NUMBER",
        }
    }

    /// What this person types.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// Asks for a code, and may be refused.
    pub async fn tries_to_ask_for_a_code(&self) -> Result<Question, Refusal> {
        self.sign_in(None).await
    }

    /// Asks for a code.
    pub async fn asks_for_a_code(&self) -> Question {
        self.sign_in(None).await.expect("a code can be asked for")
    }

    /// Signs in with a proof, and may be refused.
    pub async fn presents(&self, proof: &str) -> Result<Question, Refusal> {
        self.sign_in(Some(proof)).await
    }

    /// Asks for a ticket alone, as for an SDK that talks to Cognito itself.
    pub async fn asks_for_a_ticket(&self, proof: Option<&str>) -> Result<Ticket, Refusal> {
        const QUERY: &str = "mutation ($input: SignInInput!) { signInTicket(input: $input) \
                             { ticket username expiresIn } }";
        let payload = self
            .latchstring
            .graphql("signInTicket", QUERY, self.input(proof))
            .await?;
        let text = |name: &str| payload[name].as_str().expect("a text").to_owned();
        note(&text("ticket"));
        Ok(Ticket {
            text: text("ticket"),
            username: text("username"),
        })
    }

    /// A ticket for a code.
    pub async fn ticket(&self) -> String {
        self.asks_for_a_ticket(None).await.expect("a ticket").text
    }

    /// The messages that this person received, newest first.
    pub async fn messages(&self) -> Vec<Mail> {
        let mut messages = self.latchstring.inbox().await;
        messages.retain(|message| message.to == self.canonical);
        messages
    }

    /// The code of the newest message.
    pub async fn code(&self) -> String {
        let newest = self.messages().await.into_iter().next();
        newest.expect("a message arrived").code
    }

    /// So many codes, all different and none of them right.
    pub async fn wrong_codes(&self, count: usize) -> Vec<String> {
        let right: Vec<String> = self.messages().await.into_iter().map(|m| m.code).collect();
        (0..)
            .map(|number| format!("{number:06}"))
            .filter(|code| !right.contains(code))
            .take(count)
            .collect()
    }

    /// A code that is not right.
    pub async fn wrong_code(&self) -> String {
        self.wrong_codes(1).await.remove(0)
    }

    /// A new person's way to a proof.
    pub async fn earns_a_proof(&self) -> String {
        let question = self.asks_for_a_code().await;
        question.answer(&self.code().await).await.proof()
    }

    /// The first sign-in of a new person, from nothing to tokens.
    pub async fn signs_in_for_the_first_time(&self) -> SignedIn {
        let proof = self.earns_a_proof().await;
        let question = self.presents(&proof).await.expect("the proof is taken");
        question.answer(&proof).await.signed_in()
    }

    /// A sign-in to an account that is there.
    pub async fn signs_in(&self) -> SignedIn {
        let question = self.asks_for_a_code().await;
        question.answer(&self.code().await).await.signed_in()
    }
}

/// A question that was asked: a session and what came with it.
#[derive(Clone)]
pub struct Question {
    latchstring: Latchstring,
    session: String,
    /// The `USERNAME` to answer with.
    pub username: String,
    parameters: HashMap<String, String>,
}

impl Latchstring {
    /// Begins without a resolver, as anyone with the client's id can: `InitiateAuth`.
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
    /// The question of a `SignInPayload`.
    pub(crate) fn of(latchstring: &Latchstring, payload: &Value) -> Self {
        let text = |name: &str| payload[name].as_str().expect("a text").to_owned();
        let numbers = ["codeLength", "expiresIn", "resendAfter"]
            .map(|name| (name.to_owned(), payload[name].to_string()));
        Self::new(
            latchstring,
            text("session"),
            text("username"),
            numbers.into(),
        )
    }

    fn new(
        latchstring: &Latchstring,
        session: String,
        username: String,
        parameters: HashMap<String, String>,
    ) -> Self {
        note(&session);
        Self {
            latchstring: latchstring.clone(),
            session,
            username,
            parameters,
        }
    }

    /// Answers, with whatever else the client says.
    pub async fn answer_saying(&self, answer: &str, metadata: &[(&str, &str)]) -> Outcome {
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
        self.answer_saying(answer, &[]).await
    }

    /// Asks for the same code once more.
    pub async fn resend(&self) -> Outcome {
        self.answer_saying("resend", &[("action", "resend")]).await
    }

    /// Answers the first question: the method, and a ticket if there is one.
    pub async fn select(&self, method: &str, ticket: Option<&str>) -> Outcome {
        let mut metadata = vec![("method", method)];
        metadata.extend(ticket.map(|ticket| ("ticket", ticket)));
        self.answer_saying("select", &metadata).await
    }

    /// The public parameters, without the username.
    pub fn parameters(&self) -> HashMap<&str, &str> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "USERNAME")
            .collect()
    }

    /// What is asked: `select`, `otp` or `claim`.
    pub fn step(&self) -> &str {
        self.parameters.get("step").map_or("", String::as_str)
    }

    /// The number of one parameter.
    pub fn number(&self, name: &str) -> u64 {
        self.parameters
            .get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("the question tells {name}"))
    }

    /// How many answers are left.
    pub fn attempts_left(&self) -> u64 {
        self.number("attemptsLeft")
    }

    /// How long the session's text is.
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
    Outcome::Asked(Question::new(latchstring, session, username, parameters))
}

/// What came of an answer.
pub enum Outcome {
    /// A question: the same or another.
    Asked(Question),
    /// Tokens.
    SignedIn(Box<SignedIn>),
    /// An error.
    Refused(Refusal),
}

impl Outcome {
    fn differs(&self, wanted: &str) -> ! {
        match self {
            Self::Asked(question) => panic!("{wanted}, but {} was asked", question.step()),
            Self::SignedIn(_) => panic!("{wanted}, but there are tokens"),
            Self::Refused(refusal) => panic!("{wanted}, but it was refused: {refusal:?}"),
        }
    }

    /// The question of a step.
    #[track_caller]
    pub fn asked(self, step: &str) -> Question {
        match self {
            Self::Asked(question) if question.step() == step => question,
            other => other.differs(&format!("{step} must be asked")),
        }
    }

    /// The proof that a new person is handed.
    #[track_caller]
    pub fn proof(self) -> String {
        let question = self.asked("claim");
        let proof = question.parameters.get("proof");
        proof.expect("the question holds a proof").clone()
    }

    /// The tokens.
    #[track_caller]
    pub fn signed_in(self) -> SignedIn {
        match self {
            Self::SignedIn(signed_in) => *signed_in,
            other => other.differs("there must be tokens"),
        }
    }

    /// The error.
    #[track_caller]
    pub fn refused(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => other.differs("it must be refused"),
        }
    }

    /// Checks that the sign-in failed, as any does.
    #[track_caller]
    pub fn failed(self) {
        let refusal = self.refused();
        assert!(
            refusal.is_a_failed_sign_in(),
            "a sign-in fails with the one answer for all, and not with {refusal:?}"
        );
    }
}
