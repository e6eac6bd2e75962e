//! The errors of the door, as RFC 9457 defines problem details.

use latchstring_core::answer::AnswerError;
use latchstring_core::contact::ContactError;
use latchstring_core::ports::PortError;
use latchstring_core::secret::Secret;
use latchstring_core::session::SessionError;
use latchstring_core::sign_in::SignInError;
use thiserror::Error;

use super::response::Response;
use super::types::{Hidden, Problem};
use crate::resolver::Outcome;

macro_rules! problems {
    ($($name:ident = $status:literal, $title:literal;)*) => {
        /// The type of a problem. The types of the core's errors have their names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum ProblemType { $($name),* }

        impl ProblemType {
            /// Every type.
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];

            /// The name, which does not change.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// The HTTP status.
            pub(super) const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// The type in words.
            pub(super) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

problems! {
    InvalidIdentifier = 400, "Invalid email address or phone number";
    InvalidName = 400, "Invalid name";
    InvalidProof = 400, "Invalid proof";
    InvalidResume = 400, "The sign-in has ended";
    InvalidContinuation = 400, "The sign-in has ended";
    InvalidInvitation = 400, "Invalid invitation";
    MalformedRequest = 400, "Malformed request";
    NotSignedIn = 401, "Not signed in";
    ReauthRequired = 403, "A recent sign-in is required";
    CaptchaRequired = 403, "A CAPTCHA is required";
    NotAnInviter = 403, "Not permitted to invite";
    MembershipNotPermitted = 403, "Not permitted to give a group or attribute";
    NotAdmitted = 403, "Sign-up is not open to this contact";
    Forbidden = 403, "Not permitted";
    NotFound = 404, "No such route";
    MethodNotAllowed = 405, "Another method is required";
    NothingToUndo = 409, "Nothing to undo";
    ContactInUse = 409, "The contact is in use";
    NoAccount = 409, "No account";
    SignUpIsOpen = 409, "Sign-up is open";
    ChangeHeld = 409, "A change can still be undone";
    ContentTooLarge = 413, "The body is too large";
    UnsupportedMediaType = 415, "The body must be JSON";
    TooManyRequests = 429, "Too many requests";
    Unavailable = 503, "Not available";
}

impl ProblemType {
    /// The URI of the type.
    pub(super) fn uri(self) -> String {
        format!("urn:latchstring:error:{}", self.name())
    }

    /// Returns the type of an error of the core. One that this door does not know is the server's.
    fn of(error: &ContactError) -> Self {
        let name = error.error_type();
        let known = Self::ALL.iter().find(|known| known.name() == name);
        known.copied().unwrap_or(Self::Unavailable)
    }
}

/// A request that the door refuses before a resolver sees it. No text contains a value of the
/// request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Rejection {
    /// The body is not JSON.
    #[error("The body is not valid JSON.")]
    NotJson,
    /// The body is JSON, but not an object.
    #[error("The body is not a JSON object.")]
    NotAnObject,
    /// A member is missing.
    #[error("The member `{0}` is missing.")]
    Missing(String),
    /// A member has the wrong type, or a word that it does not take.
    #[error("The member `{0}` has a wrong type or value.")]
    Wrong(String),
    /// The request did not come through the proxy whose secret it must have.
    #[error("Use the public address of this API.")]
    Forbidden,
    /// A request of session mode may not be of the app's own pages.
    #[error("Only the app's own pages may do this, with the header X-Latchstring.")]
    ForeignPage,
    /// The server credential is missing or wrong.
    #[error("Only the app's own server may do this.")]
    NotTheServer,
    /// The app's server names a source that is no IP address.
    #[error("The header X-Latchstring-Source is not an IP address.")]
    NotAnAddress,
    /// No route has this path.
    #[error("There is no such route.")]
    NotFound,
    /// A route has this path, and another method.
    #[error("This route takes {0}.")]
    MethodNotAllowed(String),
    /// The body has no media type, or another one than JSON's.
    #[error("Send the body as application/json.")]
    UnsupportedMediaType,
    /// The body is longer than any request of a client.
    #[error("The body has more than 64 kB.")]
    ContentTooLarge,
}

impl Rejection {
    const fn problem_type(&self) -> ProblemType {
        match self {
            Self::NotJson
            | Self::NotAnObject
            | Self::Missing(_)
            | Self::Wrong(_)
            | Self::NotAnAddress => ProblemType::MalformedRequest,
            Self::Forbidden | Self::ForeignPage | Self::NotTheServer => ProblemType::Forbidden,
            Self::NotFound => ProblemType::NotFound,
            Self::MethodNotAllowed(_) => ProblemType::MethodNotAllowed,
            Self::UnsupportedMediaType => ProblemType::UnsupportedMediaType,
            Self::ContentTooLarge => ProblemType::ContentTooLarge,
        }
    }
}

/// The reason that a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The door refuses it.
    Rejected(Rejection),
    /// A resolver refuses it, or a port failed.
    Failed {
        /// The reason.
        error: ContactError,
        /// The continuation of a sign-in that has not ended.
        continuation: Option<Secret>,
    },
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<ContactError> for Failure {
    fn from(error: ContactError) -> Self {
        Self::Failed {
            error,
            continuation: None,
        }
    }
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        ContactError::from(error).into()
    }
}

impl From<PortError> for Failure {
    fn from(fault: PortError) -> Self {
        ContactError::from(fault).into()
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unavailable(cause) => SignInError::Unavailable(cause).into(),
            // Any other is a session that has ended.
            _ => ContactError::NotSignedIn.into(),
        }
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        Self::Failed {
            error: error.error.into(),
            continuation: error.continuation,
        }
    }
}

impl Failure {
    /// The type of its problem.
    pub(super) fn problem_type(&self) -> ProblemType {
        match self {
            Self::Rejected(rejection) => rejection.problem_type(),
            Self::Failed { error, .. } => ProblemType::of(error),
        }
    }

    /// The outcome for the log line.
    pub(super) fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Rejected(rejection) => Outcome::Rejected(rejection.problem_type().name()),
            Self::Failed { error, .. } => Outcome::Failed(error),
        }
    }

    /// Returns the problem. Its text is public.
    pub(super) fn problem(&self) -> Problem<'static> {
        let kind = self.problem_type();
        let (detail, retry_after, continuation) = match self {
            Self::Rejected(rejection) => (rejection.to_string(), None, None),
            Self::Failed {
                error,
                continuation,
            } => {
                let retry_after = match error {
                    ContactError::ChangeHeld { retry_after }
                    | ContactError::SignIn(SignInError::TooManyRequests { retry_after, .. }) => {
                        Some(*retry_after)
                    }
                    _ => None,
                };
                (error.to_string(), retry_after, continuation.clone())
            }
        };
        Problem {
            kind: kind.uri(),
            title: kind.title(),
            status: kind.status(),
            detail,
            retry_after,
            continuation: continuation.map(Hidden),
        }
    }

    /// Returns the response.
    pub(super) fn response(&self) -> Response {
        let problem = self.problem();
        let response = Response::json(problem.status, "application/problem+json", &problem);
        match self.problem_type() {
            ProblemType::NotSignedIn => response.with("www-authenticate", "Bearer"),
            ProblemType::TooManyRequests => {
                let seconds = problem.retry_after.unwrap_or_default();
                response.with("retry-after", &seconds.to_string())
            }
            ProblemType::MethodNotAllowed => match self {
                Self::Rejected(Rejection::MethodNotAllowed(allowed)) => {
                    response.with("allow", allowed)
                }
                _ => response,
            },
            _ => response,
        }
    }
}
