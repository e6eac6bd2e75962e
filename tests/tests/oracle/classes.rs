//! Who may be behind what somebody types, and what the caller does with it.

use latchstring_tests::note;
use serde_json::{Value, json};

use crate::world::{CLIENT, Seen, Setting, World};

/// What is typed, whoever it belongs to.
pub(crate) const TYPED: &str = "somebody@example.com";
/// The pool's name for an account, in the form that ours have.
const USERNAME: &str = "7d0a4f0e-6c1b-4f1e-9d57-0b1c5a3e2f11";
const PASSWORD: &str = "correct-Horse-1";

/// Who is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Nobody.
    Ghost,
    /// An account.
    Known,
    /// An account that was made a moment ago, by its owner.
    JustCreated,
    /// An account with a second contact that is not verified.
    UnverifiedSecond,
    /// It is that second contact.
    IsUnverified,
    /// An account whose making broke off half-way.
    HalfCreated,
    /// A disabled account.
    Disabled,
}

impl Class {
    pub(crate) const ALL: [Self; 7] = [
        Self::Ghost,
        Self::Known,
        Self::JustCreated,
        Self::UnverifiedSecond,
        Self::IsUnverified,
        Self::HalfCreated,
        Self::Disabled,
    ];

    async fn set_up(self, world: &World) {
        let contact = |verified| {
            vec![
                ("email", TYPED),
                ("email_verified", if verified { "true" } else { "false" }),
            ]
        };
        let second = |verified| {
            vec![
                ("phone_number", "+14155550132"),
                (
                    "phone_number_verified",
                    if verified { "true" } else { "false" },
                ),
            ]
        };
        let attributes = match self {
            Self::Ghost => return,
            Self::JustCreated => return make_an_account(world).await,
            Self::Known | Self::HalfCreated | Self::Disabled => contact(true),
            Self::UnverifiedSecond => [contact(true), second(false)].concat(),
            Self::IsUnverified => [contact(false), second(true)].concat(),
        };
        let attributes: Value = attributes
            .iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        let made = [
            ("MessageAction", json!("SUPPRESS")),
            ("UserAttributes", attributes),
        ];
        world.admin("AdminCreateUser", USERNAME, &made).await;
        if self != Self::HalfCreated {
            let password = [("Password", json!(PASSWORD)), ("Permanent", json!(true))];
            world
                .admin("AdminSetUserPassword", USERNAME, &password)
                .await;
        }
        if self == Self::Disabled {
            world.admin("AdminDisableUser", USERNAME, &[]).await;
        }
    }
}

/// A first sign-in, to its end.
async fn make_an_account(world: &World) {
    let asked = sign_in(world, None).await.json()["data"]["signIn"].clone();
    let code = world.code();
    let proved = respond(world, &asked["session"], &code, None).await.json();
    let proof = proved["ChallengeParameters"]["proof"]
        .as_str()
        .expect("a proof");
    note(proof);
    let made = sign_in(world, Some(proof)).await.json()["data"]["signIn"].clone();
    let username = made["username"].as_str().expect("a name");
    let body = answered(&made["session"], username, proof, None);
    let signed_in = world.cognito("RespondToAuthChallenge", &body).await.json();
    assert!(
        signed_in["AuthenticationResult"]["AccessToken"].is_string(),
        "they are signed in"
    );
}

fn input(proof: Option<&str>) -> Value {
    json!({"emailOrPhone": TYPED, "method": "EMAIL", "proof": proof})
}

async fn sign_in(world: &World, proof: Option<&str>) -> Seen {
    const QUERY: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                         { session username codeLength expiresIn resendAfter } }";
    world.graphql(QUERY, &input(proof)).await
}

async fn sign_in_ticket(world: &World) -> Seen {
    const QUERY: &str = "mutation ($input: SignInInput!) { signInTicket(input: $input) \
                         { ticket username expiresIn } }";
    world.graphql(QUERY, &input(None)).await
}

async fn initiate(world: &World) -> Seen {
    let body = json!({
        "ClientId": CLIENT, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": TYPED},
    });
    world.cognito("InitiateAuth", &body).await
}

