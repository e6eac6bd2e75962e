//! Rate limits: which messages may be sent, which answers may be verified, and how long a code is.
//!
//! There are two kinds of budget. Each is charged when its event happens, not before:
//!
//! - A **message** is charged when it is sent: when a ticket is redeemed, and at each resend. A
//!   ticket that is never redeemed costs nothing. Budgets: source, mailbox, known device, mail
//!   domain, SMS prefix and country, deployment, SMS spend.
//! - A **guess** is charged when an answer is verified, by the length of the code: to the
//!   identifier, mailbox or device token, and to the deployment. A conditional write reserves it
//!   before the verdict is recorded or returned, so answers in parallel cannot exceed a budget. A
//!   success refunds the guesses of its own flow. A code that is never answered costs no guess.
//!
//! A spent guess budget refuses no message: the next code is longer, and a code of the spent length
//! is no longer verifiable (`RateLimiter::reserve_guess`). A spent message budget of a mailbox
//! leaves the extended budget, whose codes have ten digits.
//!
//! The resolver reads the counters and writes none (`RateLimiter::plan`). Create charges what the
//! plan names (`RateLimiter::charge_message`). No decision here depends on an account, so a refusal
//! reveals nothing about one.
//!
//! Known devices (`Requester::KnownDevice`) have budgets of their own throughout.
//!
//! If a CAPTCHA is on, a solved one opens a further, limited budget of a source, a mailbox or a
//! mail domain. It raises no limit that the odds count.

mod captcha;
mod counters;
mod error;
mod limiter;

pub(crate) use captcha::CaptchaGate;
pub use counters::{Resettable, resettable};
pub(crate) use error::RateLimitError;
pub use error::Refusal;
pub(crate) use limiter::{CodeRequest, Guess, RateLimiter, is_guessed_alike};

pub use crate::policy::budgets::{
    Budget, Budgets, Countries, DeploymentBudget, DeviceBudget, MailBudget, MessageBudget, Price,
    SmsBudget, SourceBudget,
};
pub use crate::seal::charge::Charge;
pub use crate::value::source::Source;
