//! Define as its own process: the replaced contact is notified after the response with the tokens.

use latchstring_aws::{CognitoDirectory, DynamoStore};
use latchstring_core::account::Account;
use latchstring_core::contact::{ContactMessage, Identity, SignedIn};
use latchstring_core::flow::{AppClient, Challenge, FlowId, Step};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{
    AccessTokenVerifier, Clock, Creation, Directory, Entropy, PortError,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::Context;
use latchstring_lambda::cognito::{CreateTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, OsEntropy, SystemClock, answer, follow_up};
use latchstring_memory::Inbox;
use latchstring_testkit::FixedChallenges;
use latchstring_tests::{Extensions, Ministack, Program, RuntimeApi, note};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::time::Instant;

use crate::after_response::{count, keys};
use crate::lambdas::{CLIENT, DEFINE, end, needs, response, trigger_event};

const TABLE: &str = "latchstring";
const SENDER: &str = "codes@example.org";
const USERNAME: &str = "7d0a4f0e-6c1b-4f1e-9d57-0b1c5a3e2f11";
const OLD: &str = "ada.old@example.com";
const NEW: &str = "ada.new@example.com";

/// Ada, who is signed in.
struct Signed(Account);

impl AccessTokenVerifier for Signed {
    async fn holder(&self, _: &Secret) -> Result<Option<Account>, PortError> {
        Ok(Some(self.0.clone()))
    }
}

fn email(text: &str) -> Identifier {
    note(text);
    Identifier::parse(Method::Email, text).expect("an address")
}

/// Returns the number of mails to the replaced address.
async fn notices(ministack: &Ministack) -> usize {
    let url = format!("{}/_ministack/ses/messages", ministack.endpoint());
    let sent = reqwest::get(url).await.expect("an answer");
    let sent: Value = sent.json().await.expect("JSON");
    sent.to_string().matches(OLD).count()
}

/// Creates a pool with Ada's account.
async fn pool_with_ada(ministack: &Ministack) -> (String, Account) {
    let pool = json!({"PoolName": "latchstring", "AliasAttributes": ["email", "phone_number"]});
    let operation = "AWSCognitoIdentityProviderService.CreateUserPool";
    let pool = ministack.call(operation, &pool).await;
    let pool = pool["UserPool"]["Id"].as_str().expect("an id").to_owned();
    let directory = CognitoDirectory::new(&ministack.aws(), &pool);
    let created = directory
        .create(USERNAME, &email(OLD), &BTreeMap::new())
        .await;
    assert!(matches!(created, Ok(Creation::New { .. })));
    let password = Secret::new("Aa1!aaaaaaaaaaaaaaaa");
    let set = directory.set_password(USERNAME, &password).await;
    assert_eq!(set, Ok(()));
    let ada = directory.find(USERNAME).await.expect("an answer");
    (pool, ada.expect("Ada"))
}

/// Returns Define's event after Ada entered the code for her new address.
async fn proved(ministack: &Ministack, pool: &str, ada: &Account) -> Value {
    let app_client = AppClient::new(pool, CLIENT);
    let deployment = Deployment {
        policy: Policy::for_clients(vec![CLIENT.to_owned()]),
        keys: keys(),
    };
    let store = DynamoStore::new(&ministack.aws(), TABLE, OsEntropy);
    let api = FixedChallenges::default();
    let account = SignedIn::<(_, _, _, _, _), _> {
        context: Context {
            deployment: &deployment,
            app_client: &app_client,
            store: &store,
            directory: &CognitoDirectory::new(&ministack.aws(), pool),
            api: &api,
            clock: &SystemClock,
            entropy: &OsEntropy,
        },
        tokens: &Signed(ada.clone()),
    };
    let identity = Identity {
        sub: ada.attributes.sub().clone(),
        token_use: "access".to_owned(),
        client: CLIENT.to_owned(),
        auth_time: SystemClock.now(),
        groups: Vec::new(),
        access_token: Secret::new("token"),
    };
    let asked = account
        .change_contact(&identity, &email(NEW), ContactMessage::default(), None)
        .await;
    assert!(asked.is_ok(), "a code is requested");
    let ticket = api.ticket().expect("a ticket");
    note(&ticket);

    let attributes = json!({
        "sub": ada.attributes.sub().as_str(),
        "cognito:user_status": "CONFIRMED",
        "email": OLD,
        "email_verified": "true",
    });
    let of_pool = |trigger: &str, request: &Value| {
        let mut event = trigger_event(trigger, request);
        event["userPoolId"] = json!(pool);
        event["userName"] = json!(USERNAME);
        event["request"]["userAttributes"] = attributes.clone();
        event
    };
    let round = |metadata: &Value, passed: bool| {
        json!({
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": passed,
            "challengeMetadata": metadata,
        })
    };
    let select = Challenge {
        flow: FlowId::from_bytes(OsEntropy.bytes()),
        step: Step::Select,
    };
    let select = round(&json!(select.to_text(&keys(), &app_client)), true);
    let create = CreateTrigger {
        deployment: deployment.clone(),
        store: store.clone(),
        courier: Inbox::new(SystemClock),
        clock: SystemClock,
        entropy: OsEntropy,
    };
    let metadata = json!({"method": "email", "ticket": ticket});
    let request = json!({"session": [select], "clientMetadata": metadata});
    let event = of_pool("CreateAuthChallenge", &request);
    let created = answer(&create, event).await.expect("an answer");
    let work = created.follow_up.expect("a code");
    follow_up(&create, work, Instant::now() + DELIVERY).await;
    let sent = create.courier.messages(None, 1);
    let code = sent[0].message.code.as_ref().expect("a code").digits();
    note(code);

    let question = &created.value["response"]["challengeMetadata"];
    let verify = VerifyTrigger {
        deployment: deployment.clone(),
        store,
        clock: SystemClock,
        entropy: OsEntropy,
    };
    let request = json!({
        "privateChallengeParameters": {"challenge": question},
        "challengeAnswer": code,
    });
    let event = of_pool("VerifyAuthChallengeResponse", &request);
    let verified = answer(&verify, event).await.expect("an answer");
    assert_eq!(verified.value["response"]["answerCorrect"], true);
    let session = json!({"session": [select, round(question, true)]});
    of_pool("DefineAuthChallenge", &session)
}

#[tokio::test]
async fn a_replaced_contact_is_notified_once_after_the_response() {
    let ministack = Ministack::start().await;
    ministack.create_table(TABLE).await;
    ministack.verify_email(SENDER).await;
    let (pool, ada) = pool_with_ada(&ministack).await;
    let event = proved(&ministack, &pool, &ada).await;

    let mut host = RuntimeApi::that(Extensions::Taken).await;
    let mut environment = host.environment();
    environment.extend(needs(DEFINE));
    let with = [
        ("USER_POOL_ID", pool.as_str()),
        ("STORE", "dynamodb"),
        ("TABLE_NAME", TABLE),
        ("EMAIL_FROM", SENDER),
        ("AWS_ENDPOINT_URL", ministack.endpoint()),
    ];
    environment.retain(|(name, _)| with.iter().all(|(other, _)| name != other));
    environment.extend(with.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let program = Program::lambda("notice", DEFINE, &environment);
    // Until the host has accepted the response, it is not posted.
    host.hold();
    let mut attempts = 1;
    // If the table is slow, the challenge is repeated, as when Cognito invokes the trigger again.
    while response(host.invoke(&event).await)["response"]["issueTokens"] != true {
        assert!(attempts < 4, "no tokens are issued");
        attempts += 1;
        host.let_go();
        host.idle().await;
        host.hold();
    }
    assert_eq!(notices(&ministack).await, 0);
    host.let_go();
    host.idle().await;
    let sent = notices(&ministack).await;
    // If the response to the write that finishes the flow was lost, no notice is sent (docs/faults.md).
    assert!(sent == 1 || (sent == 0 && attempts > 1), "{sent} notices");
    // A slow trigger is invoked once more: the response is the same, and no second notice is sent.
    let answered = response(host.invoke(&event).await);
    assert_eq!(answered["response"]["issueTokens"], true);
    host.idle().await;
    assert_eq!(notices(&ministack).await, sent);
    assert_eq!(count(&end(program).await, "delivered"), sent);
    let directory = CognitoDirectory::new(&ministack.aws(), &pool);
    let ada = directory.find(USERNAME).await.expect("an answer");
    let ada = ada.expect("Ada");
    assert!(
        ada.attributes.holds(&email(NEW)),
        "the new address is on her account"
    );
}
