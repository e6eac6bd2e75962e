//! The follow-up of a response: delivers its message, logs the outcome, and makes its refund.

use std::time::Duration;

use futures_util::future::join;
use latchstring_core::flow::{Challenge, FlowId, reset_resend_cooldown};
use latchstring_core::keys::KeyRing;
use latchstring_core::message::Message;
use latchstring_core::outbox::Events;
use latchstring_core::ports::{
    Clock, CounterStore, Courier, DeliveryError, DeliveryOutcome, FlowStore, PortError,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Refund;
use tokio::time::Instant;

use crate::metrics;
use crate::system::{millis, timeout};

/// The time limit of a delivery after the response.
pub const DELIVERY: Duration = Duration::from_secs(6);

/// The part of a function's time that is reserved after a delivery to log its outcome.
pub(crate) const REPORTING: Duration = Duration::from_millis(500);

/// The time limit for resetting a cooldown. The reset is optional and must fit into [`REPORTING`].
const COOLDOWN_RESET: Duration = Duration::from_millis(400);

/// A message that was accepted and is to be delivered, once.
#[derive(Clone, Debug)]
pub struct PendingDelivery {
    message: Message,
    /// The challenge that the message's code answers; a notice has none.
    sent: Option<Challenge>,
    /// The refund of the slot that the message took, if it took one.
    slot: Option<Refund>,
    /// The keyed hashes of the flow and the identifier, for logs.
    flow: Option<Pseudonym>,
    identifier: Pseudonym,
}

impl PendingDelivery {
    pub(crate) fn code(
        message: Message,
        sent: Challenge,
        slot: Option<Refund>,
        keys: &KeyRing,
    ) -> Self {
        Self {
            identifier: Pseudonym::of_identifier(keys, &message.to),
            message,
            sent: Some(sent),
            slot,
            flow: Some(Pseudonym::of_flow(keys, sent.flow)),
        }
    }

    pub(crate) fn notice(message: Message, flow: Option<FlowId>, keys: &KeyRing) -> Self {
        Self {
            identifier: Pseudonym::of_identifier(keys, &message.to),
            message,
            sent: None,
            slot: None,
            flow: flow.map(|flow| Pseudonym::of_flow(keys, flow)),
        }
    }
}

/// The work that a response leaves. No response depends on it.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// The message to deliver.
    pub delivery: Option<PendingDelivery>,
    /// The refund to make.
    pub refund: Option<Refund>,
    /// The events to publish.
    pub events: Events,
}

impl FollowUp {
    /// Returns the work, if there is any.
    pub(crate) fn of(
        delivery: Option<PendingDelivery>,
        refund: Option<Refund>,
        events: Events,
    ) -> Option<Self> {
        let work = Self {
            delivery,
            refund,
            events,
        };
        let is_some = work.delivery.is_some() || work.refund.is_some() || !work.events.is_empty();
        is_some.then_some(work)
    }
}

/// Delivers and refunds at the same time, before `until`. A refund that is not made by then is lost: a budget
/// stays a little smaller.
pub(crate) async fn follow_up(
    courier: &impl Courier,
    store: &(impl FlowStore + CounterStore),
    clock: &impl Clock,
    work: FollowUp,
    until: Instant,
) {
    let FollowUp {
        delivery, refund, ..
    } = work;
    let delivering = async {
        if let Some(delivery) = &delivery {
            deliver(courier, store, clock, delivery, until).await;
        }
    };
    let refunding = async {
        if let Some(refund) = refund {
            let left = until.saturating_duration_since(Instant::now());
            if timeout(clock, left, refund.make(store)).await.is_none() {
                tracing::warn!("refund not made in time");
            }
        }
    };
    join(delivering, refunding).await;
}

