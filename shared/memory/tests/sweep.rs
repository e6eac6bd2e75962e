//! The items that the store in memory keeps and removes as new flows arrive.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where something is not as it must be"
)]

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use latchstring_core::code::CodeLength;
use latchstring_core::flow::{Flow, FlowId, Purpose, State, Subject};
use latchstring_core::keys::KeyId;
use latchstring_core::ports::{
    Charged, CounterStore, FlowStore, Opened, Redeemable, RedemptionStore, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::SealedContact;
use latchstring_core::time::Timestamp;
use latchstring_memory::MemoryStore;

/// Polls a future of this store once: no method of it ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store waited"),
    }
}

/// Charges one unit and returns true if there was room.
fn charged(store: &MemoryStore, counter: Pseudonym, limit: u32, keep_until: Timestamp) -> bool {
    let window = Window {
        name: "all".to_owned(),
        amount: 1,
        limit,
    };
    now(store.charge(counter, &[window], keep_until)) == Ok(Charged::Yes)
}

fn secs(secs: u64) -> Timestamp {
    Timestamp::from_secs(secs)
}

/// Opens as many flows as make the store remove expired items at least once, all issued at that
/// time.
fn let_pass(store: &MemoryStore, issued_at: Timestamp) {
    for number in 0..1_024_u64 {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&issued_at.as_millis().to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        let flow = Flow {
            id: FlowId::from_bytes(id),
            client: "client".to_owned(),
            purpose: Purpose::SignIn,
            subject: Subject::NoAccount,
            contact: SealedContact::from_text("sealed"),
            method: None,
            locale: None,
            terms: CodeTerms::uncharged(CodeLength::DEFAULT),
            link_challenge: None,
            message_charged: true,
            key: KeyId::parse("k1").unwrap(),
            issued_at,
            expires_at: issued_at,
            sends: 1,
            unsent: 0,
            last_sent_at: issued_at,
            attempts: BTreeSet::new(),
            wrong_answers: BTreeSet::new(),
            held_guesses: 0,
            state: State::Open,
        };
        assert_eq!(now(store.open_flow(&flow)), Ok(Opened::New));
    }
}

#[test]
fn a_flow_is_removed_only_long_after_its_end() {
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
fn redemptions_and_counters_are_kept_as_long_as_requested() {
    let store = MemoryStore::default();
    let token = Redeemable::Proof(FlowId::from_bytes([1; 16]));
    let counter = Pseudonym::random([2; 16]);
    now(store.redeem(token, FlowId::from_bytes([3; 16]), secs(2_000))).unwrap();
    assert!(charged(&store, counter, 1, secs(2_000)));
    let_pass(&store, secs(2_000));
    assert!(now(store.is_redeemed(token)).unwrap());
    assert!(!charged(&store, counter, 1, secs(2_000)));
    let_pass(&store, secs(2_001));
    assert!(!now(store.is_redeemed(token)).unwrap());
    assert!(charged(&store, counter, 1, secs(3_000)));
}

/// `CounterStore::charge` and `RedemptionStore::redeem`: kept until `keep_until` at least, for every caller.
#[test]
fn repeated_items_are_kept_until_the_latest_requested_time() {
    let store = MemoryStore::default();
    let (token, flow) = (
        Redeemable::Proof(FlowId::from_bytes([1; 16])),
        FlowId::from_bytes([3; 16]),
    );
    let counter = Pseudonym::random([2; 16]);
    for keep_until in [secs(2_000), secs(3_000)] {
        now(store.redeem(token, flow, keep_until)).unwrap();
        assert!(charged(&store, counter, 2, keep_until));
    }
    let_pass(&store, secs(2_500));
    assert!(now(store.is_redeemed(token)).unwrap(), "the redemption");
    assert!(!charged(&store, counter, 2, secs(3_000)), "the counter");
}
