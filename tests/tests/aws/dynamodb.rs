//! The store on DynamoDB: the contract of every store, and the behaviour of this one.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use latchstring_aws::{Aws, CognitoChallengeApi, DynamoStore};
use latchstring_core::account::{Account, Attributes};
use latchstring_core::event::{CarriedBy, EventId, EventKind, OutboxEntry};
use latchstring_core::flow::{
    AccountState, AnswerEvent, AppClient, ClientRequest, Next, Round, SessionEvent, Verdict,
    create, define, verify,
};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{
    Attempted, Charged, Clock, CounterStore, EndIf, Entropy, Finished, FlowStore, LeaseStore,
    Leased, Opened, OutboxStore, Redeemable, Redeemed, RedemptionStore, SessionStore, Store, Taken,
    VerdictWrite,
};
use latchstring_core::secret::Secret;
use latchstring_core::session::{Browser, FormerToken, SessionTokens};
use latchstring_core::sign_in::{Context, SignIn, SignInRequest};
use latchstring_core::time::Timestamp;
use latchstring_lambda::{OsEntropy, SystemClock};
use latchstring_memory::{FixedCaptcha, MemoryDirectory, SeededEntropy};
use latchstring_tests::store_contract::{Contract, window};
use latchstring_tests::{Ministack, Tap, note};
use serde_json::{Value, json};

/// The table of the golden requests. Every other test has its own, named after the test.
const TABLE: &str = "latchstring";

type OnDynamo = Contract<DynamoStore<OsEntropy>, OsEntropy>;

/// Returns the shared emulator, with a new table.
async fn with_table(name: &str) -> &'static Ministack {
    let ministack = Ministack::shared().await;
    ministack.create_table(name).await;
    ministack
}

fn contract(aws: &Aws, table: &str) -> OnDynamo {
    Contract {
        store: Arc::new(DynamoStore::new(aws, table, OsEntropy).with_outbox(true)),
        entropy: OsEntropy,
        now: SystemClock.now(),
    }
}

mod contract {
    use std::sync::atomic::{AtomicU32, Ordering};

    use latchstring_tests::store_contract_tests;

    use super::{OnDynamo, contract, with_table};

    async fn stores() -> [((), OnDynamo); 1] {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let table = format!("contract-{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let ministack = with_table(&table).await;
        [((), contract(&ministack.aws(), &table))]
    }

    store_contract_tests!(stores);
}

#[tokio::test]
async fn every_kind_of_item_is_in_the_given_table() {
    let table = "kinds";
    let ministack = with_table(table).await;
    let c = contract(&ministack.aws(), table);
    run_one_of_each(&c).await;
    let (on, now) = (c.pseudonym(), c.now);
    assert_eq!(c.store.lease(on, on, now, c.after(5_000)).await, Ok(true));
    let flow = c.row().id;
    let redeemed = c.store.redeem(Redeemable::Proof(flow), flow, now).await;
    assert_eq!(redeemed, Ok(Redeemed::Here));
    let session = c.session(&c.sub());
    c.store.open_session(&session).await.expect("an answer");
    let keep = c.after(3_600_000);
    let enlisted = c
        .store
        .enlist_session(&session.account, session.key, 50, keep)
        .await;
    enlisted.expect("an answer");
    let sizes = ministack.sizes(table).await;
    let session = sizes["session"];
    assert!(session < 3_400, "a session has {session} bytes");
    let kinds: Vec<_> = sizes.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "counter", "flow", "lease", "pending", "proof", "replaced", "session", "sessions",
            "ticket", "undo"
        ]
    );
}

/// Another version may have written it, or an operator.
#[tokio::test]
async fn an_unreadable_event_does_not_hide_the_others() {
    let table = "unreadable-events";
    let ministack = with_table(table).await;
    let c = contract(&ministack.aws(), table);
    let mut id = c.entropy.bytes();
    id[0] = 5;
    let entry = OutboxEntry {
        carried_by: CarriedBy::Item(EventId::from_bytes(id)),
        kind: EventKind::DeviceRemembered,
        sub: Some(c.sub()),
        client: "client".to_owned(),
        method: None,
        at: c.now,
        due: c.now,
        intent: None,
    };
    c.store.put_event(&entry).await.expect("an answer");
    for (key, due) in [("event#garbled", "1"), ("other", "2")] {
        let item = json!({
            "pk": { "S": key },
            "outbox": { "S": "outbox#05" },
            "due": { "N": due },
        });
        let put = json!({ "TableName": table, "Item": item });
        ministack.call("DynamoDB_20120810.PutItem", &put).await;
    }
    let (mut place, mut read, mut unreadable) = (None, Vec::new(), 0);
    loop {
        let page = c.store.due_events(5, place.as_ref(), c.now, 1).await;
        let page = page.expect("an answer");
        read.extend(page.entries);
        unreadable += page.unreadable;
        place = page.last;
        if place.is_none() {
            break;
        }
    }
    assert_eq!((read, unreadable), (vec![entry], 2));
}

