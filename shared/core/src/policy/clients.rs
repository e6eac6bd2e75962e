//! The settings of one app client.
//!
//! Only what a user of that client sees or may do differs. Keys, budgets, and the lifetimes of codes
//! are the deployment's: a second client must not give an attacker a second budget. Accounts belong to
//! the pool, so an account that was created at one client signs in at each.

use super::Policy;
use super::admission::Admission;
use super::branding::Branding;
use crate::value::app_client::AppClient;
use crate::value::identifier::{Identifier, IdentifierError};

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

impl ClientPolicy {
    /// Returns the settings of a client that sets nothing.
    pub fn of(policy: &Policy) -> Self {
        Self {
            branding: policy.branding.clone(),
            admission: policy.admission.clone(),
            mail: true,
            sms: true,
        }
    }
}

impl Policy {
    fn own(&self, app_client: &AppClient) -> Option<&ClientPolicy> {
        self.of_clients.get(app_client.client())
    }

    /// Returns the look of a client's messages.
    pub fn branding_of(&self, app_client: &AppClient) -> &Branding {
        let own = self.own(app_client);
        own.map_or(&self.branding, |own| &own.branding)
    }

    /// Returns a client's rule for new accounts.
    pub fn admission_of(&self, app_client: &AppClient) -> &Admission {
        let own = self.own(app_client);
        own.map_or(&self.admission, |own| &own.admission)
    }

    /// Returns the rules for new accounts: the deployment's, and those that clients have instead.
    pub fn admissions(&self) -> impl Iterator<Item = &Admission> {
        let own = self.of_clients.values().map(|own| &own.admission);
        std::iter::once(&self.admission).chain(own)
    }

    /// Succeeds if a client takes identifiers of this method. Whether the deployment sends to it is
    /// another question ([`Policy::price`]).
    ///
    /// # Errors
    /// As if the deployment sent nothing by the method.
    pub fn check_method(
        &self,
        app_client: &AppClient,
        identifier: &Identifier,
    ) -> Result<(), IdentifierError> {
        let Some(own) = self.own(app_client) else {
            return Ok(());
        };
        match identifier {
            Identifier::Email(_) if !own.mail => Err(IdentifierError::NoMail),
            Identifier::PhoneNumber(_) if !own.sms => Err(IdentifierError::NoSms),
            _ => Ok(()),
        }
    }

    /// Returns the served client that a request names; without a name the first one.
    pub fn client_named<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        let mut clients = self.clients.iter().map(String::as_str);
        match named {
            None => clients.next(),
            Some(named) => clients.find(|client| *client == named),
        }
    }
}
