//! The routes for anyone.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::KeyId;
use latchstring_core::message::LinkUrl;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{ChallengeApi, Clock, Directory, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::Source;
use latchstring_lambda::Deployments;
use latchstring_lambda::resolver::{NoSessions, SignInResolver, SourceOf};
use latchstring_memory::{FixedCaptcha, SeededEntropy};
use serde_json::{Value, json};

use crate::world::{ADA, ADAS_NAME, BOB, CLIENT, POOL, Reply as Response, World, wrong};

fn signed_in(reply: &Response, is_new: bool) {
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.body["status"], "signed_in");
    assert_eq!(reply.body["isNew"], is_new);
    assert_eq!(reply.body["tokens"]["accessToken"], "an access token");
    assert_eq!(reply.body["tokens"]["expiresIn"], 3600);
}

fn has_ended(reply: &Response) {
    assert_eq!(
        (reply.status, reply.problem()),
        (400, "InvalidContinuation")
    );
    assert_eq!(reply.body["detail"], "This sign-in has ended. Start again.");
}

#[tokio::test]
async fn two_calls_lead_from_an_address_to_tokens() {
    for (typed, is_new) in [(ADA, false), (BOB, true), ("+1 415 555 0132", true)] {
        let world = World::new();
        let continuation = world.begin(typed).await;
        let (code, to) = world.code();
        assert_eq!(to, typed.replace(' ', ""));
        signed_in(&world.answer(&continuation, &code).await, is_new);
        let found = world.shared.directory.find(&to).await.unwrap();
        assert!(found.is_some(), "{typed} has an account");
        assert_eq!(world.sent(), 1);
    }
}

#[tokio::test]
async fn a_wrong_answer_leaves_attempts_until_the_last() {
    let world = World::new();
    let first = world.begin(ADA).await;
    let (code, _) = world.code();
    let mut continuation = first.clone();
    for left in [2, 1] {
        let reply = world.answer(&continuation, &wrong(&code, left)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body["status"], "wrong");
        assert_eq!(reply.body["attemptsLeft"], left);
        continuation = reply.text_of("continuation");
    }
    // The older one is of no use.
    has_ended(&world.answer(&first, &code).await);
    signed_in(&world.answer(&continuation, &code).await, false);
    has_ended(&world.answer(&continuation, &code).await);
}

#[tokio::test]
async fn no_right_code_is_accepted_after_the_last_attempt() {
    let world = World::new();
    let mut continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    for left in [2, 1, 0] {
        let reply = world.answer(&continuation, &wrong(&code, left)).await;
        if reply.status != 200 {
            assert_eq!(left, 0);
            return has_ended(&reply);
        }
        assert_eq!(reply.body["attemptsLeft"], left);
        continuation = reply.text_of("continuation");
    }
    let reply = world.answer(&continuation, &code).await;
    assert_ne!(reply.body["status"], "signed_in");
}

#[tokio::test]
async fn a_known_and_an_unknown_user_get_the_same_bytes() {
    /// The secrets of an answer, replaced by their lengths.
    fn redacted(reply: &Response) -> String {
        let mut body = reply.body.clone();
        for name in ["continuation", "resume", "pointer", "ticket", "username"] {
            if let Some(text) = body[name].as_str() {
                body[name] = json!(text.len());
            }
        }
        format!("{} {} {body}", reply.status, reply.headers)
    }
    let mut seen = Vec::new();
    for (typed, existing_only) in [(ADA, false), (BOB, false), (ADA, true), (BOB, true)] {
        let world = World::new();
        let body = json!({ "emailOrPhone": typed, "existingOnly": existing_only });
        let mut replies = Vec::new();
        let begun = world.post("/v1/sign-in", &body).await;
        let (code, _) = world.code();
        let answered = world
            .answer(&begun.text_of("continuation"), &wrong(&code, 1))
            .await;
        let resend = json!({ "continuation": answered.text_of("continuation") });
        let early = world.post("/v1/sign-in/resend", &resend).await;
        world.shared.clock.advance(Duration::from_secs(30));
        let resend = json!({ "continuation": early.text_of("continuation") });
        let repeated = world.post("/v1/sign-in/resend", &resend).await;
        let resume = json!({ "emailOrPhone": typed, "resume": begun.text_of("resume") });
        let resumed = world.post("/v1/sign-in", &resume).await;
        let forged = json!({ "emailOrPhone": typed, "resume": "k1.forged" });
        replies.extend([begun, answered, early, repeated, resumed]);
        replies.push(world.post("/v1/sign-in", &forged).await);
        replies.push(world.post("/v1/sign-in/ticket", &body).await);
        for _ in 0..40 {
            let reply = world.post("/v1/sign-in", &body).await;
            if reply.status == 429 {
                assert_eq!(
                    reply.headers["retry-after"],
                    reply.body["retryAfter"].to_string()
                );
                replies.push(reply);
                break;
            }
        }
        seen.push(replies.iter().map(redacted).collect::<Vec<_>>());
    }
    assert!(seen.iter().all(|other| *other == seen[0]));
    assert!(seen[0].last().unwrap().starts_with("429"), "{seen:#?}");
}

