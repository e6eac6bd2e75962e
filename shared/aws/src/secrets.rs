//! The key ring in AWS Secrets Manager.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_secretsmanager::meta::PKG_VERSION;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueInput;
use latchstring_core::ports::{PortError, SecretSource};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;

use crate::client::{Aws, CallPolicy, code_of};
use crate::http_client::Connections;
use crate::service::{Api, Auth, Service, requests};

const CALL: &str = "GetSecretValue";

pub(crate) static API: Api = Api {
    host: "secretsmanager",
    signing_name: "secretsmanager",
    sdk: ApiMetadata::new("secretsmanager", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_secretsmanager:
    get_secret_value: GetSecretValue, GetSecretValueInput, GetSecretValueOutput, GetSecretValueError;
}

/// One secret of AWS Secrets Manager, in its current version.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    service: Service,
    connections: Connections,
    id: String,
    /// The seconds from 1970 to the creation of the version that was read last; 0 before the first
    /// read. Clones share it.
    created: Arc<AtomicU64>,
}

impl SecretsManager {
    /// Creates the source of the secret with that name or ARN. Connects at the first call.
    pub fn new(aws: &Aws, id: impl Into<String>) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::SigV4, CallPolicy::Call),
            connections: aws.connections(),
            id: id.into(),
            created: Arc::default(),
        }
    }
}

impl SecretSource for SecretsManager {
    async fn read(&self) -> Result<Secret, PortError> {
        self.connections.open_expected();
        let request = GetSecretValueInput::builder().secret_id(&self.id);
        let read = self.service.send(request.build()).await;
        let text = read.map_err(|error| PortError::new(CALL, code_of(&error)))?;
        let created = text.created_date.map_or(0, |date| date.secs());
        let created = u64::try_from(created).unwrap_or_default();
        self.created.store(created, Ordering::Relaxed);
        text.secret_string
            .map(Secret::new)
            .ok_or_else(|| PortError::new(CALL, "no text"))
    }

    fn stored_at(&self) -> Option<Timestamp> {
        match self.created.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(Timestamp::from_secs(seconds)),
        }
    }
}
