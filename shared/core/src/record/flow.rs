//! The flow row: the authority on the challenge, its messages and its answers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::challenge::{Challenge, Progress, Step};
use crate::effects::Entropy;
use crate::policy::{Policy, REPLAY_GRACE};
use crate::seal::code::Code;
use crate::seal::code_terms::CodeTerms;
use crate::seal::keys::{Key, KeyId, KeyRing, Use};
use crate::seal::link::LinkChallenge;
use crate::seal::sealed::SealedContact;
use crate::value::account::Sub;
use crate::value::app_client::AppClient;
use crate::value::id::FlowId;
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::purpose::Purpose;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// One flow, as the store keeps it.
///
/// The invocation that opens the flow writes the row. Later only these fields change: `terms`,
/// `message_charged`, `sends`, `unsent`, `last_sent_at`, `attempts`, `wrong_answers`,
/// `held_guesses` and `state`. A resend may replace `terms` by those with a longer code, or with
/// other budgets of guesses, or renew them so that no guess is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The id.
    pub id: FlowId,
    /// The app client of the session.
    pub client: String,
    /// The reason for the flow.
    pub purpose: Purpose,
    /// The account or the absence of one.
    pub subject: Subject,
    /// The identifier that the code went to, or that was proved; readable with the key only.
    pub contact: SealedContact,
    /// The method of the contact, if events are published.
    pub method: Option<Method>,
    /// The language of every message; `None` for the deployment's default.
    pub locale: Option<Locale>,
    /// The terms of the code: its length, and the budgets that its messages and guesses draw on.
    pub terms: CodeTerms,
    /// The challenge of the client's link secret, if its mails may have a link.
    pub link_challenge: Option<LinkChallenge>,
    /// True if a message with the present code was charged. Until then no answer is right, because
    /// a code that no budget permitted must not be guessed. A claim has no message and begins with
    /// true.
    pub message_charged: bool,
    /// The key that the code is derived from.
    pub key: KeyId,
    /// The time of issue of the code, from which it is derived.
    pub issued_at: Timestamp,
    /// The time when the code expires. The core compares it; a store's TTL only cleans up.
    pub expires_at: Timestamp,
    /// The number of sends, the first included.
    pub sends: u8,
    /// The number of these sends that never left: not charged, or without a connection to the
    /// courier's service.
    pub unsent: u8,
    /// The time of the last send.
    pub last_sent_at: Timestamp,
    /// The distinct recorded answers.
    pub attempts: BTreeSet<AnswerDigest>,
    /// The wrong answers among them for which a guess was reserved on the present terms.
    pub wrong_answers: BTreeSet<AnswerDigest>,
    /// The number of guesses whose reservation began on the present terms.
    pub held_guesses: u8,
    /// The state.
    pub state: State,
}

/// The account of a flow, fixed when the flow is opened. A flow of no account stays one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account of the pool.
    Known(Sub),
    /// No account that holds the contact: the right answer earns a proof.
    NoAccount,
}

/// The state of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The flow waits for the right answer.
    Open,
    /// This answer was right.
    Matched {
        /// The answer.
        answer: AnswerDigest,
        /// The time of the answer.
        at: Timestamp,
    },
    /// Tokens were issued or the proof was handed out.
    Finished {
        /// The answer that was right.
        answer: AnswerDigest,
        /// The time when the flow was finished.
        at: Timestamp,
    },
}

/// A keyed digest of an answer: it recognises the answer again, and does not reveal it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerDigest([u8; 16]);

impl AnswerDigest {
    /// Computes the digest of an answer to this flow.
    pub(crate) fn of(key: &Key, flow: FlowId, answer: &[u8]) -> Self {
        let mac = key.mac(Use::Answer, &[flow.as_bytes(), answer]);
        let mut digest = [0; 16];
        digest.copy_from_slice(&mac[..16]);
        Self(digest)
    }

    /// Computes the digest of a link's token and secret. It begins with eight zero bytes, by which a
    /// refund recognises it; the digest of a code does so once in 2^64 answers.
    pub(crate) fn of_link(key: &Key, flow: FlowId, token: &str, secret: &Secret) -> Self {
        let fields = [token, secret.expose()].map(str::as_bytes);
        let mac = key.mac(
            Use::Answer,
            &[flow.as_bytes(), b"link", fields[0], fields[1]],
        );
        let mut digest = [0; 16];
        digest[8..].copy_from_slice(&mac[..8]);
        Self(digest)
    }

    fn is_of_link(&self) -> bool {
        self.0[..8] == [0; 8]
    }

    /// Creates a digest from stored bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AnswerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerDigest(…)")
    }
}

