//! The classes of identifiers, and the steps of a caller who types one.

use latchstring_tests::note;
use serde_json::{Value, json};

use crate::world::{CLIENT, Rule, SOLVED, Seen, Setting, Typed, World};

/// The username of an account, in the form that Latchstring creates.
const USERNAME: &str = "7d0a4f0e-6c1b-4f1e-9d57-0b1c5a3e2f11";
const PASSWORD: &str = "correct-Horse-1";

/// The state of the account behind an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// No account.
    NoAccount,
    /// An account.
    Known,
    /// An account that its owner created a moment ago.
    JustCreated,
    /// An account with a second contact that is not verified.
    UnverifiedSecond,
    /// The second, unverified contact of an account.
    IsUnverified,
    /// An account whose creation was interrupted.
    HalfCreated,
    /// A disabled account.
    Disabled,
    /// The profile of a user of another identity provider.
    Federated,
}

impl Class {
    pub(crate) const ALL: [Self; 8] = [
        Self::NoAccount,
        Self::Known,
        Self::JustCreated,
        Self::UnverifiedSecond,
        Self::IsUnverified,
        Self::HalfCreated,
        Self::Disabled,
        Self::Federated,
    ];

    /// Creates the account of this class, and waits until three minutes after the start.
    pub(crate) async fn set_up(self, world: &World) {
        self.create(world).await;
        world.at_secs(180);
    }

    async fn create(self, world: &World) {
        let typed = world.typed;
        let held = match self {
            Self::NoAccount => return,
            Self::Federated => {
                let name = typed.attribute();
                let verified = (format!("{name}_verified"), "true".to_owned());
                let held = [(name.to_owned(), typed.text().to_owned()), verified];
                let federated = world.pool.federate("Google", "1", held.into());
                assert!(federated.is_some(), "the profile is made");
                return;
            }
            Self::JustCreated => {
                create_account(world, typed, typed.text()).await;
                return;
            }
            Self::Known | Self::HalfCreated | Self::Disabled => vec![(typed, true)],
            Self::UnverifiedSecond => vec![(typed, true), (typed.other(), false)],
            Self::IsUnverified => vec![(typed, false), (typed.other(), true)],
        };
        let attributes: Value = held
            .into_iter()
            .flat_map(|(contact, verified)| {
                let name = contact.attribute();
                [
                    json!({"Name": name, "Value": contact.text()}),
                    json!({"Name": format!("{name}_verified"), "Value": verified.to_string()}),
                ]
            })
            .collect();
        let made = [
            ("MessageAction", json!("SUPPRESS")),
            ("UserAttributes", attributes),
        ];
        let username = if world.pool.config().username_attributes {
            typed.text()
        } else {
            USERNAME
        };
        world.admin("AdminCreateUser", username, &made).await;
        if self != Self::HalfCreated {
            let password = [("Password", json!(PASSWORD)), ("Permanent", json!(true))];
            world
                .admin("AdminSetUserPassword", username, &password)
                .await;
        }
        if self == Self::Disabled {
            world.admin("AdminDisableUser", username, &[]).await;
        }
    }
}

/// Creates an account by a first sign-in. Returns its access token, or its cookie in session mode.
pub(crate) async fn create_account(world: &World, typed: Typed, text: &str) -> String {
    note(text);
    if world.rule != Rule::Open {
        world.invite(typed, text).await;
    }
    if world.is_session_mode {
        let body = json!({"emailOrPhone": text, "method": typed.attribute()});
        let asked = world.post("sign-in", &body).await.json();
        let body = json!({"continuation": asked["continuation"], "answer": world.code()});
        let answered = world.post("sign-in/answer", &body).await;
        let cookie = answered.headers["set-cookie"].to_str().expect("a text");
        let cookie = cookie.split(';').next().unwrap_or_default();
        note(cookie);
        return cookie.to_owned();
    }
    let asked = sign_in(world, typed, text, None).await;
    let asked = asked.json()["data"]["signIn"].clone();
    let code = world.code();
    let body = answered(&asked["session"], text, &code, None);
    let proved = world.cognito("RespondToAuthChallenge", &body).await.json();
    let proof = proved["ChallengeParameters"]["proof"]
        .as_str()
        .expect("a proof");
    note(proof);
    let made = sign_in(world, typed, text, Some(proof)).await;
    let made = made.json()["data"]["signIn"].clone();
    let username = made["username"].as_str().expect("a name");
    let body = answered(&made["session"], username, proof, None);
    let signed_in = world.cognito("RespondToAuthChallenge", &body).await.json();
    let token = signed_in["AuthenticationResult"]["AccessToken"].as_str();
    let token = token.expect("the user is signed in");
    note(token);
    token.to_owned()
}