/// Asserts that one operation was called twice, with the same body.
fn assert_twice(tap: &Tap, operation: &str) {
    let seen = tap.seen();
    assert_eq!(seen.len(), 2, "{operation} was asked twice");
    assert!(seen[0].body == seen[1].body && seen[0].operation == operation);
}

#[tokio::test]
async fn a_session_whose_write_has_no_reply_is_recognized() {
    let table = "lost-replies-of-sessions";
    let ministack = with_table(table).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let c = contract(&tap.aws(), table);
    let (store, now) = (&c.store, c.now);
    let twice = |operation: &str| assert_twice(&tap, operation);
    let (holder, until) = (c.pseudonym(), c.after(5_000));

    let session = c.session(&c.sub());
    tap.spoil_next_reply();
    assert_eq!(store.open_session(&session).await, Ok(()));
    twice("PutItem");
    tap.spoil_next_reply();
    let leased = store
        .lease_refresh(session.key, 0, holder, now, until)
        .await;
    assert!(matches!(leased, Ok(Leased::Taken(_))), "its own lease");
    twice("UpdateItem");
    tap.spoil_next_reply();
    let stored = store
        .store_refresh(session.key, holder, &c.session_tokens())
        .await;
    assert_eq!(stored, Ok(true));
    twice("UpdateItem");
    let read = store.session(session.key).await.expect("an answer");
    assert_eq!(read.map(|it| it.refreshes), Some(1), "counted once");
    tap.seen();
    tap.spoil_next_reply();
    let ended = store
        .end_session(session.key, EndIf::Of(&session.account))
        .await;
    assert_eq!(ended, Ok(None), "the first attempt ended it");
    twice("DeleteItem");
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_repeated_and_recognized() {
    let table = "lost-replies";
    let ministack = with_table(table).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let c = contract(&tap.aws(), table);
    let (store, now) = (&c.store, c.now);
    let twice = |operation: &str| assert_twice(&tap, operation);

    let flow = c.row();
    tap.spoil_next_reply();
    assert_eq!(store.open_flow(&flow).await, Ok(Opened::New));
    twice("PutItem");

    tap.spoil_next_reply();
    assert_eq!(store.advance_send(flow.id, 1, None, now).await, Ok(true));
    twice("UpdateItem");
    assert_eq!(
        store.advance_send(flow.id, 1, None, now).await,
        Ok(false),
        "a second call counts as another caller's"
    );
    tap.seen();

    tap.spoil_next_reply();
    assert_eq!(store.record_message_charge(flow.id, 2).await, Ok(true));
    twice("UpdateItem");

    let wrong = c.answer();
    tap.spoil_next_reply();
    let judged = store
        .record_verdict(flow.id, wrong, false, flow.terms, 2, now)
        .await;
    assert_eq!(judged, Ok(VerdictWrite::Recorded));
    twice("UpdateItem");
    assert_eq!(c.read(flow.id).await.attempts, [wrong].into());
    tap.seen();

    let right = c.answer();
    tap.spoil_next_reply();
    let judged = store
        .record_verdict(flow.id, right, true, flow.terms, 2, now)
        .await;
    twice("UpdateItem");
    let row = c.read(flow.id).await;
    assert_eq!(
        judged,
        Ok(VerdictWrite::Refused(Some(Box::new(row)))),
        "the same answer matched, and the core accepts it again"
    );
    tap.seen();

    tap.spoil_next_reply();
    assert!(matches!(c.finish(&flow, now).await, Finished::Now(_)));
    twice("UpdateItem");
    assert!(matches!(c.finish(&flow, now).await, Finished::Refused(_)));
    tap.seen();

    let token = Redeemable::Proof(flow.id);
    tap.spoil_next_reply();
    let redeemed = store.redeem(token, flow.id, now).await;
    assert_eq!(redeemed, Ok(Redeemed::Here));
    twice("UpdateItem");

    let (on, holder) = (c.pseudonym(), c.pseudonym());
    let until = c.after(5_000);
    tap.spoil_next_reply();
    assert_eq!(store.lease(on, holder, now, until).await, Ok(true));
    twice("UpdateItem");
    tap.spoil_next_reply();
    assert_eq!(store.release(on, holder).await, Ok(()));
    twice("DeleteItem");

    let another = c.row();
    store.open_flow(&another).await.expect("an answer");
    tap.seen();
    tap.spoil_next_reply();
    let attempted = c.attempt(&another, c.answer(), 2).await;
    assert!(
        matches!(attempted, Attempted::Recorded(_)),
        "the same attempt is still held"
    );
    twice("UpdateItem");

    let counter = c.pseudonym();
    tap.spoil_next_reply();
    let windows = [window("short", 1, 2), window("all", 1, 9)];
    let charge = async || store.charge(counter, &windows, now).await;
    assert_eq!(charge().await, Ok(Charged::Yes));
    twice("UpdateItem");
    assert_eq!(
        charge().await,
        Ok(Charged::Yes),
        "the first call was charged once"
    );
    assert_eq!(charge().await, Ok(Charged::Refused { window: 0 }));
    tap.seen();

    tap.spoil_next_reply();
    let short = [Taken::of(window("short", 1, 2))];
    assert!(store.refund(counter, &short).await.is_err());
    assert_eq!(tap.seen().len(), 1, "a refund is not repeated");
    assert_eq!(charge().await, Ok(Charged::Yes));
    assert_eq!(charge().await, Ok(Charged::Refused { window: 0 }));
}

#[tokio::test]
async fn every_operation_is_one_request_by_key() {
    let table = "operations";
    let ministack = with_table(table).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let c = contract(&tap.aws(), table);
    run_one_of_each(&c).await;
    let mut asked = BTreeMap::new();
    for request in tap.seen() {
        let of_table = &request.body["RequestItems"][table];
        let consistent = [&request.body, of_table]
            .iter()
            .any(|read| read["ConsistentRead"] == true);
        let conditional = request.body["ConditionExpression"].is_string();
        let pending = request.body["Item"]["pk"]["S"]
            .as_str()
            .is_some_and(|key| key.starts_with("pending#"));
        assert!(
            consistent || conditional || pending,
            "{}: a consistent read, a conditional write, or the pending contact that replaces",
            request.operation
        );
        *asked.entry(request.operation).or_insert(0) += 1;
    }
    let asked: Vec<_> = asked.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    let expected = [
        ("BatchGetItem", 2),
        ("DeleteItem", 3),
        ("GetItem", 7),
        ("PutItem", 3),
        ("UpdateItem", 23),
    ];
    assert_eq!(
        asked, expected,
        "thirty-three operations, some of them twice"
    );
}

/// Pins the requests of every operation, and therefore the items of a table. A deployed version reads
/// the items of its predecessor: a difference needs a migration. `UPDATE_GOLDEN=1` writes the file.
#[tokio::test]
async fn requests_and_items_are_unchanged() {
    let ministack = with_table(TABLE).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let seeded = SeededEntropy::new;
    let contract = Contract {
        store: Arc::new(DynamoStore::new(&tap.aws(), TABLE, seeded(1))),
        entropy: seeded(2),
        now: Timestamp::from_secs(1_800_000_000),
    };
    run_one_of_each(&contract).await;
    let lines = tap
        .seen()
        .into_iter()
        .map(|request| format!("{} {}\n", request.operation, request.body));
    let now: String = lines.collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/dynamodb_requests.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &now).expect("the golden file is written");
    }
    let expected = std::fs::read_to_string(path).expect("the golden file");
    assert!(now == expected, "not {path}, but {now}");
}

