//! What the store in memory keeps, and what it forgets, as new flows come.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where something is not as it must be"
)]

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use latchstring_core::flow::{Flow, FlowId, Purpose, State, Subject};
use latchstring_core::keys::KeyId;
use latchstring_core::label::Label;
use latchstring_core::ports::{Opened, Store, Token};
use latchstring_core::sealed::SealedContact;
use latchstring_core::time::Timestamp;
use latchstring_memory::MemoryStore;

/// No method of this store ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store waited"),
    }
}

fn secs(secs: u64) -> Timestamp {
    Timestamp::from_secs(secs)
}

/// Opens as many flows as make the store sweep at least once, all issued at that time.
fn let_pass(store: &MemoryStore, issued_at: Timestamp) {
    for number in 0..1_024_u64 {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&issued_at.as_millis().to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        let flow = Flow {
            id: FlowId::from_bytes(id),
            client: "client".to_owned(),
            purpose: Purpose::SignIn,
            subject: Subject::Ghost,
            contact: SealedContact::from_text("sealed"),
            locale: None,
            key: KeyId::parse("k1").unwrap(),
            issued_at,
            expires_at: issued_at,
            sends: 1,
            last_sent_at: issued_at,
            attempts: BTreeSet::new(),
            state: State::Open,
        };
        assert_eq!(now(store.open_flow(&flow)), Ok(Opened::New));
    }
}

#[test]
fn a_flow_is_forgotten_only_long_after_its_end() {
    let store = MemoryStore::default();
    let_pass(&store, secs(1_000));
    let mut first = [0; 16];
    first[..8].copy_from_slice(&secs(1_000).as_millis().to_be_bytes());
    let first = FlowId::from_bytes(first);
    let_pass(&store, secs(1_900));
    assert!(
        now(store.flow(first)).unwrap().is_some(),
        "Cognito's session may last 15 minutes"
    );
    let_pass(&store, secs(1_000_000));
    assert!(now(store.flow(first)).unwrap().is_none());
}

#[test]
fn a_redemption_and_a_counter_are_kept_as_long_as_was_asked() {
    let store = MemoryStore::default();
    let token = Token::Proof(FlowId::from_bytes([1; 16]));
    let counter = Label::random([2; 16]);
    now(store.redeem(token, FlowId::from_bytes([3; 16]), secs(2_000))).unwrap();
    assert!(now(store.charge(counter, 1, 1, secs(2_000))).unwrap());
    let_pass(&store, secs(2_000));
    assert!(now(store.is_redeemed(token)).unwrap());
    assert!(!now(store.charge(counter, 1, 1, secs(2_000))).unwrap());
    let_pass(&store, secs(2_001));
    assert!(!now(store.is_redeemed(token)).unwrap());
    assert!(now(store.charge(counter, 1, 1, secs(3_000))).unwrap());
}

/// `Store::charge` and `Store::redeem`: kept until `keep_until` at least, whoever asked for it.
#[test]
fn what_is_asked_for_again_is_kept_until_the_latest_time_that_was_asked() {
    let store = MemoryStore::default();
    let (token, flow) = (
        Token::Proof(FlowId::from_bytes([1; 16])),
        FlowId::from_bytes([3; 16]),
    );
    let counter = Label::random([2; 16]);
    for keep_until in [secs(2_000), secs(3_000)] {
        now(store.redeem(token, flow, keep_until)).unwrap();
        assert!(now(store.charge(counter, 1, 2, keep_until)).unwrap());
    }
    let_pass(&store, secs(2_500));
    assert!(now(store.is_redeemed(token)).unwrap(), "the redemption");
    assert!(
        !now(store.charge(counter, 1, 2, secs(3_000))).unwrap(),
        "the counter"
    );
}
