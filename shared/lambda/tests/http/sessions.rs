//! Session mode: the cookie instead of tokens, and the requests that may not use it.

use std::sync::Arc;
use std::time::Duration;

use latchstring_core::flow::AppClient;
use latchstring_core::policy::Policy;
use latchstring_core::ports::{ChallengeApi, Clock, OpenChallenge, PortError, Reply, SecretSource};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_lambda::answer;
use latchstring_lambda::resolver::{
    AccountResolver, Origins, SessionMode, SignInResolver, SourceOf,
};
use latchstring_memory::{
    FixedCaptcha, ManualClock, MemoryDirectory, MemoryRefreshTokens, MemoryStore, SeededEntropy,
};
use latchstring_testkit::{self as testkit, Break, Carried, Wire};
use serde_json::{Value, json};

use crate::documented;
use crate::world::{
    ADA, ADAS_SUB, BOB, CLIENT, Issued, POOL, Reply as Response, World, event, is_of_accounts,
    wrong,
};

const CREDENTIAL: &str = "the-credential-of-the-apps-own-server";
const ORIGIN: &str = "https://app.example.com";
const JSON: (&str, &str) = ("content-type", "application/json");
const PAGE: (&str, &str) = ("x-latchstring", "1");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
/// The headers of a request of the app's own page.
const OWN: [(&str, &str); 3] = [JSON, PAGE, SAME_ORIGIN];

/// The server credential of the deployment.
#[derive(Clone)]
pub(crate) struct Credential;

impl SecretSource for Credential {
    async fn read(&self) -> Result<Secret, PortError> {
        Ok(Secret::new(CREDENTIAL))
    }
}

/// A pool that issues tokens with claims, which can be refreshed.
#[derive(Clone)]
pub(crate) struct Confidential {
    pool: testkit::Pool<Arc<testkit::World>>,
    tokens: MemoryRefreshTokens,
    issued: Issued,
    /// The claims of an access token beside the usual ones.
    claims: Value,
    clock: ManualClock,
}

impl ChallengeApi for Confidential {
    async fn initiate(
        &self,
        app_client: &AppClient,
        username: &str,
        source: Option<Source>,
    ) -> Result<Reply, PortError> {
        ChallengeApi::initiate(&self.pool, app_client, username, source).await
    }

    async fn respond(
        &self,
        app_client: &AppClient,
        challenge: &OpenChallenge,
        answer: &str,
        metadata: &[(&str, &str)],
        source: Option<Source>,
    ) -> Result<Reply, PortError> {
        let username = challenge.parameters["USERNAME"].clone();
        let answering =
            ChallengeApi::respond(&self.pool, app_client, challenge, answer, metadata, source);
        let reply = answering.await?;
        let Reply::Tokens(_) = reply else {
            return Ok(reply);
        };
        let mut tokens = self.tokens.sign_in(&username);
        tokens.access = Secret::new(self.issued.token(self.clock.now(), &self.claims));
        Ok(Reply::Tokens(tokens))
    }
}

pub(crate) type Mode = Option<SessionMode<MemoryRefreshTokens, Credential>>;

/// The store of the resolvers, whose calls a test can break. The triggers have the same one, unbroken.
pub(crate) type Store = Carried<MemoryStore, Wire>;

/// A deployment in session mode, with Ada's account.
pub(crate) struct Sessions {
    pub(crate) world: World,
    /// The calls of the resolvers to their store.
    wire: Wire,
    tokens: MemoryRefreshTokens,
    pub(crate) sign_in: SignInResolver<
        Store,
        MemoryDirectory,
        Confidential,
        FixedCaptcha,
        ManualClock,
        SeededEntropy,
        latchstring_core::policy::Deployment,
        Mode,
    >,
    pub(crate) accounts: AccountResolver<
        Store,
        MemoryDirectory,
        Issued,
        Confidential,
        ManualClock,
        SeededEntropy,
        latchstring_core::policy::Deployment,
        Mode,
    >,
}

impl Sessions {
    fn new() -> Self {
        Self::with(|_| {}, json!({}))
    }

