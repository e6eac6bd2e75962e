//! The errors of the resolvers, with their public texts.

use thiserror::Error;

use crate::policy::budgets::Budget;
use crate::ports::PortError;
use crate::rate_limit::{RateLimitError, Refusal};
use crate::value::account::NameError;
use crate::value::identifier::IdentifierError;
use crate::value::membership::MembershipError;

/// The reason that there is no session. The text is public; the Lambda logs the cause.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The text is not an email address or phone number.
    #[error("{0}")]
    InvalidIdentifier(#[from] IdentifierError),
    /// The proof is forged, stale, used, or of another identifier.
    #[error("This proof is no longer valid. Sign in with a new code.")]
    InvalidProof,
    /// The flow of the resume secret has ended: it is unknown, has expired, was answered, has no
    /// attempt left, or is of another identifier or user.
    #[error("This sign-in has ended. Start again.")]
    InvalidResume,
    /// The continuation is forged or too old, or Cognito's session of it has ended: its code has
    /// expired or was answered, or no attempt is left.
    #[error("This sign-in has ended. Start again.")]
    InvalidContinuation,
    /// The proof is valid, and no open record names a change of its contact.
    #[error("There is no change of this contact that can be undone.")]
    NothingToUndo,
    /// The contact is proved, and an account holds it.
    #[error("This contact signs in to an account, so its change cannot be undone.")]
    ContactInUse,
    /// The identifier is proved and has no account, and the request was for one that exists.
    #[error("No account has this email address or phone number.")]
    NoAccount,
    /// The proof is valid, and the deployment creates no account for its contact.
    #[error("Sign-up is not open to this email address or phone number.")]
    NotAdmitted,
    /// The proof is valid, and an account that does not sign in by code has its contact: the profile
    /// of a user of another identity provider, or an account that never verified it.
    #[error(
        "An account with this email address or phone number does not sign in by code. Sign in to it as before, or contact support."
    )]
    HeldElsewhere,
    /// A budget is spent.
    #[error("Too many codes requested. Try again in {}.", in_words(*.retry_after))]
    TooManyRequests {
        /// Seconds until the next request is allowed.
        retry_after: u64,
        /// The spent budget, for logs; `None` if Create refused, whose log line names the budget.
        budget: Option<Budget>,
    },
    /// A budget is spent and no CAPTCHA was solved: the response is missing, wrong, expired, used,
    /// or of another site.
    #[error("Complete the CAPTCHA, then try again.")]
    CaptchaRequired {
        /// The spent budget, for logs.
        budget: Budget,
    },
    /// A port does not answer, or the pool is configured incorrectly.
    #[error("Sign-in is not available at the moment. Try again in a minute.")]
    Unavailable(Cause),
}

/// The reason that sign-in is unavailable, for logs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// A port did not answer.
    #[error(transparent)]
    PortError(#[from] PortError),
    /// The pool reports missing users, and `LEGACY_POOL` is not set.
    #[error(
        "the pool reports missing users: set PreventUserExistenceErrors to ENABLED on the app client"
    )]
    PoolReportsMissingUsers,
    /// Cognito refuses a session even for a user that does not exist.
    #[error("Cognito refuses the session: are the triggers attached, and is the client served?")]
    SessionRefused,
    /// Cognito sent a challenge that the triggers of this version do not send.
    #[error(
        "unexpected challenge: do the triggers and the resolver have the same version and keys?"
    )]
    UnexpectedChallenge,
    /// Another request for this new account takes too long.
    #[error("the lease on the identifier is held")]
    LeaseHeld,
    /// Another request refreshes the tokens of a browser session, and takes too long.
    #[error("another refresh of the browser session has not ended")]
    RefreshUnderWay,
    /// The list of an account's browser sessions stays full.
    #[error("the list of browser sessions is full")]
    SessionListFull,
    /// A new account is not yet found.
    #[error("the new account is not found yet")]
    AccountNotFound,
    /// Cognito's session is longer than a continuation can hold.
    #[error("Cognito's session is too long for a continuation")]
    SessionTooLong,
}

