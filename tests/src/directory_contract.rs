//! The contract of every [`Directory`], for any implementation: memory, and Cognito's adapter on the
//! local stand-in and on an emulator.
//!
//! Accounts have random names, so a pool with other accounts serves as well as an empty one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;

use latchstring_core::account::{Account, Names};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::{ContactWrite, Creation, Directory, Entropy, PortError};
use latchstring_core::secret::Secret;
use serde_json::{Value, json};

use crate::emulator::call_cognito;
use crate::note;

/// The custom attribute that a directory under test has.
pub const ATTRIBUTE: &str = "tier";

/// The group that a directory under test has.
pub const GROUP: &str = "staff";

/// A directory under test.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Contract<D, E> {
    /// The directory.
    pub directory: D,
    /// Randomness for names.
    pub entropy: E,
    /// True if it refuses a contact that is taken. A directory that does not refuse moves the
    /// contact, so its caller must look first; as far as is known AWS refuses.
    pub says_taken: bool,
    /// True if it refuses a group that the pool does not have.
    pub has_groups: bool,
    /// True if it refuses an attribute that the pool does not have.
    pub has_schema: bool,
    /// True if contacts are usernames: the pool makes the username of an account itself.
    pub contacts_are_usernames: bool,
    /// The reader of attributes and groups.
    pub members: Members,
}

type Membership = (BTreeMap<String, String>, BTreeSet<String>);
type Reading = Pin<Box<dyn Future<Output = Membership> + Send>>;

/// Reads the attributes and groups of an account, which no port does.
pub struct Members(Box<dyn Fn(String) -> Reading + Send + Sync>);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members(…)")
    }
}

impl Members {
    /// Returns a reader by a function from a username.
    pub fn new<F>(read: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Membership> + Send + 'static,
    {
        Self(Box::new(move |username| Box::pin(read(username))))
    }

    /// Returns a reader of a user pool at an address.
    pub fn of_cognito(endpoint: &str, pool: &str) -> Self {
        let (endpoint, pool) = (endpoint.to_owned(), pool.to_owned());
        Self::new(move |username| {
            let body = json!({ "UserPoolId": pool, "Username": username });
            let endpoint = endpoint.clone();
            async move {
                let user = call_cognito(&endpoint, "AdminGetUser", &body).await;
                let groups = call_cognito(&endpoint, "AdminListGroupsForUser", &body).await;
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                let attributes = user["UserAttributes"].as_array().expect("a list");
                let groups = groups["Groups"].as_array().expect("a list");
                (
                    attributes
                        .iter()
                        .map(|it| (text(&it["Name"]), text(&it["Value"])))
                        .collect(),
                    groups.iter().map(|it| text(&it["GroupName"])).collect(),
                )
            }
        })
    }
}

promises! {
    $ directory_contract, directory_contract_tests, [D: Directory, E: Entropy], Contract<D, E>;
    an_unheld_contact_finds_no_account,
    a_created_account_is_found_by_name_and_by_contact,
    a_username_and_a_contact_are_given_once,
    a_new_contact_replaces_the_old_one,
    a_contact_has_one_holder,
    a_password_confirms_the_account,
    a_contact_of_the_other_kind_leaves_the_first,
    names_are_accepted,
    a_sign_out_leaves_the_account,
    nothing_is_written_to_a_missing_account,
    an_account_has_the_attributes_it_is_created_with,
    a_group_is_joined_any_number_of_times,
    a_missing_group_is_no_group_of_the_account,
    a_group_is_found_by_its_exact_name,
    an_attribute_outside_the_schema_creates_nothing,
    an_account_is_listed_under_its_contact,
    a_deleted_account_leaves_its_contact_free,
}

impl<D: Directory, E: Entropy> Contract<D, E> {
    fn digits(&self) -> u64 {
        u64::from_le_bytes(self.entropy.bytes())
    }

    fn username(&self) -> String {
        format!("user-{:016x}", self.digits())
    }

    /// Returns a contact that no account holds.
    fn contact(&self, method: Method) -> Identifier {
        let text = match method {
            Method::Email => format!("ada.{:016x}@example.com", self.digits()),
            Method::PhoneNumber => format!("+49151{:08}", self.digits() % 100_000_000),
        };
        note(&text);
        Identifier::parse(method, &text).expect("an identifier")
    }

    async fn account(&self, name: &str) -> Option<Account> {
        self.directory.find(name).await.expect("an answer")
    }