/// Calls each operation once.
async fn run_one_of_each<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (store, now) = (&c.store, c.now);
    let fault = "an answer";
    let flow = c.row();
    store.open_flow(&flow).await.expect(fault);
    store.flow(flow.id).await.expect(fault);
    store
        .advance_send(flow.id, 1, None, now)
        .await
        .expect(fault);
    let answer = c.answer();
    c.attempt(&flow, answer, 3).await;
    store
        .record_wrong_answer(flow.id, c.answer(), flow.terms, None)
        .await
        .expect(fault);
    let judged = store
        .record_verdict(flow.id, answer, true, flow.terms, 3, now)
        .await;
    judged.expect(fault);
    c.finish(&flow, now).await;
    let token = Redeemable::Ticket(c.ticket());
    store.redeem(token, flow.id, now).await.expect(fault);
    store.is_redeemed(token).await.expect(fault);
    let pending = c.pending(&c.sub(), Method::Email);
    store.put_pending(&pending).await.expect(fault);
    let (account, method) = (&pending.account, pending.method);
    store.pending(account, method).await.expect(fault);
    let settled = store
        .settle_pending(account, method, pending.id, pending.outcome)
        .await;
    settled.expect(fault);
    let undo = c.undo(account);
    store.put_undo(&undo, None).await.expect(fault);
    let newer = c.undo(account);
    store.put_undo(&newer, Some(undo.id)).await.expect(fault);
    store.undo(account).await.expect(fault);
    store.close_undo(account, newer.id, now).await.expect(fault);
    let contact = c.pseudonym();
    let put = store.put_replaced(contact, account, now, now).await;
    put.expect(fault);
    store.replaced(contact).await.expect(fault);
    let pseudonym = c.pseudonym();
    store
        .lease(pseudonym, pseudonym, now, now)
        .await
        .expect(fault);
    store.release(pseudonym, pseudonym).await.expect(fault);
    let charged = store.charge(pseudonym, &[window("all", 1, 1)], now).await;
    charged.expect(fault);
    store
        .counts(&[pseudonym, c.pseudonym()])
        .await
        .expect(fault);
    let charged = [Taken::of(window("all", 1, 1))];
    store.refund(pseudonym, &charged).await.expect(fault);
    run_one_of_each_of_sessions(c).await;
}