#[tokio::test]
async fn a_resend_comes_after_its_time_and_keeps_the_code() {
    let world = World::new();
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    let early = json!({ "continuation": continuation });
    let early = world.post("/v1/sign-in/resend", &early).await;
    assert_eq!((early.status, world.sent()), (200, 1));
    assert_eq!(early.body["resendAfter"], 30);
    assert_eq!(early.body["attemptsLeft"], 3);
    world.shared.clock.advance(Duration::from_secs(30));
    let resend = json!({ "continuation": early.text_of("continuation") });
    let repeated = world.post("/v1/sign-in/resend", &resend).await;
    assert_eq!((repeated.status, world.sent()), (200, 2));
    assert_eq!(world.code().0, code);
    signed_in(
        &world.answer(&repeated.text_of("continuation"), &code).await,
        false,
    );
}

#[tokio::test]
async fn a_refused_resend_keeps_the_sign_in() {
    let world = World::with(|policy| policy.budgets.deployment.messages_per_day = 1);
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    world.shared.clock.advance(Duration::from_secs(30));
    let resend = json!({ "continuation": continuation });
    let refused = world.post("/v1/sign-in/resend", &resend).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (429, "TooManyRequests")
    );
    assert_eq!(world.sent(), 1);
    has_ended(&world.answer(&continuation, &code).await);
    let continuation = refused.text_of("continuation");
    signed_in(&world.answer(&continuation, &code).await, false);
}

#[tokio::test]
async fn a_ticket_is_for_the_exchange_of_an_sdk() {
    let world = World::new();
    let body = json!({ "emailOrPhone": ADA, "method": "email", "clientId": CLIENT });
    let ticket = world.post("/v1/sign-in/ticket", &body).await;
    assert_eq!((ticket.status, world.sent()), (200, 0));
    assert_eq!(ticket.body["username"], ADA);
    assert_eq!(ticket.body["expiresIn"], 60);
    assert!(ticket.text_of("ticket").starts_with("k1."));
}

fn client() -> AppClient {
    AppClient::new(POOL, CLIENT)
}

