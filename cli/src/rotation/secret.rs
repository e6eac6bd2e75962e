//! The key ring in Secrets Manager, read and replaced.
//!
//! A replacement is a new version under a staging label of its own (`PutSecretValue`). Then AWSCURRENT moves
//! to it (`UpdateSecretVersionStage`), from the version that was read and from no other. AWS documents what
//! this relies on:
//!
//! - A version that `PutSecretValue` creates with `VersionStages` does not get AWSCURRENT, and its id is the
//!   `ClientRequestToken`.
//!   <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
//! - `UpdateSecretVersionStage` fails if `RemoveFromVersionId` is not the version that the label is attached to.
//!   <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>
//!
//! AWS does not state that the comparison and the move are one atomic step for calls at the same time. An
//! emulator was tested, AWS was not.

use std::fmt;

use aws_sdk_secretsmanager as secretsmanager;
use latchstring_core::time::Timestamp;
use latchstring_lambda::RingText;
use secretsmanager::Client;
use secretsmanager::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::{Access, ONCE, READ, client};
use crate::error_code::{ErrorCode, ErrorKind};

const GET: &str = "secretsmanager:GetSecretValue";
const PUT: &str = "secretsmanager:PutSecretValue";
const MOVE: &str = "secretsmanager:UpdateSecretVersionStage";

/// The staging label of the version that functions read.
const CURRENT: &str = "AWSCURRENT";
/// The staging label of a version before it becomes current. It stays on the last one, and Secrets Manager
/// moves it to the next.
const STAGED: &str = "latchstring-rotation";

/// The secret that holds the key ring.
#[derive(Debug)]
pub struct RingSecret {
    reads: Client,
    /// One attempt a call: a repeated write might follow another operator's.
    writes: Client,
    id: String,
}

/// The key ring of the current version.
#[derive(Clone, Debug)]
pub struct StoredRing {
    /// The keys.
    pub ring: RingText,
    /// The creation time of the version. It becomes current within the time limits of two calls, 24 s.
    pub stored_at: Timestamp,
    /// Members of the secret that [`RingText`] does not hold.
    unknown: Vec<String>,
    version: String,
}

impl StoredRing {
    /// Returns the ring, from which a new one may be made.
    ///
    /// # Errors
    ///
    /// The secret has members that are not in the ring.
    pub fn whole(&self) -> Result<&RingText, SecretError> {
        if self.unknown.is_empty() {
            Ok(&self.ring)
        } else {
            Err(SecretError::UnknownMembers(self.unknown.clone()))
        }
    }
}

/// Returns the paths of the members of a ring's text that the ring does not hold.
fn unknown_members(text: &str, ring: &RingText) -> Vec<String> {
    let (Ok(stored), Some(held)) = (serde_json::from_str::<Value>(text), ring.to_text()) else {
        return Vec::new();
    };
    let Ok(held) = serde_json::from_str::<Value>(held.expose()) else {
        return Vec::new();
    };
    // The text of a new deployment is the current key alone.
    let stored = match stored.get("current") {
        Some(_) => stored,
        None => json!({ "current": stored }),
    };
    let mut unknown = Vec::new();
    let names = |value: &Value| value.as_object().map(|it| it.keys().cloned().collect());
    for role in names(&stored).unwrap_or_else(Vec::new) {
        match (&stored[&role], held.get(&role)) {
            // A role that is not filled.
            (Value::Null, _) => {}
            (_, None) => unknown.push(role),
            (stored, Some(held)) => {
                let members: Vec<String> = names(stored).unwrap_or_default();
                let lost = members.into_iter().filter(|name| held.get(name).is_none());
                unknown.extend(lost.map(|name| format!("{role}.{name}")));
            }
        }
    }
    unknown
}

