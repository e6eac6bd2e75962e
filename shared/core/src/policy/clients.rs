//! The settings of one app client.
//!
//! Only what a user of that client sees or may do differs. Keys, budgets, and the lifetimes of codes
//! are the deployment's: a second client must not give an attacker a second budget. Accounts belong to
//! the pool, so an account that was created at one client signs in at each.

use super::admission::Admission;
use super::branding::Branding;

/// The settings of one app client, complete: what it does not set is the deployment's.
#[derive(Clone, Debug)]
pub struct ClientPolicy {
    /// The look of its messages, with the client's id in [`Branding::sender`].
    pub branding: Branding,
    /// Its rule for new accounts.
    pub admission: Admission,
    /// Accepts email addresses.
    pub mail: bool,
    /// Accepts phone numbers.
    pub sms: bool,
}
