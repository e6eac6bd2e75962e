//! The account of a person in the pool.

use latchstring_core::account::Attributes;
use latchstring_core::identifier::{Identifier, IdentifierError, Method, PhoneRules};
use serde_json::{Value, json};

use crate::contacts::{attribute_of, verified};
use crate::signed_call::{COGNITO, CallError, SignedCalls};

/// The person, as the operator names it.
#[derive(Clone)]
pub enum Who {
    /// The owner of a contact.
    Contact(Identifier),
    /// The account of this `sub`.
    Sub(String),
}

impl Who {
    /// Parses a contact as a user types it: one with `@` is an address, any other a number.
    ///
    /// # Errors
    /// If it is neither. The text names at most one character of it.
    pub fn contact(text: &str, rules: &PhoneRules) -> Result<Identifier, IdentifierError> {
        let method = if text.contains('@') {
            Method::Email
        } else {
            Method::PhoneNumber
        };
        Identifier::parse_by(method, text, rules)
    }
}

/// An account as the pool describes it.
#[derive(Clone)]
pub struct AccountInPool {
    /// The username.
    pub username: String,
    /// The `sub`.
    pub sub: String,
    /// The description, of `ListUsers`.
    pub user: Value,
}

impl AccountInPool {
    fn of(user: Value) -> Option<Self> {
        Some(Self {
            username: user["Username"].as_str()?.to_owned(),
            sub: attribute_of(&user, "sub")?.to_owned(),
            user,
        })
    }

    /// Returns the contacts that the account holds, verified or not.
    pub fn contacts(&self, rules: &PhoneRules) -> Vec<Identifier> {
        let contacts = Method::ALL.into_iter().filter_map(|method| {
            let stored = attribute_of(&self.user, method.as_str())?;
            Identifier::stored_in_any_form(method, stored, rules).ok()
        });
        contacts.collect()
    }

    /// Returns the attributes that decisions depend on.
    pub fn attributes(&self) -> Attributes {
        let attributes = self.user["Attributes"].as_array().into_iter().flatten();
        let pairs = attributes.filter_map(|it| Some((it["Name"].as_str()?, it["Value"].as_str()?)));
        Attributes::from_pairs(pairs)
    }

    /// Returns whether the account holds the contact as a verified one.
    pub(super) fn has_proved(&self, contact: &Identifier, rules: &PhoneRules) -> bool {
        let method = contact.method();
        let stored = verified(&self.user, method.as_str());
        stored.is_some_and(|stored| {
            Identifier::stored_in_any_form(method, stored, rules).as_ref() == Ok(contact)
        })
    }
}

/// The pool of a deployment.
pub struct Pool<'a> {
    /// The calls.
    pub calls: SignedCalls<'a>,
    /// The id of the pool.
    pub id: &'a str,
}

impl Pool<'_> {
    /// Returns the account that holds a contact, or has a `sub`, and the `sub` of each other account that
    /// holds the contact without a proof.
    ///
    /// # Errors
    /// If a call fails, or if several accounts hold the contact as a verified one. The text says what to do.
    pub async fn find(
        &self,
        who: &Who,
        rules: &PhoneRules,
    ) -> Result<(Option<AccountInPool>, Vec<String>), String> {
        let mut found = Vec::new();
        let filters = match who {
            Who::Sub(sub) => vec![format!("sub = \"{}\"", quotable(sub))],
            Who::Contact(contact) => contact
                .forms(rules)
                .iter()
                .map(|form| format!("{} = \"{}\"", contact.method().as_str(), quotable(form)))
                .collect(),
        };
        for filter in filters {
            let mut input = json!({ "UserPoolId": self.id, "Filter": filter });
            loop {
                let mut page = self.calls.read(COGNITO, "ListUsers", &input).await;
                let page = page.as_mut().map_err(|error| error.to_string())?;
                if let Value::Array(users) = page["Users"].take() {
                    found.extend(users.into_iter().filter_map(AccountInPool::of));
                }
                match page["PaginationToken"].as_str() {
                    Some(next) => input["PaginationToken"] = next.into(),
                    None => break,
                }
            }
        }
        let Who::Contact(contact) = who else {
            return Ok((found.into_iter().next(), Vec::new()));
        };
        let (mut holders, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|it| it.has_proved(contact, rules));
        if holders.len() > 1 {
            let subs: Vec<_> = holders.iter().map(|it| &*it.sub).collect();
            return Err(format!(
                "several accounts hold the contact as a verified one: name one of them with --sub: {}",
                subs.join(", ")
            ));
        }
        Ok((holders.pop(), others.into_iter().map(|it| it.sub).collect()))
    }

    /// Returns the groups of an account.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn groups(&self, username: &str) -> Result<Vec<String>, CallError> {
        let mut input = json!({ "UserPoolId": self.id, "Username": username, "Limit": 60 });
        let mut groups = Vec::new();
        loop {
            let page = self
                .calls
                .read(COGNITO, "AdminListGroupsForUser", &input)
                .await?;
            let names = page["Groups"].as_array().into_iter().flatten();
            groups.extend(names.filter_map(|it| it["GroupName"].as_str().map(str::to_owned)));
            match page["NextToken"].as_str() {
                Some(next) => input["NextToken"] = next.into(),
                None => return Ok(groups),
            }
        }
    }

    /// Disables an account, so that it signs in no more.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn disable(&self, username: &str) -> Result<(), CallError> {
        self.change("AdminDisableUser", username).await
    }

    /// Enables an account again.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn enable(&self, username: &str) -> Result<(), CallError> {
        self.change("AdminEnableUser", username).await
    }

    /// Deletes an account. Without effect if there is none.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete(&self, username: &str) -> Result<(), CallError> {
        self.change("AdminDeleteUser", username).await
    }

    async fn change(&self, operation: &str, username: &str) -> Result<(), CallError> {
        let input = json!({ "UserPoolId": self.id, "Username": username });
        match self.calls.write(COGNITO, operation, &input).await {
            Ok(_) => Ok(()),
            Err(error) if error.code().as_str() == "UserNotFoundException" => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Returns a text as it stands between the quotes of a filter.
fn quotable(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