/// Calls each operation of browser sessions once.
async fn run_one_of_each_of_sessions<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (store, now, keep) = (&c.store, c.now, c.after(3_600_000));
    let fault = "an answer";
    let account = c.sub();
    let session = c.session(&account);
    let (key, holder) = (session.key, c.pseudonym());
    let enlisted = store.enlist_session(&account, key, 50, keep).await;
    enlisted.expect(fault);
    store.open_session(&session).await.expect(fault);
    store.enlisted_sessions(&account).await.expect(fault);
    store.session(key).await.expect(fault);
    store.sessions(&[key, c.pseudonym()]).await.expect(fault);
    let firefox = Browser::of("Firefox/150.0 (Linux)");
    for (after, browser) in [(60_000, Some(firefox)), (120_000, None)] {
        let noted = store.note_use(key, c.after(after), browser).await;
        noted.expect(fault);
    }
    for refreshes in 0..2 {
        let leased = store
            .lease_refresh(key, refreshes, holder, now, c.after(12_000))
            .await;
        leased.expect(fault);
        // Rotated, and not.
        let former = (refreshes == 0).then(|| FormerToken {
            token: session.tokens.refresh.clone(),
            until: c.after(60_000),
        });
        let tokens = SessionTokens {
            former,
            ..c.session_tokens()
        };
        let stored = store.store_refresh(key, holder, &tokens).await;
        stored.expect(fault);
    }
    store.give_up_refresh(key, holder, now).await.expect(fault);
    let leased = store.end_session(key, EndIf::LeasedBy(holder)).await;
    assert_eq!(leased, Ok(None));
    let ended = store.end_session(key, EndIf::Of(&account)).await;
    ended.expect(fault);
    store.delist_sessions(&account, &[key]).await.expect(fault);
}

#[tokio::test]
async fn a_sign_in_is_fifteen_requests_of_items_up_to_one_kilobyte() {
    let table = "sign-in";
    let ministack = with_table(table).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let store = DynamoStore::new(&tap.aws(), table, OsEntropy);
    // The longest permitted address.
    let domain = ["a"; 63].concat();
    let address = format!("{}@{domain}.{domain}.{domain}", &domain[..62]);
    note(&address);
    sign_in(&tap.aws(), &store, &address, None).await;
    let mut asked = BTreeMap::new();
    for request in tap.seen() {
        *asked.entry(request.operation).or_insert(0) += 1;
    }
    let asked: Vec<_> = asked.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    let expected = [("BatchGetItem", 1), ("PutItem", 1), ("UpdateItem", 13)];
    assert_eq!(asked, expected);
    let sizes = ministack.sizes(table).await;
    assert!(sizes["flow"] <= 820, "a flow has {} bytes", sizes["flow"]);
    for (kind, most) in [("counter", 200), ("ticket", 70)] {
        assert!(sizes[kind] < most, "a {kind} has {} bytes", sizes[kind]);
    }
}

