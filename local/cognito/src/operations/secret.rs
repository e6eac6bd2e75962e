//! The secret of an app client: Cognito checks it before it looks at a user.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE64;

use crate::config::ClientConfig;
use crate::error::{ApiError, ApiResult, Code};

/// Checks a `SECRET_HASH` over the `USERNAME` of the same call.
pub(super) fn check_hash(
    client: &ClientConfig,
    given: Option<&String>,
    username: &str,
) -> ApiResult<()> {
    match (&client.secret, given) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(refused(client, Code::NotAuthorized)),
        (Some(_), None) => Err(ApiError::not_authorized(format!(
            "Client {} is configured with secret but SECRET_HASH was not received",
            client.id
        ))),
        (Some(secret), Some(given)) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
            let message = format!("{username}{}", client.id);
            BASE64
                .decode(given.as_bytes())
                .ok()
                .and_then(|tag| hmac::verify(&key, message.as_bytes(), &tag).ok())
                .ok_or_else(|| refused(client, Code::NotAuthorized))
        }
    }
}

/// Checks a `ClientSecret`. AWS does not document the error for a wrong one.
pub(super) fn check_secret(
    client: &ClientConfig,
    given: Option<&str>,
    code: Code,
) -> ApiResult<()> {
    match (&client.secret, given) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(ApiError::new(
            code,
            format!(
                "Client {} is configured for secret but secret was not received",
                client.id
            ),
        )),
        (Some(secret), Some(given))
            if verify_slices_are_equal(secret.expose().as_bytes(), given.as_bytes()).is_ok() =>
        {
            Ok(())
        }
        (_, Some(_)) => Err(refused(client, code)),
    }
}

/// The error for a wrong secret, or for one at a client that has none.
fn refused(client: &ClientConfig, code: Code) -> ApiError {
    ApiError::new(
        code,
        format!("Unable to verify secret hash for client {}", client.id),
    )
}