/// Delivers the message once, before `until`, and logs the outcome.
///
/// A user who got no code requests another one after the cooldown, or at once if the request
/// provably never left.
async fn deliver(
    courier: &impl Courier,
    store: &(impl FlowStore + CounterStore),
    clock: &impl Clock,
    delivery: &PendingDelivery,
    until: Instant,
) {
    let flow = delivery.flow.map(|flow| flow.to_string());
    let identifier = delivery.identifier.to_string();
    let to = &delivery.message.to;
    let channel = metrics::channel(to);
    let begun = Instant::now();
    let delivered = if begun < until {
        timeout(clock, until - begun, courier.deliver(&delivery.message))
            .await
            .unwrap_or_else(|| Err(failed("timeout", DeliveryOutcome::Unknown)))
    } else {
        Err(failed("no_time_left", DeliveryOutcome::NeverLeft))
    };
    let time = begun.elapsed();
    let duration_ms = millis(time);
    metrics::delivery_took(to, time);
    let DeliveryError { fault, outcome } = match delivered {
        Ok(()) => {
            tracing::info!(flow, identifier, channel, duration_ms, "delivered");
            if delivery.sent.is_some() {
                metrics::code_sent(to);
            }
            return;
        }
        Err(failed) => failed,
    };
    let (call, code) = (fault.call, fault.code);
    metrics::delivery_error(&code);
    tracing::error!(
        flow,
        identifier,
        channel,
        call,
        code,
        outcome = outcome.as_str(),
        duration_ms,
        "delivery failed"
    );
    let never_left = outcome == DeliveryOutcome::NeverLeft;
    // The slot gets its message back, so that another sign-in sends it. Otherwise a stranger who has
    // the service throttled for a second would take the slot from the owner.
    let giving_back = async {
        let is_free = never_left || outcome == DeliveryOutcome::Throttled;
        if let Some(slot) = delivery.slot.clone().filter(|_| is_free) {
            slot.make(store).await;
        }
    };
    let resetting = async {
        match &delivery.sent {
            Some(sent) if never_left => reset_resend_cooldown(store, sent).await.map(|_| ()),
            _ => Ok(()),
        }
    };
    if delivery.slot.is_some() || never_left {
        let both = join(resetting, giving_back);
        let reset = timeout(clock, COOLDOWN_RESET, both).await.map_or_else(
            || Err(PortError::new("reset_resend_cooldown", "timeout")),
            |(reset, ())| reset,
        );
        if let Err(PortError { call, code }) = reset {
            tracing::warn!(flow, call, code, "cooldown stays");
        }
    }
}

