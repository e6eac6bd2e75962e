//! Tickets, proofs, resume secrets and stored contacts. Each is sealed by XChaCha20-Poly1305 under a key of the
//! ring, is bound to one user pool and one app client, and has a constant length.
//!
//! The text is `key id . base64url(nonce ‖ ciphertext ‖ tag)`.

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use latchstring_crypto::NONCE_BYTES;
use thiserror::Error;

use super::code_terms::CodeTerms;
use super::keys::{Key, KeyId, KeyRing, Use};
use super::link::LinkChallenge;
use crate::effects::Entropy;
use crate::value::app_client::AppClient;
pub use crate::value::id::TicketId;
use crate::value::id::{FlowId, PendingId};
use crate::value::identifier::{Identifier, MAX_IDENTIFIER_BYTES, Method};
use crate::value::locale::Locale;
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The maximum lead of the clock of the host that made a ticket or proof.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(30);

/// The maximum length of a sealed text in bytes, but of a continuation; a longer text is not decoded.
const MAX_TEXT_BYTES: usize = 1024;
/// The encoded length of an identifier: method, length, text and padding.
const IDENTIFIER_BYTES: usize = 2 + MAX_IDENTIFIER_BYTES;

/// The reason that a sealed text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// Not sealed by this deployment for this use, pool and client.
    #[error("not sealed by this deployment for this use")]
    Forged,
    /// Names a key that is not on the ring, or not in a role that serves this use.
    #[error("names a key that is not on the ring")]
    KeyUnknown,
    /// Sealed by this deployment, but too long ago, or further in the future than the clock leeway.
    #[error("sealed by this deployment, but no longer valid")]
    Stale,
}

/// A resolver's permission for one flow to send, or for one session to continue a flow. It reveals
/// nothing about its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The permission.
    pub purpose: TicketPurpose,
    /// The identifier that a code may go to, or that was proved.
    pub contact: Identifier,
    /// The requested language, if any.
    pub locale: Option<Locale>,
    /// The terms of the code: its length and its budgets.
    pub terms: CodeTerms,
    /// The challenge of the client's link secret, if the mail may have a link.
    pub link_challenge: Option<LinkChallenge>,
    /// The id by which the ticket is redeemed.
    pub id: TicketId,
    /// The time of issue.
    pub made_at: Timestamp,
}

impl Ticket {
    /// Creates a ticket with a random id and no language.
    pub fn new(
        purpose: impl Into<TicketPurpose>,
        contact: Identifier,
        terms: CodeTerms,
        now: Timestamp,
        entropy: &impl Entropy,
    ) -> Self {
        Self {
            purpose: purpose.into(),
            contact,
            locale: None,
            terms,
            link_challenge: None,
            id: TicketId::from_bytes(entropy.bytes()),
            made_at: now,
        }
    }

