//! Refusals, in Cognito's wording.

use std::borrow::Cow;

/// The name of an error, as in `__type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    AliasExists,
    WrongConfirmation,
    ExpiredConfirmation,
    GroupExists,
    InternalError,
    InvalidLambdaResponse,
    InvalidParameter,
    InvalidPassword,
    MissingAuthenticationToken,
    NotAuthorized,
    RefreshTokenReuse,
    RequestEntityTooLarge,
    ResourceNotFound,
    Serialization,
    TooManyRequests,
    Unauthorized,
    UnexpectedLambda,
    UnknownOperation,
    UnsupportedOperation,
    UnsupportedTokenType,
    UserLambdaValidation,
    UserNotConfirmed,
    UserNotFound,
    UsernameExists,
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AliasExists => "AliasExistsException",
            Self::WrongConfirmation => "CodeMismatchException",
            Self::ExpiredConfirmation => "ExpiredCodeException",
            Self::GroupExists => "GroupExistsException",
            Self::InternalError => "InternalErrorException",
            Self::InvalidLambdaResponse => "InvalidLambdaResponseException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::InvalidPassword => "InvalidPasswordException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::RefreshTokenReuse => "RefreshTokenReuseException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::TooManyRequests => "TooManyRequestsException",
            Self::Unauthorized => "UnauthorizedException",
            Self::UnexpectedLambda => "UnexpectedLambdaException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnsupportedOperation => "UnsupportedOperationException",
            Self::UnsupportedTokenType => "UnsupportedTokenTypeException",
            Self::UserLambdaValidation => "UserLambdaValidationException",
            Self::UserNotConfirmed => "UserNotConfirmedException",
            Self::UserNotFound => "UserNotFoundException",
            Self::UsernameExists => "UsernameExistsException",
        }
    }

    /// The HTTP status of the error.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::InternalError => 500,
            Self::RequestEntityTooLarge => 413,
            _ => 400,
        }
    }
}

/// A refused call. The caller reads the message, so it never repeats a session, token, password,
/// answer or attribute value.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
}

/// The result of an operation.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParameter, message)
    }

    pub(crate) fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotAuthorized, message)
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::invalid_parameter(format!("Missing required parameter {name}"))
    }

    /// The error of a failed authentication, the same for every reason.
    pub(crate) fn incorrect_login() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new(Code::UserNotFound, "User does not exist.")
    }

    pub(crate) fn group_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Group not found.")
    }

    pub(crate) fn user_disabled() -> Self {
        Self::not_authorized("User is disabled.")
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new(Code::TooManyRequests, "Too many requests")
    }

    pub(crate) fn internal() -> Self {
        Self::new(Code::InternalError, "Internal server error")
    }

    /// An error for a feature of Cognito that this stand-in does not have.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::invalid_parameter(format!("{what} is not supported by this stand-in."))
    }
}
