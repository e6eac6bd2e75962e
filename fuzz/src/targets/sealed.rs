//! Tickets, proofs and continuations: each opens as it was sealed, and no other text opens.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use latchstring_core::code::CodeLength;
use latchstring_core::continuation::{CONTINUATION_LIFE, CodeEffect, Continuation, Stage};
use latchstring_core::flow::{AppClient, FlowId, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::KeyRing;
use latchstring_core::locale::Locale;
use latchstring_core::pending::PendingId;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::{CLOCK_LEEWAY, Proof, Ticket, UnsealError};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_memory::SeededEntropy;

use super::metadata::forged;
use crate::world::{ADA, CLIENT, POOL, email, key_ring};
use crate::{Outcome, Target};

pub(super) const SEALED: Target = Target {
    name: "sealed",
    check: |input| check(&mut Unstructured::new(input)).unwrap_or("too short"),
    reaches: &["stale", "opened"],
    dictionary: &[],
    golden: None,
};

const LIFE: Duration = Duration::from_secs(60);

fn check(input: &mut Unstructured<'_>) -> Result<Outcome> {
    let entropy = SeededEntropy::new(input.arbitrary()?);
    let app_client = AppClient::new(POOL, CLIENT);
    let keys = key_ring("k1", 1);
    let made_at = Timestamp::from_millis(input.arbitrary()?);
    let now = Timestamp::from_millis(if input.ratio(1, 2)? {
        made_at
            .as_millis()
            .saturating_add(input.int_in_range(0..=120_000)?)
    } else {
        input.arbitrary()?
    });
    let ticket = ticket(input, made_at, &entropy)?;
    let proof = Proof {
        contact: ticket.contact.clone(),
        flow: FlowId::from_bytes(input.arbitrary()?),
        made_at,
    };
    let sealed_ticket = ticket.seal(&keys, &app_client, &entropy);
    let sealed_proof = proof.seal(&keys, &app_client, &entropy);
    let open_ticket = |text: &str, keys: &KeyRing, app_client: &AppClient| {
        Ticket::open(text, keys, app_client, now, LIFE)
    };
    let open_proof = |text: &str, keys: &KeyRing, app_client: &AppClient| {
        Proof::open(text, keys, app_client, now, LIFE)
    };

    let is_fresh = now <= made_at.plus(LIFE) && made_at <= now.plus(CLOCK_LEEWAY);
    let wanted = if is_fresh {
        Ok(ticket)
    } else {
        Err(UnsealError::Stale)
    };
    assert_eq!(open_ticket(&sealed_ticket, &keys, &app_client), wanted);
    let wanted = if is_fresh {
        Ok(proof)
    } else {
        Err(UnsealError::Stale)
    };
    assert_eq!(open_proof(&sealed_proof, &keys, &app_client), wanted);

    // The length does not depend on the contents.
    let other = Ticket::new(
        Purpose::SignIn,
        email(ADA),
        CodeTerms::uncharged(CodeLength::DEFAULT),
        now,
        &entropy,
    );
    assert_eq!(
        other.seal(&keys, &app_client, &entropy).len(),
        sealed_ticket.len()
    );

    // Neither opens as the other, nor for another pool, client or key.
    assert_eq!(
        open_ticket(&sealed_proof, &keys, &app_client),
        Err(UnsealError::Forged)
    );
    assert_eq!(
        open_proof(&sealed_ticket, &keys, &app_client),
        Err(UnsealError::Forged)
    );
    for other in [
        AppClient::new(POOL, "other"),
        AppClient::new("other", CLIENT),
    ] {
        assert_eq!(
            open_ticket(&sealed_ticket, &keys, &other),
            Err(UnsealError::Forged)
        );
        assert_eq!(
            open_proof(&sealed_proof, &keys, &other),
            Err(UnsealError::Forged)
        );
    }
    let others = key_ring("k1", 2);
    assert_eq!(
        open_ticket(&sealed_ticket, &others, &app_client),
        Err(UnsealError::Forged)
    );

    // A change at any position makes it a forgery, or names another key.
    let changed = forged(&sealed_ticket, input)?;
    if changed != sealed_ticket {
        let opened = open_ticket(&changed, &keys, &app_client);
        assert!(is_refused(&opened), "{opened:?}");
    }
    let changed = forged(&sealed_proof, input)?;
    if changed != sealed_proof {
        let opened = open_proof(&changed, &keys, &app_client);
        assert!(is_refused(&opened), "{opened:?}");
    }
    check_continuation(input, &other.contact, made_at, now)?;
    Ok(if is_fresh { "opened" } else { "stale" })
}

/// Checks a continuation of any content.
fn check_continuation(
    input: &mut Unstructured<'_>,
    contact: &Identifier,
    made_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let (keys, app_client) = (key_ring("k1", 1), AppClient::new(POOL, CLIENT));
    let entropy = SeededEntropy::new(input.arbitrary()?);
    let continuation = Continuation {
        contact: contact.clone(),
        stage: if input.arbitrary()? {
            Stage::Code {
                effect: *input.choose(&[
                    CodeEffect::SignIn,
                    CodeEffect::SignInExisting,
                    CodeEffect::Contact,
                ])?,
                username: Secret::new(input.arbitrary::<String>()?),
                session: Secret::new(input.arbitrary::<String>()?),
            }
        } else {
            Stage::Claim {
                is_new: input.arbitrary()?,
                proof: Secret::new(input.arbitrary::<String>()?),
            }
        },
        made_at,
    };
    let Some(text) = continuation.seal(&keys, &app_client, &entropy) else {
        return Ok(());
    };
    let open = |text: &str, keys: &KeyRing, app_client: &AppClient| {
        Continuation::open(text, keys, app_client, now)
    };
    let is_fresh = now <= made_at.plus(CONTINUATION_LIFE) && made_at <= now.plus(CLOCK_LEEWAY);
    let wanted = if is_fresh {
        Ok(continuation)
    } else {
        Err(UnsealError::Stale)
    };
    assert_eq!(open(&text, &keys, &app_client), wanted);
    let forged_text = Err(UnsealError::Forged);
    let other = AppClient::new(POOL, "other");
    assert_eq!(open(&text, &keys, &other), forged_text);
    assert_eq!(open(&text, &key_ring("k1", 2), &app_client), forged_text);
    let changed = forged(&text, input)?;
    if changed != text {
        let opened = open(&changed, &keys, &app_client);
        assert!(is_refused(&opened), "{opened:?}");
    }
    Ok(())
}

/// Returns whether a changed text was refused. The change may be in the name of its key.
const fn is_refused<T>(opened: &Result<T, UnsealError>) -> bool {
    matches!(opened, Err(UnsealError::Forged | UnsealError::KeyUnknown))
}

/// Makes a ticket of any kind, to any identifier.
fn ticket(
    input: &mut Unstructured<'_>,
    made_at: Timestamp,
    entropy: &SeededEntropy,
) -> Result<Ticket> {
    let to = identifier(input)?;
    let purpose = match input.int_in_range(0..=3)? {
        0 => Purpose::SignIn,
        1 => Purpose::Claim,
        2 => Purpose::Decoy,
        _ => Purpose::VerifyContact(PendingId::from_bytes(input.arbitrary()?)),
    };
    let terms = CodeTerms::from_bytes(&input.arbitrary()?);
    if let Some(terms) = terms {
        assert_eq!(CodeTerms::from_bytes(&terms.to_bytes()), Some(terms));
    }
    Ok(Ticket {
        locale: Locale::ALL.get(input.int_in_range(0..=9_usize)?).copied(),
        ..Ticket::new(
            purpose,
            to,
            terms.unwrap_or(CodeTerms::uncharged(CodeLength::DEFAULT)),
            made_at,
            entropy,
        )
    })
}

/// Returns the typed text if it is an identifier, else Ada's address.
fn identifier(input: &mut Unstructured<'_>) -> Result<Identifier> {
    let method = if input.ratio(1, 2)? {
        Method::Email
    } else {
        Method::PhoneNumber
    };
    let length = input.int_in_range(0..=80_usize)?.min(input.len());
    let typed = String::from_utf8_lossy(input.bytes(length)?).into_owned();
    Ok(Identifier::parse(method, &typed).unwrap_or_else(|_| email(ADA)))
}
