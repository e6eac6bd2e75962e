//! The name of a signed-in account.

use super::context::Ports;
use super::error::ContactError;
use super::signed_in::{Identity, SignedIn};
use crate::ports::{AccessTokenVerifier, Directory};
use crate::value::account::Names;

impl<P: Ports, T: AccessTokenVerifier> SignedIn<'_, P, T> {
    /// Writes the names of the caller's account. A name is not used to sign in, so any access token
    /// that Cognito still accepts is sufficient.
    ///
    /// # Errors
    /// If the caller is not signed in, or a port fails.
    pub async fn update_names(
        &self,
        identity: &Identity,
        names: &Names,
    ) -> Result<(), ContactError> {
        let account = self.account(identity).await?;
        let directory = self.context.directory;
        directory.set_names(&account.username, names).await?;
        Ok(())
    }
}
