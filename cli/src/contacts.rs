//! Stored contacts in a form that sign-in does not look up, and their canonical form.

use std::collections::BTreeMap;

use latchstring_core::identifier::{Identifier, Method, PhoneRules};
use serde_json::Value;

/// The form of a stored contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Sign-in looks it up as it is stored. Cognito compares email addresses without regard to case.
    Canonical,
    /// Sign-in looks up this text instead.
    Other(String),
    /// Sign-in refuses it.
    Refused,
}

impl Form {
    /// Returns the form of a stored contact.
    pub fn of(method: Method, stored: &str, phones: &PhoneRules) -> Self {
        match Identifier::stored_in_any_form(method, stored, phones) {
            Ok(read) if read.as_str().eq_ignore_ascii_case(stored) => Self::Canonical,
            Ok(read) => Self::Other(read.as_str().to_owned()),
            Err(_) => Self::Refused,
        }
    }
}

/// A verified contact of an account in another form.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The account's username.
    pub username: String,
    /// The account's `sub`, which is shown.
    pub sub: String,
    /// The attribute.
    pub attribute: &'static str,
    /// The contact as it is stored.
    pub stored: String,
    /// Its canonical form; none if sign-in refuses the contact.
    pub canonical: Option<String>,
}

impl Rewrite {
    /// Returns those of a user of `ListUsers`. The contacts of a federated user are those of its identity
    /// provider, which writes them again at each sign-in.
    pub fn of(user: &Value, phones: &PhoneRules) -> Vec<Self> {
        if user["UserStatus"] == "EXTERNAL_PROVIDER" {
            return Vec::new();
        }
        let found = Method::ALL.into_iter().filter_map(|method| {
            let attribute = method.as_str();
            let stored = verified(user, attribute)?;
            let canonical = match Form::of(method, stored, phones) {
                Form::Canonical => return None,
                Form::Other(canonical) => Some(canonical),
                Form::Refused => None,
            };
            Some(Self {
                username: user["Username"].as_str()?.to_owned(),
                sub: attribute_of(user, "sub").unwrap_or_default().to_owned(),
                attribute,
                stored: stored.to_owned(),
                canonical,
            })
        });
        found.collect()
    }

    /// Returns the filter of `ListUsers` for accounts with the canonical form, verified or not.
    pub fn filter(&self) -> Option<String> {
        let canonical = self.canonical.as_ref()?;
        let value = canonical.replace('\\', "\\\\").replace('"', "\\\"");
        Some(format!("{} = \"{value}\"", self.attribute))
    }

    /// Reports whether another account has the canonical form.
    pub fn is_taken(&self, users: &[Value]) -> bool {
        users.iter().any(|user| user["Username"] != *self.username)
    }
}

/// Returns the rewrites whose canonical form no other rewrite has, and the others.
pub fn distinct(rewrites: Vec<Rewrite>) -> (Vec<Rewrite>, Vec<Rewrite>) {
    let mut number: BTreeMap<(&'static str, String), u32> = BTreeMap::new();
    let key = |it: &Rewrite| {
        let canonical = it.canonical.clone().unwrap_or_default();
        (it.attribute, canonical.to_ascii_lowercase())
    };
    for rewrite in &rewrites {
        *number.entry(key(rewrite)).or_default() += 1;
    }
    rewrites
        .into_iter()
        .partition(|rewrite| number[&key(rewrite)] == 1)
}

/// Returns the contact of this attribute of a user of `ListUsers` or `AdminGetUser`, if it is verified.
pub fn verified<'a>(user: &'a Value, attribute: &str) -> Option<&'a str> {
    let mark = attribute_of(user, &format!("{attribute}_verified"))?;
    attribute_of(user, attribute).filter(|_| mark.eq_ignore_ascii_case("true"))
}

/// Returns an attribute of a user of `ListUsers` or `AdminGetUser`.
pub fn attribute_of<'a>(user: &'a Value, name: &str) -> Option<&'a str> {
    let of = |member: &str| user[member].as_array();
    let attributes = of("Attributes").or_else(|| of("UserAttributes"));
    let mut attributes = attributes.into_iter().flatten();
    attributes.find(|it| it["Name"] == name)?["Value"].as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(name: &str, status: &str, pairs: &[(&str, &str)]) -> Value {
        let attributes = pairs.iter();
        let attributes = attributes.map(|(name, value)| json!({"Name": name, "Value": value}));
        json!({
            "Username": name,
            "UserStatus": status,
            "Attributes": attributes.collect::<Vec<_>>(),
        })
    }

    fn rewrites(user: &Value) -> Vec<(&'static str, Option<String>)> {
        let found = Rewrite::of(user, &PhoneRules::default());
        let found = found.into_iter();
        found.map(|it| (it.attribute, it.canonical)).collect()
    }

    #[test]
    fn a_verified_contact_of_another_form_is_rewritten() {
        let email = |value| [("email", value), ("email_verified", "true")];
        let number = |value| [("phone_number", value), ("phone_number_verified", "true")];
        let of = |pairs: &[(&str, &str)]| rewrites(&user("a", "CONFIRMED", pairs));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(&email("Ada@Example.com")), []);
        assert_eq!(
            of(&email("user@bücher.example")),
            [("email", some("user@xn--bcher-kva.example"))]
        );
        assert_eq!(
            of(&number("+5215512345678")),
            [("phone_number", some("+525512345678"))]
        );
        assert_eq!(
            of(&number("+4402079460199")),
            [("phone_number", some("+442079460199"))]
        );
        assert_eq!(of(&number("+22996123456")), [("phone_number", None)]);
        // Verified at strasse.example, perhaps.
        assert_eq!(of(&email("user@straße.example")), [("email", None)]);
        assert_eq!(of(&[("phone_number", "+5215512345678")]), []);
        let federated = user("a", "EXTERNAL_PROVIDER", &email("user@bücher.example"));
        assert_eq!(rewrites(&federated), []);
    }

    #[test]
    fn two_accounts_of_one_canonical_form_are_not_rewritten() {
        let of = |name: &str, stored: &str| {
            let pairs = [("phone_number", stored), ("phone_number_verified", "true")];
            Rewrite::of(&user(name, "CONFIRMED", &pairs), &PhoneRules::default()).remove(0)
        };
        let (clash, other) = ("+5215512345678", "+4402079460199");
        let all = vec![of("a", clash), of("b", clash), of("c", other)];
        let (free, taken) = distinct(all);
        let names =
            |all: &[Rewrite]| -> Vec<String> { all.iter().map(|it| it.username.clone()).collect() };
        assert_eq!(names(&free), ["c"]);
        assert_eq!(names(&taken), ["a", "b"]);
        // An account with the canonical form, verified or not, keeps it.
        let holder = |name: &str| user(name, "UNCONFIRMED", &[]);
        assert!(free[0].is_taken(&[holder("c"), holder("d")]));
        assert!(!free[0].is_taken(&[holder("c")]));
        assert_eq!(
            free[0].filter().as_deref(),
            Some(r#"phone_number = "+442079460199""#)
        );
    }
}