/// The reason that the ring was not read or not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// The credentials do not permit an action.
    Denied(&'static str),
    /// A call failed, and nothing changed.
    Failed {
        /// The IAM action of the call.
        action: &'static str,
        /// The code of the error.
        code: ErrorCode,
    },
    /// The current version is not a key ring that functions can read.
    NotARing,
    /// The current version has members that this program does not know: a replacement would lose them.
    UnknownMembers(Vec<String>),
    /// The functions could not read the ring that was to be stored.
    Unreadable,
    /// Another version became current after the ring was read.
    Changed,
    /// The last call got no answer, and may still take effect.
    Unanswered {
        /// The code of the error.
        code: ErrorCode,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(action) => write!(
                f,
                "the permission {action} is missing; a secret with a KMS key of its own also needs kms:Decrypt and kms:GenerateDataKey"
            ),
            Self::Failed { action, code } => {
                write!(f, "{action} answered {code}; nothing changed")?;
                match code.kind().advice() {
                    Some(advice) => write!(f, ". {advice}"),
                    None => Ok(()),
                }
            }
            Self::NotARing => f.write_str("the secret holds no key ring that the functions can read"),
            Self::UnknownMembers(members) => write!(
                f,
                "the secret has members that this version of latchstring does not know, and a new ring would \
                 lose them: {}. Install the newest version, or remove them from the secret",
                members.join(", ")
            ),
            Self::Unreadable => {
                f.write_str("the functions could not read the new ring, so it was not stored")
            }
            Self::Changed => f.write_str(
                "another operator changed the ring meanwhile, so this change was not made: run status",
            ),
            Self::Unanswered { code } => write!(
                f,
                "{MOVE} answered {code}, and the change may still take effect: run status before anything else"
            ),
        }
    }
}

fn error<E: ProvideErrorMetadata, R>(action: &'static str, error: &SdkError<E, R>) -> SecretError {
    let code = ErrorCode::of(error);
    match code.kind() {
        ErrorKind::Denied => SecretError::Denied(action),
        _ => SecretError::Failed { action, code },
    }
}

impl RingSecret {
    /// Creates the client of the secret with that name or ARN. Connects at the first call.
    pub fn new(access: &Access, id: impl Into<String>) -> Self {
        Self {
            reads: client!(secretsmanager, access, READ),
            writes: client!(secretsmanager, access, ONCE),
            id: id.into(),
        }
    }

    /// Reads the current version.
    ///
    /// # Errors
    ///
    /// The call fails, or the version is not a key ring.
    pub async fn read(&self) -> Result<StoredRing, SecretError> {
        let request = self.reads.get_secret_value().secret_id(&self.id);
        let output = request.send().await.map_err(|it| error(GET, &it))?;
        let text = output.secret_string().unwrap_or_default();
        let ring = RingText::parse(text);
        let created = output.created_date().and_then(|at| at.to_millis().ok());
        let created = created.and_then(|millis| u64::try_from(millis).ok());
        match (ring, created, output.version_id()) {
            (Some(ring), Some(created), Some(version)) if ring.ring().is_some() => Ok(StoredRing {
                unknown: unknown_members(text, &ring),
                ring,
                stored_at: Timestamp::from_millis(created),
                version: version.to_owned(),
            }),
            _ => Err(SecretError::NotARing),
        }
    }

    /// Stores a ring in place of the one that was read.
    ///
    /// # Errors
    ///
    /// A call fails, the secret has unknown members, or the ring that was read is no longer the current one.
    /// The current version is then as it was, except after [`SecretError::Unanswered`].
    pub async fn replace(&self, read: &StoredRing, ring: &RingText) -> Result<(), SecretError> {
        read.whole()?;
        let text = ring.to_text().ok_or(SecretError::Unreadable)?;
        let version = Uuid::new_v4().to_string();
        self.writes
            .put_secret_value()
            .secret_id(&self.id)
            .client_request_token(&version)
            .secret_string(text.expose())
            .version_stages(STAGED)
            .send()
            .await
            .map_err(|it| error(PUT, &it))?;
        let moved = self
            .writes
            .update_secret_version_stage()
            .secret_id(&self.id)
            .version_stage(CURRENT)
            .remove_from_version_id(&read.version)
            .move_to_version_id(&version)
            .send()
            .await;
        let Err(failure) = moved else {
            return Ok(());
        };
        // The move may have taken effect although its answer was lost.
        match self.read().await {
            Ok(current) if current.version == version => Ok(()),
            Ok(current) if current.version != read.version => Err(SecretError::Changed),
            Ok(_) if matches!(failure, SdkError::ServiceError(_)) => Err(error(MOVE, &failure)),
            _ => Err(SecretError::Unanswered {
                code: ErrorCode::of(&failure),
            }),
        }
    }
}