fn answered(session: &Value, username: &str, answer: &str, metadata: Option<Value>) -> Value {
    let mut body = json!({
        "ClientId": CLIENT, "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
        "ChallengeResponses": {"USERNAME": username, "ANSWER": answer},
    });
    if let Some(metadata) = metadata {
        body["ClientMetadata"] = metadata;
    }
    body
}

/// An answer by whoever typed the name, as the client sends it.
async fn respond(world: &World, session: &Value, answer: &str, metadata: Option<Value>) -> Seen {
    let body = answered(session, TYPED, answer, metadata);
    world.cognito("RespondToAuthChallenge", &body).await
}

/// The steps of one class, in order.
pub(crate) type Story = Vec<(&'static str, Seen)>;

/// What a caller can do with what somebody typed, in a fresh deployment: through the resolvers, and
/// directly. Where Cognito gives no session, what would follow is not there.
pub(crate) async fn play(setting: Setting, class: Class, throttled: bool) -> Story {
    note(TYPED);
    let world = &World::start(setting).await;
    class.set_up(world).await;
    world.at_secs(180);
    if throttled {
        for _ in 0..2 {
            sign_in(world, None).await;
        }
        world.at_secs(190);
    }
    let mut story = Story::new();
    story.push(("signIn", sign_in(world, None).await));
    if !throttled {
        through_the_resolver(world, &mut story).await;
    }
    story.push(("signInTicket", sign_in_ticket(world).await));
    let last = &story.last().expect("a step").1;
    let ticket = last.json()["data"]["signInTicket"]["ticket"].clone();
    directly(world, &mut story, &ticket).await;
    story
}

/// Answers to the session that `signIn` gave.
async fn through_the_resolver(world: &World, story: &mut Story) {
    let given = story[0].1.json()["data"]["signIn"]["session"].clone();
    let mut session = given.clone();
    let steps = [
        ("a wrong answer", "wrong one"),
        ("a resend", "resend"),
        ("a second wrong answer", "wrong two"),
        ("a third wrong answer", "wrong three"),
    ];
    for (step, answer) in steps {
        let resend = answer == "resend";
        if resend {
            world.at_secs(220);
        }
        let metadata = resend.then(|| json!({"action": "resend"}));
        let seen = respond(world, &session, answer, metadata).await;
        if let next @ Value::String(_) = &seen.json()["Session"] {
            session = next.clone();
        }
        story.push((step, seen));
    }
    let seen = respond(world, &given, "wrong one", None).await;
    story.push(("a replayed session", seen));
}

/// Cognito's anonymous operations: with no ticket, with one that is none, and with one.
async fn directly(world: &World, story: &mut Story, ticket: &Value) {
    const STEPS: [[&str; 5]; 3] = [
        [
            "InitiateAuth",
            "no ticket",
            "no ticket, an answer",
            "no ticket, a second answer",
            "no ticket, a third answer",
        ],
        [
            "InitiateAuth again",
            "a forged ticket",
            "a forged ticket, an answer",
            "a forged ticket, a second answer",
            "a forged ticket, a third answer",
        ],
        [
            "InitiateAuth once more",
            "a ticket",
            "a ticket, an answer",
            "a ticket, a second answer",
            "a ticket, a third answer",
        ],
    ];
    let tickets = [Value::Null, json!("forged"), ticket.clone()];
    for (steps, ticket) in STEPS.into_iter().zip(tickets) {
        let is_given = ticket.is_string();
        if steps[1] == "a ticket" && !is_given {
            continue;
        }
        let mut session = Value::Null;
        for (number, step) in steps.into_iter().enumerate() {
            let seen = if number == 0 {
                initiate(world).await
            } else if session.is_null() {
                break;
            } else {
                let mut metadata = json!({"method": "email"});
                if is_given {
                    metadata["ticket"] = ticket.clone();
                }
                let metadata = (number == 1).then_some(metadata);
                let answer = format!("guess {number}");
                respond(world, &session, &answer, metadata).await
            };
            session = seen.json()["Session"].clone();
            story.push((step, seen));
        }
    }
}
