//! The refusals of the rate limits.

use thiserror::Error;

use crate::policy::budgets::Budget;
use crate::ports::PortError;
use crate::value::identifier::IdentifierError;

/// A message that a budget refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Seconds until the next message may be allowed.
    pub retry_after: u64,
    /// The spent budget, for logs.
    pub budget: Budget,
}

/// The reason that no code is planned, or that no message is sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum RateLimitError {
    /// A budget is spent.
    #[error("budget spent: {}", .0.budget.as_str())]
    Refused(Refusal),
    /// A budget is spent and no CAPTCHA was solved: the response is missing, wrong, expired, used,
    /// or of another site.
    #[error("CAPTCHA required: {}", .budget.as_str())]
    CaptchaRequired {
        /// The spent budget, for logs.
        budget: Budget,
    },
    /// No message is sent to this identifier.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// A port did not answer.
    #[error(transparent)]
    Port(#[from] PortError),
}
