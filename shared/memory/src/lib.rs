//! Latchstring's ports in memory, for the local service and the tests.
//!
//! Each is correct under concurrency: a call takes one lock, once, and does not hold it across a
//! wait.

mod admission_hook;
mod bus;
mod captcha;
mod clock;
mod directory;
mod entropy;
mod inbox;
mod refresh_tokens;
mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use admission_hook::{AskedQuestion, FixedAdmissionHook};
pub use bus::MemoryBus;
pub use captcha::FixedCaptcha;
pub use clock::ManualClock;
pub use directory::MemoryDirectory;
pub use entropy::SeededEntropy;
pub use inbox::{Delivered, Inbox};
pub use refresh_tokens::MemoryRefreshTokens;
pub use store::MemoryStore;

/// Every change under these locks is a single assignment or insertion, so a panicking thread leaves
/// a whole value behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
