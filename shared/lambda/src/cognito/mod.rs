//! The three auth-challenge triggers.
//!
//! Each responds within `RESPONSE_LIMIT`, 3.5 s: Cognito waits 5 s and then invokes the function again. A
//! port that does not answer in time is treated like a port that fails: the challenge is repeated,
//! or the answer is wrong.

mod create;
mod define;
mod event;
mod verify;

use std::time::Duration;

pub use create::CreateTrigger;
pub use define::DefineTrigger;
pub use verify::VerifyTrigger;

/// The time limit of a trigger.
pub(crate) const RESPONSE_LIMIT: Duration = Duration::from_millis(3500);

/// The time limit of the decision in a trigger that delivers. Where the message goes out before the
/// response, the delivery has the rest of [`RESPONSE_LIMIT`].
const DECISION_LIMIT: Duration = Duration::from_millis(2500);
