//! Browser sessions over the real AWS SDK, before a pool whose app client has a secret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use latchstring_aws::{
    CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens, SecretSetting,
};
use latchstring_core::account::Sub;
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{
    AccessTokenVerifier as _, ChallengeApi as _, Directory as _, OpenChallenge, PortError, Reply,
};
use latchstring_core::secret::Secret;
use latchstring_core::session::{
    AppServer, Browser, NewSession, ServerCredential, SessionError, SessionId, Sessions,
};
use latchstring_core::sign_in::Context;
use latchstring_core::time::Timestamp;
use latchstring_lambda::OsEntropy;
use latchstring_local_cognito::{
    ClientConfig, ClientSecret, PoolConfig, Rotation, SigningKeys, Trigger, TriggerFuture,
    Triggers, UserPool, router,
};
use latchstring_memory::MemoryStore;
use latchstring_tests::{Lost, StillClock, Tap, note};
use serde_json::{Value, json};
use tokio::net::TcpListener;

latchstring_tests::doors!(all: Session);

const POOL: &str = "eu-west-1_Confidential";
const CLIENT: &str = "confidential00000000000001";
const SECRET: &str = "the-secret-of-the-app-client";
const ANSWER: &str = "open sesame";

/// A sign-in by one fixed answer.
struct OneAnswer;

impl Triggers for OneAnswer {
    fn invoke(&self, trigger: Trigger, mut event: Value) -> TriggerFuture<'_> {
        let request = &event["request"];
        event["response"] = match trigger {
            Trigger::Define => {
                let rounds = request["session"].as_array().expect("the session");
                let passed = rounds.iter().any(|round| round["challengeResult"] == true);
                json!({
                    "issueTokens": passed,
                    "failAuthentication": false,
                    "challengeName": if passed { Value::Null } else { json!("CUSTOM_CHALLENGE") },
                })
            }
            Trigger::Create => json!({
                "publicChallengeParameters": {},
                "privateChallengeParameters": { "right": ANSWER },
                "challengeMetadata": "",
            }),
            Trigger::Verify => json!({ "answerCorrect": request["challengeAnswer"] == ANSWER }),
            Trigger::PreSignUp | Trigger::PostConfirmation => json!({}),
        };
        Box::pin(async { Ok(event) })
    }
}

/// A deployment in session mode, with Ada's account.
struct Mode {
    tap: Tap,
    deployment: Deployment,
    app_client: AppClient,
    store: MemoryStore,
    directory: CognitoDirectory,
    api: CognitoChallengeApi,
    tokens: CognitoRefreshTokens,
    clock: StillClock,
    server: AppServer,
}

type Ports = (
    MemoryStore,
    CognitoDirectory,
    CognitoChallengeApi,
    StillClock,
    OsEntropy,
);

fn secret(text: &str) -> SecretSetting {
    note(text);
    SecretSetting::Text(Secret::new(text))
}

/// Returns a clock that stands at the pool's time.
fn clock() -> StillClock {
    StillClock::at(Timestamp::from_secs(1_800_000_000))
}

impl Mode {
    async fn new() -> Self {
        let client = ClientConfig {
            secret: Some(ClientSecret::new(SECRET)),
            refresh_token_rotation: Some(Rotation {
                grace: Duration::from_secs(60),
            }),
            // Shorter than a session keeps one, so that every request refreshes.
            access_token_validity: Duration::from_secs(30),
            ..ClientConfig::new(CLIENT, "confidential")
        };
        let config = PoolConfig::new("eu-west-1", POOL, vec![client]);
        let now = std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let keys = SigningKeys::shared();
        let pool = UserPool::new(config, keys, Arc::new(OneAnswer), Arc::new(move || now));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let served = axum::serve(listener, router(pool)).await;
            served.expect("accepting goes on");
        });
        let tap = Tap::before(&format!("http://{address}")).await;
        let aws = tap.aws();
        let api = CognitoChallengeApi::signed(&aws, POOL, CLIENT);
        let key = Key::new(KeyId::parse("k1").expect("an id"), &[7; 32]).expect("a key");
        let text = "0123456789abcdef0123456789abcdef";
        let credential = ServerCredential::parse(text).expect("a credential");
        let mode = Self {
            deployment: Deployment {
                policy: Policy::for_clients(vec![CLIENT.to_owned()]),
                keys: KeyRing::new(key, None, None).expect("a ring"),
            },
            app_client: AppClient::new(POOL, CLIENT),
            store: MemoryStore::default(),
            directory: CognitoDirectory::new(&aws, POOL),
            api: api.with_secret(&aws, Some(secret(SECRET))),
            tokens: CognitoRefreshTokens::new(&aws, CLIENT, Some(secret(SECRET))),
            clock: clock(),
            server: credential
                .admit(Some(&Secret::new(text)))
                .expect("it is equal"),
            tap,
        };
        let address = Identifier::parse(Method::Email, "ada@example.com").expect("an address");
        let created = mode
            .directory
            .create("ada", &address, &BTreeMap::new())
            .await;
        created.expect("an account");
        let password = Secret::new("Password-1");
        let set = mode.directory.set_password("ada", &password).await;
        set.expect("a password");
        mode
    }

    fn sessions(&self) -> Sessions<'_, Ports, CognitoRefreshTokens> {
        Sessions {
            context: Context {
                deployment: &self.deployment,
                app_client: &self.app_client,
                store: &self.store,
                directory: &self.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &OsEntropy,
            },
            tokens: &self.tokens,
        }
    }

    /// Signs Ada in and opens a session.
    async fn open(&self) -> SessionId {
        let challenge = challenge(
            self.api
                .initiate(&app_client(), "ada@example.com", None)
                .await,
        );
        assert_eq!(challenge.parameters["USERNAME"], "ada");
        let reply = self
            .api
            .respond(&app_client(), &challenge, ANSWER, &[], None)
            .await;
        let Ok(Reply::Tokens(tokens)) = reply else {
            panic!("no tokens");
        };
        let verifier = CognitoTokens::new(&self.tap.aws());
        let holder = verifier.holder(&tokens.access).await;
        let holder = holder.expect("an answer").expect("a holder");
        let new = NewSession {
            tokens,
            account: Sub::new(holder.attributes.sub().as_str()),
            username: holder.username,
            signed_in_at: Timestamp::from_secs(1_800_000_000),
            browser: Browser::OTHER,
            replaces: None,
            ends_others: false,
        };
        let opened = self.sessions().open(&new).await.expect("a session");
        note(opened.id.text().expose());
        self.tap.seen();
        opened.id
    }

    async fn token(&self, id: &SessionId) -> Result<Secret, SessionError> {
        let token = self.sessions().access_token(id, &self.server).await?;
        note(token.access_token.expose());
        Ok(token.access_token)
    }

    /// Returns the number of calls of an operation since the last call of this function.
    fn calls(&self, operation: &str) -> usize {
        let seen = self.tap.seen();
        seen.iter().filter(|it| it.operation == operation).count()
    }

    async fn is_valid(&self, access_token: &Secret) -> bool {
        let holder = CognitoTokens::new(&self.tap.aws())
            .holder(access_token)
            .await;
        holder.expect("an answer").is_some()
    }
}

