//! The pool: configuration and state behind one cheap handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use crate::attributes::{Schema, identities};
use crate::config::{ClientConfig, ExistenceErrors, PoolConfig};
use crate::controls::Controls;
use crate::error::{ApiError, ApiResult, Code};
use crate::grants::Grants;
use crate::groups::Groups;
use crate::keys::SigningKeys;
use crate::sessions::Sessions;
use crate::tokens::{self, TokenError};
use crate::triggers::Triggers;
use crate::users::{Names, OnClash, Status, User, Users};

/// The clock, injected so that tests can move it.
pub type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// One user pool. Clones share it.
#[derive(Clone)]
pub struct UserPool(Arc<Inner>);

struct Inner {
    config: PoolConfig,
    controls: Controls,
    keys: SigningKeys,
    triggers: Arc<dyn Triggers>,
    now: Now,
    created: SystemTime,
    state: Mutex<State>,
}

/// All mutable state, behind one lock. The lock is held for look-ups only, never while a trigger
/// runs or a token is signed.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) users: Users,
    pub(crate) groups: Groups,
    pub(crate) sessions: Sessions,
    pub(crate) grants: Grants,
}

impl UserPool {
    /// Creates an empty pool.
    pub fn new(
        config: PoolConfig,
        keys: SigningKeys,
        triggers: Arc<dyn Triggers>,
        now: Now,
    ) -> Self {
        let created = now();
        let state = State {
            users: Users::found_by(Names {
                attributes: config.sign_in_attributes.clone(),
                are_usernames: config.username_attributes,
            }),
            groups: Groups::named(&config.groups, created),
            ..State::default()
        };
        Self(Arc::new(Inner {
            config,
            controls: Controls::default(),
            keys,
            triggers,
            now,
            created,
            state: Mutex::new(state),
        }))
    }

    /// The switches for tests.
    pub fn controls(&self) -> &Controls {
        &self.0.controls
    }

    /// The pool's settings.
    pub fn config(&self) -> &PoolConfig {
        &self.0.config
    }

    /// Returns the claims of a token of this pool, checked as by any service with its public keys:
    /// signature, issuer and expiry, of an access or an ID token (`token_use` names the kind).
    /// Revocation is visible to `GetUser` only.
    pub fn verify_jwt(&self, token: &str) -> Result<Value, TokenError> {
        // Without keys no token was ever signed.
        let keys = self.0.keys.ready().ok_or(TokenError::Invalid)?;
        tokens::read(&self.0.config, &keys, token, self.now())
    }

    /// Signs a user of another identity provider in, as managed login does: as the account that is
    /// linked to that user, or with a profile of its own. Returns the username. Attributes of the
    /// provider, which are not checked, replace the profile's.
    pub fn federate(
        &self,
        provider: &str,
        subject: &str,
        attributes: BTreeMap<String, String>,
    ) -> Option<String> {
        let mut state = self.state();
        if let Some(linked) = state.users.linked(provider, subject) {
            return Some(linked.username.clone());
        }
        let username = format!("{provider}_{subject}");
        let mut attributes = attributes;
        attributes.insert("identities".to_owned(), identities(provider, subject));
        let now = self.now();
        if let Some(id) = state.users.resolve(&username) {
            let set = state
                .users
                .set_attributes(id, attributes, OnClash::Refuse, now);
            return set.ok().map(|()| username);
        }
        let (status, on_clash) = (Status::ExternalProvider, OnClash::Refuse);
        let created = state
            .users
            .create(username, attributes, status, on_clash, now);
        created.ok().map(|user| user.username.clone())
    }

    /// Returns the code of the last confirmation message to a user who signed up.
    pub fn confirmation_code(&self, username: &str) -> Option<String> {
        self.state().users.find(username)?.confirmation.clone()
    }

    /// Returns the code of the last message to a user who asked to reset the password.
    pub fn reset_code(&self, username: &str) -> Option<String> {
        self.state().users.find(username)?.reset.clone()
    }

    pub(crate) fn user_of_access_token(&self, token: &str) -> Result<(User, Value), TokenError> {
        // Without keys no token was ever signed.
        let keys = self.0.keys.ready().ok_or(TokenError::Invalid)?;
        let (grant, claims) = tokens::read_access(&self.0.config, &keys, token, self.now())?;
        let state = self.state();
        let user = state
            .grants
            .user(grant)
            .ok_or(TokenError::Revoked)
            .and_then(|user| state.users.get(user).ok_or(TokenError::UserNotFound))?;
        if !user.enabled {
            return Err(TokenError::UserDisabled);
        }
        if !state.grants.is_live(grant) {
            return Err(TokenError::Revoked);
        }
        Ok((user.clone(), claims))
    }

    pub(crate) fn username_of_refresh_token(&self, token: &str) -> Option<String> {
        let state = self.state();
        let user = state.users.get(state.grants.owner(token)?)?;
        Some(user.username.clone())
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        &self.0.keys
    }

    pub(crate) fn triggers(&self) -> Arc<dyn Triggers> {
        Arc::clone(&self.0.triggers)
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    pub(crate) fn created(&self) -> SystemTime {
        self.0.created
    }

    /// Locks the state. No panic leaves a change half done, so a poisoned lock is usable.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn schema(&self) -> Schema<'_> {
        Schema {
            custom: &self.0.config.custom_attributes,
            required: &self.0.config.required_attributes,
        }
    }

    pub(crate) fn client(&self, id: &str) -> ApiResult<&ClientConfig> {
        self.0
            .config
            .clients
            .iter()
            .find(|client| client.id == id)
            .ok_or_else(|| {
                ApiError::new(
                    Code::ResourceNotFound,
                    format!("User pool client {id} does not exist."),
                )
            })
    }

    pub(crate) fn check_pool_id(&self, id: &str) -> ApiResult<()> {
        if id == self.0.config.pool_id {
            return Ok(());
        }
        Err(ApiError::new(
            Code::ResourceNotFound,
            format!("User pool {id} does not exist."),
        ))
    }

    /// Returns true if this client's callers may not learn that a user is missing.
    pub(crate) fn hides_missing_users(&self, client: &ClientConfig) -> bool {
        client.prevent_user_existence_errors == ExistenceErrors::Enabled
            && !self.0.controls.legacy()
    }

    /// Returns the error for a missing user, by the client's setting.
    pub(crate) fn missing_user(&self, client: &ClientConfig) -> ApiError {
        if self.hides_missing_users(client) {
            ApiError::incorrect_login()
        } else {
            ApiError::user_not_found()
        }
    }
}
