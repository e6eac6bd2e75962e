//! The caller's triggers.

use std::pin::Pin;

use serde_json::Value;

/// A trigger of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// `DefineAuthChallenge`
    Define,
    /// `CreateAuthChallenge`
    Create,
    /// `VerifyAuthChallengeResponse`
    Verify,
    /// `PreSignUp`, which a pool has only by [`PoolConfig::pre_sign_up`](crate::PoolConfig).
    PreSignUp,
    /// `PostConfirmation`, which a pool has only by
    /// [`PoolConfig::post_confirmation`](crate::PoolConfig). `AdminCreateUser` never invokes it.
    PostConfirmation,
}

impl Trigger {
    /// All triggers.
    pub const ALL: [Self; 5] = [
        Self::Define,
        Self::Create,
        Self::Verify,
        Self::PreSignUp,
        Self::PostConfirmation,
    ];

    /// Cognito's name of the trigger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Define => "DefineAuthChallenge",
            Self::Create => "CreateAuthChallenge",
            Self::Verify => "VerifyAuthChallengeResponse",
            Self::PreSignUp => "PreSignUp",
            Self::PostConfirmation => "PostConfirmation",
        }
    }
}

/// The error of a trigger that failed: a Lambda's `errorMessage`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct TriggerError {
    /// The text, which Cognito relays to its caller.
    pub message: String,
}

/// The future of a trigger's answer.
pub type TriggerFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, TriggerError>> + Send + 'a>>;

/// The Lambda triggers: the three of custom authentication, `PreSignUp` and `PostConfirmation`.
pub trait Triggers: Send + Sync + 'static {
    /// Invokes one trigger with Cognito's event and returns the event it answers with.
    ///
    /// Cognito waits five seconds ([`PoolConfig::trigger_timeout`](crate::PoolConfig)) and then invokes it again, while the first invocation runs on.
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture<'_>;
}
