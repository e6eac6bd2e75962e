//! The answers to clients: a function's, and API Gateway's own.

use axum::body::Body;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::Value;

use crate::authorizer::Unauthorized;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// An answer of API Gateway itself: no function is called, or none answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NotFound,
    Unauthorized(Unauthorized),
    TooLarge,
    InternalServerError,
    ServiceUnavailable,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, r#"{"message":"Unauthorized"}"#),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                r#"{"message":"Request Entity Too Large"}"#,
            ),
            Self::InternalServerError => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"message":"Internal Server Error"}"#,
            ),
            Self::ServiceUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"message":"Service Unavailable"}"#,
            ),
        };
        let mut response = (status, [(CONTENT_TYPE, JSON)], body).into_response();
        if let Self::Unauthorized(Unauthorized(challenge)) = self {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Returns the response that a function's answer stands for. An answer without `statusCode` is the
/// body of a response with status 200.
pub(crate) fn response(answer: &Value) -> Result<Response, Refused> {
    let Some(status) = answer.get("statusCode") else {
        return Ok((StatusCode::OK, [(CONTENT_TYPE, JSON)], answer.to_string()).into_response());
    };
    read(answer, status).ok_or(Refused::InternalServerError)
}

/// Reads a response; `None` if it is malformed.
fn read(answer: &Value, status: &Value) -> Option<Response> {
    let status = u16::try_from(status.as_u64()?).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(body)) if answer["isBase64Encoded"] == true => {
            BASE64.decode(body.as_bytes()).ok()?
        }
        Some(Value::String(body)) => body.clone().into_bytes(),
        Some(_) => return None,
    };
    let mut headers = HeaderMap::new();
    match answer.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => {
            for (name, value) in given {
                let value = match value {
                    Value::String(value) => value.clone(),
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    _ => return None,
                };
                let name = HeaderName::try_from(name).ok()?;
                headers.insert(name, HeaderValue::try_from(value).ok()?);
            }
        }
        Some(_) => return None,
    }
    // API Gateway sends the body itself.
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, TEXT);
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        let cookie = HeaderValue::from_str(cookie.as_str()?).ok()?;
        headers.append(SET_COOKIE, cookie);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}
