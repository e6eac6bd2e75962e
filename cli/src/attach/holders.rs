//! The scan for accounts that hold a contact which they have not proved, and its file.

use serde_json::{Value, json};

use crate::pool_needs::UnverifiedHolder;

/// An account that holds a contact which it has not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its username, by which it is read and deleted.
    pub username: String,
    /// Its `sub`, which is shown.
    pub sub: String,
    /// Its `UserStatus`.
    pub status: String,
    /// The kind of holder.
    pub kind: UnverifiedHolder,
}

impl Holder {
    /// Reads a user of `ListUsers` or the result of `AdminGetUser`; none if it is not a holder.
    pub fn of(user: &Value, contacts: &[&str]) -> Option<Self> {
        let attributes = user["Attributes"]
            .as_array()
            .or_else(|| user["UserAttributes"].as_array());
        let attribute = |name: &str| {
            let mut attributes = attributes.into_iter().flatten();
            attributes.find(|it| it["Name"] == name)?["Value"].as_str()
        };
        let status = user["UserStatus"].as_str().unwrap_or_default();
        let is_enabled = user["Enabled"] != false;
        let kind = UnverifiedHolder::of(contacts, is_enabled, status, attribute)?;
        Some(Self {
            username: user["Username"].as_str()?.to_owned(),
            sub: attribute("sub").unwrap_or_default().to_owned(),
            status: status.to_owned(),
            kind,
        })
    }
}

/// A scan of the accounts, as far as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The pool's id.
    pub user_pool: String,
    /// The number of accounts that were read.
    pub read: u64,
    /// The token of the next page; none if all pages were read.
    pub next: Option<String>,
    /// The holders that were found and not deleted yet.
    pub holders: Vec<Holder>,
}

impl Scan {
    /// Returns the scan as its file has it. No contact is in it.
    pub fn to_json(&self) -> Value {
        let holders = self.holders.iter().map(|holder| {
            json!({
                "username": holder.username,
                "sub": holder.sub,
                "status": holder.status,
                "kind": holder.kind.name(),
            })
        });
        json!({
            "userPool": self.user_pool,
            "read": self.read,
            "next": self.next,
            "holders": holders.collect::<Vec<_>>(),
        })
    }

    /// Reads the file of a scan; none if it is not one.
    pub fn of_json(file: &Value) -> Option<Self> {
        let kinds = [
            UnverifiedHolder::Unproved,
            UnverifiedHolder::Partly,
            UnverifiedHolder::Disabled,
            UnverifiedHolder::Linked,
        ];
        let holder = |it: &Value| {
            let text = |name: &str| it[name].as_str().map(str::to_owned);
            let kind = kinds.into_iter().find(|kind| it["kind"] == kind.name());
            Some(Holder {
                username: text("username")?,
                sub: text("sub")?,
                status: text("status")?,
                kind: kind?,
            })
        };
        let holders = file["holders"].as_array()?.iter().map(holder);
        Some(Self {
            user_pool: file["userPool"].as_str()?.to_owned(),
            read: file["read"].as_u64()?,
            next: file["next"].as_str().map(str::to_owned),
            holders: holders.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_descriptions_of_a_user_are_read() {
        for member in ["Attributes", "UserAttributes"] {
            let user = json!({
                "Username": "name",
                "Enabled": true,
                "UserStatus": "UNCONFIRMED",
                member: [
                    {"Name": "sub", "Value": "id"},
                    {"Name": "email", "Value": "ada@example.com"},
                    {"Name": "email_verified", "Value": "false"},
                ],
            });
            let holder = Holder::of(&user, &["email"]).expect("a holder");
            assert_eq!(holder.kind, UnverifiedHolder::Unproved);
            assert_eq!((holder.username, holder.sub), ("name".into(), "id".into()));
            assert_eq!(Holder::of(&user, &["phone_number"]), None);
        }
    }

    #[test]
    fn the_file_of_a_scan_is_read_back() {
        let holder = |kind| Holder {
            username: "name".to_owned(),
            sub: "id".to_owned(),
            status: "CONFIRMED".to_owned(),
            kind,
        };
        let scan = Scan {
            user_pool: "eu-west-1_Abc".to_owned(),
            read: 120,
            next: Some("token".to_owned()),
            holders: vec![
                holder(UnverifiedHolder::Unproved),
                holder(UnverifiedHolder::Partly),
                holder(UnverifiedHolder::Disabled),
                holder(UnverifiedHolder::Linked),
            ],
        };
        assert_eq!(Scan::of_json(&scan.to_json()), Some(scan.clone()));
        for broken in [
            json!({}),
            json!({"userPool": "p", "read": 1, "holders": [{}]}),
        ] {
            assert_eq!(Scan::of_json(&broken), None);
        }
    }
}
