//! The pages from `web/`, and their data: the inbox, the settings and the OpenAPI document.

use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use latchstring_core::code::Code;
use latchstring_core::identifier;
use latchstring_core::message::Content;
use latchstring_core::time::Timestamp;
use latchstring_lambda::http::openapi;
use latchstring_memory::{Delivered, Inbox};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::LocalClock;
use crate::deliveries::Deliveries;
use crate::settings::Settings;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// Embeds a file of `web/` under its own name.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        (
            concat!("/", $name),
            $kind,
            include_str!(concat!("../../web/", $name)),
        )
    };
}

/// The pages, embedded in the binary, so that `cargo run` needs no other files.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../web/index.html")),
    ("/inbox", HTML, include_str!("../../web/inbox.html")),
    ("/api", HTML, include_str!("../../web/api.html")),
    file!("api.css", CSS),
    file!("api.js", SCRIPT),
    file!("app.js", SCRIPT),
    file!("code.js", SCRIPT),
    file!("codetext.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("forms.js", SCRIPT),
    file!("i18n.js", SCRIPT),
    file!("identifier.js", SCRIPT),
    file!("inbox.js", SCRIPT),
    file!("languages/de.js", SCRIPT),
    file!("languages/en.js", SCRIPT),
    file!("languages/es.js", SCRIPT),
    file!("languages/fr.js", SCRIPT),
    file!("languages/ja.js", SCRIPT),
    file!("languages/pt.js", SCRIPT),
    (
        "/latchstring.js",
        SCRIPT,
        include_str!("../../clients/typescript/dist/index.js"),
    ),
    (
        "/latchstring-session.js",
        SCRIPT,
        include_str!("../../clients/typescript/dist/session.js"),
    ),
    file!("link.js", SCRIPT),
    file!("local.js", SCRIPT),
    file!("logo.svg", "image/svg+xml"),
    file!("messages.js", SCRIPT),
    file!("reasons.js", SCRIPT),
    file!("router.js", SCRIPT),
    file!("session.js", SCRIPT),
    file!("sessions.js", SCRIPT),
    file!("storage.js", SCRIPT),
    file!("style.css", CSS),
];

/// The content security policy: only files of this origin run, are shown or are called, and no page
/// may frame them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

#[derive(Clone)]
struct PageState {
    inbox: Inbox<LocalClock>,
    deliveries: Deliveries,
    settings: Settings,
}

pub(crate) fn router(
    inbox: Inbox<LocalClock>,
    deliveries: Deliveries,
    settings: Settings,
) -> Router {
    let files = FILES
        .iter()
        .fold(Router::new(), |files, (path, kind, content)| {
            files.route(path, get(async || page(kind, content)))
        });
    files
        .route("/inbox.json", get(inbox_json))
        .route("/config.json", get(config_json))
        .route("/openapi.json", get(openapi_json))
        .method_not_allowed_fallback(not_allowed)
        .with_state(PageState {
            inbox,
            deliveries,
            settings,
        })
        .fallback(not_found)
}

async fn not_found() -> Response {
    refused(
        StatusCode::NOT_FOUND,
        "No page has this path. docs/stand-in.md lists the paths.",
    )
}

/// The answer to a wrong method, also used for `POST /control`.
pub(crate) async fn not_allowed() -> Response {
    refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "This method is not served here.",
    )
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

/// Returns the address of this service with the host name of a request, because the pages may call
/// their own origin only.
fn address(settings: &Settings, headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(
        || settings.endpoint.clone(),
        |host| format!("http://{host}"),
    )
}

/// Returns the OpenAPI document, with this service as its server.
async fn openapi_json(
    State(PageState { settings, .. }): State<PageState>,
    headers: HeaderMap,
) -> Json<Value> {
    let mut document = openapi();
    let url = address(&settings, &headers);
    document["servers"] = json!([{ "url": url, "description": "The local service" }]);
    Json(document)
}

async fn config_json(
    State(PageState { mut settings, .. }): State<PageState>,
    headers: HeaderMap,
) -> Json<Value> {
    settings.endpoint = address(&settings, &headers);
    let mut config = json!({
        "region": settings.region,
        "userPoolId": settings.user_pool_id,
        "clientId": settings.client_id,
        "endpoint": settings.endpoint,
        "graphqlUrl": settings.graphql_url(),
        "apiKey": settings.api_key,
    });
    if let Some(other) = &settings.other_client {
        config["clients"] = json!([settings.client_id, other]);
    }
    if settings.server_credential.is_some() {
        // The credential is for the app's server, never for a page.
        config["sessionMode"] = true.into();
    }
    Json(config)
}

/// The filter of a request for messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxFilter {
    /// Only messages to this address or number, in its canonical form.
    to: Option<String>,
    /// The maximum number of messages, newest first.
    limit: Option<usize>,
}

/// Returns messages, newest first, including those in delivery. A caller that got an answer finds
/// its message here.
async fn inbox_json(State(state): State<PageState>, uri: Uri) -> Response {
    let Ok(Query(filter)) = Query::<InboxFilter>::try_from_uri(&uri) else {
        return refused(
            StatusCode::BAD_REQUEST,
            "The parameters of the inbox are: to, an address or number; limit, the maximum number of messages.",
        );
    };
    state.deliveries.settled().await;
    let most = filter.limit.unwrap_or(usize::MAX);
    let messages: Vec<Value> = state
        .inbox
        .messages(filter.to.as_deref(), most)
        .iter()
        .map(|delivered| {
            let Delivered { id, at, message } = delivered.as_ref();
            let (subject, html) = match &message.content {
                Content::Mail { subject, html, .. } => (Some(subject), Some(html)),
                Content::Sms { .. } => (None, None),
            };
            json!({
                "id": id,
                "channel": channel(message.to.method()),
                "to": message.to.as_str(),
                "subject": subject,
                "text": message.content.text(),
                "html": html,
                "code": message.code.as_ref().map(Code::digits),
                "sentAt": rfc3339(*at),
            })
        })
        .collect();
    ([(CACHE_CONTROL, "no-store")], Json(messages)).into_response()
}

const fn channel(method: identifier::Method) -> &'static str {
    match method {
        identifier::Method::Email => "email",
        identifier::Method::PhoneNumber => "sms",
    }
}

fn rfc3339(at: Timestamp) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(at.as_millis());
    humantime::format_rfc3339_millis(at).to_string()
}

/// Returns a file of the pages. It is never cached, because the next build may differ.
fn page(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 7] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "otp-credentials=(self), clipboard-write=(self), camera=(), geolocation=(), microphone=()",
        ),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_pages_is_served() {
        let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        for folder in ["", "languages/"] {
            let files = std::fs::read_dir(web.join(folder)).expect("the folder of the pages");
            for file in files {
                let file = file.expect("an entry");
                let name = file.file_name().into_string().expect("UTF-8");
                let served = match name.as_str() {
                    "tests" | "languages" | "README.md" => continue,
                    "index.html" => "/".to_owned(),
                    "inbox.html" => "/inbox".to_owned(),
                    "api.html" => "/api".to_owned(),
                    _ => format!("/{folder}{name}"),
                };
                assert!(FILES.iter().any(|(path, ..)| *path == served), "{served}");
            }
        }
    }

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        let at = Timestamp::from_millis(1_709_210_096_789);
        assert_eq!(rfc3339(at), "2024-02-29T12:34:56.789Z");
    }
}
