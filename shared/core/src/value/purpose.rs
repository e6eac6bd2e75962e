//! The purpose of a flow.

use super::id::{FlowId, PendingId};

/// The reason for a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A code for the identifier that the caller typed.
    SignIn,
    /// A proof, earned by a right code, for an account that was just created.
    Claim,
    /// A code for a contact that a signed-in user adds.
    VerifyContact(PendingId),
    /// A sign-in of a user whom Cognito refuses. It is charged like any other, so that it looks
    /// like any other; nothing is sent, and no answer is right.
    Decoy,
    /// A proof of a replaced contact, which undoes the change that this request made.
    Undo(PendingId),
}

/// The permission that a ticket gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// To open a flow for this purpose.
    Open(Purpose),
    /// To continue this flow of a sign-in in another session.
    Resume(FlowId),
    /// To continue this flow of a new contact in another session of the account that requested it,
    /// which has proved that by its access token.
    ResumeContact(FlowId),
}

impl From<Purpose> for TicketPurpose {
    fn from(purpose: Purpose) -> Self {
        Self::Open(purpose)
    }
}

impl Purpose {
    /// The name in the store and in the derivation of a code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Claim => "claim",
            Self::VerifyContact(_) => "verify_contact",
            Self::Decoy => "decoy",
            Self::Undo(_) => "undo",
        }
    }
}
