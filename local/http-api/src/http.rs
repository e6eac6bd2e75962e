//! The API over HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::answer::{Refused, response};
use crate::api::{HttpApi, MAX_BODY};
use crate::event::{Context, event};
use crate::functions::{NoAnswer, call};

const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The number of body bytes read before the connection is closed.
const DRAIN_LIMIT: usize = 2 * MAX_BODY;

/// Serves an API, all of whose routes are below `/v1`. It answers every request below that path.
///
/// The caller's address is known if the router is served with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info).
pub fn router(api: HttpApi) -> Router {
    let all = || any(answer);
    Router::new()
        .route("/v1", all())
        .route("/v1/", all())
        .route("/v1/{*path}", all())
        .with_state(Arc::new(api))
}

async fn answer(State(api): State<Arc<HttpApi>>, http: Request) -> Response {
    let (request, body) = http.into_parts();
    let request_id = api.next_id();
    let mut answer = match &api.cors {
        Some(cors) if request.method == Method::OPTIONS => {
            let headers = cors.preflight(&request.headers);
            (StatusCode::NO_CONTENT, headers).into_response()
        }
        _ => serve(&api, &request, body, &request_id)
            .await
            .unwrap_or_else(IntoResponse::into_response),
    };
    let headers = answer.headers_mut();
    if let Some(cors) = api
        .cors
        .as_ref()
        .filter(|_| request.method != Method::OPTIONS)
    {
        cors.set(&request.headers, headers);
    }
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    answer
}

async fn serve(
    api: &HttpApi,
    request: &Parts,
    body: Body,
    request_id: &str,
) -> Result<Response, Refused> {
    // The body is read whatever the answer is, so that its sender can read the answer.
    let body = to_bytes(body, DRAIN_LIMIT).await;
    let route_key = format!("{} {}", request.method, request.uri.path());
    // A known path with another method is not found either.
    let route = api.routes.get(&route_key).ok_or(Refused::NotFound)?;
    let claims = if route.is_signed_in {
        let claims = api.authorizer.authorize(&request.headers);
        Some(claims.map_err(Refused::Unauthorized)?)
    } else {
        None
    };
    let body = body
        .ok()
        .filter(|body| body.len() <= MAX_BODY)
        .ok_or(Refused::TooLarge)?;
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let context = Context {
        route_key: &route_key,
        request_id,
        peer: peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| {
            peer.ip()
        }),
        claims,
        at: SystemTime::now(),
    };
    let event = event(request, &body, context);
    let calling = call(
        Arc::clone(&api.functions),
        route.function.clone(),
        event,
        api.time_limit,
    );
    match calling.await {
        Ok(answer) => response(&answer),
        Err(NoAnswer::Threw) => Err(Refused::InternalServerError),
        Err(NoAnswer::TimedOut) => Err(Refused::ServiceUnavailable),
    }
}