    /// Creates an account of this username, or of this contact where contacts are usernames.
    async fn create(
        &self,
        username: &str,
        contact: &Identifier,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Creation, PortError> {
        let name = if self.contacts_are_usernames {
            contact.as_str()
        } else {
            username
        };
        self.directory.create(name, contact, attributes).await
    }

    async fn creates(&self, username: &str, contact: &Identifier) -> Creation {
        let created = self.create(username, contact, &BTreeMap::new()).await;
        created.expect("an answer")
    }

    /// Creates an account that holds this contact and returns its username.
    async fn holder_of(&self, contact: &Identifier) -> String {
        let asked = self.username();
        let Creation::New { username } = self.creates(&asked, contact).await else {
            panic!("the contact is free");
        };
        assert_eq!(username == asked, !self.contacts_are_usernames);
        username
    }

    async fn writes(&self, username: &str, contact: &Identifier) -> ContactWrite {
        let written = self.directory.set_contact(username, contact).await;
        written.expect("an answer")
    }

    /// Returns the username of the account that a contact finds, which must hold it.
    async fn found_by(&self, contact: &Identifier) -> Option<String> {
        let account = self.account(contact.as_str()).await?;
        assert!(account.attributes.holds(contact), "who is found holds it");
        Some(account.username)
    }
}

async fn an_unheld_contact_finds_no_account<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    for method in Method::ALL {
        let contact = c.contact(method);
        assert!(c.account(contact.as_str()).await.is_none());
        assert!(c.account(&c.username()).await.is_none());
    }
}

async fn a_created_account_is_found_by_name_and_by_contact<D: Directory, E: Entropy>(
    c: &Contract<D, E>,
) {
    for method in Method::ALL {
        let contact = c.contact(method);
        let username = c.holder_of(&contact).await;
        let account = c.account(&username).await.expect("the account");
        assert_eq!(account.username, username);
        assert!(account.enabled);
        assert!(!account.attributes.sub().is_empty(), "it has an id");
        assert!(
            account.attributes.holds(&contact),
            "verified from the start"
        );
        assert!(account.attributes.is_half_created(), "without a password");
        let again = c.account(contact.as_str()).await.expect("the same");
        assert!(again == account, "the same account by its contact");
    }
}

async fn a_username_and_a_contact_are_given_once<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    for method in Method::ALL {
        let contact = c.contact(method);
        let username = c.holder_of(&contact).await;
        let other = c.contact(method);
        if !c.contacts_are_usernames {
            assert_eq!(c.creates(&username, &other).await, Creation::Taken);
            assert!(c.found_by(&other).await.is_none(), "nothing is left");
        }
        if c.says_taken {
            let second = c.username();
            assert_eq!(c.creates(&second, &contact).await, Creation::Taken);
            assert!(c.account(&second).await.is_none(), "nothing is left");
        }
        assert_eq!(c.found_by(&contact).await, Some(username));
    }
}

async fn a_new_contact_replaces_the_old_one<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    for method in Method::ALL {
        let (old, new) = (c.contact(method), c.contact(method));
        let username = c.holder_of(&old).await;
        assert_eq!(c.writes(&username, &new).await, ContactWrite::Done);
        assert_eq!(c.found_by(&new).await, Some(username.clone()));
        assert!(c.account(old.as_str()).await.is_none(), "it is free");
        let heir = c.holder_of(&old).await;
        assert_eq!(c.found_by(&old).await, Some(heir));
        // A repetition has the same outcome.
        assert_eq!(c.writes(&username, &new).await, ContactWrite::Done);
        assert_eq!(c.found_by(&new).await, Some(username));
    }
}

async fn a_contact_has_one_holder<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    for method in Method::ALL {
        if !c.says_taken {
            continue;
        }
        let (hers, his) = (c.contact(method), c.contact(method));
        let ada = c.holder_of(&hers).await;
        let bob = c.holder_of(&his).await;
        assert_eq!(c.writes(&bob, &hers).await, ContactWrite::Taken);
        assert_eq!(c.found_by(&hers).await, Some(ada));
        assert_eq!(c.found_by(&his).await, Some(bob), "he keeps his own");
    }
}

async fn a_password_confirms_the_account<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let username = c.holder_of(&c.contact(Method::Email)).await;
    let password = Secret::new(format!("Aa1!{:016x}", c.digits()));
    for _ in 0..2 {
        let set = c.directory.set_password(&username, &password).await;
        assert_eq!(set, Ok(()));
        let account = c.account(&username).await.expect("the account");
        assert!(!account.attributes.is_half_created());
    }
}

async fn a_contact_of_the_other_kind_leaves_the_first<D: Directory, E: Entropy>(
    c: &Contract<D, E>,
) {
    let email = c.contact(Method::Email);
    let number = c.contact(Method::PhoneNumber);
    let username = c.holder_of(&email).await;
    assert_eq!(c.writes(&username, &number).await, ContactWrite::Done);
    for contact in [email, number] {
        assert_eq!(c.found_by(&contact).await.as_ref(), Some(&username));
    }
}

async fn names_are_accepted<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let username = c.holder_of(&c.contact(Method::Email)).await;
    let names = Names::parse("Søren Å.", "王").expect("names");
    let set = c.directory.set_names(&username, &names).await;
    assert_eq!(set, Ok(()));
}

/// That it invalidates tokens is a test of each pool.
async fn a_sign_out_leaves_the_account<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let contact = c.contact(Method::Email);
    let username = c.holder_of(&contact).await;
    for _ in 0..2 {
        assert_eq!(c.directory.sign_out(&username).await, Ok(()));
    }
    assert_eq!(c.found_by(&contact).await, Some(username));
}

