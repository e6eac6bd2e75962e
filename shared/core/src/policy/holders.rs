//! The treatment of accounts that have a contact without being its verified holder.

/// The treatment of accounts that have the contact of a new account: in a form that is not canonical,
/// unverified in a pool whose contacts are usernames, or as the profile of a user of another identity
/// provider. It applies after the contact was proved, and only where an account would be created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherHolders {
    /// They are not looked for. For a pool whose contacts only this project writes.
    #[default]
    Ignore,
    /// The verified holder of another form of the contact signs in, and gets the canonical form. For
    /// any other account the sign-in is refused.
    Refuse,
    /// As `Refuse`, but an unverified holder without a verified contact is deleted.
    Delete,
}
