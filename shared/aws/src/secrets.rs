//! The key ring in AWS Secrets Manager.

use aws_sdk_secretsmanager::Client;
use latchstring_core::ports::{Fault, Vault};
use latchstring_core::secret::Secret;

use crate::client::{Aws, Patience, code_of};

const CALL: &str = "GetSecretValue";

/// One secret, in its current version.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
    id: String,
}

impl SecretsManager {
    /// The secret of that name or ARN. Connects only when asked something.
    pub fn new(aws: &Aws, id: impl Into<String>) -> Self {
        Self {
            client: Client::new(&aws.config(Patience::Call)),
            id: id.into(),
        }
    }
}

impl Vault for SecretsManager {
    async fn read(&self) -> Result<Secret, Fault> {
        let read = self.client.get_secret_value().secret_id(&self.id).send();
        let read = read.await;
        let text = read.map_err(|error| Fault::new(CALL, code_of(&error)))?;
        text.secret_string
            .map(Secret::new)
            .ok_or_else(|| Fault::new(CALL, "no text"))
    }
}