fn input(typed: Typed, text: &str, proof: Option<&str>) -> Value {
    json!({"emailOrPhone": text, "method": typed.method(), "proof": proof})
}

const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                       { session username codeLength codeAlphabet pointer resume expiresIn \
                       resendAfter } }";

async fn sign_in(world: &World, typed: Typed, text: &str, proof: Option<&str>) -> Seen {
    world.graphql(SIGN_IN, &input(typed, text, proof)).await
}

/// Requests a code for the identifier of this world.
async fn request_code(world: &World) -> Seen {
    sign_in(world, world.typed, world.text, None).await
}

const TICKET: &str = "mutation ($input: SignInInput!) { signInTicket(input: $input) \
                      { ticket username expiresIn } }";

async fn sign_in_ticket(world: &World) -> Seen {
    let input = input(world.typed, world.text, None);
    world.graphql(TICKET, &input).await
}

/// Opens a session for the typed identifier.
async fn initiate(world: &World) -> Seen {
    initiate_as(world, world.typed.text()).await
}

async fn initiate_as(world: &World, username: &str) -> Seen {
    let body = json!({
        "ClientId": CLIENT, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": username},
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

/// Sends an answer to Cognito, as a client that knows only the typed identifier.
async fn respond(world: &World, session: &Value, answer: &str, metadata: Option<Value>) -> Seen {
    let body = answered(session, world.typed.text(), answer, metadata);
    world.cognito("RespondToAuthChallenge", &body).await
}

/// The steps of one class, in order.
pub(crate) type Story = Vec<(&'static str, Seen)>;

/// Starts a deployment.
pub(crate) async fn deployment(setting: Setting) -> World {
    note(setting.typed.text());
    note(setting.text());
    let world = World::start(setting).await;
    if setting.rule == Rule::Invited {
        world.invite(setting.typed, setting.typed.text()).await;
    }
    world
}

/// Runs every step that a caller can take with an identifier in a new deployment, through the
/// resolvers and directly. Steps that need a session are missing where Cognito returns none.
pub(crate) async fn play(setting: Setting, class: Class, throttled: bool) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    if throttled {
        for _ in 0..6 {
            request_code(world).await;
        }
        world.at_secs(190);
    }
    let mut story = Story::new();
    story.push(("signIn", request_code(world).await));
    if !throttled {
        let first = story[0].1.json()["data"]["signIn"]["session"].clone();
        answers(world, &mut story, &first, world.typed.text()).await;
    }
    story.push(("signInTicket", sign_in_ticket(world).await));
    let last = &story.last().expect("a step").1;
    let ticket = last.json()["data"]["signInTicket"]["ticket"].clone();
    directly(world, &mut story, &ticket).await;
    story
}

/// Runs the steps of a caller in slot mode, in which the message of the slot was sent before or is sent
/// now.
pub(crate) async fn play_in_slots(setting: Setting, class: Class, sent_before: bool) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    for _ in 0..6 + usize::from(sent_before) {
        request_code(world).await;
    }
    world.at_secs(190);
    let mut story = Story::new();
    story.push(("signIn", request_code(world).await));
    let first = story[0].1.json()["data"]["signIn"]["session"].clone();
    answers(world, &mut story, &first, world.typed.text()).await;
    story.push(("signInTicket", sign_in_ticket(world).await));
    story
}

/// Runs the steps of a caller once the mailbox's budget is spent: without a CAPTCHA, with a wrong
/// answer to it, and with the right answer, after which the code has ten digits.
pub(crate) async fn play_captcha(setting: Setting, class: Class) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    for _ in 0..2 {
        request_code(world).await;
    }
    let mut story = Story::new();
    let steps = [
        ("no CAPTCHA", None),
        ("a wrong CAPTCHA", Some("wrong")),
        ("signIn", setting.captcha.then_some(SOLVED)),
    ];
    for (step, answer) in steps {
        if step != "signIn" && !setting.captcha {
            continue;
        }
        let mut input = input(world.typed, world.text, None);
        input["captcha"] = json!(answer);
        story.push((step, world.graphql(SIGN_IN, &input).await));
    }
    let asked = &story.last().expect("a step").1.json()["data"]["signIn"];
    let first = asked["session"].clone();
    answers(world, &mut story, &first, world.typed.text()).await;
    story
}

/// Runs the steps of a caller who continues a sign-in, also by a ticket, until it has no attempt left.
pub(crate) async fn play_resumed(setting: Setting, class: Class) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    let mut story = Story::new();
    let mut first = input(world.typed, world.text, None);
    first["linkChallenge"] = json!("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let begun = world.graphql(SIGN_IN, &first).await;
    let resume = begun.json()["data"]["signIn"]["resume"].clone();
    assert!(resume.is_string(), "a resume secret");
    story.push(("signIn", begun));
    let again = |text: &str| {
        let mut input = input(world.typed, text, None);
        input["resume"] = resume.clone();
        input
    };
    let resumed = world.graphql(SIGN_IN, &again(world.text)).await;
    let session = resumed.json()["data"]["signIn"]["session"].clone();
    assert!(session.is_string(), "a session");
    story.push(("signIn with resume", resumed));
    let refused = world.graphql(SIGN_IN, &again(another(world.typed))).await;
    story.push(("a resume of another identifier", refused));
    let seen = world.graphql(TICKET, &again(world.text)).await;
    story.push(("signInTicket with resume", seen));
    let by_link = json!({"action": "link", "linkSecret": "wrong"});
    let seen = respond(world, &session, "AAAAAAAAAAAAAAAAAAAAAA", Some(by_link)).await;
    let next = seen.json()["Session"].clone();
    story.push(("a wrong link", seen));
    let session = if next.is_string() { next } else { session };
    answers(world, &mut story, &session, world.typed.text()).await;
    let ended = world.graphql(SIGN_IN, &again(world.text)).await;
    story.push(("a resume after the last answer", ended));
    world.at_secs(600);
    let expired = world.graphql(SIGN_IN, &again(world.text)).await;
    story.push(("a resume after the code expired", expired));
    story
}

/// A client that is not served. Its id is as long as that of the client that is.
const UNKNOWN_CLIENT: &str = "unknownclient0000000000000";

/// The requests of a caller who names a client: the identifier, and the client. The first is refused for
/// its identifier, the others for their client.
pub(crate) const REFUSED_REQUESTS: [(Option<&str>, &str); 3] = [
    (Some(""), CLIENT),
    (None, UNKNOWN_CLIENT),
    (Some(""), UNKNOWN_CLIENT),
];

/// Runs each of [`REFUSED_REQUESTS`], as every operation that takes a client. Without an identifier of its
/// own, a request has that of the world.
pub(crate) async fn play_refused(world: &World) -> [Story; 3] {
    let mut stories = [const { Story::new() }; 3];
    for (story, (text, client)) in stories.iter_mut().zip(REFUSED_REQUESTS) {
        let mut input = input(world.typed, text.unwrap_or(world.text), None);
        input["clientId"] = json!(client);
        story.push(("signIn", world.graphql(SIGN_IN, &input).await));
        story.push(("signInTicket", world.graphql(TICKET, &input).await));
        input["proof"] = json!("forged");
        let seen = world.graphql(SIGN_IN, &input).await;
        story.push(("signIn with a proof", seen));
    }
    stories
}

/// An identifier of no account.
const fn another(typed: Typed) -> &'static str {
    match typed {
        Typed::Address => "stranger@example.net",
        Typed::Number => "+14155550199",
    }
}