/// The contents of a new row.
pub(crate) struct NewFlow<'a> {
    pub(crate) id: FlowId,
    pub(crate) app_client: &'a AppClient,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) contact: &'a Identifier,
    pub(crate) locale: Option<Locale>,
    pub(crate) terms: CodeTerms,
    pub(crate) link_challenge: Option<LinkChallenge>,
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
        let bound = bound_to(new.id, new.purpose, new.app_client.client());
        let life = match new.purpose {
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => policy.code_life,
            Purpose::Claim | Purpose::Undo(_) => policy.proof_life,
        };
        Self {
            id: new.id,
            client: new.app_client.client().to_owned(),
            purpose: new.purpose,
            subject: new.subject.clone(),
            contact: SealedContact::seal(key, new.contact, &bound.fields(), entropy),
            method: policy.events.then(|| new.contact.method()),
            locale: new.locale,
            terms: new.terms,
            link_challenge: new.link_challenge,
            message_charged: matches!(new.purpose, Purpose::Claim | Purpose::Undo(_)),
            key: key.id().clone(),
            issued_at: now,
            expires_at: now.plus(life),
            sends: 1,
            unsent: 0,
            last_sent_at: now,
            attempts: BTreeSet::new(),
            wrong_answers: BTreeSet::new(),
            held_guesses: 0,
            state: State::Open,
        }
    }

    /// Returns a flow that earned a proof of this contact at this time, for tests.
    #[doc(hidden)]
    pub fn earned(
        id: FlowId,
        contact: &Identifier,
        app_client: &AppClient,
        policy: &Policy,
        keys: &KeyRing,
        now: Timestamp,
        entropy: &impl Entropy,
    ) -> Self {
        let new = NewFlow {
            id,
            app_client,
            purpose: Purpose::SignIn,
            subject: Subject::NoAccount,
            contact,
            locale: None,
            terms: CodeTerms::uncharged(policy.code_length),
            link_challenge: None,
        };
        let answer = AnswerDigest([0; 16]);
        Self {
            message_charged: true,
            attempts: [answer].into(),
            state: State::Finished { answer, at: now },
            ..Self::new(&new, policy, keys, now, entropy)
        }
    }

    /// Returns the account, if there is one.
    pub(crate) const fn user(&self) -> Option<&Sub> {
        match &self.subject {
            Subject::Known(sub) => Some(sub),
            Subject::NoAccount => None,
        }
    }

    /// Returns the progress for display.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            issued_at: self.issued_at,
            last_sent_at: self.last_sent_at,
            sends: self.sends,
            unsent: self.unsent,
            code_length: self.terms.code_length,
            used: u8::try_from(self.attempts.len()).unwrap_or(u8::MAX),
        }
    }

    /// Returns whether the challenge agrees with this row.
    pub(crate) fn agrees(&self, challenge: &Challenge, app_client: &AppClient) -> bool {
        let issued_at = match (&challenge.step, self.purpose) {
            (Step::Otp(progress), Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy)
            | (Step::Claim(progress), Purpose::Claim) => progress.issued_at,
            _ => return false,
        };
        self.id == challenge.flow
            && self.client == app_client.client()
            && self.issued_at == issued_at
    }

    /// Returns whether this is the row of a proof that answered this challenge, the first of a
    /// session.
    pub(crate) fn is_claim_of(&self, challenge: &Challenge, app_client: &AppClient) -> bool {
        challenge.step == Step::Select
            && matches!(self.purpose, Purpose::Claim | Purpose::Undo(_))
            && self.id == challenge.flow
            && self.client == app_client.client()
    }

    /// Returns the contact; `None` if it was not sealed for this flow.
    pub(crate) fn contact(&self, keys: &KeyRing) -> Option<Identifier> {
        let bound = bound_to(self.id, self.purpose, &self.client);
        self.contact.open(keys, &bound.fields()).ok()
    }

    /// Returns the code, equal at every call; `None` if its key is no longer on the ring.
    pub(crate) fn code(
        &self,
        policy: &Policy,
        keys: &KeyRing,
        contact: &Identifier,
    ) -> Option<Code> {
        if self.terms.is_slot() {
            let key = keys.find(Use::Code, self.key.as_str())?;
            let slot = policy.slot_at(self.issued_at);
            return Some(Code::of_slot(key, slot, self.purpose, contact));
        }
        if policy.is_test(contact, self.issued_at) {
            return Some(Code::fixed(keys, self.terms.code_length, contact));
        }
        Some(Code::derive(
            keys.find(Use::Code, self.key.as_str())?,
            self.terms.code_length,
            self.id,
            self.purpose,
            contact,
            self.issued_at,
        ))
    }

    /// Returns whether this flow earned a proof of the contact that is still valid. The flow must
    /// be of this client and of no account, its right answer recorded, and its proof handed out at
    /// most `life` ago.
    pub(crate) fn proves(
        &self,
        contact: &Identifier,
        app_client: &AppClient,
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
            && self.client == app_client.client()
            && self.contact(keys).as_ref() == Some(contact)
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Returns whether the right answer was recorded and still leads to tokens or a proof. In a
    /// finished flow it does for [`REPLAY_GRACE`], so that a retried trigger repeats its decision.
    pub(crate) fn right_answer_still_counts(&self, now: Timestamp) -> bool {
        match self.state {
            State::Open => false,
            State::Matched { .. } => true,
            State::Finished { at, .. } => now.since(at) <= REPLAY_GRACE,
        }
    }

    /// Returns whether the right answer was a link, which no guess was reserved for.
    pub(crate) fn was_answered_by_link(&self) -> bool {
        match self.state {
            State::Open => false,
            State::Matched { answer, .. } | State::Finished { answer, .. } => answer.is_of_link(),
        }
    }

    /// Returns whether this answer was the right one and still counts.
    pub(crate) fn repeats_right_answer(&self, answer: AnswerDigest, now: Timestamp) -> bool {
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

/// Returns the contact in the row of a flow, from these parts of it, for an operator; `None` if it was
/// not sealed for this flow, or if its key is no longer on the ring.
pub fn sealed_contact(
    keys: &KeyRing,
    id: FlowId,
    purpose: &str,
    client: &str,
    contact: &SealedContact,
) -> Option<Identifier> {
    let bound_to = [id.as_bytes(), purpose.as_bytes(), client.as_bytes()];
    contact.open(keys, &bound_to).ok()
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