/// Opens a session with a ticket, as Amplify does.
async fn chosen(world: &World, body: &Value) -> OpenChallenge {
    let reply = world.post("/v1/sign-in/ticket", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let api = &world.sign_in.api;
    let opened =
        asked(ChallengeApi::initiate(api, &client(), &reply.text_of("username"), None).await);
    let ticket = reply.text_of("ticket");
    let metadata = [("method", "email"), ("ticket", &*ticket)];
    asked(ChallengeApi::respond(api, &client(), &opened, "begin", &metadata, None).await)
}

fn asked(reply: Result<Reply, PortError>) -> OpenChallenge {
    match reply {
        Ok(Reply::Challenge(challenge)) => challenge,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_sdk_finishes_a_first_sign_in_with_two_tickets() {
    let world = World::new();
    let mut body = json!({ "emailOrPhone": BOB });
    let challenge = chosen(&world, &body).await;
    let (code, _) = world.code();
    let api = &world.sign_in.api;
    let claim = asked(ChallengeApi::respond(api, &client(), &challenge, &code, &[], None).await);
    let proof = claim.parameters["proof"].clone();
    body["proof"] = json!(proof);
    let challenge = chosen(&world, &body).await;
    assert_eq!(challenge.parameters["step"], "claim");
    let replied = ChallengeApi::respond(api, &client(), &challenge, &proof, &[], None).await;
    assert!(matches!(replied, Ok(Reply::Tokens(_))), "{replied:?}");
    let found = world.shared.directory.find(BOB).await.unwrap();
    assert_eq!((found.is_some(), world.sent()), (true, 1));
    // A proof is used once, and of its own address.
    for typed in [BOB, ADA] {
        body["emailOrPhone"] = json!(typed);
        let reply = world.post("/v1/sign-in/ticket", &body).await;
        assert_eq!((reply.status, reply.problem()), (400, "InvalidProof"));
        assert!(!reply.text.contains(&proof));
    }
}

#[tokio::test]
async fn a_code_for_an_existing_account_makes_none() {
    let world = World::new();
    for (typed, has_account) in [(BOB, false), (ADA, true)] {
        let body = json!({ "emailOrPhone": typed, "existingOnly": true });
        let begun = world.post("/v1/sign-in", &body).await;
        let (code, _) = world.code();
        let reply = world.answer(&begun.text_of("continuation"), &code).await;
        if has_account {
            signed_in(&reply, false);
        } else {
            assert_eq!((reply.status, reply.problem()), (409, "NoAccount"));
            assert!(reply.body["continuation"].is_null());
        }
        let found = world.shared.directory.find(typed).await.unwrap();
        assert_eq!(found.is_some(), has_account);
    }
}

#[tokio::test]
async fn an_empty_answer_is_malformed_and_ends_nothing() {
    let world = World::new();
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    for path in ["/v1/sign-in/answer", "/v1/contacts/undo"] {
        let body = json!({ "continuation": continuation, "answer": "" });
        let reply = world.post(path, &body).await;
        assert_eq!((reply.status, reply.problem()), (400, "MalformedRequest"));
        let detail = reply.text_of("detail");
        assert!(detail.contains("`answer`"), "{detail}");
    }
    // Cognito's session was not answered.
    signed_in(&world.answer(&continuation, &code).await, false);
}

#[tokio::test]
async fn a_resume_secret_continues_after_a_reload() {
    let world = World::new();
    let body = json!({ "emailOrPhone": ADA });
    let begun = world.post("/v1/sign-in", &body).await;
    let (code, _) = world.code();
    let resume = json!({ "emailOrPhone": ADA, "resume": begun.text_of("resume") });
    let resumed = world.post("/v1/sign-in", &resume).await;
    assert_eq!((resumed.status, world.sent()), (200, 1));
    assert_eq!(resumed.body["pointer"], begun.body["pointer"]);
    signed_in(
        &world.answer(&resumed.text_of("continuation"), &code).await,
        false,
    );
    let ended = world.post("/v1/sign-in", &resume).await;
    assert_eq!((ended.status, ended.problem()), (400, "InvalidResume"));
}

#[tokio::test]
async fn a_method_and_a_locale_are_read() {
    let world = World::new();
    let body = json!({ "emailOrPhone": ADA, "method": "phone_number" });
    let reply = world.post("/v1/sign-in", &body).await;
    assert_eq!((reply.status, reply.problem()), (400, "InvalidIdentifier"));
    let body = json!({ "emailOrPhone": ADA, "locale": "de-CH", "method": null });
    assert_eq!(world.post("/v1/sign-in", &body).await.status, 200);
    let german = world.mail();
    assert!(german.contains("Minuten"), "{german}");
}

#[tokio::test]
async fn a_link_answers_where_its_secret_is() {
    const SECRET: &str = "dGhlIGxpbmsgc2VjcmV0IG9mIHRoaXMgdGVzdA";
    const CHALLENGE: &str = "NIRAsp6OSH42t0X75-0e1ImSyOeG9oWgxPiDEFHwwbo";
    let world = World::with(|policy| {
        policy.branding.link_url = Some(LinkUrl::parse("https://example.com/link").unwrap());
    });
    let body = json!({ "emailOrPhone": ADA, "linkChallenge": CHALLENGE });
    let begun = world.post("/v1/sign-in", &body).await;
    let text = world.mail();
    let (_, link) = text.split_once("https://example.com/link#").unwrap();
    let (pointer, rest) = link.split_once('.').unwrap();
    let token = rest.split_whitespace().next().unwrap();
    assert_eq!(begun.body["pointer"], pointer);
    let mut body = json!({
        "continuation": begun.text_of("continuation"),
        "answer": token,
        "linkSecret": "another secret",
    });
    let wrong = world.post("/v1/sign-in/answer", &body).await;
    assert_eq!(wrong.body["attemptsLeft"], 3, "a wrong link costs nothing");
    body["continuation"] = wrong.body["continuation"].clone();
    body["linkSecret"] = json!(SECRET);
    signed_in(&world.post("/v1/sign-in/answer", &body).await, false);
}

#[tokio::test]
async fn a_required_captcha_is_a_problem_until_it_is_solved() {
    let mut world = World::new();
    let guesses = &mut world.sign_in.deployment.policy.budgets.deployment;
    guesses.short_guesses_per_day = 0;
    guesses.long_guesses_per_day = 0;
    world.sign_in.captcha = Some(FixedCaptcha::new(["solved".to_owned()]));
    let mut body = json!({ "emailOrPhone": ADA });
    let reply = world.post("/v1/sign-in", &body).await;
    assert_eq!((reply.status, reply.problem()), (403, "CaptchaRequired"));
    body["captcha"] = json!("solved");
    assert_eq!(world.post("/v1/sign-in", &body).await.status, 200);
}

#[tokio::test]
async fn a_replaced_contact_takes_its_account_back() {
    let world = World::new();
    let new = "ada@example.org";
    let changed = world
        .post_as_ada("/v1/contacts/change", &json!({ "emailOrPhone": new }))
        .await;
    let (code, to) = world.code();
    assert_eq!(to, new);
    signed_in(
        &world.answer(&changed.text_of("continuation"), &code).await,
        false,
    );
    let continuation = world.begin(ADA).await;
    let (code, to) = world.code();
    assert_eq!(to, ADA);
    let body = json!({ "continuation": continuation, "answer": code });
    let undone = world.post("/v1/contacts/undo", &body).await;
    signed_in(&undone, false);
    let ada = Identifier::parse(Method::Email, ADA).unwrap();
    let found = world.shared.directory.find(ADAS_NAME).await.unwrap();
    assert!(found.unwrap().attributes.holds(&ada));
}

#[tokio::test]
async fn an_undo_without_a_change_is_refused() {
    let world = World::new();
    let continuation = world.begin(BOB).await;
    let (code, _) = world.code();
    let body = json!({ "continuation": continuation, "answer": code });
    let reply = world.post("/v1/contacts/undo", &body).await;
    assert_eq!((reply.status, reply.problem()), (409, "NothingToUndo"));
    let found = world.shared.directory.find(BOB).await.unwrap();
    assert!(found.is_none(), "an undo creates no account");
    // A contact that signs in has no change to undo, whatever happened to it before.
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    let body = json!({ "continuation": continuation, "answer": code });
    let reply = world.post("/v1/contacts/undo", &body).await;
    assert_eq!((reply.status, reply.problem()), (409, "ContactInUse"));
}

#[tokio::test]
async fn a_continuation_of_any_other_text_has_ended() {
    let world = World::new();
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    let mut forged = continuation.clone().into_bytes();
    forged[100] ^= 1;
    let forged = String::from_utf8(forged).unwrap();
    for text in ["", "k1.", "k1.AAAA", "k9.AAAA", &forged, &"A".repeat(9000)] {
        for path in [
            "/v1/sign-in/answer",
            "/v1/sign-in/resend",
            "/v1/contacts/undo",
        ] {
            let body = json!({ "continuation": text, "answer": code });
            let reply = world.post(path, &body).await;
            assert_eq!(
                (reply.status, reply.problem()),
                (400, "InvalidContinuation")
            );
            assert!(!reply.text.contains(&code));
        }
    }
    signed_in(&world.answer(&continuation, &code).await, false);
}

#[tokio::test]
async fn a_continuation_is_of_its_client() {
    let mut world = World::new();
    let continuation = world.begin(ADA).await;
    let (code, _) = world.code();
    world.sign_in.app_client = AppClient::new(POOL, "another");
    world.sign_in.deployment.policy.clients = vec!["another".to_owned()];
    has_ended(&world.answer(&continuation, &code).await);
}

/// In bytes too: a caller learns no more than from an empty field.
#[tokio::test]
async fn another_app_client_is_refused_like_an_empty_field() {
    let world = World::new();
    for path in ["/v1/sign-in", "/v1/sign-in/ticket"] {
        let body = json!({ "emailOrPhone": " ", "method": "email" });
        let empty = world.post(path, &body).await;
        for typed in [ADA, BOB] {
            let body = json!({ "emailOrPhone": typed, "clientId": "another" });
            let reply = world.post(path, &body).await;
            assert_eq!((reply.status, reply.problem()), (400, "InvalidIdentifier"));
            assert_eq!(reply.text, empty.text);
        }
    }
    assert_eq!(world.sent(), 0);
}

/// A Cognito that never answers.
struct Silent;

impl ChallengeApi for Silent {
    async fn initiate(
        &self,
        _: &AppClient,
        _: &str,
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        pending().await
    }

    async fn respond(
        &self,
        _: &AppClient,
        _: &OpenChallenge,
        _: &str,
        _: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        pending().await
    }
}

#[tokio::test]
async fn a_silent_cognito_is_unavailable_within_25_seconds() {
    let world = World::new();
    let sign_in = SignInResolver {
        hook: None::<Infallible>,
        deployment: world.shared.deployment.clone(),
        app_client: AppClient::new(POOL, CLIENT),
        legacy_pool: false,
        source: SourceOf::Off,
        origin: None,
        sessions: NoSessions,
        store: world.shared.store.clone(),
        directory: world.shared.directory.clone(),
        api: Silent,
        captcha: None::<FixedCaptcha>,
        clock: world.shared.clock.clone(),
        entropy: SeededEntropy::new(5),
    };
    let begun = world.shared.clock.now();
    let event = json!({
        "rawPath": "/v1/sign-in",
        "headers": { "content-type": "application/json" },
        "body": json!({ "emailOrPhone": ADA }).to_string(),
        "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
    });
    let answered = latchstring_lambda::answer(&sign_in, event).await.unwrap();
    let reply = Response::of(&answered.value);
    assert_eq!((reply.status, reply.problem()), (503, "Unavailable"));
    assert!(world.shared.clock.now().since(begun) <= Duration::from_secs(25));
}

/// A key ring that cannot be read.
struct NoKeys(Policy);

impl Deployments for NoKeys {
    async fn deployment(&self, _: &[KeyId]) -> Result<Deployment, PortError> {
        Err(PortError::new("GetSecretValue", "timeout"))
    }

    fn policy(&self) -> &Policy {
        &self.0
    }
}

#[tokio::test]
async fn unreadable_keys_leave_the_continuation() {
    let world = World::new();
    let sign_in = SignInResolver {
        hook: None::<Infallible>,
        deployment: NoKeys(world.shared.deployment.policy.clone()),
        app_client: AppClient::new(POOL, CLIENT),
        legacy_pool: false,
        source: SourceOf::Off,
        origin: None,
        sessions: NoSessions,
        store: world.shared.store.clone(),
        directory: world.shared.directory.clone(),
        api: Silent,
        captcha: None::<FixedCaptcha>,
        clock: world.shared.clock.clone(),
        entropy: SeededEntropy::new(6),
    };
    for path in ["/v1/sign-in/answer", "/v1/sign-in/resend"] {
        let event = json!({
            "rawPath": path,
            "headers": { "content-type": "application/json" },
            "body": json!({ "continuation": "k1.sent", "answer": "123456" }).to_string(),
            "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
        });
        let answered = latchstring_lambda::answer(&sign_in, event).await.unwrap();
        let reply = Response::of(&answered.value);
        assert_eq!((reply.status, reply.problem()), (503, "Unavailable"));
        assert_eq!(reply.text_of("continuation"), "k1.sent", "{path}");
    }
}
