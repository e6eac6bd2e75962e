//! Unguessable names, from the operating system.

use data_encoding::BASE64URL_NOPAD;

use crate::error::{ApiError, ApiResult};

/// Returns an unguessable string of `BYTES` random bytes in the base64url alphabet.
pub(crate) fn opaque<const BYTES: usize>() -> ApiResult<String> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| ApiError::internal())?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