/// Runs the steps of a caller who continues a sign-in by a ticket, in a session of another name.
pub(crate) async fn play_resumed_elsewhere(setting: Setting, class: Class) -> Story {
    let world = &deployment(setting).await;
    class.set_up(world).await;
    let mut story = Story::new();
    let begun = request_code(world).await;
    let mut input = input(world.typed, world.text, None);
    input["resume"] = begun.json()["data"]["signIn"]["resume"].clone();
    story.push(("signIn", begun));
    let seen = world.graphql(TICKET, &input).await;
    let ticket = seen.json()["data"]["signInTicket"]["ticket"].clone();
    story.push(("signInTicket with resume", seen));
    let username = another(world.typed);
    let opened = initiate_as(world, username).await;
    let metadata = json!({"method": world.typed.attribute(), "ticket": ticket});
    let body = answered(&opened.json()["Session"], username, "a", Some(metadata));
    story.push(("InitiateAuth", opened));
    let resumed = world.cognito("RespondToAuthChallenge", &body).await;
    let session = resumed.json()["Session"].clone();
    story.push(("a ticket", resumed));
    answers(world, &mut story, &session, username).await;
    story
}

/// Runs the steps of a caller who is signed in and requests the identifier for their own account.
pub(crate) async fn play_signed_in(setting: Setting, class: Class) -> Story {
    const CHANGE: &str = "mutation ($input: ChangeContactInput!) { changeContact(input: $input) \
                          { session username codeLength codeAlphabet pointer resume \
                          expiresIn resendAfter } }";
    const OWN: &str = "attacker@example.org";
    let world = &deployment(setting).await;
    let token = create_account(world, Typed::Address, OWN).await;
    class.set_up(world).await;
    let bearer = ("authorization", token.as_str());
    let input = json!({"emailOrPhone": setting.text(), "method": setting.typed.method()});
    let mut story = Story::new();
    let asked = world.graphql_as(bearer, CHANGE, &input).await;
    let payload = asked.json()["data"]["changeContact"].clone();
    let username = payload["username"].as_str().expect("a name").to_owned();
    story.push(("changeContact", asked));
    answers(world, &mut story, &payload["session"], &username).await;
    let pending = format!(
        "query {{ pendingContact(method: {}) {{ method state }} }}",
        setting.typed.method()
    );
    let seen = world.graphql_as(bearer, &pending, &Value::Null).await;
    story.push(("pendingContact", seen));
    story
}

