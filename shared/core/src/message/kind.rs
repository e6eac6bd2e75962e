//! The kinds of message.

/// The kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A code to sign in.
    SignInCode,
    /// A code to confirm a new contact.
    ConfirmationCode,
    /// The notice to a contact that was replaced.
    ContactReplaced,
    /// The notice to a contact that the account keeps when a contact of the other method was added.
    ContactAdded,
    /// The notice to a contact that the account keeps when the change of the other one was undone.
    ChangeUndone,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::SignInCode,
        Self::ConfirmationCode,
        Self::ContactReplaced,
        Self::ContactAdded,
        Self::ChangeUndone,
    ];

    /// The name of the folder with the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInCode => "sign_in_code",
            Self::ConfirmationCode => "confirmation_code",
            Self::ContactReplaced => "contact_replaced",
            Self::ContactAdded => "contact_added",
            Self::ChangeUndone => "change_undone",
        }
    }
}
