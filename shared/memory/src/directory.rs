use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use latchstring_core::account::{Account, Attributes, Names};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::{ContactWrite, Creation, Directory, PortError};
use latchstring_core::secret::Secret;

use crate::lock;

/// Accounts as a pool with aliases keeps them: a verified contact belongs to one account. Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    accounts: Arc<Mutex<BTreeMap<String, Account>>>,
    sign_outs: Arc<Mutex<BTreeMap<String, u32>>>,
    /// By username: the further attributes, and the groups.
    memberships: Arc<Mutex<BTreeMap<String, Memberships>>>,
    is_careless: bool,
    is_closed: bool,
    contacts_are_usernames: bool,
    /// The number of usernames that were made here. None is made twice.
    made: Arc<AtomicUsize>,
}

type Memberships = (BTreeMap<String, String>, BTreeSet<String>);

impl MemoryDirectory {
    /// Makes a directory that moves a verified contact to the account that requests it. AWS does
    /// not document how Cognito treats two simultaneous requests, so the core must not depend on a
    /// refusal.
    pub fn careless() -> Self {
        Self {
            is_careless: true,
            ..Self::default()
        }
    }

    /// Makes a directory whose pool has a trigger that refuses every new account.
    pub fn closed() -> Self {
        Self {
            is_closed: true,
            ..Self::default()
        }
    }

    /// Makes a directory whose contacts are usernames: they find an account unverified, no two
    /// accounts have the same, and the directory makes the usernames.
    pub fn of_contacts() -> Self {
        Self {
            contacts_are_usernames: true,
            ..Self::default()
        }
    }

    /// Returns the account that keeps a contact from another one.
    fn taken<'a>(
        &self,
        accounts: &'a BTreeMap<String, Account>,
        contact: &Identifier,
    ) -> Option<&'a Account> {
        accounts.values().find(|account| {
            let attributes = &account.attributes;
            // By its text, without regard to case.
            let text = attributes.contact_text(contact.method()).to_lowercase();
            // Cognito finds no user of another identity provider by a contact.
            text == contact.as_str()
                && !attributes.is_federated()
                && (self.contacts_are_usernames || attributes.holds(contact))
        })
    }

    /// Returns the number of accounts with this verified contact.
    pub fn holders(&self, contact: &Identifier) -> usize {
        lock(&self.accounts)
            .values()
            .filter(|account| account.attributes.holds(contact))
            .count()
    }

    /// Adds an account, or replaces the one of that username.
    pub fn put(&self, account: Account) {
        lock(&self.accounts).insert(account.username.clone(), account);
    }

    /// Removes an account.
    pub fn remove(&self, username: &str) {
        lock(&self.accounts).remove(username);
    }

    /// Returns the number of sign-outs of a user.
    pub fn sign_outs(&self, username: &str) -> u32 {
        lock(&self.sign_outs)
            .get(username)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the attributes that an account was created with besides its contact.
    pub fn attributes(&self, username: &str) -> BTreeMap<String, String> {
        let memberships = lock(&self.memberships);
        let membership = memberships.get(username);
        membership.map(|it| it.0.clone()).unwrap_or_default()
    }

    /// Returns the groups of an account.
    pub fn groups(&self, username: &str) -> BTreeSet<String> {
        let memberships = lock(&self.memberships);
        let membership = memberships.get(username);
        membership.map(|it| it.1.clone()).unwrap_or_default()
    }

    /// Returns the number of accounts.
    pub fn len(&self) -> usize {
        lock(&self.accounts).len()
    }

    /// Returns true if there is no account.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Directory for MemoryDirectory {
    async fn find(&self, name: &str) -> Result<Option<Account>, PortError> {
        let accounts = lock(&self.accounts);
        let by_contact = || {
            Method::ALL
                .into_iter()
                .filter_map(|method| Identifier::stored(method, name).ok())
                .find_map(|identifier| self.taken(&accounts, &identifier))
        };
        Ok(accounts.get(name).or_else(by_contact).cloned())
    }

    async fn having(&self, method: Method, contact: &str) -> Result<Vec<Account>, PortError> {
        let accounts = lock(&self.accounts);
        let has_it = |account: &&Account| account.attributes.contact_text(method) == contact;
        Ok(accounts.values().filter(has_it).cloned().collect())
    }

    async fn delete(&self, username: &str) -> Result<(), PortError> {
        self.remove(username);
        Ok(())
    }

    async fn create(
        &self,
        username: &str,
        contact: &Identifier,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Creation, PortError> {
        let mut accounts = lock(&self.accounts);
        let username = if self.contacts_are_usernames {
            format!(
                "made-by-the-pool-{}",
                self.made.fetch_add(1, Ordering::Relaxed)
            )
        } else {
            username.to_owned()
        };
        let is_taken = !self.is_careless && self.taken(&accounts, contact).is_some();
        if accounts.contains_key(&username) || is_taken {
            return Ok(Creation::Taken);
        }
        if self.is_closed {
            return Ok(Creation::Refused);
        }
        let membership = (attributes.clone(), BTreeSet::new());
        lock(&self.memberships).insert(username.clone(), membership);
        let name = contact.method().as_str();
        let attributes = Attributes::from_pairs([
            ("sub", format!("sub-of-{username}").as_str()),
            ("cognito:user_status", "FORCE_CHANGE_PASSWORD"),
            (name, contact.as_str()),
            (format!("{name}_verified").as_str(), "true"),
        ]);
        let account = Account {
            username: username.clone(),
            enabled: true,
            attributes,
        };
        accounts.insert(username.clone(), account);
        Ok(Creation::New { username })
    }

    async fn add_to_group(&self, username: &str, group: &str) -> Result<(), PortError> {
        if !lock(&self.accounts).contains_key(username) {
            return Err(PortError::new("add_to_group", "UserNotFoundException"));
        }
        let mut memberships = lock(&self.memberships);
        let membership = memberships.entry(username.to_owned()).or_default();
        membership.1.insert(group.to_owned());
        Ok(())
    }

    async fn set_password(&self, username: &str, _password: &Secret) -> Result<(), PortError> {
        match lock(&self.accounts).get_mut(username) {
            None => Err(PortError::new("set_password", "UserNotFoundException")),
            Some(account) => {
                account.attributes = account.attributes.clone().with_status("CONFIRMED");
                Ok(())
            }
        }
    }

    async fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> Result<ContactWrite, PortError> {
        let mut accounts = lock(&self.accounts);
        let is_anothers = |holder: &Account| holder.username != username;
        if !self.is_careless && self.taken(&accounts, contact).is_some_and(is_anothers) {
            return Ok(ContactWrite::Taken);
        }
        match accounts.get_mut(username) {
            None => Err(PortError::new("set_contact", "UserNotFoundException")),
            Some(account) => {
                account.attributes = account.attributes.clone().with_verified(contact);
                Ok(ContactWrite::Done)
            }
        }
    }

    async fn sign_out(&self, username: &str) -> Result<(), PortError> {
        if !lock(&self.accounts).contains_key(username) {
            return Err(PortError::new("sign_out", "UserNotFoundException"));
        }
        *lock(&self.sign_outs)
            .entry(username.to_owned())
            .or_default() += 1;
        Ok(())
    }

    async fn set_names(&self, username: &str, _names: &Names) -> Result<(), PortError> {
        if lock(&self.accounts).contains_key(username) {
            Ok(())
        } else {
            Err(PortError::new("set_names", "UserNotFoundException"))
        }
    }
}
