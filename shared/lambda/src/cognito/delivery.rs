//! Delivering a message within a trigger's time.

use latchstring_core::message::Message;
use latchstring_core::ports::{Courier, DeliveryFault, Fate};
use tokio::time::{Instant, timeout_at};

/// Delivers a message, if there is one, once, and logs what became of it. A delivery that failed changes nothing in the
/// answer: a person who got no code asks for it again after the cooldown.
pub(super) async fn deliver(courier: &impl Courier, message: Option<&Message>, deadline: Instant) {
    let Some(message) = message else { return };
    let channel = message.to.method().as_str();
    match timeout_at(deadline, courier.deliver(message)).await {
        Ok(Ok(())) => tracing::info!(channel, "delivered"),
        Ok(Err(DeliveryFault { fault, fate })) => {
            let (call, code, fate) = (fault.call, fault.code, fate.as_str());
            tracing::error!(channel, call, code, fate, "delivery failed");
        }
        Err(_) => {
            let fate = Fate::Unknown.as_str();
            tracing::error!(channel, code = "timeout", fate, "delivery failed");
        }
    }
}
