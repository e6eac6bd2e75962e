//! The purpose of a flow.

use super::id::PendingId;

/// What a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A code to the identifier that was typed.
    SignIn,
    /// A proof, earned by a code, of somebody whose account was just made.
    Claim,
    /// A code to a contact that a signed-in person wants to add.
    VerifyContact(PendingId),
}

impl Purpose {
    /// The name in the store and in what a code is derived from.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Claim => "claim",
            Self::VerifyContact(_) => "verify_contact",
        }
    }
}
