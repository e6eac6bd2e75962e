//! The users and their aliases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::SystemTime;

use uuid::Uuid;

use crate::attributes::{self, Alias};
use crate::error::{ApiError, ApiResult, Code};

/// A user's number, counted up and never reused. A session or token of a deleted user therefore
/// never fits a later user of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserId(u64);

impl UserId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Confirmed,
    ForceChangePassword,
    /// Made by `SignUp`, and not confirmed.
    Unconfirmed,
    /// The profile of a user of another identity provider.
    ExternalProvider,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::Unconfirmed => "UNCONFIRMED",
            Self::ExternalProvider => "EXTERNAL_PROVIDER",
        }
    }
}

/// A user. No password is kept: no flow of this stand-in uses one.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) sub: Uuid,
    /// Without `sub`.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) status: Status,
    /// The code of the last confirmation message, until it is used.
    pub(crate) confirmation: Option<String>,
    /// The code of the last message to reset the password, until it is used.
    pub(crate) reset: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) created: SystemTime,
    pub(crate) modified: SystemTime,
}

impl User {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Returns the value by which the user can be found, if it is verified.
    pub(crate) fn verified(&self, alias: Alias) -> Option<&str> {
        let verified = self
            .attribute(alias.verified_attribute())
            .is_some_and(attributes::is_true);
        self.attribute(alias.attribute()).filter(|_| verified)
    }
}

/// The attributes that find a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) attributes: BTreeSet<Alias>,
    /// True if they find a user unverified, and usernames are the pool's own.
    pub(crate) are_usernames: bool,
}

impl Names {
    /// Returns the values that find a user. A profile of another identity provider is found by its
    /// username alone (reported in amazon-cognito-identity-js#600).
    fn of(&self, user: &User) -> Vec<(Alias, String)> {
        if user.status == Status::ExternalProvider {
            return Vec::new();
        }
        let value = |alias: &Alias| {
            let value = if self.are_usernames {
                user.attribute(alias.attribute())
            } else {
                user.verified(*alias)
            };
            value.map(|value| (*alias, fold(value)))
        };
        self.attributes.iter().filter_map(value).collect()
    }
}

/// The behaviour where a value is already another user's alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnClash {
    Refuse,
    /// The value becomes the new holder's alias; the previous holder's is no longer verified.
    Move,
}

#[derive(Default)]
pub(crate) struct Users {
    names: Names,
    by_id: BTreeMap<UserId, User>,
    by_username: HashMap<String, UserId>,
    by_alias: HashMap<(Alias, String), UserId>,
    last_id: u64,
}

impl Users {
    pub(crate) fn found_by(names: Names) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Returns the user of this username or sign-in attribute. Case is ignored.
    pub(crate) fn find(&self, name: &str) -> Option<&User> {
        self.resolve(name).and_then(|id| self.by_id.get(&id))
    }

    pub(crate) fn resolve(&self, name: &str) -> Option<UserId> {
        let folded = fold(name);
        self.by_username.get(&folded).copied().or_else(|| {
            Alias::ALL
                .iter()
                .find_map(|alias| self.by_alias.get(&(*alias, folded.clone())).copied())
        })
    }

    pub(crate) fn get(&self, id: UserId) -> Option<&User> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.by_id.get_mut(&id)
    }

    /// Returns the account of the pool that is linked to a user of another identity provider.
    pub(crate) fn linked(&self, provider: &str, subject: &str) -> Option<&User> {
        let identity = attributes::identities(provider, subject);
        self.by_id.values().find(|user| {
            user.status != Status::ExternalProvider
                && user.attribute("identities") == Some(&*identity)
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.len()
    }

    /// Returns the users created after this number, oldest first.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = &User> {
        self.by_id
            .range(UserId(number.saturating_add(1))..)
            .map(|(_, user)| user)
    }

    /// Creates a user. Where attributes are usernames, the pool makes another username than the given
    /// one.
    pub(crate) fn create(
        &mut self,
        username: String,
        attributes: BTreeMap<String, String>,
        status: Status,
        on_clash: OnClash,
        now: SystemTime,
    ) -> ApiResult<&mut User> {
        let sub = Uuid::new_v4();
        let is_profile = status == Status::ExternalProvider;
        let username = if self.names.are_usernames && !is_profile {
            if self.resolve(&username).is_some() {
                return Err(ApiError::new(
                    Code::UsernameExists,
                    "User account already exists",
                ));
            }
            sub.to_string()
        } else {
            username
        };
        if self.by_username.contains_key(&fold(&username)) {
            return Err(ApiError::new(
                Code::UsernameExists,
                "User account already exists",
            ));
        }
        let id = UserId(self.last_id + 1);
        let user = User {
            id,
            username,
            sub,
            attributes,
            groups: BTreeSet::new(),
            status,
            confirmation: None,
            reset: None,
            enabled: true,
            created: now,
            modified: now,
        };
        self.claim_aliases(&user, on_clash)?;
        self.last_id += 1;
        self.by_username.insert(fold(&user.username), id);
        Ok(self.by_id.entry(id).or_insert(user))
    }

    /// Sets a user's attributes and the aliases that follow from them; all or nothing.
    pub(crate) fn set_attributes(
        &mut self,
        id: UserId,
        attributes: BTreeMap<String, String>,
        on_clash: OnClash,
        now: SystemTime,
    ) -> ApiResult<()> {
        let Some(user) = self.by_id.get(&id) else {
            return Err(ApiError::user_not_found());
        };
        let mut changed = user.clone();
        changed.attributes = attributes;
        changed.modified = now;
        self.claim_aliases(&changed, on_clash)?;
        self.by_id.insert(id, changed);
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: UserId) {
        if let Some(user) = self.by_id.remove(&id) {
            self.by_username.remove(&fold(&user.username));
            self.by_alias.retain(|_, holder| *holder != id);
        }
    }

    fn claim_aliases(&mut self, user: &User, on_clash: OnClash) -> ApiResult<()> {
        let claims = self.names.of(user);
        // Username attributes are unique, whatever is forced.
        if on_clash == OnClash::Refuse || self.names.are_usernames {
            for claim in &claims {
                if self
                    .by_alias
                    .get(claim)
                    .is_some_and(|holder| *holder != user.id)
                {
                    return Err(ApiError::new(
                        Code::AliasExists,
                        format!(
                            "An account with the given {} already exists.",
                            claim.0.attribute()
                        ),
                    ));
                }
            }
        }
        // A user has at most one value of each kind: the previous one becomes free.
        let before = self.by_id.get(&user.id);
        for old in before.map(|old| self.names.of(old)).unwrap_or_default() {
            self.by_alias.remove(&old);
        }
        for claim in claims {
            let alias = claim.0;
            if let Some(previous) = self.by_alias.insert(claim, user.id)
                && previous != user.id
                && let Some(previous) = self.by_id.get_mut(&previous)
            {
                previous
                    .attributes
                    .insert(alias.verified_attribute().to_owned(), "false".to_owned());
            }
        }
        Ok(())
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}