/// Returns the content that a reader of the table sees: every written value, verbatim and decoded.
#[tokio::test]
async fn items_hold_neither_a_contact_nor_a_code_nor_an_answer() {
    let table = "items";
    let ministack = with_table(table).await;
    let tap = Tap::before(ministack.endpoint()).await;
    let store = DynamoStore::new(&tap.aws(), table, OsEntropy);
    let (address, guess) = ("ada.lovelace@example.com", "424242424242");
    note(address);
    let code = sign_in(&tap.aws(), &store, address, Some(guess)).await;
    let mut readings = Vec::new();
    for request in tap.seen() {
        read(&request.body, &mut readings);
    }
    assert!(readings.len() > 200, "the requests were read");
    for secret in [address, "lovelace", guess, &code] {
        let holds = |reading: &Vec<u8>| {
            let mut parts = reading.windows(secret.len());
            parts.any(|part| part.eq_ignore_ascii_case(secret.as_bytes()))
        };
        assert!(!readings.iter().any(holds), "a secret is stored");
    }
}

/// Adds the texts of a value, also decoded from base64 and hexadecimal. Numbers are times and counts,
/// which may have any six digits.
fn read(value: &Value, into: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(object) => {
            let texts = object.iter().filter(|(kind, _)| *kind != "N");
            texts.for_each(|(_, value)| read(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| read(value, into)),
        Value::String(text) => {
            for part in text.split(['.', '#']).chain([text.as_str()]) {
                let plain = part.trim_end_matches('=').as_bytes();
                let encodings = [BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE];
                into.extend(encodings.iter().filter_map(|it| it.decode(plain).ok()));
                into.push(part.as_bytes().to_vec());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns a deployment for this app client, with a key of its own.
fn deployment_of(client: &str) -> Deployment {
    let key = KeyId::parse("k1").expect("a key id");
    let key = Key::new(key, &OsEntropy.bytes::<32>()).expect("a key");
    Deployment {
        policy: Policy::for_clients(vec![client.to_owned()]),
        keys: KeyRing::new(key, None, None).expect("a ring"),
    }
}

/// Returns a pool with this user.
fn directory_of(attributes: &Attributes) -> MemoryDirectory {
    let directory = MemoryDirectory::default();
    directory.put(Account {
        username: "ada".to_owned(),
        enabled: true,
        attributes: attributes.clone(),
    });
    directory
}

/// Signs in a user of the pool with the first answer, or after this guess. Returns the code.
async fn sign_in(
    aws: &Aws,
    store: &DynamoStore<OsEntropy>,
    address: &str,
    guess: Option<&str>,
) -> String {
    let client = "1h57kf5cpq17m0eml12EXAMPLE";
    let deployment = deployment_of(client);
    let app_client = AppClient::new("eu-west-1_EXAMPLE", client);
    let attributes = Attributes::from_pairs([
        ("sub", "8a1d2b3c-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
        ("email", address),
        ("email_verified", "true"),
        ("cognito:user_status", "CONFIRMED"),
    ]);
    let directory = directory_of(&attributes);
    let resolver = SignIn::<(_, _, _, _, _), FixedCaptcha> {
        context: Context {
            deployment: &deployment,
            app_client: &app_client,
            store,
            directory: &directory,
            api: &CognitoChallengeApi::new(aws, client),
            clock: &SystemClock,
            entropy: &OsEntropy,
        },
        hook: None,
        legacy_pool: false,
        captcha: None,
    };
    let identifier = Identifier::parse(Method::Email, address).expect("an address");
    let request = SignInRequest {
        identifier,
        locale: None,
        link_challenge: None,
        proof: None,
        resume: None,
        device: None,
        captcha: None,
        source: None,
    };
    let Ok(ticket) = resolver.ticket(&request).await else {
        panic!("there is a ticket");
    };
    let request = ClientRequest {
        method: Some("email".to_owned()),
        ticket: Some(ticket.ticket),
        action: None,
        link_secret: None,
    };
    let mut event = SessionEvent {
        app_client: app_client.clone(),
        username: Secret::new("ada"),
        user: AccountState::Known(attributes),
        rounds: Vec::new(),
        request: ClientRequest::default(),
    };
    // The last element is the next answer.
    let mut answers = vec!["select".to_owned()];
    let mut sent = String::new();
    loop {
        let next = define(&deployment, store, &directory, &SystemClock, &event).await;
        if let Some(refund) = next.refund {
            refund.make(store).await;
        }
        match next.decision {
            Next::Challenge => {}
            Next::IssueTokens => return sent,
            Next::Fail => panic!("the sign-in goes on"),
        }
        let created = create(&deployment, store, &SystemClock, &OsEntropy, &event).await;
        let challenge = created
            .decision
            .challenge
            .to_text(&deployment.keys, &app_client);
        if let Some(code) = created.message.and_then(|message| message.code) {
            code.digits().clone_into(&mut sent);
            answers.push(sent.clone());
            answers.extend(guess.map(str::to_owned));
        }
        let event_of_answer = AnswerEvent {
            app_client: app_client.clone(),
            user: event.user.clone(),
            challenge: Some(challenge.clone()),
            answer: Secret::new(answers.pop().expect("an answer")),
            request: request.clone(),
        };
        let verified = verify(
            &deployment,
            store,
            &SystemClock,
            &OsEntropy,
            &event_of_answer,
        )
        .await;
        event.request = request.clone();
        event.rounds.push(Round {
            challenge_name: "CUSTOM_CHALLENGE".to_owned(),
            passed: matches!(verified.decision, Verdict::Right(_)),
            metadata: Some(challenge),
        });
    }
}

/// Returns the seconds for which an item is kept, from this time on.
async fn kept(ministack: &Ministack, table: &str, key: &str, from: Timestamp) -> u64 {
    let get = json!({ "TableName": table, "Key": { "pk": { "S": key } } });
    let got = ministack.call("DynamoDB_20120810.GetItem", &get).await;
    let until = got["Item"]["ttl"]["N"].as_str().expect("a time");
    // In whole seconds, rounded up.
    until.parse::<u64>().expect("seconds") - from.as_millis().div_ceil(1000)
}

#[tokio::test]
async fn an_event_is_kept_for_14_days_and_its_id_for_one() {
    const DAY: u64 = 86_400;
    let table = "kept-events";
    let ministack = with_table(table).await;
    let c = contract(&ministack.aws(), table);
    let entry = OutboxEntry {
        carried_by: CarriedBy::Item(EventId::from_bytes(OsEntropy.bytes())),
        kind: EventKind::DeviceRemembered,
        sub: Some(c.sub()),
        client: "client".to_owned(),
        method: None,
        at: c.now,
        due: c.now,
        intent: None,
    };
    let CarriedBy::Item(id) = entry.carried_by else {
        panic!("it has an item");
    };
    let key = format!("event#{}", BASE64URL_NOPAD.encode(id.as_bytes()));
    let kept_from = async |from| kept(ministack, table, &key, from).await;
    assert_eq!(c.store.put_event(&entry).await, Ok(()));
    assert_eq!(kept_from(c.now).await, 14 * DAY);
    let later = c.after(3_600_000);
    assert_eq!(c.store.postpone_event(&entry, later).await, Ok(()));
    assert_eq!(kept_from(later).await, 14 * DAY);
    let entry = OutboxEntry {
        due: later,
        ..entry
    };
    assert_eq!(c.store.settle_event(&entry).await, Ok(()));
    assert_eq!(kept_from(later).await, DAY);

    let (row, answer) = (c.row(), c.answer());
    let key = format!("flow#{}", BASE64URL_NOPAD.encode(row.id.as_bytes()));
    let kept_from = async |from| kept(ministack, table, &key, from).await;
    assert_eq!(c.store.open_flow(&row).await, Ok(Opened::New));
    let without = DynamoStore::new(&ministack.aws(), table, OsEntropy);
    for store in [&without, &*c.store] {
        let refused = store.record_wrong_answer(row.id, answer, row.terms, Some(c.now));
        assert_eq!(refused.await, Ok(true));
        let kept_for = kept_from(c.now).await;
        if std::ptr::eq(store, &raw const without) {
            assert!(kept_for < DAY, "no event without an outbox");
        } else {
            assert_eq!(kept_for, 14 * DAY + 30);
        }
    }
    let entry = OutboxEntry::of_flow(&row, c.now);
    assert_eq!(c.store.settle_event(&entry).await, Ok(()));
    assert_eq!(kept_from(entry.due).await, 2 * 3600);
}
