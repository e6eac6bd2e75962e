//! The rotation of the key ring in Secrets Manager.
//!
//! [`Plan::after`] decides, as a function of the stored ring, its age and the time. [`RingSecret`] reads
//! the ring and replaces it, unless another operator replaced it meanwhile.

mod plan;
mod secret;

pub use plan::{Change, Plan, Refusal, Step, in_minutes};
pub use secret::{RingSecret, SecretError, StoredRing};
