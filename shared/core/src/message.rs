//! What a person reads.

use std::time::Duration;

use crate::code::Code;
use crate::identifier::Identifier;

/// One message to one contact. Redacted in `Debug` by its parts.
#[derive(Clone)]
pub struct Message {
    /// Where it goes.
    pub to: Identifier,
    /// The code it carries.
    pub code: Code,
    /// The subject of a mail; an SMS has none.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
}

impl Message {
    /// The message that carries a sign-in code.
    pub fn with_code(to: Identifier, code: Code, life: Duration) -> Self {
        let digits = code.digits();
        let minutes = life.as_secs().div_ceil(60);
        let minutes = if minutes == 1 {
            "1 minute".to_owned()
        } else {
            format!("{minutes} minutes")
        };
        let (subject, text) = match &to {
            Identifier::Email(_) => (
                Some("Your sign-in code".to_owned()),
                format!(
                    "Your sign-in code is {digits}\n\n\
                     It works for {minutes}. Type it only where you asked for it, and give it to \
                     nobody, not even to us.\n\n\
                     You did not ask for it? Then somebody mistyped their address. You need do \
                     nothing: without the code nobody can sign in.\n"
                ),
            ),
            // One part of 160 characters, the code early for the notification.
            Identifier::PhoneNumber(_) => (
                None,
                format!("{digits} is your sign-in code, for {minutes}. Give it to nobody."),
            ),
        };
        Self {
            to,
            code,
            subject,
            text,
        }
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message(…)")
    }
}