/// Answers a session that a resolver returned.
async fn answers(world: &World, story: &mut Story, first: &Value, username: &str) {
    let mut session = first.clone();
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
        let body = answered(&session, username, answer, metadata);
        let seen = world.cognito("RespondToAuthChallenge", &body).await;
        if let next @ Value::String(_) = &seen.json()["Session"] {
            session = next.clone();
        }
        story.push((step, seen));
    }
    let body = answered(first, username, "wrong one", None);
    let seen = world.cognito("RespondToAuthChallenge", &body).await;
    story.push(("a replayed session", seen));
}

/// Calls Cognito's anonymous operations: without a ticket, with a forged one, and with a valid one.
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
                let mut metadata = json!({"method": world.typed.attribute()});
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

/// Calls every anonymous operation of Cognito that names a user or a token, with the client's id and
/// without its secret.
pub(crate) async fn play_without_secret(setting: Setting, class: Class) -> Story {
    const PASSWORD: &str = "Guessed-1";
    let world = &deployment(setting).await;
    class.set_up(world).await;
    let name = world.typed.text();
    let auth = |flow: &str, parameters: Value| json!({"ClientId": CLIENT, "AuthFlow": flow, "AuthParameters": parameters});
    let answer = |parameters: Value| {
        let mut body = answered(&json!("forged".repeat(10)), name, "000000", None);
        for (member, value) in parameters.as_object().into_iter().flatten() {
            body["ChallengeResponses"][member] = value.clone();
        }
        body
    };
    let user = |more: Value| {
        let mut body = json!({"ClientId": CLIENT, "Username": name});
        for (member, value) in more.as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        body
    };
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let calls = [
        (
            "InitiateAuth",
            "InitiateAuth",
            auth("CUSTOM_AUTH", json!({"USERNAME": name})),
        ),
        (
            "a wrong hash",
            "InitiateAuth",
            auth(
                "CUSTOM_AUTH",
                json!({"USERNAME": name, "SECRET_HASH": hash}),
            ),
        ),
        (
            "a password",
            "InitiateAuth",
            auth(
                "USER_PASSWORD_AUTH",
                json!({"USERNAME": name, "PASSWORD": PASSWORD}),
            ),
        ),
        (
            "SRP",
            "InitiateAuth",
            auth("USER_SRP_AUTH", json!({"USERNAME": name, "SRP_A": "1234"})),
        ),
        (
            "a choice",
            "InitiateAuth",
            auth("USER_AUTH", json!({"USERNAME": name})),
        ),
        (
            "REFRESH_TOKEN_AUTH",
            "InitiateAuth",
            auth("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": "forged"})),
        ),
        ("an answer", "RespondToAuthChallenge", answer(json!({}))),
        (
            "an answer, a wrong hash",
            "RespondToAuthChallenge",
            answer(json!({"SECRET_HASH": hash})),
        ),
        (
            "GetTokensFromRefreshToken",
            "GetTokensFromRefreshToken",
            json!({"ClientId": CLIENT, "RefreshToken": "forged"}),
        ),
        (
            "RevokeToken",
            "RevokeToken",
            json!({"ClientId": CLIENT, "Token": "forged"}),
        ),
        ("SignUp", "SignUp", user(json!({"Password": PASSWORD}))),
        (
            "ConfirmSignUp",
            "ConfirmSignUp",
            user(json!({"ConfirmationCode": "000000"})),
        ),
        (
            "ResendConfirmationCode",
            "ResendConfirmationCode",
            user(json!({})),
        ),
        ("ForgotPassword", "ForgotPassword", user(json!({}))),
        (
            "ConfirmForgotPassword",
            "ConfirmForgotPassword",
            user(json!({"ConfirmationCode": "000000", "Password": PASSWORD})),
        ),
    ];
    let mut story = Story::new();
    for (step, operation, body) in calls {
        story.push((step, world.cognito(operation, &body).await));
    }
    story
}