    /// Makes a deployment with other settings, whose access tokens have these claims too.
    pub(crate) fn with(change: impl FnOnce(&mut Policy), claims: Value) -> Self {
        let world = World::with(change);
        let shared = Arc::clone(&world.shared);
        let tokens = MemoryRefreshTokens::new(shared.directory.clone(), shared.clock.clone())
            .with_rotation(Duration::from_secs(60));
        let pool = testkit::Pool::new(POOL, CLIENT, shared.directory.clone(), Arc::clone(&shared));
        let api = Confidential {
            pool,
            tokens: tokens.clone(),
            issued: world.issued.clone(),
            claims,
            clock: shared.clock.clone(),
        };
        let mode = Some(SessionMode {
            tokens: tokens.clone(),
            credential: Some(Credential),
            origins: Origins::parse(ORIGIN).unwrap(),
        });
        let app_client = AppClient::new(POOL, CLIENT);
        let wire = Wire::new(shared.clock.clone());
        let store = Carried::new(shared.store.clone(), wire.clone());
        Self {
            sign_in: SignInResolver {
                hook: None,
                deployment: shared.deployment.clone(),
                app_client: app_client.clone(),
                legacy_pool: false,
                source: SourceOf::Off,
                origin: None,
                sessions: mode.clone(),
                store: store.clone(),
                directory: shared.directory.clone(),
                api: api.clone(),
                captcha: None,
                clock: shared.clock.clone(),
                entropy: SeededEntropy::new(5),
            },
            accounts: AccountResolver {
                deployment: shared.deployment.clone(),
                app_client,
                source: SourceOf::Off,
                origin: None,
                sessions: mode,
                store,
                directory: shared.directory.clone(),
                tokens: world.issued.clone(),
                api,
                clock: shared.clock.clone(),
                entropy: SeededEntropy::new(6),
            },
            tokens,
            wire,
            world,
        }
    }

    /// Sends an event to the function of its path.
    async fn send(&self, event: Value) -> Value {
        let path = event["rawPath"].as_str().or(event["path"].as_str());
        let answered = if is_of_accounts(path.unwrap_or_default()) {
            answer(&self.accounts, event).await
        } else {
            answer(&self.sign_in, event).await
        };
        answered.expect("an HTTP event").value
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        cookie: Option<&str>,
        body: &Value,
    ) -> (Response, Option<String>) {
        let mut event = event(method, path, headers, &body.to_string());
        event["cookies"] = cookie.map_or(json!([]), |cookie| json!(["theme=dark", cookie]));
        let response = self.send(event).await;
        let reply = Response::of(&response);
        assert_eq!(reply.headers["cache-control"], "no-store");
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        documented::check(method, path, &reply);
        assert!(reply.headers["set-cookie"].is_null());
        let cookies = response["cookies"].as_array();
        let cookie = cookies.map(|cookies| cookies[0].as_str().expect("a text").to_owned());
        (reply, cookie)
    }

    /// Posts JSON from the app's own page.
    pub(crate) async fn post(
        &self,
        path: &str,
        cookie: Option<&str>,
        body: &Value,
    ) -> (Response, Option<String>) {
        self.request("POST", path, &OWN, cookie, body).await
    }

    async fn get(&self, path: &str, cookie: &str) -> Response {
        self.request("GET", path, &[], Some(cookie), &Value::Null)
            .await
            .0
    }

    /// Signs Ada in, and returns the answer and the whole cookie.
    async fn answered(&self, cookie: Option<&str>) -> (Response, String) {
        let (answered, cookie) = self.answered_as(ADA, cookie).await;
        (answered, cookie.expect("a cookie"))
    }

    /// Sends the right code of a contact, and returns the answer and the whole cookie.
    pub(crate) async fn answered_as(
        &self,
        contact: &str,
        cookie: Option<&str>,
    ) -> (Response, Option<String>) {
        let body = json!({ "emailOrPhone": contact });
        let (begun, none) = self.post("/v1/sign-in", cookie, &body).await;
        assert_eq!((begun.status, none), (200, None), "{}", begun.text);
        let (code, _) = self.world.code();
        let body = json!({ "continuation": begun.text_of("continuation"), "answer": code });
        self.post("/v1/sign-in/answer", cookie, &body).await
    }

    /// Signs Ada in, and returns the name and value of the cookie.
    pub(crate) async fn signed_in(&self) -> String {
        pair(&self.answered(None).await.1)
    }
}

