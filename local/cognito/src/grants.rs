//! The result of a completed sign-in: a grant, to which all its tokens belong, and its refresh
//! tokens.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::config::ClientConfig;
use crate::error::{ApiError, ApiResult, Code};
use crate::random;
use crate::users::UserId;

/// One sign-in. Its tokens carry its id as `event_id`.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) client: String,
    /// `origin_jti`
    pub(crate) origin: Uuid,
    pub(crate) auth_time: SystemTime,
    revoked: bool,
    refresh_expires: SystemTime,
}

struct RefreshToken {
    grant: Uuid,
    /// The time at which a newer token replaced it.
    rotated: Option<SystemTime>,
}

/// The grants. Each takes about 400 bytes and is dropped when its last token has expired.
#[derive(Default)]
pub(crate) struct Grants {
    by_id: HashMap<Uuid, Grant>,
    by_user: HashMap<UserId, BTreeSet<Uuid>>,
    refresh_tokens: HashMap<String, RefreshToken>,
    tokens_of: HashMap<Uuid, Vec<String>>,
    by_end: BTreeSet<(SystemTime, Uuid)>,
}

impl Grants {
    /// Creates a grant and its refresh token.
    pub(crate) fn issue(
        &mut self,
        user: UserId,
        client: &ClientConfig,
        now: SystemTime,
    ) -> ApiResult<(Grant, String)> {
        self.sweep(now);
        let grant = Grant {
            id: Uuid::new_v4(),
            user,
            client: client.id.clone(),
            origin: Uuid::new_v4(),
            auth_time: now,
            revoked: false,
            refresh_expires: now + client.refresh_token_validity,
        };
        // A refresh in the last second yields an access token that outlives the refresh token.
        let end = grant.refresh_expires + client.access_token_validity;
        self.by_end.insert((end, grant.id));
        self.by_user.entry(user).or_default().insert(grant.id);
        self.by_id.insert(grant.id, grant.clone());
        let token = self.new_refresh_token(grant.id)?;
        Ok((grant, token))
    }

    /// Returns the user of a grant.
    pub(crate) fn user(&self, id: Uuid) -> Option<UserId> {
        self.by_id.get(&id).map(|grant| grant.user)
    }

    /// Returns the user of a refresh token, valid or not.
    pub(crate) fn owner(&self, token: &str) -> Option<UserId> {
        self.user(self.refresh_tokens.get(token)?.grant)
    }

    /// Returns true while access tokens of this grant are valid.
    pub(crate) fn is_live(&self, id: Uuid) -> bool {
        self.by_id.get(&id).is_some_and(|grant| !grant.revoked)
    }

    /// Returns the grant of a refresh token that this client may use now, and the replacement token
    /// if the client rotates them.
    ///
    /// Revocation is reported before expiry or rotation, because nothing of a revoked grant is
    /// usable.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client: &ClientConfig,
        now: SystemTime,
        may_use: impl FnOnce(&Grant) -> ApiResult<()>,
    ) -> ApiResult<(Grant, Option<String>)> {
        let known = self.refresh_tokens.get(token).and_then(|refresh| {
            let grant = self.by_id.get(&refresh.grant)?;
            (grant.client == client.id).then_some((refresh, grant))
        });
        let Some((refresh, grant)) = known else {
            return Err(ApiError::not_authorized("Invalid Refresh Token"));
        };
        may_use(grant)?;
        if grant.revoked {
            return Err(ApiError::not_authorized("Refresh Token has been revoked"));
        }
        if now >= grant.refresh_expires {
            return Err(ApiError::not_authorized("Refresh Token has expired"));
        }
        let grant = grant.clone();
        let Some(rotation) = client.refresh_token_rotation else {
            return Ok((grant, None));
        };
        if refresh
            .rotated
            .is_some_and(|at| now >= at + rotation.grace.min(MAX_GRACE))
        {
            return Err(ApiError::new(
                Code::RefreshTokenReuse,
                "The refresh token has been invalidated by rotation.",
            ));
        }
        if let Some(refresh) = self.refresh_tokens.get_mut(token) {
            refresh.rotated.get_or_insert(now);
        }
        let next = self.new_refresh_token(grant.id)?;
        Ok((grant, Some(next)))
    }

    /// Revokes the grant of a refresh token. Repeating it has no effect.
    pub(crate) fn revoke(&mut self, token: &str, client: &str) -> ApiResult<()> {
        let grant = self
            .refresh_tokens
            .get(token)
            .and_then(|refresh| self.by_id.get_mut(&refresh.grant))
            .filter(|grant| grant.client == client);
        let Some(grant) = grant else {
            return Err(ApiError::new(Code::Unauthorized, "Invalid Refresh Token"));
        };
        grant.revoked = true;
        Ok(())
    }

    /// Revokes everything issued to a user so far, including within the current second.
    pub(crate) fn sign_out(&mut self, user: UserId) {
        for id in self.by_user.get(&user).into_iter().flatten() {
            if let Some(grant) = self.by_id.get_mut(id) {
                grant.revoked = true;
            }
        }
    }

    fn new_refresh_token(&mut self, grant: Uuid) -> ApiResult<String> {
        let token = random::opaque::<64>()?;
        self.tokens_of.entry(grant).or_default().push(token.clone());
        self.refresh_tokens.insert(
            token.clone(),
            RefreshToken {
                grant,
                rotated: None,
            },
        );
        Ok(token)
    }

    fn sweep(&mut self, now: SystemTime) {
        while self.by_end.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, id)) = self.by_end.pop_first() else {
                return;
            };
            for token in self.tokens_of.remove(&id).unwrap_or_default() {
                self.refresh_tokens.remove(&token);
            }
            if let Some(grant) = self.by_id.remove(&id)
                && let Some(grants) = self.by_user.get_mut(&grant.user)
            {
                grants.remove(&id);
                if grants.is_empty() {
                    self.by_user.remove(&grant.user);
                }
            }
        }
    }
}

/// The longest grace that a client can have.
const MAX_GRACE: Duration = Duration::from_mins(1);
