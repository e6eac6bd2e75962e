//! The error codes of AWS: one table says what each one means and what an operator can do about it.

use std::fmt;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

/// The code of an error: the service's own, or ours if there is no answer. Messages are dropped: they
/// may quote anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode(String);

/// The meaning of an error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller may not do this.
    Denied,
    /// The credentials are not valid.
    Credentials,
    /// The named resource does not exist.
    Missing,
    /// A value of the request is not valid, often the name of a resource that does not exist.
    Invalid,
    /// The service is busy, or failed. Another attempt may succeed.
    Busy,
    /// There is no answer that can be read. Another attempt may succeed.
    Unanswered,
    /// The request was not sent.
    Unsent,
    /// The message of the error says it.
    Other,
}

/// The codes of calls without an answer that can be read.
const LATE: &str = "nothing in time";
const NO_CONNECTION: &str = "nothing: no connection";
const UNREADABLE: &str = "something unreadable";
const EMPTY: &str = "nothing";
const UNSENT: &str = "nothing: the request could not be built";

impl ErrorCode {
    /// The code of a success without the result.
    pub(crate) fn empty() -> Self {
        Self(EMPTY.to_owned())
    }

    /// The code of a call whose response cannot be read, or did not arrive.
    pub(crate) fn unreadable() -> Self {
        Self(UNREADABLE.to_owned())
    }

    /// The code of a call that was not sent.
    pub(crate) fn unsent() -> Self {
        Self(UNSENT.to_owned())
    }

    /// Returns the code of an error of the SDK.
    pub(crate) fn of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        let code = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("an unknown error"),
            SdkError::TimeoutError(_) => LATE,
            SdkError::DispatchFailure(_) => NO_CONNECTION,
            SdkError::ResponseError(_) => UNREADABLE,
            _ => UNSENT,
        };
        Self(code.to_owned())
    }

    /// Returns the text of the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the meaning of the code.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "NotAuthorizedException" => ErrorKind::Denied,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => ErrorKind::Credentials,
            "ConfigurationSetDoesNotExist"
            | "ConfigurationSetDoesNotExistException"
            | "ResourceNotFoundException" => ErrorKind::Missing,
            "ValidationError" => ErrorKind::Invalid,
            "ConcurrentModificationException"
            | "InternalErrorException"
            | "InternalFailure"
            | "InternalServiceError"
            | "ServiceUnavailable" => ErrorKind::Busy,
            code if code.starts_with("Throttl") || code.starts_with("TooManyRequests") => {
                ErrorKind::Busy
            }
            LATE | NO_CONNECTION | UNREADABLE | EMPTY => ErrorKind::Unanswered,
            UNSENT => ErrorKind::Unsent,
            _ => ErrorKind::Other,
        }
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ErrorKind {
    /// Reports whether another attempt may succeed.
    pub(crate) fn is_transient(self) -> bool {
        matches!(self, Self::Busy | Self::Unanswered)
    }

    /// Returns what an operator can do about an error of this kind; none if only its message says that.
    pub const fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::Denied => {
                "Allow the action to the caller of the command in IAM, and run it again."
            }
            Self::Credentials => {
                "Renew the credentials in the environment, and run the command again."
            }
            Self::Missing | Self::Invalid => {
                "Check the names and ids, AWS_REGION and the AWS account of the credentials."
            }
            Self::Busy => "Run the command again in a minute.",
            Self::Unanswered => {
                "Check the connection to AWS and AWS_REGION, and run the command again."
            }
            Self::Unsent => {
                "Check AWS_REGION, AWS_ENDPOINT_URL and the credentials in the environment."
            }
            Self::Other => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_meaning_in_every_command() {
        for (code, kind) in [
            ("AccessDenied", ErrorKind::Denied),
            ("ExpiredTokenException", ErrorKind::Credentials),
            ("ConfigurationSetDoesNotExist", ErrorKind::Missing),
            ("ValidationError", ErrorKind::Invalid),
            ("ThrottlingException", ErrorKind::Busy),
            ("TooManyRequestsException", ErrorKind::Busy),
            (LATE, ErrorKind::Unanswered),
            (UNSENT, ErrorKind::Unsent),
            ("InvalidParameterException", ErrorKind::Other),
        ] {
            assert_eq!(ErrorCode::from(code).kind(), kind, "{code}");
        }
    }

    #[test]
    fn only_load_and_transport_are_transient() {
        for (kind, expected) in [
            (ErrorKind::Denied, false),
            (ErrorKind::Credentials, false),
            (ErrorKind::Missing, false),
            (ErrorKind::Invalid, false),
            (ErrorKind::Busy, true),
            (ErrorKind::Unanswered, true),
            (ErrorKind::Unsent, false),
            (ErrorKind::Other, false),
        ] {
            assert_eq!(kind.is_transient(), expected, "{kind:?}");
        }
    }
}
