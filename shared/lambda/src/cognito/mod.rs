//! The three auth-challenge triggers.
//!
//! Each answers within `BUDGET`, 3.5 s: Cognito gives 5 s and then invokes again. What does not answer
//! in time is treated like a port that fails: the same challenge again, or a wrong answer.

mod create;
mod define;
mod event;
mod verify;

use std::time::Duration;

pub use create::CreateTrigger;
pub use define::DefineTrigger;
pub use verify::VerifyTrigger;

/// A trigger's whole time.
pub(crate) const BUDGET: Duration = Duration::from_millis(3500);

/// What deciding may take in a trigger that delivers: where it must deliver before it answers, the
/// delivery has the rest of [`BUDGET`].
const DECIDING: Duration = Duration::from_millis(2500);
