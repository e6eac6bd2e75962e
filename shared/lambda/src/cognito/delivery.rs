//! Delivering a message within a trigger's time.

use latchstring_core::message::Message;
use latchstring_core::ports::{Courier, Fault};
use tokio::time::{Instant, timeout_at};

/// Delivers a message, if there is one, once, and logs what became of it. A delivery that failed changes nothing in the
/// answer: a person who got no code asks for it again after the cooldown.
pub(super) async fn deliver(courier: &impl Courier, message: Option<&Message>, deadline: Instant) {
    let Some(message) = message else { return };
    let channel = message.to.method().as_str();
    match timeout_at(deadline, courier.deliver(message)).await {
        Ok(Ok(())) => tracing::info!(channel, "delivered"),
        Ok(Err(Fault { call, code })) => {
            tracing::error!(channel, call, code, "delivery failed");
        }
        Err(_) => tracing::error!(channel, code = "timeout", "delivery failed"),
    }
}
