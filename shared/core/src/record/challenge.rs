//! The challenge as Cognito's session carries it.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use crate::seal::keys::{KeyRing, Use};
use crate::value::app_client::AppClient;
use crate::value::code_length::CodeLength;
use crate::value::id::FlowId;
use crate::value::time::Timestamp;

/// One challenge of one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The flow.
    pub flow: FlowId,
    /// The step of the challenge.
    pub step: Step,
}

/// The step of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The method and the ticket.
    Select,
    /// The code, with the progress of the flow.
    Otp(Progress),
    /// The proof, with the progress of the flow. In the session of no account, the public
    /// parameters contain the proof.
    Claim(Progress),
}

/// The progress of a flow when a challenge was made. If the flow has a row, the row is the
/// authority: the time of issue and the number of sends are compared with it, and the rest is for
/// display. A decoy without a row has only these facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The time of issue of the code.
    pub issued_at: Timestamp,
    /// The time when it was last sent.
    pub last_sent_at: Timestamp,
    /// The number of sends.
    pub sends: u8,
    /// The number of these sends that did not leave.
    pub unsent: u8,
    /// The number of attempts: those in the row, or the wrong answers to a decoy without one.
    pub used: u8,
    /// The number of digits of the code.
    pub code_length: CodeLength,
}

const BODY_BYTES: usize = 1 + 1 + 16 + 8 + 8 + 1 + 1 + 1 + 1;
const TAG_BYTES: usize = 16;
const VERSION: u8 = 1;

impl Step {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Otp(_) => "otp",
            Self::Claim(_) => "claim",
        }
    }

    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Select => 1,
            Self::Otp(_) => 2,
            Self::Claim(_) => 3,
        }
    }
}

impl Progress {
    /// Returns the progress of a flow that is opened and sent at this time.
    pub const fn at_issue(now: Timestamp, code_length: CodeLength) -> Self {
        Self {
            issued_at: now,
            last_sent_at: now,
            sends: 1,
            unsent: 0,
            used: 0,
            code_length,
        }
    }
}

impl Challenge {
    /// Encodes the challenge for challenge metadata and the private parameter: `key id .
    /// base64url(body ‖ tag)`. The tag binds it to the pool and client.
    ///
    /// The text has under 100 bytes and one length for all steps, so that the length of Cognito's
    /// session reveals nothing.
    pub fn to_text(&self, keys: &KeyRing, app_client: &AppClient) -> String {
        let zero = Progress {
            issued_at: Timestamp::default(),
            last_sent_at: Timestamp::default(),
            sends: 0,
            unsent: 0,
            used: 0,
            code_length: CodeLength::DEFAULT,
        };
        let progress = match &self.step {
            Step::Select => &zero,
            Step::Otp(progress) | Step::Claim(progress) => progress,
        };
        let mut bytes = Vec::with_capacity(BODY_BYTES + TAG_BYTES);
        bytes.push(VERSION);
        bytes.push(self.step.rank());
        bytes.extend_from_slice(self.flow.as_bytes());
        bytes.extend_from_slice(&progress.issued_at.as_millis().to_be_bytes());
        bytes.extend_from_slice(&progress.last_sent_at.as_millis().to_be_bytes());
        bytes.push(progress.sends);
        bytes.push(progress.unsent);
        bytes.push(progress.used);
        bytes.push(progress.code_length.digits());
        let key = keys.current();
        let tag = tag(key, app_client, &bytes);
        bytes.extend_from_slice(&tag);
        format!("{}.{}", key.id().as_str(), BASE64URL_NOPAD.encode(&bytes))
    }