/// The name and value of a cookie.
fn pair(cookie: &str) -> String {
    cookie.split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_right_code_sets_a_cookie_and_returns_no_token() {
    let deployed = Sessions::new();
    let (answered, cookie) = deployed.answered(None).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    let seconds = 30 * 24 * 3600;
    let wanted = json!({ "status": "session_opened", "isNew": false, "expiresIn": seconds });
    assert_eq!(answered.body, wanted);
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let wanted = format!("Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    assert_eq!(attributes, wanted);
    let id = pair.strip_prefix("__Host-latchstring=").unwrap();
    assert_eq!(id.len(), 43);

    let session = deployed.get("/v1/session", pair).await;
    assert_eq!(session.body["sub"], ADAS_SUB);
    assert!(!session.text.contains(id) && !session.text.contains("eyJ"));
}

#[tokio::test]
async fn a_wrong_code_sets_no_cookie() {
    let deployed = Sessions::new();
    let (begun, _) = deployed
        .post("/v1/sign-in", None, &json!({ "emailOrPhone": ADA }))
        .await;
    let body = json!({
        "continuation": begun.text_of("continuation"),
        "answer": wrong(&deployed.world.code().0, 0),
    });
    let (answered, cookie) = deployed.post("/v1/sign-in/answer", None, &body).await;
    assert_eq!(
        (answered.text_of("status").as_str(), cookie),
        ("wrong", None)
    );
}

#[tokio::test]
async fn the_cookie_signs_in_at_the_routes_of_an_account() {
    let deployed = Sessions::new();
    let cookie = deployed.signed_in().await;
    let names = json!({ "givenName": "Ada", "familyName": "Lovelace" });
    let (written, _) = deployed.post("/v1/names", Some(&cookie), &names).await;
    assert_eq!((written.status, &written.body), (200, &names));
    let pending = deployed
        .get("/v1/contacts/pending?method=email", &cookie)
        .await;
    assert_eq!(
        (pending.status, &pending.body["pending"]),
        (200, &Value::Null)
    );

    let contact = json!({ "emailOrPhone": BOB });
    let (begun, _) = deployed
        .post("/v1/contacts/change", Some(&cookie), &contact)
        .await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let (code, to) = deployed.world.code();
    assert_eq!(to, BOB);
    let body = json!({ "continuation": begun.text_of("continuation"), "answer": code });
    let (changed, renewed) = deployed
        .post("/v1/sign-in/answer", Some(&cookie), &body)
        .await;
    assert_eq!(changed.text_of("status"), "session_opened");
    // The new session replaces the one of before.
    assert_eq!(deployed.get("/v1/session", &cookie).await.status, 401);
    let renewed = pair(&renewed.unwrap());
    assert_eq!(deployed.get("/v1/session", &renewed).await.status, 200);
}

#[tokio::test]
async fn a_request_without_a_session_is_not_signed_in() {
    let deployed = Sessions::new();
    let no_cookie = deployed
        .request("GET", "/v1/session", &[], None, &Value::Null)
        .await;
    assert_eq!((no_cookie.0.status, no_cookie.1), (401, None));
    let unknown = format!("__Host-latchstring={}", "A".repeat(43));
    let two = format!("{unknown}; {unknown}");
    for cookie in [
        &*unknown,
        "__Host-latchstring=short",
        "__Host-latchstring=",
        &two,
    ] {
        let (reply, cleared) = deployed
            .request("GET", "/v1/session", &[], Some(cookie), &Value::Null)
            .await;
        assert_eq!(
            (reply.status, reply.problem()),
            (401, "NotSignedIn"),
            "{cookie}"
        );
        // A late answer could delete the cookie of a newer session.
        assert_eq!(cleared, None, "{cookie}");
    }
}

#[tokio::test]
async fn only_the_apps_own_pages_may_post() {
    let deployed = Sessions::new();
    let cookie = deployed.signed_in().await;
    let own = ("origin", ORIGIN);
    let foreign = ("origin", "https://evil.example");
    let site = |value| ("sec-fetch-site", value);
    let refused: &[&[(&str, &str)]] = &[
        &[JSON],
        &[JSON, PAGE],
        &[JSON, SAME_ORIGIN],
        &[JSON, own],
        &[JSON, PAGE, foreign],
        &[JSON, PAGE, site("same-site")],
        &[JSON, PAGE, site("same-site"), foreign],
        &[JSON, PAGE, site("cross-site"), own],
        &[JSON, PAGE, site("none")],
    ];
    for path in [
        "/v1/sign-in",
        "/v1/sign-in/answer",
        "/v1/sign-in/resend",
        "/v1/contacts/undo",
        "/v1/contacts/change",
        "/v1/names",
        "/v1/sessions/revoke",
        "/v1/sign-out",
    ] {
        for headers in refused {
            let (reply, set) = deployed
                .request("POST", path, headers, Some(&cookie), &json!({}))
                .await;
            assert_eq!(
                (reply.status, reply.problem()),
                (403, "Forbidden"),
                "{path} {headers:?}"
            );
            assert_eq!(set, None);
        }
    }
    for headers in [
        &[JSON, PAGE, own][..],
        &[JSON, PAGE, own, site("same-site")],
    ] {
        let (reply, _) = deployed
            .request(
                "POST",
                "/v1/sessions/revoke",
                headers,
                Some(&cookie),
                &json!({ "handle": "x" }),
            )
            .await;
        assert_eq!(reply.status, 204, "{headers:?}");
    }
    assert_eq!(deployed.get("/v1/session", &cookie).await.status, 200);
}

#[tokio::test]
async fn an_access_token_goes_to_the_apps_server_alone() {
    let deployed = Sessions::new();
    let cookie = deployed.signed_in().await;
    let path = "/v1/session/token";
    let server = ("x-latchstring-server", CREDENTIAL);
    let other = (
        "x-latchstring-server",
        "another-credential-of-at-least-32-characters",
    );
    for headers in [&[][..], &OWN, &[other]] {
        let (reply, _) = deployed
            .request("GET", path, headers, Some(&cookie), &Value::Null)
            .await;
        assert_eq!(
            (reply.status, reply.problem()),
            (403, "Forbidden"),
            "{headers:?}"
        );
    }
    let (reply, _) = deployed
        .request("GET", path, &[server], Some(&cookie), &Value::Null)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.text_of("accessToken").starts_with("eyJ"));
    let (reply, _) = deployed
        .request("GET", path, &[server], None, &Value::Null)
        .await;
    assert_eq!((reply.status, reply.problem()), (401, "NotSignedIn"));
    // A wrong credential is refused on every route.
    let (reply, _) = deployed
        .request("GET", "/v1/session", &[other], Some(&cookie), &Value::Null)
        .await;
    assert_eq!((reply.status, reply.problem()), (403, "Forbidden"));
}

#[tokio::test]
async fn a_source_is_named_by_the_apps_server_alone() {
    let deployed = Sessions::new();
    let server = ("x-latchstring-server", CREDENTIAL);
    let named = ("x-latchstring-source", "203.0.113.9");
    let begin = async |headers: &[(&str, &str)], address: &str| {
        let headers = [&OWN[..], headers].concat();
        let body = json!({ "emailOrPhone": address });
        deployed
            .request("POST", "/v1/sign-in", &headers, None, &body)
            .await
            .0
    };
    let malformed = ("x-latchstring-source", "localhost");
    let reply = begin(&[server, malformed], ADA).await;
    assert_eq!((reply.status, reply.problem()), (400, "MalformedRequest"));
    // Each source has a budget. One that a stranger names is not read.
    let most = deployed
        .world
        .shared
        .deployment
        .policy
        .budgets
        .source
        .per_minute;
    let mut admitted = 0;
    for number in 0..=most {
        let address = format!("stranger@number{number}.example");
        admitted += u32::from(begin(&[named], &address).await.status == 200);
    }
    assert_eq!(admitted, most);
    assert_eq!(begin(&[], ADA).await.status, 429);
    assert_eq!(begin(&[server], ADA).await.status, 429);
    assert_eq!(begin(&[server, named], ADA).await.status, 200);
}

#[tokio::test]
async fn a_sign_out_ends_the_session_and_deletes_the_cookie() {
    let deployed = Sessions::new();
    let (here, other) = (deployed.signed_in().await, deployed.signed_in().await);
    let (reply, cleared) = deployed.post("/v1/sign-out", Some(&here), &json!({})).await;
    assert_eq!(reply.status, 204);
    assert!(cleared.unwrap().ends_with("Max-Age=0"));
    assert_eq!(deployed.get("/v1/session", &here).await.status, 401);
    assert_eq!(deployed.get("/v1/session", &other).await.status, 200);
    assert_eq!(deployed.tokens.live(), 1);
    // Once more, and without a session, it is done too.
    for cookie in [Some(&*here), None] {
        let (reply, _) = deployed.post("/v1/sign-out", cookie, &json!({})).await;
        assert_eq!(reply.status, 204);
    }
    let third = deployed.signed_in().await;
    let everywhere = json!({ "everywhere": true });
    let (reply, _) = deployed
        .post("/v1/sign-out", Some(&third), &everywhere)
        .await;
    assert_eq!((reply.status, deployed.tokens.live()), (204, 0));
    for cookie in [&other, &third] {
        assert_eq!(deployed.get("/v1/session", cookie).await.status, 401);
    }
    let (reply, _) = deployed.post("/v1/sign-out", None, &everywhere).await;
    assert_eq!((reply.status, reply.problem()), (401, "NotSignedIn"));
}

#[tokio::test]
async fn a_session_of_the_list_is_ended_by_its_handle() {
    let deployed = Sessions::new();
    let (here, other) = (deployed.signed_in().await, deployed.signed_in().await);
    let listed = deployed.get("/v1/sessions", &here).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(!listed.text.contains(&here[19..]) && !listed.text.contains(&other[19..]));
    let another = sessions.iter().find(|it| it["isCurrent"] == false).unwrap();
    let body = json!({ "handle": another["handle"] });
    let (reply, _) = deployed
        .post("/v1/sessions/revoke", Some(&here), &body)
        .await;
    assert_eq!(reply.status, 204);
    assert_eq!(deployed.get("/v1/session", &other).await.status, 401);
    assert_eq!(deployed.get("/v1/session", &here).await.status, 200);
}

#[tokio::test]
async fn without_session_mode_there_are_no_such_routes() {
    let world = World::new();
    for (method, path) in [
        ("GET", "/v1/session"),
        ("GET", "/v1/session/token"),
        ("GET", "/v1/sessions"),
        ("POST", "/v1/sessions/revoke"),
        ("POST", "/v1/sign-out"),
    ] {
        let headers = [&OWN[..], &[("x-latchstring-server", CREDENTIAL)]].concat();
        let event = event(method, path, &headers, "{}");
        let answered = answer(&world.accounts, event).await.unwrap();
        let reply = Response::of(&answered.value);
        assert_eq!((reply.status, reply.problem()), (404, "NotFound"), "{path}");
    }
}

#[tokio::test]
async fn each_service_gets_its_form_of_the_cookie() {
    let deployed = Sessions::new();
    let cookie = deployed.signed_in().await;
    let headers = json!({ "cookie": format!("theme=dark; {cookie}") });
    let several = json!({ "cookie": ["theme=dark", cookie] });
    let rest = json!({ "identity": { "sourceIp": "192.0.2.1" } });
    let balancer = json!({ "elb": {} });
    let of = |context: &Value, headers: &Value| {
        let many = headers["cookie"].is_array();
        let mut event =
            json!({ "httpMethod": "GET", "path": "/v1/session", "requestContext": context });
        event[if many { "multiValueHeaders" } else { "headers" }] = headers.clone();
        event
    };
    for event in [
        of(&rest, &headers),
        of(&rest, &several),
        of(&balancer, &headers),
        of(&balancer, &several),
    ] {
        let response = deployed.send(event).await;
        assert_eq!(response["statusCode"], 200, "{response}");
    }
    for context in [rest, balancer] {
        let mut event = of(&context, &headers);
        event["httpMethod"] = json!("POST");
        event["path"] = json!("/v1/sign-out");
        event["body"] = json!("{}");
        for (name, value) in OWN {
            event["headers"][name] = json!(value);
        }
        let response = deployed.send(event).await;
        assert_eq!(response["statusCode"], 204, "{response}");
        let cleared = response["headers"]["set-cookie"].as_str().unwrap();
        assert!(cleared.starts_with("__Host-latchstring=; ") && cleared.ends_with("Max-Age=0"));
        assert!(response["cookies"].is_null());
    }
}

/// Answers the code of an address while calls of the resolver to its store break.
async fn answered_while(
    deployed: &Sessions,
    address: &str,
    breaks: &[(usize, Break)],
) -> (Response, Option<String>) {
    let body = json!({ "emailOrPhone": address });
    let (begun, _) = deployed.post("/v1/sign-in", None, &body).await;
    let (code, _) = deployed.world.code();
    let body = json!({ "continuation": begun.text_of("continuation"), "answer": code });
    deployed.wire.will_break(breaks.iter().copied());
    deployed.post("/v1/sign-in/answer", None, &body).await
}

/// The code was right, and the store fails while the session is opened: once, and again.
#[tokio::test]
async fn a_sign_in_that_is_not_stored_leaves_no_tokens() {
    for address in [ADA, BOB] {
        let usual = Sessions::new();
        let (answered, _) = answered_while(&usual, address, &[]).await;
        assert_eq!(answered.body["isNew"], address == BOB);
        let calls = usual.wire.calls();
        let opens = calls.iter().position(|call| *call == "open_session");
        let opens = opens.expect("a session is opened");
        for first in [opens, opens + 1] {
            let deployed = Sessions::new();
            let once = [(first, Break::After)];
            let (answered, cookie) = answered_while(&deployed, address, &once).await;
            assert_eq!(answered.text_of("status"), "session_opened", "repeated");
            assert_eq!(answered.body["isNew"], address == BOB);
            let cookie = pair(&cookie.expect("a cookie"));
            assert_eq!(deployed.get("/v1/session", &cookie).await.status, 200);

            let deployed = Sessions::new();
            let twice = [first, first + 1].map(|at| (at, Break::Before));
            let (answered, cookie) = answered_while(&deployed, address, &twice).await;
            assert_eq!((answered.status, answered.problem()), (503, "Unavailable"));
            assert!(answered.body["continuation"].is_null(), "it has ended");
            assert_eq!((cookie, deployed.tokens.live()), (None, 0), "revoked");

            // A new sign-in, to the account that exists by now.
            let (answered, cookie) = answered_while(&deployed, address, &[]).await;
            assert_eq!(answered.text_of("status"), "session_opened");
            assert_eq!(answered.body["isNew"], false);
            let cookie = pair(&cookie.expect("a cookie"));
            assert_eq!(deployed.get("/v1/session", &cookie).await.status, 200);
        }
    }
}

/// AppSync's answers have tokens, and sessions that a client answers at Cognito.
#[tokio::test]
async fn session_mode_serves_no_event_of_appsync() {
    let deployed = Sessions::new();
    for field in ["signIn", "signInTicket", "undoContactChange"] {
        let input = json!({ "emailOrPhone": ADA, "method": "EMAIL" });
        let event = json!({
            "info": { "fieldName": field },
            "arguments": { "input": input },
            "request": { "headers": {} },
        });
        assert!(answer(&deployed.sign_in, event).await.is_err(), "{field}");
    }
    assert_eq!(deployed.world.sent(), 0);
}

#[tokio::test]
async fn a_cookie_of_a_sibling_host_is_no_session() {
    let deployed = Sessions::new();
    let (own, planted) = (deployed.signed_in().await, deployed.signed_in().await);
    // Browsers keep such a name for all hosts of a site: it does not begin with the prefix.
    for space in ['\u{2000}', '\u{a0}', '\u{85}', '\u{b}', '\u{c}'] {
        let planted = format!("{space}{planted}");
        assert_eq!(deployed.get("/v1/session", &planted).await.status, 401);
        let both = format!("{planted}; {own}");
        assert_eq!(deployed.get("/v1/session", &both).await.status, 200);
    }
}

#[tokio::test]
async fn no_ticket_is_created_in_session_mode() {
    let deployed = Sessions::new();
    let body = json!({ "emailOrPhone": ADA });
    let (reply, _) = deployed.post("/v1/sign-in/ticket", None, &body).await;
    assert_eq!((reply.status, reply.problem()), (404, "NotFound"));
}
