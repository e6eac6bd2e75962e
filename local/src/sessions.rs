//! Session mode: its secrets, which live as long as the process.

use data_encoding::BASE64URL_NOPAD;
use latchstring_core::ports::Entropy;
use latchstring_core::secret::Secret;
use latchstring_lambda::OsEntropy;
use latchstring_local_cognito::ClientSecret;

/// The secrets and origins of session mode, as the deployed functions get them by settings.
#[derive(Clone, Debug)]
pub(crate) struct SessionSecrets {
    client_secret: Secret,
    server_credential: Secret,
    origins: String,
}

impl SessionSecrets {
    /// Makes the secrets; the server credential only if none is given.
    pub(crate) fn new(server_credential: Option<Secret>, origins: &[String]) -> Self {
        Self {
            client_secret: random(),
            server_credential: server_credential.unwrap_or_else(random),
            origins: origins.join(","),
        }
    }

    /// Returns the settings of the functions.
    pub(crate) fn settings(&self) -> [(&str, &str); 4] {
        [
            ("SESSION_MODE", "on"),
            ("CLIENT_SECRET", self.client_secret.expose()),
            ("SERVER_CREDENTIAL", self.server_credential.expose()),
            ("SESSION_ORIGINS", &self.origins),
        ]
    }

    /// Returns the secret of the app client.
    pub(crate) fn client_secret(&self) -> ClientSecret {
        ClientSecret::new(self.client_secret.expose())
    }

    /// Returns the credential of the app's own server.
    pub(crate) fn server_credential(&self) -> Secret {
        self.server_credential.clone()
    }
}

fn random() -> Secret {
    let bytes: [u8; 32] = OsEntropy.bytes();
    Secret::new(BASE64URL_NOPAD.encode(&bytes))
}
