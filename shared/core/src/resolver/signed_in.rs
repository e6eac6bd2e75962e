//! The signed-in caller.

use super::context::{Context, Ports};
use super::error::ContactError;
use crate::effects::Clock;
use crate::ports::AccessTokenVerifier;
use crate::seal::sealed::CLOCK_LEEWAY;
use crate::value::account::{Account, Sub};
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The caller by the claims of the token that AppSync verified, never by an argument.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The claim `sub`.
    pub sub: Sub,
    /// The claim `token_use`; only `access` is accepted.
    pub token_use: String,
    /// The claim `client_id`.
    pub client: String,
    /// The claim `auth_time`: the time of the sign-in, which a refresh does not change.
    pub auth_time: Timestamp,
    /// The claim `cognito:groups`.
    pub groups: Vec<String>,
    /// The token itself, which Cognito must still accept.
    pub access_token: Secret,
}

/// The operations of a signed-in account: its contacts, its devices and its names.
pub struct SignedIn<'a, P: Ports, T> {
    /// The settings and ports.
    pub context: Context<'a, P>,
    /// The port that returns the holder of an access token.
    pub tokens: &'a T,
}

impl<P: Ports, T: AccessTokenVerifier> SignedIn<'_, P, T> {
    /// Returns the caller's account, if the sign-in is recent and Cognito still accepts the token.
    pub(crate) async fn fresh_account(&self, identity: &Identity) -> Result<Account, ContactError> {
        let account = self.account(identity).await?;
        let now = self.context.clock.now();
        if now.since(identity.auth_time) > self.context.deployment.policy.fresh_for
            || identity.auth_time > now.plus(CLOCK_LEEWAY)
        {
            return Err(ContactError::ReauthRequired);
        }
        Ok(account)
    }

    /// Returns the caller's account, if Cognito still accepts the token. AppSync alone would accept
    /// an ID token, another client's token, or a revoked one until it expires.
    pub(crate) async fn account(&self, identity: &Identity) -> Result<Account, ContactError> {
        let clients = &self.context.deployment.policy.clients;
        let of_ours = clients.contains(&identity.client);
        if identity.token_use != "access" || !of_ours || identity.sub.is_empty() {
            return Err(ContactError::NotSignedIn);
        }
        self.tokens
            .holder(&identity.access_token)
            .await?
            .filter(|account| *account.attributes.sub() == identity.sub)
            .ok_or(ContactError::NotSignedIn)
    }
}