fn challenge(reply: Result<Reply, PortError>) -> OpenChallenge {
    match reply {
        Ok(Reply::Challenge(challenge)) => challenge,
        _ => panic!("no challenge"),
    }
}

const REFRESH: &str = "GetTokensFromRefreshToken";

#[tokio::test]
async fn twenty_requests_at_once_rotate_once() {
    let mode = Mode::new().await;
    let id = mode.open().await;
    let tokens = join_all((0..20).map(|_| mode.token(&id))).await;
    let tokens: Vec<_> = tokens.into_iter().map(|it| it.expect("a token")).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "one token");
    assert_eq!(mode.calls(REFRESH), 1);
    assert!(mode.is_valid(&tokens[0]).await);
}

#[tokio::test]
async fn a_lost_reply_of_a_rotation_signs_no_user_out() {
    let mode = Mode::new().await;
    let id = mode.open().await;
    for lost in [Lost::Reply, Lost::Request] {
        mode.tap.lose_next(REFRESH, lost);
        assert!(mode.token(&id).await.is_ok(), "repeated");
        assert_eq!(mode.calls(REFRESH), 2);
    }
    assert!(mode.token(&id).await.is_ok());
}

#[tokio::test]
async fn a_sign_out_revokes_the_access_token() {
    let mode = Mode::new().await;
    let (id, other) = (mode.open().await, mode.open().await);
    let token = mode.token(&id).await.expect("a token");
    let done = mode.sessions().sign_out(&id).await.expect("signed out");
    assert!(done.unrevoked.is_none());
    assert!(!mode.is_valid(&token).await);
    assert_eq!(mode.token(&id).await, Err(SessionError::NotSignedIn));
    let token = mode.token(&other).await.expect("a token");
    let everywhere = mode.sessions().sign_out_everywhere(&other).await;
    assert!(everywhere.is_ok());
    assert!(!mode.is_valid(&token).await);
}

#[tokio::test]
async fn a_user_signed_out_by_an_operator_is_out() {
    let mode = Mode::new().await;
    let id = mode.open().await;
    mode.directory.sign_out("ada").await.expect("signed out");
    assert_eq!(mode.token(&id).await, Err(SessionError::NotSignedIn));
}

#[tokio::test]
async fn a_wrong_secret_ends_no_session() {
    let mode = Mode::new().await;
    let id = mode.open().await;
    for wrong in [None, Some(secret("another secret"))] {
        let tokens = CognitoRefreshTokens::new(&mode.tap.aws(), CLIENT, wrong);
        let sessions = Sessions {
            tokens: &tokens,
            ..mode.sessions()
        };
        mode.clock.advance(Duration::from_secs(30));
        let refused = sessions.access_token(&id, &mode.server).await;
        assert!(matches!(refused, Err(SessionError::Unavailable(_))));
    }
    assert!(mode.token(&id).await.is_ok());
}

#[tokio::test]
async fn without_the_secret_no_flow_starts_for_any_user() {
    let mode = Mode::new().await;
    let aws = mode.tap.aws();
    for api in [
        CognitoChallengeApi::new(&aws, CLIENT),
        CognitoChallengeApi::signed(&aws, POOL, CLIENT),
        CognitoChallengeApi::new(&aws, CLIENT).with_secret(&aws, Some(secret("another secret"))),
    ] {
        for name in ["ada", "ada@example.com", "missing"] {
            let refused = api
                .initiate(&app_client(), name, None)
                .await
                .expect_err("refused");
            assert_eq!(refused.code, "client secret refused");
        }
    }
    let public = CognitoChallengeApi::new(&aws, CLIENT).with_secret(&aws, Some(secret(SECRET)));
    let opened = challenge(public.initiate(&app_client(), "ada", None).await);
    let reply = public
        .respond(&app_client(), &opened, ANSWER, &[], None)
        .await;
    assert!(matches!(reply, Ok(Reply::Tokens(_))));
}

fn app_client() -> latchstring_core::flow::AppClient {
    latchstring_core::flow::AppClient::new(POOL, CLIENT)
}