    /// Seals the ticket under the ring's current key. A ticket with a link challenge is longer, so
    /// that one without it has the form of earlier versions. Only the client decides about it.
    pub fn seal(&self, ring: &KeyRing, app_client: &AppClient, entropy: &impl Entropy) -> String {
        let (purpose, id) = match self.purpose {
            TicketPurpose::Open(Purpose::SignIn) => (1, [0; 16]),
            TicketPurpose::Open(Purpose::Claim) => (2, [0; 16]),
            TicketPurpose::Open(Purpose::VerifyContact(pending)) => (3, *pending.as_bytes()),
            TicketPurpose::Open(Purpose::Decoy) => (4, [0; 16]),
            TicketPurpose::Resume(flow) => (5, *flow.as_bytes()),
            // No resolver issues such a ticket, and none opens.
            TicketPurpose::Open(Purpose::Undo(_)) => (6, [0; 16]),
            TicketPurpose::ResumeContact(flow) => (7, *flow.as_bytes()),
        };
        let mut plain = vec![purpose, Locale::to_byte(self.locale)];
        plain.extend_from_slice(&id);
        plain.extend_from_slice(self.id.as_bytes());
        plain.extend_from_slice(&self.terms.to_bytes());
        put_time(&mut plain, self.made_at);
        put_identifier(&mut plain, &self.contact);
        if let Some(challenge) = &self.link_challenge {
            plain.extend_from_slice(challenge.as_bytes());
        }
        seal(
            ring.current(),
            Use::Ticket,
            &app_client.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens a ticket that is at most `life` old.
    pub fn open(
        text: &str,
        ring: &KeyRing,
        app_client: &AppClient,
        now: Timestamp,
        life: Duration,
    ) -> Result<Self, UnsealError> {
        let plain = open(ring, Use::Ticket, &app_client.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let (purpose, locale) = (reader.byte()?, reader.byte()?);
        let purpose = match (purpose, reader.array()?) {
            (1, _) => Purpose::SignIn.into(),
            (2, _) => Purpose::Claim.into(),
            (3, pending) => Purpose::VerifyContact(PendingId::from_bytes(pending)).into(),
            (4, _) => Purpose::Decoy.into(),
            (5, flow) => TicketPurpose::Resume(FlowId::from_bytes(flow)),
            (7, flow) => TicketPurpose::ResumeContact(FlowId::from_bytes(flow)),
            _ => return Err(UnsealError::Forged),
        };
        let ticket = Self {
            purpose,
            locale: Locale::from_byte(locale),
            id: TicketId::from_bytes(reader.array()?),
            terms: CodeTerms::from_bytes(&reader.array()?).ok_or(UnsealError::Forged)?,
            made_at: reader.time()?,
            contact: reader.identifier()?,
            link_challenge: match reader.end() {
                Ok(()) => None,
                Err(_) => Some(LinkChallenge::from_bytes(reader.array()?)),
            },
        };
        reader.end()?;
        fresh(ticket.made_at, now, life)?;
        Ok(ticket)
    }
}

/// Evidence that the caller answered a code of this identifier, for which no account exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The proved identifier.
    pub contact: Identifier,
    /// The flow whose code was answered right; its id redeems the proof once.
    pub flow: FlowId,
    /// The time of the right answer.
    pub made_at: Timestamp,
}

impl Proof {
    /// Returns the time until which its redemption is kept: longer than it is valid.
    pub(crate) fn keep_redemption(&self, proof_life: Duration) -> Timestamp {
        self.made_at.plus(proof_life * 2)
    }

    /// Seals the proof under the ring's current key.
    pub fn seal(&self, ring: &KeyRing, app_client: &AppClient, entropy: &impl Entropy) -> String {
        let mut plain = self.flow.as_bytes().to_vec();
        put_time(&mut plain, self.made_at);
        put_identifier(&mut plain, &self.contact);
        seal(
            ring.current(),
            Use::Proof,
            &app_client.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens a proof that is at most `life` old.
    pub fn open(
        text: &str,
        ring: &KeyRing,
        app_client: &AppClient,
        now: Timestamp,
        life: Duration,
    ) -> Result<Self, UnsealError> {
        let plain = open(ring, Use::Proof, &app_client.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let proof = Self {
            flow: FlowId::from_bytes(reader.array()?),
            made_at: reader.time()?,
            contact: reader.identifier()?,
        };
        reader.end()?;
        fresh(proof.made_at, now, life)?;
        Ok(proof)
    }
}

/// A resume secret: a client's permission to continue its flow in another session. It names no
/// identifier; the flow row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The flow.
    pub flow: FlowId,
    /// The time of the challenge that the secret came with.
    pub made_at: Timestamp,
}

impl Resume {
    /// Seals the secret under the ring's current key.
    pub fn seal(&self, ring: &KeyRing, app_client: &AppClient, entropy: &impl Entropy) -> String {
        let mut plain = self.flow.as_bytes().to_vec();
        put_time(&mut plain, self.made_at);
        seal(
            ring.current(),
            Use::Resume,
            &app_client.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens a secret that is at most `life` old. A code expires no later.
    pub fn open(
        text: &str,
        ring: &KeyRing,
        app_client: &AppClient,
        now: Timestamp,
        life: Duration,
    ) -> Result<Self, UnsealError> {
        let plain = open(ring, Use::Resume, &app_client.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let resume = Self {
            flow: FlowId::from_bytes(reader.array()?),
            made_at: reader.time()?,
        };
        reader.end()?;
        fresh(resume.made_at, now, life)?;
        Ok(resume)
    }
}

/// A contact in a flow row or pending item: unreadable without the key, and valid in that item
/// only.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedContact(String);

impl SealedContact {
    /// Wraps a stored text, which is verified when it is opened.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    pub(crate) fn seal(
        key: &Key,
        contact: &Identifier,
        row: &[&[u8]],
        entropy: &impl Entropy,
    ) -> Self {
        let mut plain = Vec::with_capacity(IDENTIFIER_BYTES);
        put_identifier(&mut plain, contact);
        Self(seal(key, Use::Contact, row, &plain, entropy))
    }

    pub(crate) fn open(&self, ring: &KeyRing, row: &[&[u8]]) -> Result<Identifier, UnsealError> {
        let plain = open(ring, Use::Contact, row, &self.0)?;
        let mut reader = Reader(&plain);
        let contact = reader.identifier()?;
        reader.end()?;
        Ok(contact)
    }
}

impl fmt::Debug for SealedContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedContact(…)")
    }
}

pub(super) fn fresh(made_at: Timestamp, now: Timestamp, life: Duration) -> Result<(), UnsealError> {
    if now > made_at.plus(life) || made_at > now.plus(CLOCK_LEEWAY) {
        return Err(UnsealError::Stale);
    }
    Ok(())
}

/// Returns the associated data that the text is bound to. Each field is length-prefixed, so no two
/// lists have the same encoding.
fn aad(usage: Use, key: &Key, bound_to: &[&[u8]]) -> Vec<u8> {
    let mut data = vec![1, usage as u8];
    for field in std::iter::once(&key.id().as_str().as_bytes()).chain(bound_to) {
        data.extend_from_slice(&(field.len() as u64).to_be_bytes());
        data.extend_from_slice(field);
    }
    data
}

pub(crate) fn seal(
    key: &Key,
    usage: Use,
    bound_to: &[&[u8]],
    plain: &[u8],
    entropy: &impl Entropy,
) -> String {
    let nonce: [u8; NONCE_BYTES] = entropy.bytes();
    let mut sealed = nonce.to_vec();
    let aad = aad(usage, key, bound_to);
    let body = latchstring_crypto::seal(key.subkey(usage), nonce, &aad, plain)
        // Invariant: the cipher refuses only messages of over 256 GiB; these have a few kilobytes.
        .expect("a short message can be sealed");
    sealed.extend_from_slice(&body);
    format!("{}.{}", key.id().as_str(), BASE64URL_NOPAD.encode(&sealed))
}

pub(crate) fn open(
    ring: &KeyRing,
    usage: Use,
    bound_to: &[&[u8]],
    text: &str,
) -> Result<Vec<u8>, UnsealError> {
    open_up_to(MAX_TEXT_BYTES, ring, usage, bound_to, text)
}

/// Opens a text of at most `max` bytes.
pub(super) fn open_up_to(
    max: usize,
    ring: &KeyRing,
    usage: Use,
    bound_to: &[&[u8]],
    text: &str,
) -> Result<Vec<u8>, UnsealError> {
    let (id, body) = text.split_once('.').ok_or(UnsealError::Forged)?;
    let id = KeyId::parse(id).map_err(|_| UnsealError::Forged)?;
    let key = ring
        .find(usage, id.as_str())
        .ok_or(UnsealError::KeyUnknown)?;
    if text.len() > max {
        return Err(UnsealError::Forged);
    }
    let sealed = BASE64URL_NOPAD
        .decode(body.as_bytes())
        .map_err(|_| UnsealError::Forged)?;
    let (nonce, body) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(UnsealError::Forged)?;
    let aad = aad(usage, key, bound_to);
    latchstring_crypto::open(key.subkey(usage), *nonce, &aad, body).ok_or(UnsealError::Forged)
}

pub(super) fn put_time(plain: &mut Vec<u8>, time: Timestamp) {
    plain.extend_from_slice(&time.as_millis().to_be_bytes());
}

/// Appends a text with its length; `None` if it has more than 64 kB.
pub(super) fn put_text(plain: &mut Vec<u8>, text: &Secret) -> Option<()> {
    let text = text.expose().as_bytes();
    plain.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
    plain.extend_from_slice(text);
    Some(())
}

pub(super) fn put_identifier(plain: &mut Vec<u8>, identifier: &Identifier) {
    let text = identifier.as_str().as_bytes();
    let start = plain.len();
    plain.push(match identifier.method() {
        Method::Email => 1,
        Method::PhoneNumber => 2,
    });
    // Invariant: a canonical identifier has at most MAX_IDENTIFIER_BYTES (254) bytes.
    plain.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    plain.extend_from_slice(text);
    plain.resize(start + IDENTIFIER_BYTES, 0);
}

pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], UnsealError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(UnsealError::Forged)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, UnsealError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, UnsealError> {
        let millis = u64::from_be_bytes(self.array()?);
        Ok(Timestamp::from_millis(millis))
    }

    pub(super) fn text(&mut self) -> Result<Secret, UnsealError> {
        let length = u16::from_be_bytes(self.array()?);
        let split = self.0.split_at_checked(usize::from(length));
        let (text, rest) = split.ok_or(UnsealError::Forged)?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| UnsealError::Forged)?;
        Ok(Secret::new(text))
    }

    pub(super) fn identifier(&mut self) -> Result<Identifier, UnsealError> {
        let [method, length, text @ ..] = self.array::<IDENTIFIER_BYTES>()?;
        let method = match method {
            1 => Method::Email,
            2 => Method::PhoneNumber,
            _ => return Err(UnsealError::Forged),
        };
        let text = text.get(..usize::from(length)).ok_or(UnsealError::Forged)?;
        let text = std::str::from_utf8(text).map_err(|_| UnsealError::Forged)?;
        Identifier::stored(method, text).map_err(|_| UnsealError::Forged)
    }

    pub(crate) fn end(&self) -> Result<(), UnsealError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(UnsealError::Forged)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Seeded;
    use crate::value::code_length::CodeLength;

    const LIFE: Duration = Duration::from_secs(60);

    fn key(id: &str, byte: u8) -> Key {
        Key::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap()
    }

    fn ring() -> KeyRing {
        KeyRing::new(key("k1", 1), None, None).unwrap()
    }

    fn app_client() -> AppClient {
        AppClient::new("eu-west-1_pool", "client")
    }

    fn now() -> Timestamp {
        Timestamp::from_secs(1_000_000)
    }

    fn ada() -> Identifier {
        Identifier::parse(Method::Email, "ada@example.com").unwrap()
    }

    fn ticket_to(to: Identifier) -> Ticket {
        Ticket::new(
            Purpose::SignIn,
            to,
            CodeTerms::uncharged(CodeLength::DEFAULT),
            now(),
            &Seeded::new(1),
        )
    }

    fn sealed() -> String {
        ticket_to(ada()).seal(&ring(), &app_client(), &Seeded::new(2))
    }

    fn opened(
        text: &str,
        ring: &KeyRing,
        app_client: &AppClient,
        at: Timestamp,
    ) -> Result<Ticket, UnsealError> {
        Ticket::open(text, ring, app_client, at, LIFE)
    }

    #[test]
    fn a_ticket_opens_as_it_was_sealed() {
        assert_eq!(
            opened(&sealed(), &ring(), &app_client(), now()),
            Ok(ticket_to(ada()))
        );
    }

    #[test]
    fn a_proof_opens_as_it_was_sealed_and_is_no_ticket() {
        let proof = Proof {
            contact: ada(),
            flow: FlowId::from_bytes([9; 16]),
            made_at: now(),
        };
        let text = proof.seal(&ring(), &app_client(), &Seeded::new(3));
        assert_eq!(
            Proof::open(&text, &ring(), &app_client(), now(), LIFE),
            Ok(proof)
        );
        assert_eq!(
            opened(&text, &ring(), &app_client(), now()),
            Err(UnsealError::Forged)
        );
        assert_eq!(
            Proof::open(&sealed(), &ring(), &app_client(), now(), LIFE),
            Err(UnsealError::Forged)
        );
    }

    #[test]
    fn a_resume_secret_opens_as_it_was_sealed_for_its_client_alone() {
        let resume = Resume {
            flow: FlowId::from_bytes([9; 16]),
            made_at: now(),
        };
        let sealed = |seed| resume.seal(&ring(), &app_client(), &Seeded::new(seed));
        let text = sealed(3);
        let opened_by = |client: &AppClient, at| Resume::open(&text, &ring(), client, at, LIFE);
        assert_eq!(opened_by(&app_client(), now()), Ok(resume));
        assert_eq!(
            opened_by(&app_client(), now().plus(LIFE + Duration::from_secs(1))),
            Err(UnsealError::Stale)
        );
        assert_eq!(
            opened_by(&AppClient::new("eu-west-1_pool", "other"), now()),
            Err(UnsealError::Forged)
        );
        assert_ne!(sealed(4), text, "two secrets of a flow differ");
        assert_eq!(
            opened(&text, &ring(), &app_client(), now()),
            Err(UnsealError::Forged),
            "no ticket"
        );
        for purpose in [TicketPurpose::Resume, TicketPurpose::ResumeContact] {
            let resuming = Ticket {
                purpose: purpose(resume.flow),
                ..ticket_to(ada())
            };
            let text = resuming.seal(&ring(), &app_client(), &Seeded::new(5));
            assert_eq!(opened(&text, &ring(), &app_client(), now()), Ok(resuming));
            assert_eq!(text.len(), self::sealed().len());
        }
    }

    #[test]
    fn a_ticket_of_another_pool_client_or_key_does_not_open() {
        for other in [
            AppClient::new("eu-west-1_other", "client"),
            AppClient::new("eu-west-1_pool", "other"),
            AppClient::new("eu-west-1_poolclient", ""),
        ] {
            assert_eq!(
                opened(&sealed(), &ring(), &other, now()),
                Err(UnsealError::Forged)
            );
        }
        let other = KeyRing::new(key("k1", 2), None, None).unwrap();
        assert_eq!(
            opened(&sealed(), &other, &app_client(), now()),
            Err(UnsealError::Forged)
        );
    }

    #[test]
    fn a_ticket_outlives_a_rotation_of_keys_but_not_two() {
        let after_one = KeyRing::new(key("k2", 2), None, Some(key("k1", 1))).unwrap();
        let after_two = KeyRing::new(key("k3", 3), None, Some(key("k2", 2))).unwrap();
        let not_yet = KeyRing::new(key("k0", 0), Some(key("k1", 1)), None).unwrap();
        assert!(opened(&sealed(), &after_one, &app_client(), now()).is_ok());
        assert!(opened(&sealed(), &not_yet, &app_client(), now()).is_ok());
        assert_eq!(
            opened(&sealed(), &after_two, &app_client(), now()),
            Err(UnsealError::KeyUnknown)
        );
    }

    #[test]
    fn a_ticket_is_stale_after_its_life_and_before_its_time() {
        let at = |secs: u64| Timestamp::from_secs(secs);
        assert!(opened(&sealed(), &ring(), &app_client(), at(1_000_060)).is_ok());
        assert_eq!(
            opened(&sealed(), &ring(), &app_client(), at(1_000_061)),
            Err(UnsealError::Stale)
        );
        assert!(
            opened(&sealed(), &ring(), &app_client(), at(999_970)).is_ok(),
            "the maker's clock may be 30 s ahead"
        );
        assert_eq!(
            opened(&sealed(), &ring(), &app_client(), at(999_969)),
            Err(UnsealError::Stale)
        );
    }

    #[test]
    fn a_changed_character_anywhere_spoils_a_ticket() {
        let text = sealed();
        for place in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(
                opened(&forged, &ring(), &app_client(), now()),
                Err(UnsealError::Forged),
                "{place}"
            );
        }
    }

