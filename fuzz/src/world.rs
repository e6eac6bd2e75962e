//! A deployment in memory after some sign-ins, for events to refer to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use futures_util::FutureExt as _;
use latchstring_core::account::{Account, Attributes};
use latchstring_core::code::{Code, CodeLength};
use latchstring_core::flow::{Flow, FlowId, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::pending::PendingId;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AccessTokenVerifier, Clock, Directory, Entropy, FlowStore as _, PortError,
};
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{AccountResolver, NoSessions, SignInResolver, SourceOf};
use latchstring_memory::{ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit as testkit;
use latchstring_testkit::{Next, Session};
use serde_json::json;

// The values of the golden events, which are seeds.
pub(crate) const POOL: &str = "eu-west-1_GOLDEN000";
pub(crate) const CLIENT: &str = "goldenclient";
const KEY: &str = "golden";
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const ADAS_NAME: &str = "username-of-ada";
pub(crate) const ADAS_SUB: &str = "sub-of-ada";
pub(crate) const ADAS_TOKEN: &str = "access-token-of-ada";

/// The pool as a client sees it.
type Pool = testkit::Pool<Arc<testkit::World>>;
pub(crate) type SignIns =
    SignInResolver<MemoryStore, MemoryDirectory, Pool, Infallible, ManualClock, SeededEntropy>;
pub(crate) type Contacts =
    AccountResolver<MemoryStore, MemoryDirectory, Tokens, Pool, ManualClock, SeededEntropy>;

/// A deployment, its pool, and sealed texts of it.
pub(crate) struct World {
    shared: Arc<testkit::World>,
    pool: Pool,
    entropy: SeededEntropy,
}

impl Deref for World {
    type Target = testkit::World;

    fn deref(&self) -> &testkit::World {
        &self.shared
    }
}

impl World {
    /// Creates a deployment with Ada in the pool, who has an address.
    pub(crate) fn new() -> Self {
        let deployment = testkit::deployment(CLIENT, KEY);
        let shared = Arc::new(testkit::World::new(deployment, POOL, CLIENT, NOW));
        shared.directory.put(Account {
            username: ADAS_NAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs([
                ("sub", ADAS_SUB),
                ("email", ADA),
                ("email_verified", "true"),
            ]),
        });
        let accounts = shared.directory.clone();
        Self {
            pool: Pool::new(POOL, CLIENT, accounts, Arc::clone(&shared)),
            shared,
            entropy: SeededEntropy::new(2),
        }
    }

    /// Returns the resolvers of this deployment.
    pub(crate) fn resolvers(&self) -> (SignIns, Contacts) {
        let sign_in = SignInResolver {
            hook: None,
            deployment: self.deployment.clone(),
            app_client: self.app_client.clone(),
            legacy_pool: false,
            source: SourceOf::AppSync,
            origin: None,
            sessions: NoSessions,
            store: self.store.clone(),
            directory: self.directory.clone(),
            api: self.pool.clone(),
            captcha: None,
            clock: self.clock.clone(),
            entropy: SeededEntropy::new(3),
        };
        let contacts = AccountResolver {
            deployment: self.deployment.clone(),
            app_client: self.app_client.clone(),
            source: SourceOf::AppSync,
            origin: None,
            sessions: NoSessions,
            store: self.store.clone(),
            directory: self.directory.clone(),
            tokens: Tokens(self.directory.clone()),
            api: self.pool.clone(),
            clock: self.clock.clone(),
            entropy: SeededEntropy::new(4),
        };
        (sign_in, contacts)
    }

    /// Returns the messages so far: the code and the recipient.
    pub(crate) fn sent(&self) -> Vec<(Option<String>, String)> {
        let of = |code: &Code| code.digits().to_owned();
        let messages = self.inbox.messages(None, usize::MAX).into_iter();
        messages
            .rev()
            .map(|arrived| {
                let message = &arrived.message;
                (
                    message.code.as_ref().map(of),
                    message.to.as_str().to_owned(),
                )
            })
            .collect()
    }

    pub(crate) fn ticket(&self, purpose: Purpose, to: &str) -> String {
        let terms = match purpose {
            Purpose::Claim | Purpose::Undo(_) => CodeTerms::uncharged(CodeLength::DEFAULT),
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => {
                CodeTerms::ordinary(CodeLength::DEFAULT)
            }
        };
        let ticket = Ticket::new(purpose, email(to), terms, self.clock.now(), &self.entropy);
        ticket.seal(&self.deployment.keys, &self.app_client, &self.entropy)
    }

    pub(crate) fn proof(&self, of: &str) -> String {
        let proof = Proof {
            contact: email(of),
            flow: FlowId::from_bytes(self.entropy.bytes()),
            made_at: self.clock.now(),
        };
        let Deployment { policy, keys } = &self.deployment;
        let earned = Flow::earned(
            proof.flow,
            &proof.contact,
            &self.app_client,
            policy,
            keys,
            proof.made_at,
            &self.entropy,
        );
        let opened = self.store.open_flow(&earned).now_or_never();
        assert!(opened.is_some(), "the store in memory never waits");
        proof.seal(&self.deployment.keys, &self.app_client, &self.entropy)
    }

    /// Returns a session at the challenge of this ticket, and the code that was sent.
    pub(crate) async fn at_challenge(&self, username: &str, ticket: &str) -> (Session, String) {
        let (mut session, next) = self.pool.open(username).await;
        assert!(matches!(next, Next::Challenge), "a session opens");
        let before = self.sent().len();
        let metadata = json!({ "method": "email", "ticket": ticket });
        self.pool.answer(&mut session, "", &metadata).await;
        let code = self
            .sent()
            .drain(before..)
            .next()
            .and_then(|(code, _)| code);
        (session, code.unwrap_or_default())
    }

    /// Returns this deployment's sealed texts, by the names that inputs use.
    pub(crate) fn sealed(&self) -> Authentic {
        let pending = PendingId::from_bytes(self.entropy.bytes());
        let texts = [
            ("<ticket>", self.ticket(Purpose::SignIn, ADA)),
            ("<ticket-bob>", self.ticket(Purpose::SignIn, BOB)),
            ("<ticket-claim>", self.ticket(Purpose::Claim, ADA)),
            (
                "<ticket-contact>",
                self.ticket(Purpose::VerifyContact(pending), BOB),
            ),
            ("<ticket-decoy>", self.ticket(Purpose::Decoy, BOB)),
            ("<proof>", self.proof(ADA)),
            ("<proof-bob>", self.proof(BOB)),
            ("<token>", ADAS_TOKEN.to_owned()),
        ];
        Authentic {
            texts: texts.map(|(name, text)| (name.to_owned(), text)).into(),
            sent: 0,
        }
    }

    /// Returns the sealed texts, and the challenges of the flows that the input names, each at
    /// another stage.
    pub(crate) async fn authentic(&self, input: &str) -> Authentic {
        let mut kept = self.sealed();
        let flows = [
            ("open", ADA, Purpose::SignIn),
            ("matched", ADA, Purpose::SignIn),
            ("ghost", BOB, Purpose::SignIn),
            ("proved", BOB, Purpose::SignIn),
            ("claim", ADA, Purpose::Claim),
            ("claimed", ADA, Purpose::Claim),
            ("decoy", ADA, Purpose::SignIn),
        ];
        for (name, whose, purpose) in flows {
            if !input.contains(&format!("<{name}")) {
                continue;
            }
            let (username, ticket) = match name {
                "decoy" => (whose, String::new()),
                "claim" | "claimed" => (ADAS_NAME, self.ticket(purpose, whose)),
                _ => (whose, self.ticket(purpose, whose)),
            };
            let (session, mut answer) = self.at_challenge(username, &ticket).await;
            if name == "claimed" {
                answer = self.proof(whose);
            }
            if matches!(name, "matched" | "proved" | "claimed") {
                assert!(self.pool.verdict(&session, &answer, &json!({})).await);
            }
            let select = session.rounds()[0]["challengeMetadata"].as_str();
            kept = kept
                .with(&format!("<{name}-select>"), select.unwrap_or_default())
                .with(&format!("<{name}>"), session.metadata())
                .with(&format!("<{name}-code>"), &answer);
        }
        kept.sent = self.sent().len();
        kept
    }
}

/// The values that a world has made.
pub(crate) struct Authentic {
    texts: BTreeMap<String, String>,
    /// The number of messages that this took.
    pub(crate) sent: usize,
}

impl Authentic {
    /// Adds a text under a name.
    pub(crate) fn with(mut self, name: &str, text: &str) -> Self {
        self.texts.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Returns the text of that name in inputs.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// Returns an input with the texts substituted for their names.
    pub(crate) fn substituted(&self, input: &str) -> String {
        let mut text = input.to_owned();
        for (name, authentic) in &self.texts {
            if text.contains(name) {
                text = text.replace(name, authentic);
            }
        }
        text
    }
}

/// The verifier of Ada's access token and no other.
#[derive(Clone)]
pub(crate) struct Tokens(MemoryDirectory);

impl AccessTokenVerifier for Tokens {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        let token = access_token.expose();
        if token == ADAS_TOKEN || token == adas_jwt() {
            self.0.find(ADAS_NAME).await
        } else {
            Ok(None)
        }
    }
}

/// Returns Ada's access token with its claims, as Cognito signs it.
pub(crate) fn adas_jwt() -> String {
    let claims = json!({
        "iss": format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"),
        "sub": ADAS_SUB,
        "token_use": "access",
        "client_id": CLIENT,
        "auth_time": NOW.as_secs(),
    });
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl")
}

/// Makes a key ring of one key.
pub(crate) fn key_ring(id: &str, byte: u8) -> KeyRing {
    // Invariant: the ids here are well formed, and 32 bytes are enough.
    let key = Key::new(KeyId::parse(id).expect("an id"), &[byte; 32]).expect("a key");
    KeyRing::new(key, None, None).expect("one key is a ring")
}

/// Parses an address of this crate.
pub(crate) fn email(text: &str) -> Identifier {
    // Invariant: it is one of the addresses of this file.
    Identifier::parse(Method::Email, text).expect("an address")
}