impl SignInError {
    /// The GraphQL error type.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidIdentifier(_) => "InvalidIdentifier",
            Self::InvalidProof => "InvalidProof",
            Self::InvalidResume => "InvalidResume",
            Self::InvalidContinuation => "InvalidContinuation",
            Self::NothingToUndo => "NothingToUndo",
            Self::ContactInUse | Self::HeldElsewhere => "ContactInUse",
            Self::NoAccount => "NoAccount",
            Self::NotAdmitted => "NotAdmitted",
            Self::TooManyRequests { .. } => "TooManyRequests",
            Self::CaptchaRequired { .. } => "CaptchaRequired",
            Self::Unavailable(_) => "Unavailable",
        }
    }
}

impl From<RateLimitError> for SignInError {
    fn from(error: RateLimitError) -> Self {
        match error {
            RateLimitError::Refused(Refusal {
                retry_after,
                budget,
            }) => Self::TooManyRequests {
                retry_after,
                budget: Some(budget),
            },
            RateLimitError::CaptchaRequired { budget } => Self::CaptchaRequired { budget },
            RateLimitError::Identifier(error) => Self::InvalidIdentifier(error),
            RateLimitError::Port(fault) => fault.into(),
        }
    }
}

impl From<PortError> for SignInError {
    fn from(fault: PortError) -> Self {
        Self::Unavailable(Cause::PortError(fault))
    }
}

impl From<Cause> for SignInError {
    fn from(cause: Cause) -> Self {
        Self::Unavailable(cause)
    }
}

/// The reason that a contact is not changed. The text is public; the Lambda logs the cause.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContactError {
    /// A name cannot be displayed.
    #[error(transparent)]
    InvalidName(#[from] NameError),
    /// There is no access token of a served client that Cognito still accepts.
    #[error("Sign in first.")]
    NotSignedIn,
    /// The sign-in is too long ago.
    #[error("It has been a while since you signed in. Sign in again to change this.")]
    ReauthRequired,
    /// The contact is already the account's own.
    #[error("This is on your account already.")]
    ContactInUse,
    /// A contact of the account was changed, and the change can still be undone.
    #[error(
        "A contact of this account was changed. It can be changed again in {}. If you did not change it, sign in with the replaced contact to undo that.",
        in_words(*.retry_after)
    )]
    ChangeHeld {
        /// Seconds until a contact can be changed again.
        retry_after: u64,
    },
    /// The account is not in the group that may invite.
    #[error("This account may not invite anyone.")]
    NotAnInviter,
    /// The account may invite, but not with these groups and attributes.
    #[error("This account may not give these groups or attributes.")]
    MembershipNotPermitted,
    /// No invitation is of use.
    #[error("Sign-up is open to everyone, so an invitation has no effect.")]
    SignUpIsOpen,
    /// The life of an invitation is out of bounds.
    #[error("An invitation is valid for up to 90 days.")]
    InvitationLife,
    /// The attributes or groups of an invitation are refused.
    #[error(transparent)]
    InvalidMembership(#[from] MembershipError),
    /// The sign-in part failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl ContactError {
    /// The GraphQL error type.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "InvalidName",
            Self::NotSignedIn => "NotSignedIn",
            Self::ReauthRequired => "ReauthRequired",
            Self::ContactInUse => "ContactInUse",
            Self::ChangeHeld { .. } => "ChangeHeld",
            Self::NotAnInviter => "NotAnInviter",
            Self::MembershipNotPermitted => "MembershipNotPermitted",
            Self::SignUpIsOpen => "SignUpIsOpen",
            Self::InvitationLife | Self::InvalidMembership(_) => "InvalidInvitation",
            Self::SignIn(error) => error.error_type(),
        }
    }
}

impl From<RateLimitError> for ContactError {
    fn from(error: RateLimitError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<PortError> for ContactError {
    fn from(fault: PortError) -> Self {
        Self::SignIn(fault.into())
    }
}

impl From<Cause> for ContactError {
    fn from(cause: Cause) -> Self {
        Self::SignIn(cause.into())
    }
}

/// Formats a number of seconds in the largest sufficient unit.
fn in_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let says = |retry_after| {
            let budget = Some(Budget::Mailbox);
            SignInError::TooManyRequests {
                retry_after,
                budget,
            }
            .to_string()
        };
        assert!(says(59).ends_with("in 59 seconds."));
        assert!(says(120).ends_with("in 2 minutes."));
        assert!(says(3599).ends_with("in 60 minutes."));
        assert!(says(7199).ends_with("in 120 minutes."));
        assert!(says(7200).ends_with("in 2 hours."));
        assert!(says(80_000).ends_with("in 23 hours."));
    }
}