    #[test]
    fn all_tickets_have_the_same_length() {
        let long = format!(
            "{}@{}.example.com",
            "a".repeat(64),
            vec!["b".repeat(55); 3].join(".")
        );
        let mut lengths = ["a@b.cd", "ada@example.com", &long]
            .map(|text| Identifier::parse(Method::Email, text).unwrap())
            .to_vec();
        lengths.push(Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap());
        let lengths: std::collections::BTreeSet<_> = lengths
            .into_iter()
            .zip([None, Some(Locale::En), Some(Locale::Fr), Some(Locale::Ja)])
            .map(|(to, locale)| {
                let ticket = Ticket {
                    locale,
                    ..ticket_to(to)
                };
                let text = ticket.seal(&ring(), &app_client(), &Seeded::new(4));
                assert_eq!(opened(&text, &ring(), &app_client(), now()), Ok(ticket));
                text.len()
            })
            .collect();
        assert_eq!(lengths.len(), 1, "{lengths:?}");
    }

    #[test]
    fn a_ticket_carries_a_link_challenge_at_one_length() {
        let sealed = |to| {
            let ticket = Ticket {
                link_challenge: Some(LinkChallenge::from_bytes([7; 32])),
                ..ticket_to(to)
            };
            let text = ticket.seal(&ring(), &app_client(), &Seeded::new(4));
            assert_eq!(opened(&text, &ring(), &app_client(), now()), Ok(ticket));
            text.len()
        };
        let number = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
        assert_eq!(sealed(ada()), sealed(number));
    }

    #[test]
    fn a_sealed_contact_opens_only_in_its_own_row() {
        let contact = SealedContact::seal(&key("k1", 1), &ada(), &[b"row"], &Seeded::new(5));
        assert_eq!(contact.open(&ring(), &[b"row"]), Ok(ada()));
        assert_eq!(contact.open(&ring(), &[b"other"]), Err(UnsealError::Forged));
    }

    #[test]
    fn debug_shows_nothing_that_was_sealed() {
        let shown = format!("{:?}", ticket_to(ada()));
        assert!(
            !shown.contains("ada") && shown.contains("TicketId(…)"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_ticket(text in "\\PC{0,200}|k[12]\\.[A-Za-z0-9_-]{0,600}") {
            let key_is_unknown = text.split_once('.').is_some_and(|(id, _)| {
                id != "k1" && KeyId::parse(id).is_ok()
            });
            let wanted = if key_is_unknown {
                UnsealError::KeyUnknown
            } else {
                UnsealError::Forged
            };
            prop_assert_eq!(opened(&text, &ring(), &app_client(), now()), Err(wanted));
        }
    }
}
