//! What a person reads.

use std::time::{Duration, UNIX_EPOCH};

use crate::code::Code;
use crate::flow::Purpose;
use crate::identifier::{Identifier, Method};
use crate::time::Timestamp;

/// One message to one contact. Redacted in `Debug` by its parts.
#[derive(Clone)]
pub struct Message {
    /// Where it goes.
    pub to: Identifier,
    /// The code it carries, if any.
    pub code: Option<Code>,
    /// The subject of a mail; an SMS has none.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
}

impl Message {
    /// The message that carries a code.
    pub fn with_code(to: Identifier, code: Code, purpose: Purpose, life: Duration) -> Self {
        let digits = code.digits();
        let kind = match purpose {
            Purpose::SignIn | Purpose::Claim => "sign-in code",
            Purpose::VerifyContact(_) => "confirmation code",
        };
        let minutes = life.as_secs().div_ceil(60);
        let minutes = if minutes == 1 {
            "1 minute".to_owned()
        } else {
            format!("{minutes} minutes")
        };
        let (subject, text) = match &to {
            Identifier::Email(_) => (
                Some(format!("Your {kind}")),
                format!(
                    "Your {kind} is {digits}\n\n\
                     It works for {minutes}. Type it only where you asked for it, and give it to \
                     nobody, not even to us.\n\n\
                     You did not ask for it? Then somebody mistyped their address. You need do \
                     nothing: the code is of no use to anyone who cannot read this.\n"
                ),
            ),
            // One part of 160 characters, the code early for the notification.
            Identifier::PhoneNumber(_) => (
                None,
                format!("{digits} is your {kind}, for {minutes}. Give it to nobody."),
            ),
        };
        Self {
            to,
            code: Some(code),
            subject,
            text,
        }
    }

    /// The notice to a contact that was replaced: what, when, and what to do. It does not name the
    /// new one, which is nobody's business at the old address.
    pub fn contact_replaced(old: Identifier, at: Timestamp) -> Self {
        let at = UNIX_EPOCH + Duration::from_secs(at.as_secs() / 60 * 60);
        let at = humantime::format_rfc3339_seconds(at).to_string();
        let at = at.get(..16).unwrap_or_default().replace('T', " ");
        let (what, subject) = match old.method() {
            Method::Email => ("email address", Some("Your email address was changed")),
            Method::PhoneNumber => ("phone number", None),
        };
        let text = format!(
            "The {what} of your account was changed at {at} UTC. This one cannot sign in any more. \
             If that was not you, tell our support at once."
        );
        Self {
            to: old,
            code: None,
            subject: subject.map(str::to_owned),
            text,
        }
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message(…)")
    }
}
