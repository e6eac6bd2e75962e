//! The suppression list of SES.

use aws_sdk_sesv2 as sesv2;

use crate::access::{Access, READ, client};
use crate::error_code::{ErrorCode, ErrorKind};

/// Returns the reason for which SES sends no mail to an address, `BOUNCE` or `COMPLAINT`; `None` if it
/// sends mail to it.
///
/// # Errors
/// If the call fails.
pub async fn reason(access: &Access, address: &str) -> Result<Option<String>, String> {
    let ses = client!(sesv2, access, READ);
    match ses
        .get_suppressed_destination()
        .email_address(address)
        .send()
        .await
    {
        Ok(output) => {
            let reason = output
                .suppressed_destination()
                .map(|it| it.reason().as_str());
            Ok(reason.map(str::to_owned))
        }
        Err(error) => {
            let code = ErrorCode::of(&error);
            if matches!(code.as_str(), "NotFoundException") || code.kind() == ErrorKind::Missing {
                return Ok(None);
            }
            Err(format!("ses:GetSuppressedDestination answered {code}"))
        }
    }
}
