//! Golden texts of every format that leaves the process: sealed texts, codes, pseudonyms, and the
//! names in items, events and answers.
//!
//! A new version must read everything that is stored, or held by a client, when it is deployed. A
//! difference here therefore needs a migration.

use std::fmt::Write as _;
use std::time::Duration;

use data_encoding::HEXLOWER;
use latchstring_crypto::sha256;

use crate::policy::Policy;
use crate::policy::budgets::Budget;
use crate::ports::{DeliveryOutcome, PortError};
use crate::record::challenge::{Challenge, Progress, Step};
use crate::record::flow::{AnswerDigest, Flow, NewFlow, Subject};
use crate::record::pending::Pending;
use crate::record::session::{Browser, NewRecord, Opener, Session, SessionId};
use crate::resolver::error::{Cause, ContactError, SignInError};
use crate::resolver::session::SessionError;
use crate::seal::code::Code;
use crate::seal::code_terms::CodeTerms;
use crate::seal::continuation::{CodeEffect, Continuation, Stage};
use crate::seal::keys::Use;
use crate::seal::link::LinkChallenge;
use crate::seal::pointer::Pointer;
use crate::seal::pseudonym::Pseudonym;
use crate::seal::sealed::{Proof, Resume, Ticket};
use crate::testing::{Seeded, keys};
use crate::value::account::{Attributes, Sub};
use crate::value::code_length::CodeLength;
use crate::value::id::{FlowId, PendingId};
use crate::value::identifier::{Identifier, Method};
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::secret::Secret;
use crate::value::slot::Slot;
use crate::value::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[test]
#[expect(clippy::too_many_lines, reason = "one line a format")]
fn formats_are_unchanged() {
    let mut now = String::new();
    let mut line = |name: &str, value: &str| writeln!(now, "{name}: {value}").unwrap();
    let ring = keys();
    let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
    let number = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
    let sub = Sub::new("8a1d2b3c-4e5f-4a6b-8c7d-9e0f1a2b3c4d");
    let app_client = crate::flow::AppClient::new("eu-west-1_EXAMPLE", "client");
    let flow = FlowId::from_bytes([7; 16]);
    let pending = PendingId::from_bytes([8; 16]);
    let lengths = [6, 8, 10].map(|digits| CodeLength::new(digits).unwrap());
    let free = CodeTerms::uncharged(CodeLength::DEFAULT);
    let purposes = [
        Purpose::SignIn,
        Purpose::Claim,
        Purpose::VerifyContact(pending),
    ];

    for (number, usage) in Use::ALL.into_iter().enumerate() {
        let mac = ring.current().mac(usage, &[b"field"]);
        line(&format!("subkey {number}"), &HEXLOWER.encode(&mac));
    }
    for purpose in purposes {
        for to in [&ada, &number] {
            let name = format!("{} {}", purpose.as_str(), to.method().as_str());
            let ticket = Ticket::new(purpose, to.clone(), free, NOW, &Seeded::new(1));
            line(
                &format!("ticket {name}"),
                &ticket.seal(&ring, &app_client, &Seeded::new(2)),
            );
            for length in lengths {
                let code = Code::derive(ring.current(), length, flow, purpose, to, NOW);
                line(&format!("code {name}"), code.digits());
            }
        }
    }
    let proof = Proof {
        contact: ada.clone(),
        flow,
        made_at: NOW,
    };
    line("proof", &proof.seal(&ring, &app_client, &Seeded::new(3)));
    let resume = Resume { flow, made_at: NOW };
    line("resume", &resume.seal(&ring, &app_client, &Seeded::new(7)));
    let resuming = Ticket::new(
        TicketPurpose::Resume(flow),
        ada.clone(),
        free,
        NOW,
        &Seeded::new(1),
    );
    line(
        "ticket resume",
        &resuming.seal(&ring, &app_client, &Seeded::new(2)),
    );
    let resuming = Ticket {
        purpose: TicketPurpose::ResumeContact(flow),
        ..resuming
    };
    line(
        "ticket resume of a contact",
        &resuming.seal(&ring, &app_client, &Seeded::new(2)),
    );
    let with_link = Ticket {
        link_challenge: Some(LinkChallenge::from_bytes([9; 32])),
        ..Ticket::new(Purpose::SignIn, ada.clone(), free, NOW, &Seeded::new(1))
    };
    line(
        "ticket with a link",
        &with_link.seal(&ring, &app_client, &Seeded::new(2)),
    );
    let code = Code::derive(ring.current(), lengths[1], flow, Purpose::SignIn, &ada, NOW);
    line("link token", &code.link_token().text());
    let secret = Secret::new("secret");
    let answer = AnswerDigest::of_link(ring.current(), flow, "token", &secret);
    line("answer by link", &HEXLOWER.encode(answer.as_bytes()));
    line("pointer", &Pointer::of_flow(&ring, flow).text(lengths[1]));
    line(
        "test code",
        Code::fixed(&ring, CodeLength::DEFAULT, &ada).digits(),
    );
    let slot = Slot::at(NOW, std::time::Duration::from_secs(600));
    for to in [&ada, &number] {
        let code = Code::of_slot(ring.current(), slot, Purpose::SignIn, to);
        line(
            &format!("code of a slot {}", to.method().as_str()),
            code.digits(),
        );
    }
    let slot_terms = CodeTerms::of_slot();
    line("terms of a slot", &HEXLOWER.encode(&slot_terms.to_bytes()));
    let progress = Progress::at_issue(NOW, lengths[1]);
    for step in [Step::Select, Step::Otp(progress), Step::Claim(progress)] {
        let challenge = Challenge { flow, step };
        line(step.name(), &challenge.to_text(&ring, &app_client));
    }
    let row = Flow::new(
        &NewFlow {
            id: flow,
            app_client: &app_client,
            purpose: Purpose::SignIn,
            subject: Subject::Known(sub.clone()),
            contact: &ada,
            locale: None,
            terms: free,
            link_challenge: None,
        },
        &Policy::for_clients(vec!["client".to_owned()]),
        &ring,
        NOW,
        &Seeded::new(4),
    );
    line("contact of a flow", row.contact.as_text());
    let change = Pending::new(
        sub.clone(),
        &ada,
        Some(&number),
        NOW,
        &ring,
        &Seeded::new(5),
    );
    line("pending contact", change.contact.as_text());
    line("replaced contact", change.replaces.unwrap().as_text());
    let held = Attributes::from_pairs([("email", "ada@example.com"), ("email_verified", "true")]);
    line(
        "device token",
        &crate::seal::device::sealed(&held, NOW, &ring, &app_client, &Seeded::new(6)),
    );
    for (name, pseudonym) in [
        ("identifier", Pseudonym::of_identifier(&ring, &ada)),
        ("flow", Pseudonym::of_flow(&ring, flow)),
        ("mailbox", Pseudonym::of_mailbox(&ring, "class", &ada)),
        ("guesses", Pseudonym::of_guesses(&ring, "class", &ada)),
        ("devices", Pseudonym::of_devices(&ring, &ada)),
        ("account", Pseudonym::of_account(&ring, &sub)),
        ("public", Pseudonym::of_public("kind", &[b"field"])),
    ] {
        line(
            &format!("pseudonym {name}"),
            &HEXLOWER.encode(pseudonym.as_bytes()),
        );
    }
    for outcome in [
        DeliveryOutcome::NeverLeft,
        DeliveryOutcome::Refused,
        DeliveryOutcome::Throttled,
        DeliveryOutcome::Unknown,
    ] {
        line("delivery outcome", outcome.as_str());
    }
    let invalid = Identifier::parse(Method::Email, "ada").unwrap_err();
    for error in [
        SignInError::InvalidIdentifier(invalid),
        SignInError::InvalidProof,
        SignInError::InvalidResume,
        SignInError::TooManyRequests {
            retry_after: 1,
            budget: None,
        },
        SignInError::CaptchaRequired {
            budget: Budget::Source,
        },
        SignInError::Unavailable(Cause::PortError(PortError::new("call", "lost"))),
    ] {
        line("error of sign-in", error.error_type());
    }
    for error in [
        ContactError::NotSignedIn,
        ContactError::ReauthRequired,
        ContactError::ContactInUse,
    ] {
        line("error of a contact", error.error_type());
    }
    for error in [SignInError::NothingToUndo, SignInError::ContactInUse] {
        line("error of an undo", error.error_type());
    }
    line(
        "error of an admission",
        SignInError::NotAdmitted.error_type(),
    );
    let held = ContactError::ChangeHeld { retry_after: 1 };
    line("error of a held account", held.error_type());
    line("purpose of an undo", Purpose::Undo(pending).as_str());
    let stages = [
        Stage::Code {
            session: Secret::new("session"),
            username: Secret::new("name"),
            effect: CodeEffect::SignIn,
        },
        Stage::Code {
            session: Secret::new("session"),
            username: Secret::new("name"),
            effect: CodeEffect::Contact,
        },
        Stage::Claim {
            proof: Secret::new("proof"),
            is_new: false,
        },
        Stage::Claim {
            proof: Secret::new("proof"),
            is_new: true,
        },
        Stage::Code {
            session: Secret::new("session"),
            username: Secret::new("name"),
            effect: CodeEffect::SignInExisting,
        },
    ];
    for stage in stages {
        let continuation = Continuation {
            contact: ada.clone(),
            stage,
            made_at: NOW,
        };
        let text = continuation.seal(&ring, &app_client, &Seeded::new(8));
        let text = text.expect("a short session");
        // Each text has 4 kB, most of them padding.
        let hash = sha256(text.as_bytes());
        let name = "hash of a continuation";
        line(name, &HEXLOWER.encode(&hash));
    }
    let ended = SignInError::InvalidContinuation;
    line("error of a continuation", ended.error_type());
    let none = SignInError::NoAccount;
    line("error of a continuation", none.error_type());
    let id = SessionId::from_bytes([7; 32]);
    line("cookie of a session", id.text().expose());
    let key = Pseudonym::of_session(&ring, &id);
    line("pseudonym session", &HEXLOWER.encode(key.as_bytes()));
    let browser = Browser::of("Chrome/150.0 (Windows)");
    line("browser", &browser.text());
    let new = NewRecord {
        account: sub,
        username: "ada".to_owned(),
        signed_in_at: NOW,
        browser,
        refresh: &Secret::new("refresh token"),
        access: &Secret::new("access token"),
        access_expires_at: NOW.plus(Duration::from_secs(300)),
        now: NOW,
        life: Duration::from_secs(3_600),
    };
    let opener = Opener {
        keys: &ring,
        app_client: &app_client,
        id: &id,
    };
    let session = Session::new(&opener, new, &Seeded::new(8));
    let access = session.tokens.access.expect("an access token");
    for (name, token) in [
        ("refresh token", session.tokens.refresh),
        ("access token", access.token),
    ] {
        line(
            &format!("sealed {name}"),
            &HEXLOWER.encode(token.as_bytes()),
        );
    }
    for error in [
        SessionError::NotSignedIn,
        SessionError::Unavailable(Cause::RefreshUnderWay),
    ] {
        line("error of a session", error.error_type());
    }
    assert_eq!(now, include_str!("../tests/data/formats.txt"));
}