fn failed(code: &str, outcome: DeliveryOutcome) -> DeliveryError {
    DeliveryError {
        fault: PortError::new("deliver", code),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use latchstring_core::account::Sub;
    use latchstring_core::code::CodeLength;
    use latchstring_core::flow::{Flow, Progress, Purpose, State, Step, Subject};
    use latchstring_core::identifier::{Identifier, Method};
    use latchstring_core::keys::{Key, KeyId};
    use latchstring_core::message::Remedy;
    use latchstring_core::policy::Policy;
    use latchstring_core::ports::{Taken, Window};
    use latchstring_core::rate_limit::CodeTerms;
    use latchstring_core::sealed::SealedContact;
    use latchstring_core::time::Timestamp;
    use latchstring_memory::MemoryStore;

    use super::*;
    use crate::SystemClock;

    const SENT_AT: Timestamp = Timestamp::from_secs(1_767_225_600);

    /// A courier that fails in the same way each time, or never answers.
    struct FailingCourier {
        outcome: Option<DeliveryOutcome>,
        calls: AtomicUsize,
    }

    impl FailingCourier {
        fn with(outcome: Option<DeliveryOutcome>) -> Self {
            Self {
                outcome,
                calls: AtomicUsize::new(0),
            }
        }
    }

    impl Courier for FailingCourier {
        async fn deliver(&self, _: &Message) -> Result<(), DeliveryError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            match self.outcome {
                Some(outcome) => Err(failed("broken", outcome)),
                None => std::future::pending().await,
            }
        }
    }

    /// Returns a flow whose code was accepted for delivery, in a store.
    async fn accepted() -> (MemoryStore, PendingDelivery) {
        let flow = FlowId::from_bytes([1; 16]);
        let store = MemoryStore::default();
        let row = Flow {
            id: flow,
            client: "client".to_owned(),
            purpose: Purpose::SignIn,
            subject: Subject::Known(Sub::new("sub")),
            contact: SealedContact::from_text("k1.sealed"),
            method: None,
            locale: None,
            terms: CodeTerms::uncharged(CodeLength::DEFAULT),
            link_challenge: None,
            message_charged: true,
            key: KeyId::parse("k1").unwrap(),
            issued_at: SENT_AT,
            expires_at: SENT_AT.plus(Duration::from_secs(300)),
            sends: 1,
            unsent: 0,
            last_sent_at: SENT_AT,
            attempts: [].into(),
            wrong_answers: [].into(),
            held_guesses: 0,
            state: State::Open,
        };
        let challenge = Challenge {
            flow,
            step: Step::Otp(Progress::at_issue(SENT_AT, row.terms.code_length)),
        };
        store.open_flow(&row).await.unwrap();
        let key = Key::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap();
        let message = Message::contact_replaced(
            &Policy::for_clients(Vec::new()).branding,
            None,
            Identifier::parse(Method::Email, "ada@example.com").unwrap(),
            SENT_AT,
            Remedy::default(),
        );
        let keys = KeyRing::new(key, None, None).unwrap();
        (
            store,
            PendingDelivery::code(message, challenge, None, &keys),
        )
    }

    async fn cooldown_is_reset(store: &MemoryStore) -> bool {
        let row = store.flow(FlowId::from_bytes([1; 16])).await.unwrap();
        row.unwrap().last_sent_at != SENT_AT
    }

    #[tokio::test]
    async fn a_cooldown_is_reset_only_if_the_request_never_left() {
        for (outcome, reset) in [
            (DeliveryOutcome::NeverLeft, true),
            (DeliveryOutcome::Refused, false),
            (DeliveryOutcome::Throttled, false),
            (DeliveryOutcome::Unknown, false),
        ] {
            let (store, delivery) = accepted().await;
            let courier = FailingCourier::with(Some(outcome));
            deliver(
                &courier,
                &store,
                &SystemClock,
                &delivery,
                Instant::now() + DELIVERY,
            )
            .await;
            assert_eq!(courier.calls.into_inner(), 1, "never repeated");
            assert_eq!(cooldown_is_reset(&store).await, reset, "{outcome:?}");
        }
    }

    /// Then another sign-in of the slot sends the message.
    #[tokio::test]
    async fn a_slot_gets_a_message_back_that_never_left_or_was_throttled() {
        for (outcome, left) in [
            (DeliveryOutcome::NeverLeft, 0),
            (DeliveryOutcome::Refused, 1),
            (DeliveryOutcome::Throttled, 0),
            (DeliveryOutcome::Unknown, 1),
        ] {
            let (store, delivery) = accepted().await;
            let counter = Pseudonym::random([9; 16]);
            let window = Window {
                name: "message".to_owned(),
                amount: 1,
                limit: 1,
            };
            let windows = [window.clone()];
            store.charge(counter, &windows, SENT_AT).await.unwrap();
            let delivery = PendingDelivery {
                slot: Some(Refund::of(counter, vec![Taken::of(window)])),
                ..delivery
            };
            let courier = FailingCourier::with(Some(outcome));
            let until = Instant::now() + DELIVERY;
            deliver(&courier, &store, &SystemClock, &delivery, until).await;
            let counts = store.counts(&[counter]).await.unwrap();
            assert_eq!(counts[0]["message"], left, "{outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_silent_courier_times_out_and_the_cooldown_stays() {
        let (store, delivery) = accepted().await;
        let courier = FailingCourier::with(None);
        let until = Instant::now() + Duration::from_millis(20);
        deliver(&courier, &store, &SystemClock, &delivery, until).await;
        assert_eq!(courier.calls.into_inner(), 1);
        assert!(!cooldown_is_reset(&store).await);
    }

    #[tokio::test]
    async fn without_time_left_nothing_is_sent_and_a_resend_may_follow() {
        let (store, delivery) = accepted().await;
        let courier = FailingCourier::with(None);
        deliver(&courier, &store, &SystemClock, &delivery, Instant::now()).await;
        assert_eq!(courier.calls.into_inner(), 0);
        assert!(cooldown_is_reset(&store).await);
    }
}
