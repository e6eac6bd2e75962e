//! Rate limits: which messages may be sent, which answers may be verified, and how long a code is.
//!
//! A code has two kinds of budget. Each is charged when its event happens, not before:
//!
//! - A **message** is charged when it is sent: when a ticket is redeemed, and at each resend. A
//!   ticket that is never redeemed costs nothing. Budgets: source, mailbox, known device, mail
//!   domain, all mail, SMS prefix and country, deployment, SMS spend.
//! - A **guess** is charged when an answer is verified, by the length of the code: to the
//!   identifier or mailbox, and to the deployment. One at a code of a known device is charged to
//!   budgets of known devices alone. A conditional write reserves it before the verdict is recorded
//!   or returned, so answers in parallel cannot exceed a budget. A success refunds the guesses of
//!   its own flow. A code that is never answered costs no guess.
//!
//! If a guess budget is spent, a code that draws on it is no longer verifiable
//! (`RateLimiter::reserve_guess`). For an unknown requester, the next code is then longer, or draws
//! on the extended budget. Only two spent guess budgets refuse its next message: the extended one,
//! and the deployment's for ten digits. If the message budget of a mailbox is spent, its codes have
//! ten digits and draw on the extended budget.
//!
//! The resolver reads the counters of a code, and charges only a CAPTCHA response
//! (`RateLimiter::plan`). Create charges what the plan names (`RateLimiter::charge_message`). No
//! decision about a sign-in depends on an account, so a refusal reveals nothing about one.
//!
//! If the extended budget is spent too, a sign-in is in slot mode (`Tier::Slot`). In each slot one
//! message goes to an identifier, and its code is that of every flow that begins in the slot. Its
//! guesses have a limit of their own in the counter of the slot.
//!
//! Two further budgets are charged by a resolver: the contacts that an account requests
//! (`RateLimiter::charge_new_contact`), and new accounts (`RateLimiter::charge_new_account`).
//!
//! Known devices (`Requester::KnownDevice`) have budgets of their own throughout.
//!
//! A counter of many users is split into shards if its limits are large (`policy::shards`). Each has
//! an equal share of the limits. All that one identifier is charged in a day is in one shard.
//!
//! If a CAPTCHA is on, a spent budget of a source, a mailbox, a mail domain, all mail or the
//! deployment's guesses requires one. A solved one grants a further, limited budget. It raises no
//! limit that the odds count.

mod captcha;
mod counters;
mod error;
mod limiter;
mod own_limits;

pub(crate) use captcha::CaptchaGate;
pub use counters::{Resettable, resettable};
pub(crate) use error::RateLimitError;
pub use error::Refusal;
pub use limiter::Refund;
pub(crate) use limiter::{
    CodeRequest, Guess, MessageCharge, RateLimiter, Receipt, has_same_guess_budgets,
};
pub use own_limits::{OwnLimit, own_limits};

pub use crate::policy::budgets::{
    Budget, Budgets, Countries, DeploymentBudget, DeviceBudget, MailBudget, MessageBudget, Price,
    SmsBudget, SourceBudget,
};
pub use crate::seal::code_terms::CodeTerms;
pub use crate::value::source::Source;
