//! The needs of sign-in on a pool and its accounts, by which `attach` refuses a pool and the doctor
//! reports one.

use std::collections::BTreeMap;

/// The contacts that users sign in with, by attribute. Sign-in finds an account by an alias alone.
pub const CONTACTS: [&str; 2] = ["email", "phone_number"];

/// Returns the contacts that are not among these alias attributes.
pub fn missing_aliases(aliases: &[impl AsRef<str>]) -> Vec<&'static str> {
    CONTACTS
        .into_iter()
        .filter(|contact| aliases.iter().all(|alias| alias.as_ref() != *contact))
        .collect()
}

/// Returns the required attributes of a pool that a new account does not have: it has one contact alone.
/// `only` is the one contact that users sign in with; none where either may be the first.
pub fn unmet_attributes<'a>(
    required: impl IntoIterator<Item = &'a str>,
    only: Option<&str>,
) -> Vec<&'a str> {
    let required = required.into_iter();
    required
        .filter(|name| *name != "sub" && only != Some(*name))
        .collect()
}

/// An account of a username-attribute pool that holds a contact which it has not proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnverifiedHolder {
    /// No contact of it is verified, so that its owner could not sign in with a code.
    Unproved,
    /// Another contact of it is verified.
    Partly,
    /// Disabled by an administrator, who may want it to hold the contact.
    Disabled,
    /// Linked to a user of another identity provider, who may use it.
    Linked,
}

impl UnverifiedHolder {
    /// Returns the kind of holder that an account is, if it is one. `contacts` are the username attributes
    /// of the pool. A federated user has a username of its own, and holds no contact by it.
    pub fn of<'a>(
        contacts: &[impl AsRef<str>],
        is_enabled: bool,
        status: &str,
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<Self> {
        let is_verified = |contact: &str| {
            let mark = attribute(&format!("{contact}_verified"));
            mark.is_some_and(|mark| mark.eq_ignore_ascii_case("true"))
        };
        let mut names = contacts.iter().map(AsRef::as_ref);
        let is_holder = names.any(|contact| attribute(contact).is_some() && !is_verified(contact));
        match () {
            () if status == "EXTERNAL_PROVIDER" || !is_holder => None,
            // Also by a contact that is no username of the pool: its user proved it.
            () if ["email", "phone_number"].into_iter().any(is_verified) => Some(Self::Partly),
            () if !is_enabled => Some(Self::Disabled),
            () if attribute("identities").is_some_and(|it| !it.is_empty()) => Some(Self::Linked),
            () => Some(Self::Unproved),
        }
    }

    /// Its name in a report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unproved => "no verified contact",
            Self::Partly => "another contact is verified",
            Self::Disabled => "disabled",
            Self::Linked => "linked to another identity provider",
        }
    }
}

/// Reports whether threat protection may refuse sign-ins by its mode for custom authentication. The mode
/// for standard authentication does not concern the triggers. A public call of a resolver shows threat
/// protection an address of Lambda, which all users share; a signed call the client's.
pub fn may_refuse_sign_ins(custom_auth_mode: Option<&str>, signed_calls: bool) -> bool {
    custom_auth_mode == Some("ENFORCED") && !signed_calls
}

/// The state of an account, as far as it decides a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// `CONFIRMED`
    Confirmed,
    /// Disabled by an administrator, whatever its status.
    Disabled,
    /// `UNCONFIRMED`, with a verified contact.
    UnconfirmedHolder,
    /// `UNCONFIRMED`, without a verified contact.
    Unconfirmed,
    /// `RESET_REQUIRED`
    ResetRequired,
    /// `FORCE_CHANGE_PASSWORD`
    ForceChangePassword,
    /// `EXTERNAL_PROVIDER`
    ExternalProvider,
    /// A status that AWS lists as no longer used, or does not document.
    Other,
}

impl AccountState {
    /// Returns the state of an account with this `UserStatus`.
    pub fn of(is_enabled: bool, status: &str, holds_contact: bool) -> Self {
        match status {
            _ if !is_enabled => Self::Disabled,
            "CONFIRMED" => Self::Confirmed,
            "UNCONFIRMED" if holds_contact => Self::UnconfirmedHolder,
            "UNCONFIRMED" => Self::Unconfirmed,
            "RESET_REQUIRED" => Self::ResetRequired,
            "FORCE_CHANGE_PASSWORD" => Self::ForceChangePassword,
            "EXTERNAL_PROVIDER" => Self::ExternalProvider,
            _ => Self::Other,
        }
    }

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED",
            Self::Disabled => "disabled",
            Self::UnconfirmedHolder => "UNCONFIRMED with a verified contact",
            Self::Unconfirmed => "UNCONFIRMED without one",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ExternalProvider => "EXTERNAL_PROVIDER",
            Self::Other => "of another status",
        }
    }

    /// Reports whether Cognito refuses the session of an account owner who should be able to sign in.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::UnconfirmedHolder | Self::ResetRequired)
    }

    /// The outcome of a sign-in.
    pub const fn at_sign_in(self) -> &'static str {
        match self {
            Self::Confirmed => "signs in with a code to a verified contact",
            Self::Disabled => "Cognito refuses: the code page as for everyone, and no code",
            Self::UnconfirmedHolder => {
                "Cognito refuses: the code page as for everyone, and no code; admin-set-user-password \
                 --permanent with a random password ends that (a stranger may know the present one)"
            }
            Self::Unconfirmed => {
                "not found: the first code makes a second account; delete the unconfirmed one"
            }
            Self::ResetRequired => {
                "Cognito refuses: the code page as for everyone, and no code; admin-set-user-password \
                 --permanent with a random password ends that"
            }
            Self::ForceChangePassword => {
                "the first sign-in replaces the temporary password by a random one and confirms the account"
            }
            Self::ExternalProvider => {
                "not found by its contact: with OTHER_HOLDERS the first code of its owner ends with \
                 ContactInUse, without it a second account is made; link it to an account of the pool"
            }
            Self::Other => "AWS does not document it: test it with one",
        }
    }
}