async fn nothing_is_written_to_a_missing_account<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let missing = c.username();
    let contact = c.contact(Method::Email);
    let names = Names::parse("Ada", "Lovelace").expect("names");
    let password = Secret::new("Aa1!aaaaaaaaaaaaaaaa");
    let directory = &c.directory;
    let code = |done: Result<(), PortError>| done.expect_err("a fault").code;
    let contact_set = directory.set_contact(&missing, &contact).await.map(|_| ());
    for done in [
        contact_set,
        directory.set_names(&missing, &names).await,
        directory.set_password(&missing, &password).await,
        directory.sign_out(&missing).await,
        directory.add_to_group(&missing, GROUP).await,
    ] {
        assert_eq!(code(done), "UserNotFoundException");
    }
    assert!(c.account(&missing).await.is_none());
    assert!(c.found_by(&contact).await.is_none());
}

async fn an_account_has_the_attributes_it_is_created_with<D: Directory, E: Entropy>(
    c: &Contract<D, E>,
) {
    let further = BTreeMap::from([
        (format!("custom:{ATTRIBUTE}"), "gold".to_owned()),
        ("nickname".to_owned(), "Ada, the 1st".to_owned()),
    ]);
    for method in Method::ALL {
        let contact = c.contact(method);
        let created = c.create(&c.username(), &contact, &further).await;
        let Ok(Creation::New { username }) = created else {
            panic!("{created:?}");
        };
        assert_eq!(c.found_by(&contact).await.as_ref(), Some(&username));
        let (attributes, groups) = (c.members.0)(username).await;
        for (name, value) in &further {
            assert_eq!(attributes.get(name), Some(value), "{name}");
        }
        assert!(groups.is_empty());
    }
}

async fn a_group_is_joined_any_number_of_times<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let contact = c.contact(Method::Email);
    let username = c.holder_of(&contact).await;
    let other = c.holder_of(&c.contact(Method::Email)).await;
    for _ in 0..2 {
        let added = c.directory.add_to_group(&username, GROUP).await;
        assert_eq!(added, Ok(()));
        let (_, groups) = (c.members.0)(username.clone()).await;
        assert_eq!(groups, [GROUP.to_owned()].into());
    }
    assert!(
        (c.members.0)(other).await.1.is_empty(),
        "it is one account's"
    );
    assert_eq!(c.found_by(&contact).await, Some(username));
}

async fn a_missing_group_is_no_group_of_the_account<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let username = c.holder_of(&c.contact(Method::Email)).await;
    if c.has_groups {
        let added = c.directory.add_to_group(&username, "no-group").await;
        assert_eq!(
            added.expect_err("a fault").code,
            "ResourceNotFoundException"
        );
    }
    assert!((c.members.0)(username).await.1.is_empty());
}

async fn a_group_is_found_by_its_exact_name<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    assert_eq!(c.directory.has_group(GROUP).await, Ok(true));
    if c.has_groups {
        for other in ["no-group", "STAFF", "staf"] {
            assert_eq!(c.directory.has_group(other).await, Ok(false), "{other}");
        }
    }
}

async fn an_attribute_outside_the_schema_creates_nothing<D: Directory, E: Entropy>(
    c: &Contract<D, E>,
) {
    if !c.has_schema {
        return;
    }
    let (username, contact) = (c.username(), c.contact(Method::Email));
    let unknown = BTreeMap::from([("custom:unknown".to_owned(), "gold".to_owned())]);
    let created = c.create(&username, &contact, &unknown).await;
    assert_eq!(
        created.expect_err("a fault").code,
        "InvalidParameterException"
    );
    assert!(c.account(&username).await.is_none(), "nothing is left");
    assert!(c.found_by(&contact).await.is_none());
}

async fn an_account_is_listed_under_its_contact<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    for method in Method::ALL {
        let contact = c.contact(method);
        let listed = async |method: Method| {
            let listed = c.directory.having(method, contact.as_str()).await;
            listed.expect("an answer")
        };
        assert!(listed(method).await.is_empty());
        let username = c.holder_of(&contact).await;
        assert!(listed(method.other()).await.is_empty());
        let account = c.account(&username).await.expect("the account");
        assert!(listed(method).await == [account], "with its attributes");
    }
}

async fn a_deleted_account_leaves_its_contact_free<D: Directory, E: Entropy>(c: &Contract<D, E>) {
    let contact = c.contact(Method::Email);
    let username = c.holder_of(&contact).await;
    let other = c.holder_of(&c.contact(Method::Email)).await;
    for _ in 0..2 {
        assert_eq!(c.directory.delete(&username).await, Ok(()));
        assert!(c.account(&username).await.is_none());
        assert!(c.found_by(&contact).await.is_none());
    }
    assert!(c.account(&other).await.is_some(), "only that one");
    c.holder_of(&contact).await;
}
