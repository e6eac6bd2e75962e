//! The name of a signed-in account.

use super::error::ContactError;
use super::identity::{Identity, signed_in};
use crate::policy::Deployment;
use crate::ports::{Directory, TokenHolder};
use crate::value::account::Names;

/// Writes the names of the caller's account. A name is not used to sign in, so any access token
/// that Cognito still accepts is sufficient.
///
/// # Errors
/// If the caller is not signed in, or a port fails.
pub async fn update_names(
    deployment: &Deployment,
    tokens: &impl TokenHolder,
    directory: &impl Directory,
    identity: &Identity,
    names: &Names,
) -> Result<(), ContactError> {
    let account = signed_in(&deployment.policy, tokens, identity).await?;
    directory.set_names(&account.username, names).await?;
    Ok(())
}
