//! Stored, transmitted and logged values reveal no contact, code or account.

use std::collections::BTreeSet;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use latchstring_core::flow::{ClientRequest, Next, State, Step, Subject};

use crate::harness::{ADA, ADAS_NAME, BOB, NUMBER, World, now};

#[test]
fn the_row_holds_neither_the_code_nor_the_contact_nor_an_answer() {
    let world = World::with_ada();
    for name in [ADA, BOB] {
        let mut session = world.at_otp(name);
        let code = world.sent().pop().unwrap().0;
        session.answer("424242");
        session.answer(&code);
        let row = session.row().unwrap();
        let mut stored = vec![format!("{row:?}").into_bytes()];
        stored.extend(decodings(row.contact.as_text()));
        stored.extend(row.attempts.iter().map(|it| it.as_bytes().to_vec()));
        stored.extend(row.wrong_answers.iter().map(|it| it.as_bytes().to_vec()));
        let secrets = [name, "ada@", "bob@", &*code, "424242", "sub-of", ADAS_NAME];
        for (secret, stored) in secrets.iter().flat_map(|secret| {
            let pair = |stored| (secret.as_bytes(), stored);
            stored.iter().map(pair)
        }) {
            let holds = stored.windows(secret.len()).any(|part| part == secret);
            assert!(!holds, "{secret:?} in {stored:?}");
        }
    }
}

/// Returns a text, and its parts decoded from base64 and from hexadecimal.
fn decodings(text: &str) -> Vec<Vec<u8>> {
    let parts: Vec<_> = text.split('.').chain([text]).collect();
    let decoded = parts.iter().flat_map(|part| {
        let part = part.trim_end_matches('=').as_bytes();
        [BASE64URL_NOPAD, BASE64_NOPAD, HEXLOWER_PERMISSIVE].map(|encoding| encoding.decode(part))
    });
    let mut all: Vec<_> = decoded.filter_map(Result::ok).collect();
    all.push(text.as_bytes().to_vec());
    all
}

#[test]
fn decodings_find_an_encoded_text() {
    for encoded in [
        "k1.YWRhQGV4YW1wbGU",
        "YWRhQGV4YW1wbGU=",
        "k1.616461406578616d706c65",
    ] {
        assert!(
            decodings(encoded).contains(&b"ada@example".to_vec()),
            "{encoded}"
        );
    }
}

#[test]
fn no_decision_shows_a_secret_in_debug() {
    let world = World::new();
    let mut session = world.at_otp(ADA);
    let code = world.code();
    let ticket = world.ticket(ADA);
    let reply = session.answer(&code);
    let proof = session.public["proof"].clone();
    let event = session.session_event(ClientRequest {
        ticket: Some(latchstring_core::secret::Secret::new(&*ticket)),
        ..ClientRequest::default()
    });
    let response = session.answer_event(&code, ClientRequest::default());
    let shown = format!("{reply:?} {event:?} {response:?} {:?}", session.row());
    for secret in [&*code, &ticket, &proof, ADA] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_row_of_no_account_is_as_long_as_that_of_a_user() {
    let world = World::with_ada();
    let lengths: BTreeSet<_> = [ADA, BOB]
        .map(|name| {
            let row = world.at_otp(name).row().unwrap();
            row.contact.as_text().len()
        })
        .into();
    assert_eq!(lengths.len(), 1);
}

#[test]
fn all_metadata_has_one_length_below_512_bytes() {
    let world = World::with_ada();
    let mut metadata = Vec::new();
    let mut known = world.at_otp(ADA);
    let code = world.code();
    metadata.push(known.metadata.clone());
    world.after_secs(30);
    known.resend();
    metadata.push(known.metadata.clone());
    known.answer(&code);
    let mut unknown = world.at_otp(BOB);
    let code = world.sent().pop().unwrap().0;
    unknown.answer(&code);
    let mut decoy = world.at_decoy(ADA);
    decoy.answer("123456");
    for session in [&known, &unknown, &decoy, &world.at_claim()] {
        metadata.push(session.metadata.clone());
        metadata.extend(
            session
                .rounds
                .iter()
                .filter_map(|round| round.metadata.clone()),
        );
    }
    let lengths: BTreeSet<_> = metadata.iter().map(String::len).collect();
    assert_eq!(lengths.len(), 1, "{lengths:?}");
    assert!(*lengths.first().unwrap() < 512);
}

#[test]
fn metadata_and_public_parameters_name_no_user() {
    let world = World::new();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    for name in [ADA, NUMBER, BOB] {
        let session = world.at_otp(name);
        let shown = format!("{} {:?}", session.metadata, session.public);
        for secret in [name, "ada", ADAS_NAME, "0132", "*"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn the_code_depends_on_the_key_and_the_flow() {
    let world = World::with_ada();
    let other = World::with_ada().reconfigured(|world| {
        world.deployment.keys =
            latchstring_core::keys::KeyRing::new(crate::harness::key("k1", 9), None, None).unwrap();
    });
    let [session, twin] = [world.at_otp(ADA), other.at_otp(ADA)];
    assert_eq!(session.challenge().flow, twin.challenge().flow);
    assert_ne!(world.code(), other.code());
    world.at_otp(ADA);
    let sent = world.sent();
    assert_ne!(sent[0].0, sent[1].0);
}

#[test]
fn a_leaked_row_copied_to_another_flow_is_useless() {
    let world = World::with_ada();
    let others = world.at_otp(BOB);
    let mut row = others.row().unwrap();
    let mut session = world.initiate(ADA);
    // The contact of a row that was copied to another flow does not decrypt there.
    row.id = session.challenge().flow;
    let issued = latchstring_core::flow::Progress::at_issue(row.issued_at, row.terms.code_length);
    assert_eq!(
        now(latchstring_core::ports::FlowStore::open_flow(
            &world.store.port,
            &row
        )),
        Ok(latchstring_core::ports::Opened::New)
    );
    session.replace_challenge(Step::Otp(issued));
    let code = world.sent().pop().unwrap().0;
    assert_ne!(session.answer(&code).next(), Next::IssueTokens);
    assert_eq!(session.row().unwrap().subject, Subject::NoAccount);
    assert_eq!(session.row().unwrap().state, State::Open);
}
