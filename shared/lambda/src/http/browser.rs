//! What session mode reads in a request and writes in a response: the cookie, the marks of a request
//! of the app's own pages, and the credential of the app's own server.

use std::net::IpAddr;

use latchstring_core::ports::{PortError, SecretSource};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_core::session::{AppServer, Browser, ServerCredential, SessionId};

use super::event::Event;
use super::problem::{Failure, Rejection};
use super::response::Response;
use crate::resolver::{Origins, SessionMode};

/// The cookie. With this prefix a browser accepts it only with `Secure`, with `Path=/`, and for this
/// host alone.
pub(super) const COOKIE: &str = "__Host-latchstring";

/// The header that no form and no simple request of another origin can have.
pub(super) const PAGE_HEADER: &str = "x-latchstring";

/// The header of the server credential.
pub(super) const SERVER_HEADER: &str = "x-latchstring-server";

/// The header in which the app's server names the address of its client.
const SOURCE_HEADER: &str = "x-latchstring-source";

/// Returns the id in the cookie of a request. Several cookies of the name count as none.
pub(super) fn session_id(event: &Event<'_>) -> Option<SessionId> {
    let cookies = event.cookies();
    let mut values = cookies
        .split(';')
        // Browsers compare the prefix with the whole name. A sibling host could set a cookie whose name
        // begins with other white space.
        .filter_map(|cookie| cookie.trim_matches([' ', '\t']).split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => SessionId::parse(value),
        _ => None,
    }
}

/// Returns the browser that a request claims to be of.
pub(super) fn browser(event: &Event<'_>) -> Browser {
    Browser::of(&event.header("user-agent").unwrap_or_default())
}

/// Adds the cookie of a new session to a response.
pub(super) fn with_session(response: Response, id: &SessionId, expires_in: u64) -> Response {
    with_cookie(response, id.text().expose(), expires_in)
}

/// Has the browser delete the cookie.
pub(super) fn without_session(response: Response) -> Response {
    with_cookie(response, "", 0)
}

fn with_cookie(response: Response, value: &str, seconds: u64) -> Response {
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
    let cookie = format!("{COOKIE}={value}; {attributes}; Max-Age={seconds}");
    response.with("set-cookie", &cookie)
}

/// Refuses a request that may not be of the app's own pages, unless its method is safe. A page of
/// another site could otherwise sign a user out, or in as another user.
pub(super) fn admit_page(event: &Event<'_>, origins: &Origins) -> Result<(), Rejection> {
    if event.method == "GET" {
        return Ok(());
    }
    let is_of_origin = || {
        let origin = event.header("origin");
        origin.is_some_and(|origin| origins.admit(&origin))
    };
    let is_own = match event.header("sec-fetch-site").as_deref() {
        Some("same-origin") => true,
        Some("same-site") | None => is_of_origin(),
        Some(_) => false,
    };
    if is_own && event.header(PAGE_HEADER).is_some() {
        Ok(())
    } else {
        Err(Rejection::ForeignPage)
    }
}

/// Returns the proof that a request comes from the app's own server; `None` if it does not claim so.
pub(super) async fn app_server<T, V: SecretSource>(
    event: &Event<'_>,
    mode: &SessionMode<T, V>,
) -> Result<Option<AppServer>, Failure> {
    let Some(given) = event.header(SERVER_HEADER).map(Secret::new) else {
        return Ok(None);
    };
    let Some(credential) = &mode.credential else {
        return Err(Rejection::NotTheServer.into());
    };
    let credential = credential.read().await?;
    let malformed = || PortError::new("server credential", "malformed");
    let credential = ServerCredential::parse(credential.expose()).ok_or_else(malformed)?;
    match credential.admit(Some(&given)) {
        Some(server) => Ok(Some(server)),
        None => Err(Rejection::NotTheServer.into()),
    }
}

/// Returns the address that the app's server names; `None` if it names none.
pub(super) fn named_source(event: &Event<'_>, _: AppServer) -> Result<Option<Source>, Rejection> {
    let Some(text) = event.header(SOURCE_HEADER) else {
        return Ok(None);
    };
    let address: IpAddr = text.trim().parse().map_err(|_| Rejection::NotAnAddress)?;
    Ok(Some(Source::new(address)))
}
