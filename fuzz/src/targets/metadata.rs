//! Challenge metadata: it reads as it was written, and no other text is accepted.

use arbitrary::{Result, Unstructured};
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{AppClient, Challenge, FlowId, Progress, Step};
use latchstring_core::time::Timestamp;

use crate::world::{CLIENT, POOL, key_ring};
use crate::{Outcome, Target};

pub(super) const METADATA: Target = Target {
    name: "metadata",
    check: |input| check(&mut Unstructured::new(input)).unwrap_or("too short"),
    reaches: &["read"],
    dictionary: &[],
    golden: None,
};

fn check(input: &mut Unstructured<'_>) -> Result<Outcome> {
    let keys = key_ring("k1", 1);
    let app_client = AppClient::new(POOL, CLIENT);
    let progress = Progress {
        issued_at: Timestamp::from_millis(input.arbitrary()?),
        last_sent_at: Timestamp::from_millis(input.arbitrary()?),
        sends: input.arbitrary()?,
        unsent: input.arbitrary()?,
        used: input.arbitrary()?,
        code_length: CodeLength::new(input.int_in_range(0..=20)?).unwrap_or(CodeLength::DEFAULT),
    };
    let challenge = Challenge {
        flow: FlowId::from_bytes(input.arbitrary()?),
        step: *input.choose(&[Step::Select, Step::Otp(progress), Step::Claim(progress)])?,
    };
    let text = challenge.to_text(&keys, &app_client);
    assert!(text.len() < 512, "Cognito takes no more");
    assert_eq!(Challenge::parse(&text, &keys, &app_client), Some(challenge));
    for other in [
        AppClient::new(POOL, "other"),
        AppClient::new("other", CLIENT),
    ] {
        assert_eq!(Challenge::parse(&text, &keys, &other), None);
    }
    assert_eq!(
        Challenge::parse(&text, &key_ring("k1", 2), &app_client),
        None
    );
    let changed = forged(&text, input)?;
    if changed != text {
        assert_eq!(Challenge::parse(&changed, &keys, &app_client), None);
    }
    // The rest of the input, alone and under the key's name.
    let rest = String::from_utf8_lossy(input.peek_bytes(input.len()).unwrap_or_default());
    for text in [rest.to_string(), format!("k1.{rest}")] {
        assert_eq!(Challenge::parse(&text, &keys, &app_client), None);
    }
    Ok("read")
}

/// Returns an authentic text after some changes, perhaps none.
pub(super) fn forged(text: &str, input: &mut Unstructured<'_>) -> Result<String> {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..input.int_in_range(0..=3)? {
        let at = input.choose_index(characters.len() + 1)?;
        let odd = if input.ratio(1, 8)? {
            input.arbitrary()?
        } else {
            *input.choose(&['A', 'B', 'Q', 'g', 'w', '_', '-', '=', '.', ' ', '\0', '\n'])?
        };
        match input.int_in_range(0..=3)? {
            0 => characters.insert(at, odd),
            1 => characters.truncate(at),
            2 if at < characters.len() => drop(characters.remove(at)),
            _ if at < characters.len() => characters[at] = odd,
            _ => characters.push(odd),
        }
    }
    Ok(characters.into_iter().collect())
}
