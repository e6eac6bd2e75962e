//! The flow row: the authority on what was asked, sent and answered.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::challenge::{Challenge, Progress, Step};
use crate::effects::Entropy;
use crate::policy::{Policy, REPLAY_GRACE};
use crate::seal::charge::Charge;
use crate::seal::code::Code;
use crate::seal::keys::{Key, KeyId, KeyRing, Use};
use crate::seal::sealed::SealedContact;
use crate::value::account::Sub;
use crate::value::app_client::AppClient;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::locale::Locale;
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;

/// One run of the state machine, as the store keeps it. Everything but `charge`,
/// `message_charged`, `sends`, `unsent`, `last_sent_at`, `attempts`, `counted`, `held` and `state` is
/// written once, by the winner of the first send. A resend may replace `charge` by one with a longer
/// code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// The app client it belongs to.
    pub client: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it is for.
    pub subject: Subject,
    /// Where the code went, or what was proved; readable with the key only.
    pub contact: SealedContact,
    /// The language of its messages, the same at every send; without one the deployment's.
    pub locale: Option<Locale>,
    /// What the code was charged, and how long it is.
    pub charge: Charge,
    /// Whether a message with the present code was charged. Until then no answer is right: a code
    /// that no budget let out must not be guessed either. A claim has no message and begins with
    /// it.
    pub message_charged: bool,
    /// The key that the code derives from.
    pub key: KeyId,
    /// When the code was issued; part of what it derives from.
    pub issued_at: Timestamp,
    /// When it stops being right. Compared by us: a store's TTL only cleans up.
    pub expires_at: Timestamp,
    /// How often the code was sent, the first time included.
    pub sends: u8,
    /// How many of these sends never left: refused by a budget, or not delivered.
    pub unsent: u8,
    /// When it was last sent.
    pub last_sent_at: Timestamp,
    /// The distinct answers that were judged.
    pub attempts: BTreeSet<AnswerDigest>,
    /// The wrong ones among them for which a guess was reserved on the present terms.
    pub counted: BTreeSet<AnswerDigest>,
    /// How many guesses were begun to be reserved on the present terms.
    pub held: u8,
    /// Where it stands.
    pub state: State,
}

/// Whom a flow is for, fixed when it is opened: a ghost's flow stays a ghost's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account of the pool.
    Known(Sub),
    /// Nobody who holds the contact: the right answer earns a proof.
    NoAccount,
    /// An account that does not wait for this contact: nothing is sent, no answer is right.
    Decoy,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting for the right answer.
    Open,
    /// This answer was right.
    Matched {
        /// The answer.
        answer: AnswerDigest,
        /// When it came.
        at: Timestamp,
    },
    /// Tokens were issued or the proof handed out.
    Finished {
        /// The answer that was right.
        answer: AnswerDigest,
        /// When that was.
        at: Timestamp,
    },
}

/// A keyed digest of an answer: enough to know it again, nothing to read it from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerDigest([u8; 16]);

impl AnswerDigest {
    /// The digest of an answer to this flow.
    pub(crate) fn of(key: &Key, flow: FlowId, answer: &[u8]) -> Self {
        let mac = key.mac(Use::Answer, &[flow.as_bytes(), answer]);
        let mut digest = [0; 16];
        digest.copy_from_slice(&mac[..16]);
        Self(digest)
    }

    /// From what a store kept.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// For a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AnswerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerDigest(…)")
    }
}

/// What a new row is made of.
pub(crate) struct NewFlow<'a> {
    pub(crate) id: FlowId,
    pub(crate) caller: &'a AppClient,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) contact: &'a Identifier,
    pub(crate) locale: Option<Locale>,
    pub(crate) charge: Charge,
}

impl Flow {
    pub(crate) fn new(
        new: &NewFlow<'_>,
        policy: &Policy,
        keys: &KeyRing,
        now: Timestamp,
        entropy: &impl Entropy,
    ) -> Self {
        let key = keys.current();
        let bound = bound_to(new.id, new.purpose, new.caller.client());
        let life = match new.purpose {
            Purpose::SignIn | Purpose::VerifyContact(_) => policy.code_life,
            Purpose::Claim => policy.proof_life,
        };
        Self {
            id: new.id,
            client: new.caller.client().to_owned(),
            purpose: new.purpose,
            subject: new.subject.clone(),
            contact: SealedContact::seal(key, new.contact, &bound.fields(), entropy),
            locale: new.locale,
            charge: new.charge,
            message_charged: new.purpose == Purpose::Claim,
            key: key.id().clone(),
            issued_at: now,
            expires_at: now.plus(life),
            sends: 1,
            unsent: 0,
            last_sent_at: now,
            attempts: BTreeSet::new(),
            counted: BTreeSet::new(),
            held: 0,
            state: State::Open,
        }
    }