    /// Decodes the output of [`Challenge::to_text`], under any key of the ring; `None` for any
    /// other text.
    pub fn parse(text: &str, keys: &KeyRing, app_client: &AppClient) -> Option<Self> {
        let (id, body) = text.split_once('.')?;
        let key = keys.find(Use::Challenge, id)?;
        if body.len() != BASE64URL_NOPAD.encode_len(BODY_BYTES + TAG_BYTES) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).ok()?;
        let (body, sent_tag) = bytes.split_at_checked(BODY_BYTES)?;
        if !bool::from(tag(key, app_client, body).ct_eq(sent_tag)) {
            return None;
        }
        let (&[version, rank], rest) = body.split_first_chunk()?;
        let (&flow, rest) = rest.split_first_chunk()?;
        let (&issued_at, rest) = rest.split_first_chunk()?;
        let (&last_sent_at, rest) = rest.split_first_chunk()?;
        let &[sends, unsent, used, digits] = rest else {
            return None;
        };
        let progress = Progress {
            issued_at: Timestamp::from_millis(u64::from_be_bytes(issued_at)),
            last_sent_at: Timestamp::from_millis(u64::from_be_bytes(last_sent_at)),
            sends,
            unsent,
            used,
            code_length: CodeLength::stored(digits)?,
        };
        let step = match (version, rank) {
            (VERSION, 1) => Step::Select,
            (VERSION, 2) => Step::Otp(progress),
            (VERSION, 3) => Step::Claim(progress),
            _ => return None,
        };
        Some(Self {
            flow: FlowId::from_bytes(flow),
            step,
        })
    }
}

fn tag(key: &crate::seal::keys::Key, app_client: &AppClient, body: &[u8]) -> [u8; TAG_BYTES] {
    let [pool, client] = app_client.as_aad();
    let mac = key.mac(Use::Challenge, &[pool, client, body]);
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&mac[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::keys;

    fn app_client() -> AppClient {
        AppClient::new("pool", "client")
    }

    fn any_challenge() -> impl Strategy<Value = Challenge> {
        (
            any::<[u8; 16]>(),
            any::<u64>(),
            any::<u64>(),
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
            prop_oneof![CodeLength::MIN..=CodeLength::MAX, Just(12)],
            0..3,
        )
            .prop_map(
                |(flow, issued_at, last_sent_at, sends, unsent, used, digits, step)| {
                    let progress = Progress {
                        issued_at: Timestamp::from_millis(issued_at),
                        last_sent_at: Timestamp::from_millis(last_sent_at),
                        sends,
                        unsent,
                        used,
                        code_length: CodeLength::stored(digits).unwrap(),
                    };
                    Challenge {
                        flow: FlowId::from_bytes(flow),
                        step: match step {
                            0 => Step::Select,
                            1 => Step::Otp(progress),
                            _ => Step::Claim(progress),
                        },
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn a_challenge_reads_as_it_was_written(challenge in any_challenge()) {
            let text = challenge.to_text(&keys(), &app_client());
            prop_assert_eq!(Challenge::parse(&text, &keys(), &app_client()), Some(challenge));
            prop_assert!(text.len() < 100, "{}", text.len());
        }

        #[test]
        fn all_challenges_have_the_same_length(a in any_challenge(), b in any_challenge()) {
            prop_assert_eq!(
                a.to_text(&keys(), &app_client()).len(),
                b.to_text(&keys(), &app_client()).len()
            );
        }

        #[test]
        fn no_text_is_taken_for_a_challenge(text in "\\PC{0,120}|k1\\.[A-Za-z0-9_-]{72}") {
            prop_assert_eq!(Challenge::parse(&text, &keys(), &app_client()), None);
        }
    }

    #[test]
    fn a_changed_challenge_or_one_of_another_client_is_refused() {
        let challenge = Challenge {
            flow: FlowId::from_bytes([3; 16]),
            step: Step::Otp(Progress::at_issue(
                Timestamp::from_secs(1),
                CodeLength::DEFAULT,
            )),
        };
        let text = challenge.to_text(&keys(), &app_client());
        for other in [
            AppClient::new("pool", "other"),
            AppClient::new("other", "client"),
        ] {
            assert_eq!(Challenge::parse(&text, &keys(), &other), None);
        }
        for place in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(
                Challenge::parse(&forged, &keys(), &app_client()),
                None,
                "{place}"
            );
        }
    }
}
