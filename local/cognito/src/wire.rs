//! HTTP: the AWS JSON 1.1 protocol at `POST /`, and the pool's public keys.

use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cors::{Origins, allow_origins};
use crate::error::{ApiError, ApiResult, Code};
use crate::operation::Operation;
use crate::operations;
use crate::pool::UserPool;
use crate::tokens;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const CONTENT: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// The largest body that is read.
const BODY_LIMIT: usize = 1024 * 1024;
/// The number of bytes read from a larger body before it is refused, so that its sender can read
/// the refusal.
const DRAIN_LIMIT: usize = 16 * BODY_LIMIT;

/// Serves `POST /` for the API, and `GET /{poolId}/.well-known/jwks.json` and
/// `openid-configuration`. Admits pages of local origins.
pub fn router(pool: UserPool) -> Router {
    router_for(pool, Origins::default())
}

/// Returns the [`router`] that admits pages of these origins.
pub fn router_for(pool: UserPool, origins: Origins) -> Router {
    let id = pool.config().pool_id.clone();
    let routes = Router::new()
        // A handler for OPTIONS keeps preflights here even when this router is merged with others.
        .route("/", post(call).options(StatusCode::NO_CONTENT))
        .route(&format!("/{id}/.well-known/jwks.json"), get(jwks))
        .route(
            &format!("/{id}/.well-known/openid-configuration"),
            get(openid_configuration),
        )
        .with_state(pool);
    allow_origins(routes, origins)
}

async fn call(State(pool): State<UserPool>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let result = match operation(&parts.headers) {
        Ok(operation) => match read(body).await {
            // A separate task: a call whose caller has disconnected runs to its end, as on AWS, and
            // a panic is an error of this call alone.
            Ok(body) => tokio::spawn(async move { operations::run(operation, &pool, &body).await })
                .await
                .unwrap_or_else(|_| Err(ApiError::internal())),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let mut response = match result {
        // An operation without an output has an empty body.
        Ok(Value::Null) => Response::new(Body::empty()),
        Ok(output) => Response::new(Body::from(output.to_string())),
        Err(error) => refusal(&error),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, CONTENT);
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn operation(headers: &HeaderMap) -> ApiResult<Operation> {
    let operation = headers
        .get(TARGET)
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.strip_prefix("AWSCognitoIdentityProviderService."))
        .and_then(Operation::named)
        .ok_or_else(|| ApiError::new(Code::UnknownOperation, ""))?;
    if operation.is_signed() && !is_signed(headers) {
        return Err(ApiError::new(
            Code::MissingAuthenticationToken,
            "Missing Authentication Token",
        ));
    }
    Ok(operation)
}

/// Checks that there is a signature. Its value is not verified, because the typical mistake is a
/// missing signature and not a wrong one.
fn is_signed(headers: &HeaderMap) -> bool {
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "))
}

async fn read(mut body: Body) -> ApiResult<Bytes> {
    let mut kept = Vec::new();
    let mut seen: usize = 0;
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| {
            ApiError::new(Code::Serialization, "The request body could not be read.")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen <= BODY_LIMIT {
            kept.extend_from_slice(&data);
        } else if seen > DRAIN_LIMIT {
            break;
        }
    }
    if seen > BODY_LIMIT {
        return Err(ApiError::new(
            Code::RequestEntityTooLarge,
            "The request body is larger than 1 MB.",
        ));
    }
    Ok(kept.into())
}

fn refusal(error: &ApiError) -> Response {
    let code = error.code.as_str();
    let body = if error.message.is_empty() {
        json!({ "__type": code })
    } else {
        json!({ "__type": code, "message": error.message })
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    if let Ok(name) = HeaderValue::from_str(&format!("{code}:")) {
        response.headers_mut().insert(ERROR_TYPE, name);
    }
    response
}

async fn jwks(State(pool): State<UserPool>) -> Response {
    match pool.keys().wait().await {
        Ok(keys) => Json(keys.jwks()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Serves the discovery document. The issuer is AWS's, as in the tokens. The keys are at the host
/// of the request, because AWS has no such pool.
async fn openid_configuration(State(pool): State<UserPool>, request: Request) -> Json<Value> {
    let issuer = tokens::issuer(pool.config());
    let host = request.headers().get(HOST);
    let host = host
        .and_then(|host| Authority::try_from(host.as_bytes()).ok())
        .or_else(|| request.uri().authority().cloned());
    let keys = host.map_or_else(
        || issuer.clone(),
        |host| format!("http://{host}/{}", pool.config().pool_id),
    );
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{keys}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "token"],
        "subject_types_supported": ["public"],
    }))
}