/// The numbers of accounts by state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountStates(BTreeMap<AccountState, u64>);

impl AccountStates {
    /// Counts an account.
    pub fn count(&mut self, state: AccountState) {
        *self.0.entry(state).or_default() += 1;
    }

    /// Returns a line for each state that occurs.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let line = |(state, count): (&AccountState, &u64)| {
            format!("{count} {}: {}", state.name(), state.at_sign_in())
        };
        self.0.iter().map(line)
    }

    /// Reports whether an account is in a state like this.
    pub fn any(&self, is_like: impl Fn(AccountState) -> bool) -> bool {
        self.0.keys().any(|state| is_like(*state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_without_alias_is_missing() {
        for (aliases, missing) in [
            (&[][..], &["email", "phone_number"][..]),
            (&["preferred_username"], &["email", "phone_number"]),
            (&["email"], &["phone_number"]),
            (&["phone_number", "email"], &[]),
        ] {
            assert_eq!(missing_aliases(aliases), missing, "{aliases:?}");
        }
    }

    #[test]
    fn the_only_contact_satisfies_a_required_attribute() {
        let required = ["sub", "email"];
        assert_eq!(unmet_attributes(required, Some("email")), [""; 0]);
        assert_eq!(unmet_attributes(required, Some("phone_number")), ["email"]);
        assert_eq!(unmet_attributes(required, None), ["email"]);
        assert_eq!(unmet_attributes(["name", "email"], Some("email")), ["name"]);
    }

    #[test]
    fn an_unproved_holder_has_no_verified_contact() {
        let of = |contacts: &[&str], enabled, status, attributes: &[(&str, &'static str)]| {
            let attribute = |name: &str| {
                let found = attributes.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| *value)
            };
            UnverifiedHolder::of(contacts, enabled, status, attribute)
        };
        let email = ("email", "ada@example.com");
        let phone = ("phone_number", "+14155550132");
        let both = &["email", "phone_number"][..];
        let unproved = Some(UnverifiedHolder::Unproved);
        assert_eq!(of(both, true, "UNCONFIRMED", &[email]), unproved);
        let no = ("email_verified", "false");
        assert_eq!(of(both, true, "CONFIRMED", &[email, no]), unproved);
        let yes = ("email_verified", "True");
        assert_eq!(of(both, true, "CONFIRMED", &[email, yes]), None);
        assert_eq!(
            of(both, true, "CONFIRMED", &[email, yes, phone]),
            Some(UnverifiedHolder::Partly)
        );
        let proved = ("phone_number_verified", "true");
        assert_eq!(
            of(&["email"], true, "CONFIRMED", &[email, phone, proved]),
            Some(UnverifiedHolder::Partly),
            "in use by a contact that is no username"
        );
        // A number that is not a username of the pool holds nothing.
        assert_eq!(
            of(&["email"], true, "CONFIRMED", &[email, yes, phone]),
            None
        );
        assert_eq!(of(&["email"], true, "CONFIRMED", &[phone]), None);
        assert_eq!(
            of(both, false, "CONFIRMED", &[email]),
            Some(UnverifiedHolder::Disabled)
        );
        assert_eq!(
            of(both, true, "CONFIRMED", &[email, ("identities", "[{}]")]),
            Some(UnverifiedHolder::Linked)
        );
        assert_eq!(of(both, true, "EXTERNAL_PROVIDER", &[email]), None);
        // An alias pool has no username attribute.
        assert_eq!(of(&[""; 0], true, "CONFIRMED", &[email]), None);
    }

    #[test]
    fn only_enforcement_that_sees_the_address_of_lambda_may_refuse() {
        assert!(may_refuse_sign_ins(Some("ENFORCED"), false));
        assert!(!may_refuse_sign_ins(Some("ENFORCED"), true));
        assert!(!may_refuse_sign_ins(Some("AUDIT"), false));
        assert!(!may_refuse_sign_ins(None, false));
    }

    #[test]
    fn accounts_are_counted_by_what_happens_at_their_sign_in() {
        let mut states = AccountStates::default();
        for (is_enabled, status, holds) in [
            (true, "CONFIRMED", true),
            (true, "RESET_REQUIRED", true),
            (true, "RESET_REQUIRED", false),
            (false, "CONFIRMED", true),
            (true, "UNCONFIRMED", true),
            (true, "UNCONFIRMED", false),
            (true, "ARCHIVED", true),
        ] {
            states.count(AccountState::of(is_enabled, status, holds));
        }
        let names: Vec<String> = states
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
            .collect();
        let expected = [
            "1 CONFIRMED",
            "1 disabled",
            "1 UNCONFIRMED with a verified contact",
            "1 UNCONFIRMED without one",
            "2 RESET_REQUIRED",
            "1 of another status",
        ];
        assert_eq!(names, expected);
        assert!(states.any(AccountState::is_refused));
    }
}