    /// Returns a flow that earned a proof of this contact just now, for tests of what needs one.
    #[doc(hidden)]
    pub fn earned(
        id: FlowId,
        contact: &Identifier,
        caller: &AppClient,
        policy: &Policy,
        keys: &KeyRing,
        now: Timestamp,
        entropy: &impl Entropy,
    ) -> Self {
        let new = NewFlow {
            id,
            caller,
            purpose: Purpose::SignIn,
            subject: Subject::NoAccount,
            contact,
            locale: None,
            charge: Charge::free(policy.code_length),
        };
        let answer = AnswerDigest([0; 16]);
        Self {
            message_charged: true,
            attempts: [answer].into(),
            state: State::Finished { answer, at: now },
            ..Self::new(&new, policy, keys, now, entropy)
        }
    }

    /// How it stands, for the person who answers.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            issued_at: self.issued_at,
            last_sent_at: self.last_sent_at,
            sends: self.sends,
            unsent: self.unsent,
            code_length: self.charge.code_length,
            used: u8::try_from(self.attempts.len()).unwrap_or(u8::MAX),
        }
    }

    /// Whether this row is what the challenge says it is.
    pub(crate) fn agrees(&self, challenge: &Challenge, caller: &AppClient) -> bool {
        let issued_at = match (&challenge.step, self.purpose) {
            (Step::Otp(progress), Purpose::SignIn | Purpose::VerifyContact(_))
            | (Step::Claim(progress), Purpose::Claim) => progress.issued_at,
            _ => return false,
        };
        self.id == challenge.flow && self.client == caller.client() && self.issued_at == issued_at
    }

    /// The contact; `None` if the row was not written by us for this flow.
    pub(crate) fn contact(&self, keys: &KeyRing) -> Option<Identifier> {
        let bound = bound_to(self.id, self.purpose, &self.client);
        self.contact.open(keys, &bound.fields()).ok()
    }

    /// The code, the same at every call; `None` if its key has left the ring.
    pub(crate) fn code(
        &self,
        policy: &Policy,
        keys: &KeyRing,
        contact: &Identifier,
    ) -> Option<Code> {
        if policy.is_test(contact, self.issued_at) {
            return Some(Code::fixed(keys, self.charge.code_length, contact));
        }
        Some(Code::derive(
            keys.find(Use::Code, self.key.as_str())?,
            self.charge.code_length,
            self.id,
            self.purpose,
            contact,
            self.issued_at,
        ))
    }

    /// Whether this flow earned a proof of the contact that may still be used: a flow of this
    /// client and of no account, whose right answer was recorded and whose proof was handed out
    /// at most `life` ago.
    pub(crate) fn proves(
        &self,
        contact: &Identifier,
        caller: &AppClient,
        keys: &KeyRing,
        now: Timestamp,
        life: Duration,
    ) -> bool {
        let handed_out = match self.state {
            // A retried trigger hands it out once more within the grace.
            State::Finished { at, .. } => now.since(at) <= life + REPLAY_GRACE,
            State::Open | State::Matched { .. } => false,
        };
        handed_out
            && self.subject == Subject::NoAccount
            && self.purpose == Purpose::SignIn
            && self.client == caller.client()
            && self.contact(keys).as_ref() == Some(contact)
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether the flow has had its right answer and may still act on it. Finished flows may for
    /// [`REPLAY_GRACE`], so that a retried trigger repeats its decision instead of undoing it.
    pub(crate) fn is_answered(&self, now: Timestamp) -> bool {
        match self.state {
            State::Open => false,
            State::Matched { .. } => true,
            State::Finished { at, .. } => now.since(at) <= REPLAY_GRACE,
        }
    }

    /// Whether this answer was the right one and still counts.
    pub(crate) fn accepts_again(&self, answer: AnswerDigest, now: Timestamp) -> bool {
        match self.state {
            State::Open => false,
            State::Matched { answer: right, at } => {
                right == answer && (!self.is_expired(now) || now.since(at) <= REPLAY_GRACE)
            }
            State::Finished { answer: right, at } => {
                right == answer && now.since(at) <= REPLAY_GRACE
            }
        }
    }
}

struct BoundTo<'a> {
    id: FlowId,
    purpose: Purpose,
    client: &'a str,
}

impl BoundTo<'_> {
    const fn fields(&self) -> [&[u8]; 3] {
        [
            self.id.as_bytes(),
            self.purpose.as_str().as_bytes(),
            self.client.as_bytes(),
        ]
    }
}

const fn bound_to(id: FlowId, purpose: Purpose, client: &str) -> BoundTo<'_> {
    BoundTo {
        id,
        purpose,
        client,
    }
}
