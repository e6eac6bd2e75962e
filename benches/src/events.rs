//! The events that the functions are given: typical ones, each of a flow of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use latchstring_core::budget::Charge;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{Caller, Challenge, FlowId, Progress, Purpose, Step};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::ports::Entropy;
use latchstring_core::sealed::Ticket;
use latchstring_core::time::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::{Value, json};

pub(crate) const POOL: &str = "eu-west-1_Benches00";
pub(crate) const CLIENT: &str = "benchesclient";
const ADDRESS: &str = "ada@example.com";

/// What the events are sealed with, and the functions are given.
pub(crate) struct Events {
    keys: KeyRing,
    caller: Caller,
    /// The ring as configuration holds it.
    pub(crate) ring: String,
}

struct System;

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) {
        // Invariant: getrandom(2) does not fail on a system that has booted.
        SysRng.try_fill_bytes(buffer).expect("randomness");
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or_default())
}

impl Events {
    pub(crate) fn new() -> Option<Self> {
        let secret: [u8; 32] = System.bytes();
        let key = Key::new(KeyId::parse("k1").ok()?, &secret).ok()?;
        Some(Self {
            keys: KeyRing::new(key, None, None).ok()?,
            caller: Caller::new(POOL, CLIENT),
            ring: json!({"current": {"id": "k1", "secret": BASE64.encode(&secret)}}).to_string(),
        })
    }

    fn challenge(&self, step: Step) -> String {
        let flow = FlowId::from_bytes(System.bytes());
        Challenge { flow, step }.to_text(&self.keys, &self.caller)
    }

    fn asked(&self) -> String {
        self.challenge(Step::Otp(Progress::at_issue(now(), CodeLength::DEFAULT)))
    }

    /// Create is to send a code.
    pub(crate) fn create(&self) -> String {
        // Invariant: it is an address.
        let to = Identifier::parse(Method::Email, ADDRESS).expect("an address");
        let charge = Charge::free(CodeLength::DEFAULT);
        let ticket = Ticket::new(Purpose::SignIn, to, charge, now(), &System).seal(
            &self.keys,
            &self.caller,
            &System,
        );
        let request = json!({
            "userAttributes": user(),
            "challengeName": "CUSTOM_CHALLENGE",
            "session": [passed(&self.challenge(Step::Select))],
            "clientMetadata": {"method": "email", "ticket": ticket},
        });
        trigger("CreateAuthChallenge", &request)
    }

    /// The first event of a sign-in, which sends nothing.
    pub(crate) fn opening(name: &str) -> String {
        trigger(name, &json!({"userAttributes": user(), "session": []}))
    }

    /// Verify is given a code for a flow that it knows nothing of.
    pub(crate) fn verify(&self) -> String {
        let request = json!({
            "userAttributes": user(),
            "privateChallengeParameters": {"challenge": self.asked()},
            "challengeAnswer": "493026",
            "clientMetadata": {},
        });
        trigger("VerifyAuthChallengeResponse", &request)
    }

    /// Define is to say what follows the right answer to the first question.
    pub(crate) fn define(&self) -> String {
        let request = json!({
            "userAttributes": user(),
            "session": [passed(&self.challenge(Step::Select))],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Define is to say what follows a wrong code.
    pub(crate) fn define_after_a_code(&self) -> String {
        let mut asked = passed(&self.asked());
        asked["challengeResult"] = false.into();
        let request = json!({
            "userAttributes": user(),
            "session": [passed(&self.challenge(Step::Select)), asked],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Sign-in is to open a session.
    pub(crate) fn sign_in() -> String {
        Self::sign_in_by(ADDRESS, "EMAIL")
    }

    /// The same with a number, which the metadata of all countries' numbers has to be loaded for.
    pub(crate) fn sign_in_by_phone() -> String {
        Self::sign_in_by("+1 415 555 0132", "PHONE_NUMBER")
    }

    fn sign_in_by(typed: &str, method: &str) -> String {
        json!({
            "arguments": {"input": {"emailOrPhone": typed, "method": method}},
            "identity": null,
            "info": {"fieldName": "signIn", "parentTypeName": "Mutation", "variables": {}},
            "request": {"headers": {}, "domainName": null},
        })
        .to_string()
    }
}

fn user() -> Value {
    json!({
        "sub": "5f0c1a9e-7a39-4d5b-9f53-2b8a1e9f4c11",
        "email": ADDRESS,
        "email_verified": "true",
        "cognito:user_status": "CONFIRMED",
    })
}

fn passed(metadata: &str) -> Value {
    json!({
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": true,
        "challengeMetadata": metadata,
    })
}

fn trigger(trigger: &str, request: &Value) -> String {
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "5f0c1a9e-7a39-4d5b-9f53-2b8a1e9f4c11",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": format!("{trigger}_Authentication"),
        "request": request,
        "response": {},
    })
    .to_string()
}
