//! AppSync's answers to clients, byte for byte as far as they are known.

use apollo_compiler::parser::LineColumn;
use apollo_compiler::response::{JsonMap, ResponseDataPathSegment};
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::auth::Unauthorized;

const ERROR_TYPE_HEADER: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A request that is not executed at all: an HTTP status that is not 200.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    status: StatusCode,
    error_type: &'static str,
    message: &'static str,
}

impl Refused {
    pub(crate) const EMPTY_BODY: Self = Self::malformed("Request body is empty.");
    pub(crate) const UNPARSABLE: Self = Self::malformed("Unable to parse GraphQL query.");
    pub(crate) const NO_OPERATION_NAME: Self = Self::bad("Missing operation name.");
    pub(crate) const UNKNOWN_OPERATION: Self = Self::bad("Unknown operation name.");
    pub(crate) const TOO_LARGE: Self = Self {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        error_type: "RequestEntityTooLargeException",
        message: "The request body is larger than 1 MB.",
    };
    pub(crate) const WRONG_CONTENT_TYPE: Self = Self {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        error_type: "UnsupportedMediaTypeException",
        message: "The request body must be application/json.",
    };
    pub(crate) const WRONG_METHOD: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        error_type: "MethodNotAllowedException",
        message: "Only POST is answered here.",
    };
    pub(crate) const INTERNAL: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error_type: "InternalFailure",
        message: "Internal failure.",
    };

    const fn malformed(message: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: "MalformedHttpRequestException",
            message,
        }
    }

    const fn bad(message: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: "BadRequestException",
            message,
        }
    }
}

impl From<Unauthorized> for Refused {
    fn from(Unauthorized(message): Unauthorized) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error_type: "UnauthorizedException",
            message,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let header = HeaderValue::from_static(self.error_type);
        let body = json!({"errors": [{"errorType": self.error_type, "message": self.message}]});
        (self.status, [(ERROR_TYPE_HEADER, header)], Json(body)).into_response()
    }
}

/// The answer to a GraphQL request: HTTP 200, with or without errors.
#[derive(Serialize)]
pub(crate) struct Answer {
    data: Option<JsonMap>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<GraphQLError>,
}

impl Answer {
    /// Returns the answer to a request of which nothing was executed.
    pub(crate) fn invalid(errors: Vec<GraphQLError>) -> Self {
        Self { data: None, errors }
    }

    pub(crate) fn executed(data: Option<JsonMap>, errors: Vec<GraphQLError>) -> Self {
        Self { data, errors }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// The position of an error in the data.
pub(crate) type Path = Vec<ResponseDataPathSegment>;

/// One entry of `errors`. AppSync's entries have different keys for different kinds.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum GraphQLError {
    /// The document or its variables do not fit the schema.
    Invalid {
        path: (),
        locations: Option<Vec<Location>>,
        message: String,
    },
    /// A resolver failed, or the caller may not use the field.
    #[serde(rename_all = "camelCase")]
    Resolver {
        path: Path,
        data: (),
        error_type: String,
        error_info: (),
        locations: Option<Vec<Location>>,
        message: String,
    },
    /// A resolver's value does not fit the schema.
    Completion {
        path: Path,
        locations: (),
        message: String,
    },
}

impl GraphQLError {
    pub(crate) fn invalid(message: String, location: Option<LineColumn>) -> Self {
        Self::Invalid {
            path: (),
            locations: location.map(locations),
            message,
        }
    }

    pub(crate) fn resolver(
        path: Path,
        error_type: String,
        message: String,
        location: Option<LineColumn>,
    ) -> Self {
        Self::Resolver {
            path,
            data: (),
            error_type,
            error_info: (),
            locations: location.map(locations),
            message,
        }
    }

    pub(crate) fn completion(path: Path, message: String) -> Self {
        Self::Completion {
            path,
            locations: (),
            message,
        }
    }

    /// The position of the error; the empty path is the whole request.
    pub(crate) fn path(&self) -> &[ResponseDataPathSegment] {
        match self {
            Self::Invalid { .. } => &[],
            Self::Resolver { path, .. } | Self::Completion { path, .. } => path,
        }
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    line: usize,
    column: usize,
    source_name: (),
}

fn locations(at: LineColumn) -> Vec<Location> {
    vec![Location {
        line: at.line,
        column: at.column,
        source_name: (),
    }]
}
