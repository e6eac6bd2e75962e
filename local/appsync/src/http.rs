//! GraphQL over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::answer::Refused;
use crate::api::Api;
use crate::auth::{self, Caller};
use crate::event::Origin;
use crate::limits::MAX_BODY;
use crate::{execution, request};

/// The number of body bytes read before the connection is closed.
const DRAIN_LIMIT: usize = 16 * MAX_BODY;

/// Serves `POST /graphql`.
///
/// The caller's address is known if the router is served with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info).
pub fn router(api: Api) -> Router {
    let graphql = post(answer).fallback(wrong_method);
    Router::new()
        .route("/graphql", graphql)
        .with_state(Arc::new(api))
}

async fn wrong_method() -> impl IntoResponse {
    ([(ALLOW, "POST")], Refused::WRONG_METHOD)
}

async fn answer(State(api): State<Arc<Api>>, http: Request) -> Result<Response, Refused> {
    // The caller is authenticated before the body is read.
    let caller = auth::authenticate(http.headers(), &api.key, api.tokens.as_ref())?;
    check_content_type(http.headers())?;
    let peer = http
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    let origin = Origin::new(http.headers(), peer, &api.edges);
    let body = read(http).await?;
    execute(api, body, caller, origin).await
}

async fn execute(
    api: Arc<Api>,
    body: Bytes,
    caller: Caller,
    origin: Origin,
) -> Result<Response, Refused> {
    let request = request::parse(&body)?;
    // A client that disconnects does not stop its request, as in AppSync.
    tokio::task::spawn_blocking(move || execution::execute(&api, request, &caller, &origin))
        .await
        .map_err(|_| Refused::INTERNAL)
}

async fn read(http: Request) -> Result<Bytes, Refused> {
    // More than the limit is read, so that the sender can read the refusal.
    match to_bytes(http.into_body(), DRAIN_LIMIT).await {
        Ok(body) if body.len() <= MAX_BODY => Ok(body),
        Ok(_) | Err(_) => Err(Refused::TOO_LARGE),
    }
}

/// Accepts JSON, also under the type `application/graphql` of AWS's examples, and a missing type.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = content_type
        .to_str()
        .ok()
        .and_then(|content_type| content_type.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json" | "application/graphql") => Ok(()),
        _ => Err(Refused::WRONG_CONTENT_TYPE),
    }
}
