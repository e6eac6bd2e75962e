//! The contract of every [`Store`], for any implementation: memory, and DynamoDB on an emulator.
//!
//! Items have random names, so a table with other items serves as well as an empty one.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use latchstring_core::account::Sub;
use latchstring_core::code::{CodeLength, LinkChallenge};
use latchstring_core::event::{CarriedBy, EventId, EventKind, Intent, OutboxEntry};
use latchstring_core::flow::{AnswerDigest, Flow, FlowId, Purpose, State, Subject};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::{Invitation, Membership};
use latchstring_core::keys::KeyId;
use latchstring_core::locale::Locale;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Charged, Counts, EndIf, Enlisted, Entropy, Finished, Leased, NewAttempt, Opened,
    Redeemable, Redeemed, SessionFacts, Store, Taken, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::{SealedContact, Ticket, TicketId};
use latchstring_core::session::{
    AccessToken, Browser, FormerToken, RefreshLease, SealedToken, Session, SessionTokens,
};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;
use tokio::task::JoinSet;

/// The number of simultaneous calls.
const RACERS: u8 = 32;
/// A charge with every field set: a long code of a known device, with a source and an SMS.
const FULL_TERMS: [u8; CodeTerms::BYTES] = {
    let mut bytes = [7; CodeTerms::BYTES];
    bytes[0] = 8;
    bytes[1] = 0b0101_1110;
    bytes[34] = b'D';
    bytes[35] = b'E';
    bytes
};
/// Returns the terms of every row under test.
fn full_terms() -> CodeTerms {
    CodeTerms::from_bytes(&FULL_TERMS).expect("a charge")
}

/// The terms of a resend.
const LONGER: CodeTerms = CodeTerms::uncharged(CodeLength::LONG);
/// The number of simultaneous distinct answers.
const GUESSES: u8 = 200;

/// A store under test.
#[derive(Debug)]
pub struct Contract<S, E> {
    /// The store.
    pub store: Arc<S>,
    /// Randomness for names. It may repeat values only if the store is a new one each time.
    pub entropy: E,
    /// The time, as the store's own expiry knows it.
    pub now: Timestamp,
}

promises! {
    $ store_contract, store_contract_tests, [S: Store + 'static, E: Entropy], Contract<S, E>;
    a_row_reads_as_it_was_written,
    a_row_is_written_once,
    one_of_many_opens_a_flow,
    a_send_is_taken_by_its_number,
    one_of_many_takes_a_send,
    a_charge_is_recorded_for_the_latest_send_of_an_open_row,
    an_uncharged_code_takes_no_guess_and_no_match,
    a_cooldown_is_reset_for_the_latest_send_of_an_open_row,
    a_guess_is_held_for_each_attempt_that_is_not_counted,
    an_attempt_of_another_session_is_refused,
    guesses_held_at_once_stay_within_the_limit,
    an_attempt_is_counted_with_its_verdict,
    a_verdict_is_recorded_on_the_terms_of_its_row_alone,
    a_known_answer_costs_nothing,
    attempts_at_once_never_pass_the_limit,
    one_right_answer_at_once_matches_once,
    a_closed_row_records_no_attempt,
    only_a_matched_row_is_finished_and_only_once,
    a_row_of_another_session_is_not_finished,
    a_finished_row_is_matched_again,
    a_finished_row_of_an_account_is_in_the_outbox,
    a_row_without_an_attempt_left_is_in_the_outbox,
    an_event_is_in_the_outbox_until_it_is_settled,
    an_event_keeps_its_time_and_is_due_when_it_was_put_last,
    only_the_entry_that_was_read_is_taken_out,
    pages_of_the_outbox_go_past_entries_that_stay,
    one_of_many_finishes,
    a_ticket_or_proof_is_tied_to_one_flow,
    one_of_many_flows_redeems,
    an_account_has_one_pending_contact_of_a_kind,
    only_the_latest_pending_contact_is_settled,
    an_account_has_one_undo_record_replaced_by_its_id,
    one_of_many_writes_an_undo_record,
    an_undo_record_is_closed_once,
    an_invitation_is_redeemed_for_one_username,
    one_of_many_redeems_an_invitation,
    a_contact_names_the_account_it_was_replaced_in_last,
    a_lease_is_held_by_one_until_its_time_is_up,
    one_of_many_takes_a_lease,
    a_session_reads_as_it_was_written,
    a_use_is_noted_once_a_minute_and_browser,
    a_refresh_is_leased_by_one_until_its_time_is_up,
    one_of_many_leases_a_refresh,
    tokens_are_stored_under_their_lease_alone,
    a_session_ends_on_its_condition_and_is_returned,
    one_of_many_ends_a_session,
    a_session_that_is_written_twice_is_one,
    a_list_has_room_for_so_many_sessions,
    sessions_listed_at_once_stay_within_the_limit,
    a_counter_stays_within_its_limit,
    windows_are_charged_together_or_not_at_all,
    charges_at_once_stay_within_the_limit,
    a_refunded_charge_can_be_made_again,
    refunds_at_once_each_take_effect_once,
    counters_are_read_in_the_order_given,
}

impl<S: Store + 'static, E: Entropy> Contract<S, E> {
    fn id(&self) -> FlowId {
        FlowId::from_bytes(self.entropy.bytes())
    }

    /// Returns an unused pseudonym.
    pub fn pseudonym(&self) -> Pseudonym {
        Pseudonym::random(self.entropy.bytes())
    }

    /// Returns an unused account id.
    pub fn sub(&self) -> Sub {
        Sub::new(self.pseudonym().to_string())
    }

    /// Returns an unused answer.
    pub fn answer(&self) -> AnswerDigest {
        AnswerDigest::from_bytes(self.entropy.bytes())
    }

    /// Returns an open undo record of an account.
    pub fn undo(&self, account: &Sub) -> Undo {
        Undo {
            account: account.clone(),
            id: PendingId::from_bytes(self.entropy.bytes()),
            username: self.pseudonym().to_string(),
            method: Method::Email,
            replaced: self.pseudonym(),
            contact: self.pseudonym(),
            replaced_at: self.now,
            expires_at: self.after(10_000),
            closed_at: None,
        }
    }

    /// Returns a browser session as a resolver writes it, with the lengths of Cognito's tokens.
    pub fn session(&self, account: &Sub) -> Session {
        Session {
            key: self.pseudonym(),
            account: account.clone(),
            username: self.pseudonym().to_string(),
            client: "client".to_owned(),
            signed_in_at: self.now,
            opened_at: self.after(1),
            expires_at: self.after(3_600_000),
            last_used_at: self.now,
            browsers: [Browser::of("Chrome/150.0 (Windows)")].into(),
            tokens: self.session_tokens(),
            refreshes: 0,
            lease: None,
        }
    }

    /// Returns the tokens of a browser session.
    pub fn session_tokens(&self) -> SessionTokens {
        let token = |length| {
            let bytes: [u8; 16] = self.entropy.bytes();
            SealedToken::from_bytes(bytes.into_iter().cycle().take(length).collect::<Vec<_>>())
        };
        SessionTokens {
            refresh: token(1_850),
            former: None,
            access: Some(AccessToken {
                token: token(1_150),
                expires_at: self.after(300_000),
            }),
        }
    }

    /// Writes a session and returns it.
    async fn opened_session(&self) -> Session {
        let session = self.session(&self.sub());
        assert_eq!(self.store.open_session(&session).await, Ok(()));
        session
    }

    /// Takes the lease on a session for this time from now on.
    async fn lease_refresh(
        &self,
        of: &Session,
        holder: Pseudonym,
        [now, until]: [u64; 2],
    ) -> Leased {
        let (now, until) = (self.after(now), self.after(until));
        let leased = self
            .store
            .lease_refresh(of.key, of.refreshes, holder, now, until)
            .await;
        leased.expect("an answer")
    }

    /// Returns an unused ticket.
    pub fn ticket(&self) -> TicketId {
        let to = Identifier::parse(Method::Email, "ada@example.com").expect("an address");
        Ticket::new(
            Purpose::SignIn,
            to,
            CodeTerms::uncharged(CodeLength::DEFAULT),
            self.now,
            &self.entropy,
        )
        .id
    }

    /// Returns the time `millis` milliseconds from now.
    pub fn after(&self, millis: u64) -> Timestamp {
        self.now.plus(Duration::from_millis(millis))
    }

    /// Returns a row as Create writes it.
    pub fn row(&self) -> Flow {
        Flow {
            id: self.id(),
            client: "client".to_owned(),
            purpose: Purpose::SignIn,
            subject: Subject::Known(self.sub()),
            contact: SealedContact::from_text("k1.sealed"),
            method: None,
            locale: None,
            terms: full_terms(),
            link_challenge: None,
            message_charged: true,
            key: KeyId::parse("k1").expect("a key id"),
            issued_at: self.now,
            expires_at: self.after(300_000),
            sends: 1,
            unsent: 0,
            last_sent_at: self.now,
            attempts: BTreeSet::new(),
            wrong_answers: BTreeSet::new(),
            held_guesses: 0,
            state: State::Open,
        }
    }

    /// Returns a pending contact as a resolver writes it.
    pub fn pending(&self, account: &Sub, method: Method) -> Pending {
        Pending {
            account: account.clone(),
            method,
            id: PendingId::from_bytes(self.entropy.bytes()),
            contact: SealedContact::from_text("k1.sealed"),
            replaces: None,
            expires_at: self.after(3_600_000),
            outcome: PendingOutcome::Waiting,
        }
    }

    /// Writes a row and returns it.
    async fn opened(&self) -> Flow {
        let row = self.row();
        assert_eq!(self.store.open_flow(&row).await, Ok(Opened::New));
        row
    }

    /// Writes a row whose message is not charged, and returns it.
    async fn opened_uncharged(&self) -> Flow {
        let row = Flow {
            message_charged: false,
            ..self.row()
        };
        assert_eq!(self.store.open_flow(&row).await, Ok(Opened::New));
        row
    }

    /// Writes a matched row and returns the answer that it matched.
    async fn matched(&self) -> (FlowId, AnswerDigest) {
        let (id, answer) = (self.opened().await.id, self.answer());
        let written = self
            .store
            .record_verdict(id, answer, true, full_terms(), 3, self.now)
            .await;
        assert_eq!(written, Ok(VerdictWrite::Recorded));
        (id, answer)
    }

    /// Records an attempt at a row in its own session.
    pub async fn attempt(&self, row: &Flow, answer: AnswerDigest, limit: u8) -> Attempted {
        record_attempt(&*self.store, row, answer, limit, self.now).await
    }

    /// Finishes a row in its own session.
    pub async fn finish(&self, row: &Flow, now: Timestamp) -> Finished {
        let finished = self.store.finish(row.id, session_of(row), true, now).await;
        finished.expect("an answer")
    }

    /// Reads a row, which must exist.
    pub async fn read(&self, id: FlowId) -> Flow {
        let row = self.store.flow(id).await.expect("an answer");
        row.expect("a row")
    }
}

/// Returns the facts of the session that a row is of.
pub fn session_of(row: &Flow) -> SessionFacts<'_> {
    SessionFacts {
        client: &row.client,
        user: match &row.subject {
            Subject::Known(sub) => Some(sub),
            Subject::NoAccount => None,
        },
        issued_at: Some(row.issued_at),
    }
}

async fn record_attempt(
    store: &impl Store,
    row: &Flow,
    answer: AnswerDigest,
    limit: u8,
    now: Timestamp,
) -> Attempted {
    let attempt = NewAttempt {
        answer,
        key: &row.key,
        client: &row.client,
        issued_at: row.issued_at,
        limit,
        now,
    };
    let attempted = store.record_attempt(row.id, &attempt).await;
    attempted.expect("an answer")
}

/// Runs a call for each number at once, and returns the outcomes.
async fn at_once<S, T, F>(store: &Arc<S>, number: u8, call: impl Fn(Arc<S>, u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut racing = JoinSet::new();
    for racer in 0..number {
        racing.spawn(call(Arc::clone(store), racer));
    }
    racing.join_all().await
}

fn count<T: PartialEq + Debug>(outcomes: &[T], wanted: &T) -> usize {
    outcomes.iter().filter(|outcome| *outcome == wanted).count()
}

/// `open_flow`, `flow`: every field is read back, for every purpose, subject and state.
async fn a_row_reads_as_it_was_written<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    assert_eq!(c.store.flow(c.id()).await, Ok(None));
    let at = c.after(1);
    for (purpose, subject, state) in [
        (Purpose::SignIn, Subject::Known(c.sub()), State::Open),
        (
            Purpose::VerifyContact(PendingId::from_bytes(c.entropy.bytes())),
            Subject::Known(c.sub()),
            State::Open,
        ),
        (
            Purpose::SignIn,
            Subject::NoAccount,
            State::Matched {
                answer: c.answer(),
                at,
            },
        ),
        (
            Purpose::Claim,
            Subject::Known(c.sub()),
            State::Finished {
                answer: c.answer(),
                at,
            },
        ),
        (Purpose::Decoy, Subject::NoAccount, State::Open),
        (
            Purpose::Undo(PendingId::from_bytes(c.entropy.bytes())),
            Subject::Known(c.sub()),
            State::Open,
        ),
    ] {
        let row = Flow {
            purpose,
            subject,
            state,
            sends: 3,
            last_sent_at: c.after(2),
            locale: Some(Locale::Ja),
            link_challenge: Some(LinkChallenge::from_bytes([7; 32])),
            attempts: [c.answer(), c.answer()].into(),
            ..c.row()
        };
        assert_eq!(c.store.open_flow(&row).await, Ok(Opened::New));
        assert_eq!(c.store.flow(row.id).await, Ok(Some(row)));
    }
}

/// `open_flow`: the first row stays, and every later caller receives it.
async fn a_row_is_written_once<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let first = c.opened().await;
    let second = Flow {
        id: first.id,
        issued_at: c.after(1),
        ..c.row()
    };
    let before = Opened::Before(Box::new(first.clone()));
    assert_eq!(c.store.open_flow(&second).await, Ok(before));
    assert_eq!(c.read(first.id).await, first);
}

/// `open_flow`, at once.
async fn one_of_many_opens_a_flow<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let row = c.row();
    let opened = at_once(&c.store, RACERS, |store, racer| {
        let mut row = row.clone();
        row.last_sent_at = row.issued_at.plus(Duration::from_secs(racer.into()));
        async move { (store.open_flow(&row).await, row) }
    })
    .await;
    let stored = c.read(row.id).await;
    let winners: Vec<_> = opened
        .iter()
        .filter(|(opened, _)| *opened == Ok(Opened::New))
        .collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(winners[0].1, stored, "the winner's row is the authority");
    let expected = Ok(Opened::Before(Box::new(stored)));
    let losers = opened.iter().filter(|(opened, _)| *opened == expected);
    assert_eq!(losers.count(), usize::from(RACERS) - 1);
}

/// `advance_send`: by exactly the present number, of an open row.
async fn a_send_is_taken_by_its_number<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let id = c.opened().await.id;
    for wrong in [0, 2, u8::MAX] {
        assert_eq!(
            c.store
                .advance_send(id, wrong, Some(LONGER), c.after(1))
                .await,
            Ok(false)
        );
    }
    assert_eq!(
        c.store.advance_send(id, 1, Some(LONGER), c.after(2)).await,
        Ok(true)
    );
    assert_eq!(
        c.store.advance_send(id, 1, Some(LONGER), c.after(3)).await,
        Ok(false)
    );
    let row = c.read(id).await;
    assert_eq!((row.sends, row.last_sent_at), (2, c.after(2)));
    assert_eq!((row.terms, row.unsent), (LONGER, 0));
    assert!(!row.message_charged, "the longer code was not sent yet");
    assert_eq!((row.issued_at, row.state), (c.now, State::Open));

    assert_eq!(
        c.store.advance_send(c.id(), 1, Some(LONGER), c.now).await,
        Ok(false)
    );
    let (matched, _) = c.matched().await;
    assert_eq!(
        c.store.advance_send(matched, 1, Some(LONGER), c.now).await,
        Ok(false)
    );
    c.finish(&c.read(matched).await, c.now).await;
    assert_eq!(
        c.store.advance_send(matched, 1, Some(LONGER), c.now).await,
        Ok(false)
    );
}

/// `advance_send`, at once.
async fn one_of_many_takes_a_send<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let row = c.opened().await;
    let now = c.now;
    let won = at_once(&c.store, RACERS, |store, _| async move {
        store.advance_send(row.id, 1, Some(LONGER), now).await
    })
    .await;
    assert_eq!(count(&won, &Ok(true)), 1);
    assert_eq!(count(&won, &Ok(false)), usize::from(RACERS) - 1);
    assert_eq!(c.read(row.id).await.sends, 2);
}

/// `record_message_charge`: of exactly that send, and as often as it comes.
async fn a_charge_is_recorded_for_the_latest_send_of_an_open_row<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let row = c.opened_uncharged().await;
    for wrong in [0, 2, u8::MAX] {
        assert_eq!(
            c.store.record_message_charge(row.id, wrong).await,
            Ok(false)
        );
    }
    assert_eq!(c.read(row.id).await, row);
    for _ in 0..2 {
        assert_eq!(c.store.record_message_charge(row.id, 1).await, Ok(true));
    }
    let charged = Flow {
        message_charged: true,
        ..row.clone()
    };
    assert_eq!(c.read(row.id).await, charged);
    let resent = c.store.advance_send(row.id, 1, None, c.after(2)).await;
    assert_eq!(resent, Ok(true));
    assert!(c.read(row.id).await.message_charged, "the same code again");
    assert_eq!(c.store.record_message_charge(row.id, 1).await, Ok(false));

    assert_eq!(c.store.record_message_charge(c.id(), 1).await, Ok(false));
    let (matched, _) = c.matched().await;
    assert_eq!(c.store.record_message_charge(matched, 1).await, Ok(false));
}

/// `record_attempt` and `record_verdict` before the message is charged.
async fn an_uncharged_code_takes_no_guess_and_no_match<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    for limit in [0, 3] {
        let row = c.opened_uncharged().await;
        let (id, answer) = (row.id, c.answer());
        let attempted = c.attempt(&row, answer, limit).await;
        let refused = Some(Box::new(row));
        assert_eq!(attempted, Attempted::Refused(refused.clone()));
        let verdict = c
            .store
            .record_verdict(id, answer, true, full_terms(), limit, c.now);
        assert_eq!(verdict.await, Ok(VerdictWrite::Refused(refused)));
    }
    let row = c.opened_uncharged().await;
    let wrong = c
        .store
        .record_verdict(row.id, c.answer(), false, full_terms(), 3, c.now);
    assert_eq!(wrong.await, Ok(VerdictWrite::Recorded));
    assert_eq!(c.read(row.id).await.state, State::Open);
}

/// `reset_resend_cooldown`: clears the time of exactly that send and changes nothing else.
async fn a_cooldown_is_reset_for_the_latest_send_of_an_open_row<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let row = c.opened().await;
    for wrong in [0, 2, u8::MAX] {
        assert_eq!(
            c.store.reset_resend_cooldown(row.id, wrong).await,
            Ok(false)
        );
    }
    assert_eq!(c.read(row.id).await, row);
    assert_eq!(c.store.reset_resend_cooldown(row.id, 1).await, Ok(true));
    assert_eq!(
        c.store.reset_resend_cooldown(row.id, 1).await,
        Ok(false),
        "once"
    );
    let reset = Flow {
        last_sent_at: Timestamp::default(),
        unsent: 1,
        ..row.clone()
    };
    assert_eq!(c.read(row.id).await, reset);
    assert_eq!(
        c.store
            .advance_send(row.id, 1, Some(LONGER), c.after(2))
            .await,
        Ok(true)
    );
    assert_eq!(c.store.reset_resend_cooldown(row.id, 1).await, Ok(false));
    assert_eq!(c.read(row.id).await.last_sent_at, c.after(2));

    assert_eq!(c.store.reset_resend_cooldown(c.id(), 1).await, Ok(false));
    let (matched, _) = c.matched().await;
    assert_eq!(c.store.reset_resend_cooldown(matched, 1).await, Ok(false));
    c.finish(&c.read(matched).await, c.now).await;
    assert_eq!(c.store.reset_resend_cooldown(matched, 1).await, Ok(false));
    assert_eq!(c.read(matched).await.last_sent_at, c.now);
}

/// `record_attempt` and `record_wrong_answer`: distinct answers up to the limit, and one more guess
/// held than there are answers, of an open row.
async fn a_guess_is_held_for_each_attempt_that_is_not_counted<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let row = c.opened().await;
    let (id, terms) = (row.id, row.terms);
    let answers = [c.answer(), c.answer(), c.answer()];
    let attempt = async |answer| c.attempt(&row, answer, 2).await;
    let recorded = async || Attempted::Recorded(Box::new(c.read(id).await));
    let refused = async || Attempted::Refused(Some(Box::new(c.read(id).await)));
    assert_eq!(c.attempt(&row, answers[0], 0).await, refused().await);
    assert_eq!(attempt(answers[0]).await, recorded().await);
    assert_eq!(
        c.store
            .record_wrong_answer(id, answers[0], LONGER, None)
            .await,
        Ok(false)
    );
    assert_eq!(attempt(answers[0]).await, recorded().await, "not counted");
    assert_eq!(
        c.store
            .record_wrong_answer(id, answers[0], terms, None)
            .await,
        Ok(true)
    );
    assert_eq!(attempt(answers[0]).await, refused().await, "wrong before");
    assert_eq!(attempt(answers[1]).await, recorded().await);
    let full = c.read(id).await;
    assert_eq!(
        (
            full.held_guesses,
            full.attempts.len(),
            full.wrong_answers.len()
        ),
        (3, 2, 1)
    );
    for answer in [answers[1], answers[2]] {
        assert_eq!(attempt(answer).await, refused().await, "three are held");
    }
    assert_eq!(c.read(id).await, full);
    let sent = c.store.advance_send(id, 1, Some(LONGER), c.now).await;
    assert_eq!(sent, Ok(true));
    let lengthened = c.read(id).await;
    assert_eq!(
        (lengthened.held_guesses, lengthened.wrong_answers.len()),
        (0, 0)
    );
    assert_eq!(c.store.record_message_charge(id, 2).await, Ok(true));
    assert_eq!(
        attempt(answers[0]).await,
        recorded().await,
        "on other terms it counts again"
    );
    let written = c
        .store
        .record_verdict(id, answers[1], true, LONGER, 2, c.now)
        .await;
    assert_eq!(written, Ok(VerdictWrite::Recorded), "the verdict follows");
    assert_eq!(attempt(answers[0]).await, refused().await);
    assert_eq!(
        c.store
            .record_wrong_answer(id, answers[0], LONGER, None)
            .await,
        Ok(false)
    );
    let missing = Flow { id: c.id(), ..row };
    let missing = c.attempt(&missing, answers[0], 2).await;
    assert_eq!(missing, Attempted::Refused(None));
}

/// `record_attempt`: only with the client, time of issue and key of the row, and before its expiry.
async fn an_attempt_of_another_session_is_refused<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let code = c.opened().await;
    let claim = Flow {
        purpose: Purpose::Claim,
        ..c.row()
    };
    assert_eq!(c.store.open_flow(&claim).await, Ok(Opened::New));
    let other_key = KeyId::parse("other").expect("a key id");
    for row in [&code, &claim] {
        let attempt = NewAttempt {
            answer: c.answer(),
            key: &row.key,
            client: &row.client,
            issued_at: row.issued_at,
            limit: 3,
            now: c.now,
        };
        let mut others = vec![
            NewAttempt {
                key: &other_key,
                ..attempt
            },
            NewAttempt {
                now: row.expires_at,
                ..attempt
            },
            NewAttempt {
                client: "another",
                ..attempt
            },
            NewAttempt {
                issued_at: c.after(1),
                ..attempt
            },
        ];
        if row.purpose == Purpose::Claim {
            others.push(attempt);
        }
        for other in &others {
            let refused = Attempted::Refused(Some(Box::new(row.clone())));
            let attempted = c.store.record_attempt(row.id, other).await;
            assert_eq!(attempted, Ok(refused), "{other:?}");
        }
    }
}

/// `record_attempt`, at once: of distinct answers and of one answer.
async fn guesses_held_at_once_stay_within_the_limit<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    for same in [false, true] {
        let row = c.opened().await;
        let now = c.now;
        let answers: Vec<_> = (0..RACERS).map(|_| c.answer()).collect();
        let attempted = at_once(&c.store, RACERS, |store, racer| {
            let answer = answers[if same { 0 } else { usize::from(racer) }];
            let row = row.clone();
            async move { record_attempt(&*store, &row, answer, 3, now).await }
        })
        .await;
        let held = if same { 4 } else { 3 };
        let recorded = attempted
            .iter()
            .filter(|attempted| matches!(attempted, Attempted::Recorded(_)));
        assert_eq!(recorded.count(), held);
        assert_eq!(usize::from(c.read(row.id).await.held_guesses), held);
        // The same terms again: the guesses are released for another message.
        let renewed = c.store.advance_send(row.id, 1, Some(row.terms), c.now);
        assert_eq!(renewed.await, Ok(true));
        let renewed = c.read(row.id).await;
        assert_eq!((renewed.terms, renewed.held_guesses), (row.terms, 0));
        assert!(!renewed.message_charged, "the message was not charged yet");
    }
}

/// `record_verdict`: attempt and verdict in one write, up to the limit.
async fn an_attempt_is_counted_with_its_verdict<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let id = c.opened().await.id;
    let answers = [c.answer(), c.answer(), c.answer()];
    for answer in &answers[..2] {
        let written = c
            .store
            .record_verdict(id, *answer, false, full_terms(), 3, c.now)
            .await;
        assert_eq!(written, Ok(VerdictWrite::Recorded));
    }
    assert_eq!(c.read(id).await.state, State::Open);
    let written = c
        .store
        .record_verdict(id, answers[2], true, full_terms(), 3, c.after(7))
        .await;
    assert_eq!(written, Ok(VerdictWrite::Recorded));
    let row = c.read(id).await;
    assert_eq!(row.attempts, answers.into());
    let matched = State::Matched {
        answer: answers[2],
        at: c.after(7),
    };
    assert_eq!(row.state, matched);

    let full = c.opened().await.id;
    for answer in answers {
        let written = c
            .store
            .record_verdict(full, answer, false, full_terms(), 3, c.now)
            .await;
        assert_eq!(written, Ok(VerdictWrite::Recorded));
    }
    for right in [false, true] {
        let written = c
            .store
            .record_verdict(full, c.answer(), right, full_terms(), 3, c.now)
            .await;
        let row = c.read(full).await;
        assert_eq!((row.attempts.len(), row.state), (3, State::Open));
        assert_eq!(written, Ok(VerdictWrite::Refused(Some(Box::new(row)))));
    }
    let missing = c
        .store
        .record_verdict(c.id(), c.answer(), true, full_terms(), 3, c.now)
        .await;
    assert_eq!(missing, Ok(VerdictWrite::Refused(None)));
    let none = c.opened().await;
    let written = c
        .store
        .record_verdict(none.id, c.answer(), true, full_terms(), 0, c.now)
        .await;
    assert_eq!(written, Ok(VerdictWrite::Refused(Some(Box::new(none)))));
}

/// `record_verdict`: a row on other terms records neither a wrong nor a right answer.
async fn a_verdict_is_recorded_on_the_terms_of_its_row_alone<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let id = c.opened().await.id;
    let sent = c.store.advance_send(id, 1, Some(LONGER), c.now).await;
    assert_eq!(sent, Ok(true));
    assert_eq!(c.store.record_message_charge(id, 2).await, Ok(true));
    let row = c.read(id).await;
    for (right, limit) in [(false, 3), (true, 3), (true, 0)] {
        let written = c
            .store
            .record_verdict(id, c.answer(), right, full_terms(), limit, c.now)
            .await;
        let refused = VerdictWrite::Refused(Some(Box::new(row.clone())));
        assert_eq!(written, Ok(refused));
    }
    assert_eq!(c.read(id).await, row);
    let written = c
        .store
        .record_verdict(id, c.answer(), true, LONGER, 3, c.now)
        .await;
    assert_eq!(written, Ok(VerdictWrite::Recorded));
}

/// `record_verdict`: the same answer again is recorded again, in a full row too, and takes no room.
async fn a_known_answer_costs_nothing<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let id = c.opened().await.id;
    let answers = [c.answer(), c.answer()];
    for answer in answers.into_iter().chain(answers) {
        let written = c
            .store
            .record_verdict(id, answer, false, full_terms(), 2, c.now)
            .await;
        assert_eq!(written, Ok(VerdictWrite::Recorded));
    }
    assert_eq!(c.read(id).await.attempts, answers.into());
    let written = c
        .store
        .record_verdict(id, answers[0], true, full_terms(), 2, c.now)
        .await;
    assert_eq!(
        written,
        Ok(VerdictWrite::Recorded),
        "and may be right by now"
    );
    assert_ne!(c.read(id).await.state, State::Open);
}

/// `record_verdict`, at once: no more distinct answers than the limit are ever recorded.
async fn attempts_at_once_never_pass_the_limit<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    for limit in [1, 3, 5] {
        let id = c.opened().await.id;
        let now = c.now;
        let written = at_once(&c.store, GUESSES, |store, guess| async move {
            let answer = AnswerDigest::from_bytes([guess; 16]);
            store
                .record_verdict(id, answer, false, full_terms(), limit, now)
                .await
        })
        .await;
        assert_eq!(
            count(&written, &Ok(VerdictWrite::Recorded)),
            usize::from(limit)
        );
        let refused = written
            .iter()
            .filter(|written| matches!(written, Ok(VerdictWrite::Refused(Some(_)))));
        assert_eq!(refused.count(), usize::from(GUESSES - limit));
        assert_eq!(c.read(id).await.attempts.len(), usize::from(limit));
    }
}

/// `record_verdict`, at once: the same right answer is recorded once, and the other calls read that it was.
async fn one_right_answer_at_once_matches_once<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (id, answer, now) = (c.opened().await.id, c.answer(), c.now);
    let written = at_once(&c.store, RACERS, |store, _| async move {
        store
            .record_verdict(id, answer, true, full_terms(), 3, now)
            .await
    })
    .await;
    assert_eq!(count(&written, &Ok(VerdictWrite::Recorded)), 1);
    let row = c.read(id).await;
    assert_eq!(row.state, State::Matched { answer, at: now });
    let refused = Ok(VerdictWrite::Refused(Some(Box::new(row))));
    assert_eq!(count(&written, &refused), usize::from(RACERS) - 1);
}

/// `record_verdict`: a matched or finished row keeps its answer, its time and its attempts.
async fn a_closed_row_records_no_attempt<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (id, answer) = c.matched().await;
    for finished in [false, true] {
        if finished {
            c.finish(&c.read(id).await, c.now).await;
        }
        let row = c.read(id).await;
        for (answer, right) in [(answer, true), (answer, false), (c.answer(), true)] {
            let written = c
                .store
                .record_verdict(id, answer, right, full_terms(), 3, c.after(9))
                .await;
            assert_eq!(
                written,
                Ok(VerdictWrite::Refused(Some(Box::new(row.clone()))))
            );
        }
        assert_eq!(c.read(id).await, row);
    }
}

/// `finish`.
async fn only_a_matched_row_is_finished_and_only_once<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let open = c.opened().await;
    let missing = Flow {
        id: c.id(),
        ..open.clone()
    };
    assert_eq!(c.finish(&missing, c.now).await, Finished::Refused(None));
    let refused = async |id| Finished::Refused(Some(Box::new(c.read(id).await)));
    assert_eq!(c.finish(&open, c.now).await, refused(open.id).await);
    assert_eq!(c.read(open.id).await, open);
    let (id, answer) = c.matched().await;
    let matched = c.read(id).await;
    let at = c.after(5);
    let finished = Flow {
        state: State::Finished { answer, at },
        ..matched.clone()
    };
    let now = Finished::Now(Box::new(finished.clone()));
    assert_eq!(c.finish(&matched, at).await, now);
    assert_eq!(c.read(id).await, finished);
    assert_eq!(c.finish(&matched, c.after(9)).await, refused(id).await);
    assert_eq!(c.read(id).await, finished);
}

/// `finish`: only in the session of the row, and for a pending or a restored contact only once it is
/// written.
async fn a_row_of_another_session_is_not_finished<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (another, at) = (c.sub(), c.after(1));
    let pending = Purpose::VerifyContact(PendingId::from_bytes(c.entropy.bytes()));
    let undo = Purpose::Undo(PendingId::from_bytes(c.entropy.bytes()));
    for (purpose, subject) in [
        (Purpose::SignIn, Subject::Known(c.sub())),
        (Purpose::SignIn, Subject::NoAccount),
        (Purpose::Claim, Subject::Known(c.sub())),
        (pending, Subject::Known(c.sub())),
        (undo, Subject::Known(c.sub())),
    ] {
        let writes = purpose == pending || purpose == undo;
        let matched = Flow {
            purpose,
            subject,
            state: State::Matched {
                answer: c.answer(),
                at,
            },
            ..c.row()
        };
        assert_eq!(c.store.open_flow(&matched).await, Ok(Opened::New));
        let session = session_of(&matched);
        let finish = async |session, contact_written| {
            let finishing = c.store.finish(matched.id, session, contact_written, at);
            finishing.await.expect("an answer")
        };
        let mut others = vec![
            SessionFacts {
                client: "another",
                ..session
            },
            SessionFacts {
                issued_at: Some(c.after(1)),
                ..session
            },
            SessionFacts {
                user: Some(&another),
                ..session
            },
        ];
        if session.user.is_some() {
            others.push(SessionFacts {
                user: None,
                ..session
            });
        }
        let refused = Finished::Refused(Some(Box::new(matched.clone())));
        for other in others {
            assert_eq!(finish(other, true).await, refused, "{other:?}");
        }
        if writes {
            assert_eq!(finish(session, false).await, refused);
        }
        let session = SessionFacts {
            // The first challenge of a session states none.
            issued_at: session
                .issued_at
                .filter(|_| purpose != Purpose::Claim && purpose != undo),
            ..session
        };
        let finished = finish(session, writes).await;
        assert!(matches!(finished, Finished::Now(_)), "{purpose:?}");
    }
}

/// `undo_finish`: only a row that was finished at that time, which may then be finished again.
async fn a_finished_row_is_matched_again<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (id, answer) = c.matched().await;
    let matched = c.read(id).await;
    assert_eq!(c.store.undo_finish(c.id(), c.now).await, Ok(false));
    assert_eq!(
        c.store.undo_finish(id, c.now).await,
        Ok(false),
        "not finished"
    );
    c.finish(&matched, c.after(5)).await;
    assert_eq!(c.store.undo_finish(id, c.after(6)).await, Ok(false));
    assert_eq!(c.store.undo_finish(id, c.after(5)).await, Ok(true));
    let at = c.after(5);
    assert_eq!(c.read(id).await.state, State::Matched { answer, at });
    assert_eq!(c.store.undo_finish(id, c.after(5)).await, Ok(false), "once");
    let finished = c.finish(&matched, c.after(7)).await;
    assert!(matches!(finished, Finished::Now(_)));
}

/// `finish`, at once.
async fn one_of_many_finishes<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (id, _) = c.matched().await;
    let (row, now) = (c.read(id).await, c.now);
    let finished = at_once(&c.store, RACERS, |store, racer| {
        let at = now.plus(Duration::from_millis(racer.into()));
        let row = row.clone();
        async move { store.finish(row.id, session_of(&row), true, at).await }
    })
    .await;
    let row = Box::new(c.read(id).await);
    let winner = Ok(Finished::Now(row.clone()));
    assert_eq!(count(&finished, &winner), 1);
    let loser = Ok(Finished::Refused(Some(row)));
    assert_eq!(count(&finished, &loser), usize::from(RACERS) - 1);
}

/// `redeem`, `is_redeemed`: for tickets and proofs alike; the same flow may redeem again.
async fn a_ticket_or_proof_is_tied_to_one_flow<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let keep = c.after(120_000);
    for redeemable in [Redeemable::Ticket(c.ticket()), Redeemable::Proof(c.id())] {
        let (here, elsewhere) = (c.id(), c.id());
        assert_eq!(c.store.is_redeemed(redeemable).await, Ok(false));
        for _ in 0..2 {
            let redeemed = c.store.redeem(redeemable, here, keep).await;
            assert_eq!(redeemed, Ok(Redeemed::Here));
            let redeemed = c.store.redeem(redeemable, elsewhere, keep).await;
            assert_eq!(redeemed, Ok(Redeemed::Elsewhere));
            assert_eq!(c.store.is_redeemed(redeemable).await, Ok(true));
        }
    }
    let ticket = c.ticket();
    let flow = FlowId::from_bytes(*ticket.as_bytes());
    c.store
        .redeem(Redeemable::Ticket(ticket), c.id(), keep)
        .await
        .expect("an answer");
    let proof = c.store.is_redeemed(Redeemable::Proof(flow)).await;
    assert_eq!(
        proof,
        Ok(false),
        "a ticket is not a proof of the same bytes"
    );
}

/// `redeem`, at once.
async fn one_of_many_flows_redeems<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let redeemable = Redeemable::Ticket(c.ticket());
    let keep = c.after(120_000);
    let run = c.id();
    let redeemed = at_once(&c.store, RACERS, |store, racer| {
        let mut bytes = *run.as_bytes();
        bytes[0] = racer;
        async move {
            store
                .redeem(redeemable, FlowId::from_bytes(bytes), keep)
                .await
        }
    })
    .await;
    assert_eq!(count(&redeemed, &Ok(Redeemed::Here)), 1);
    let elsewhere = count(&redeemed, &Ok(Redeemed::Elsewhere));
    assert_eq!(elsewhere, usize::from(RACERS) - 1);
}

/// A newer request of the same kind replaces an older one. Other accounts and kinds have their own.
async fn an_account_has_one_pending_contact_of_a_kind<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (ada, bob) = (c.sub(), c.sub());
    let older = c.pending(&ada, Method::Email);
    let newer = Pending {
        replaces: Some(SealedContact::from_text("k1.old")),
        ..c.pending(&ada, Method::Email)
    };
    let by_phone = c.pending(&ada, Method::PhoneNumber);
    for pending in [&older, &newer, &by_phone] {
        assert_eq!(c.store.put_pending(pending).await, Ok(()));
    }
    assert_eq!(
        c.store.pending(&ada, Method::Email).await,
        Ok(Some(newer)),
        "the newer one is stored"
    );
    assert_eq!(
        c.store.pending(&ada, Method::PhoneNumber).await,
        Ok(Some(by_phone))
    );
    assert_eq!(c.store.pending(&bob, Method::Email).await, Ok(None));
}

/// The outcome of a request is written only while it is the latest, and may be written repeatedly.
async fn only_the_latest_pending_contact_is_settled<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let ada = c.sub();
    let (older, newer) = (
        c.pending(&ada, Method::Email),
        c.pending(&ada, Method::Email),
    );
    let settle = async |id, outcome| {
        c.store
            .settle_pending(&ada, Method::Email, id, outcome)
            .await
    };
    assert_eq!(settle(older.id, PendingOutcome::Done).await, Ok(false));
    for pending in [&older, &newer] {
        assert_eq!(c.store.put_pending(pending).await, Ok(()));
    }
    assert_eq!(settle(older.id, PendingOutcome::Done).await, Ok(false));
    let now = c.store.pending(&ada, Method::Email).await;
    assert_eq!(now, Ok(Some(newer.clone())), "nothing was written");
    for _ in 0..2 {
        assert_eq!(settle(newer.id, PendingOutcome::InUse).await, Ok(true));
    }
    assert_eq!(settle(newer.id, PendingOutcome::Undone).await, Ok(true));
    let settled = Pending {
        outcome: PendingOutcome::Undone,
        ..newer
    };
    assert_eq!(
        c.store.pending(&ada, Method::Email).await,
        Ok(Some(settled))
    );
}

/// `put_undo`, `undo`.
async fn an_account_has_one_undo_record_replaced_by_its_id<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (ada, bob) = (c.sub(), c.sub());
    let (older, newer) = (c.undo(&ada), c.undo(&ada));
    let put = async |undo, over| c.store.put_undo(undo, over).await;
    assert_eq!(
        put(&older, Some(newer.id)).await,
        Ok(false),
        "there is none"
    );
    assert_eq!(c.store.undo(&ada).await, Ok(None));
    for _ in 0..2 {
        assert_eq!(put(&older, None).await, Ok(true), "also repeated");
    }
    assert_eq!(c.store.undo(&ada).await, Ok(Some(older.clone())));
    assert_eq!(put(&newer, None).await, Ok(false), "there is one");
    assert_eq!(
        put(&newer, Some(c.undo(&ada).id)).await,
        Ok(false),
        "of another id"
    );
    assert_eq!(c.store.undo(&ada).await, Ok(Some(older.clone())));
    assert_eq!(c.store.close_undo(&ada, older.id, c.now).await, Ok(true));
    for _ in 0..2 {
        assert_eq!(put(&newer, Some(older.id)).await, Ok(true));
    }
    assert_eq!(c.store.undo(&ada).await, Ok(Some(newer)), "and it is open");
    assert_eq!(c.store.undo(&bob).await, Ok(None));
}

/// `put_undo`, at once.
async fn one_of_many_writes_an_undo_record<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    for over in [None, Some(())] {
        let ada = c.sub();
        let before = c.undo(&ada);
        if over.is_some() {
            assert_eq!(c.store.put_undo(&before, None).await, Ok(true));
        }
        let over = over.map(|()| before.id);
        let run: [u8; 16] = c.entropy.bytes();
        let written = at_once(&c.store, RACERS, |store, racer| {
            let mut bytes = run;
            bytes[0] = racer;
            let undo = Undo {
                id: PendingId::from_bytes(bytes),
                ..before.clone()
            };
            async move { store.put_undo(&undo, over).await }
        })
        .await;
        assert_eq!(count(&written, &Ok(true)), 1);
        assert_eq!(count(&written, &Ok(false)), usize::from(RACERS) - 1);
    }
}

/// `close_undo`.
async fn an_undo_record_is_closed_once<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let ada = c.sub();
    let undo = c.undo(&ada);
    let close = async |id, at| c.store.close_undo(&ada, id, at).await;
    assert_eq!(close(undo.id, c.now).await, Ok(false), "there is none");
    assert_eq!(c.store.undo(&ada).await, Ok(None), "nothing was written");
    assert_eq!(c.store.put_undo(&undo, None).await, Ok(true));
    assert_eq!(close(c.undo(&ada).id, c.now).await, Ok(false));
    assert_eq!(c.store.undo(&ada).await, Ok(Some(undo.clone())));
    for later in [0, 5] {
        assert_eq!(close(undo.id, c.after(later)).await, Ok(true));
        let closed = Undo {
            closed_at: Some(c.now),
            ..undo.clone()
        };
        assert_eq!(c.store.undo(&ada).await, Ok(Some(closed)));
    }
    assert_eq!(c.store.put_undo(&undo, None).await, Ok(true), "its own id");
    let found = c.store.undo(&ada).await.expect("an answer");
    assert!(
        found.is_some_and(|undo| undo.closed_at.is_some()),
        "it stays closed"
    );
}

/// `put_invitation`, `redeem_invitation`, `use_invitation`, `withdraw_invitation`.
async fn an_invitation_is_redeemed_for_one_username<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let attributes = [("custom:tier".to_owned(), "gold".to_owned())];
    let groups = ["admins".to_owned(), "staff".to_owned()];
    let membership = Membership::new(attributes.into(), groups.into()).expect("valid");
    let open = Invitation {
        contact: c.pseudonym(),
        until: c.after(1_000),
        membership,
        redeemed_by: None,
        is_used: false,
    };
    let redeem = async |username: &str, at| {
        c.store
            .redeem_invitation(open.contact, username, c.after(at))
            .await
    };
    let use_up = async |username: &str| c.store.use_invitation(open.contact, username).await;
    let put = async || c.store.put_invitation(&open, c.after(9_000)).await;
    assert_eq!(redeem("one", 0).await, Ok(None), "there is none");
    assert_eq!(use_up("one").await, Ok(()));
    assert_eq!(redeem("one", 0).await, Ok(None), "nothing was written");
    assert_eq!(put().await, Ok(()));
    assert_eq!(
        redeem("one", 1_000).await,
        Ok(Some(open.clone())),
        "it has ended"
    );
    let of_one = Invitation {
        redeemed_by: Some("one".to_owned()),
        ..open.clone()
    };
    for _ in 0..2 {
        assert_eq!(
            redeem("one", 999).await,
            Ok(Some(of_one.clone())),
            "also repeated"
        );
    }
    assert_eq!(redeem("two", 0).await, Ok(Some(of_one.clone())));
    assert_eq!(use_up("two").await, Ok(()));
    assert_eq!(
        redeem("two", 0).await,
        Ok(Some(of_one.clone())),
        "it is not used"
    );
    let used = Invitation {
        membership: Membership::default(),
        is_used: true,
        ..of_one
    };
    for _ in 0..2 {
        assert_eq!(use_up("one").await, Ok(()));
        assert_eq!(redeem("one", 0).await, Ok(Some(used.clone())));
    }
    assert_eq!(put().await, Ok(()), "in place of the used one");
    assert!(
        redeem("two", 0)
            .await
            .expect("an answer")
            .is_some_and(|it| !it.is_used)
    );
    for _ in 0..2 {
        assert_eq!(c.store.withdraw_invitation(open.contact).await, Ok(()));
        assert_eq!(redeem("two", 0).await, Ok(None));
    }
}

/// `redeem_invitation`, at once.
async fn one_of_many_redeems_an_invitation<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let invitation = Invitation {
        contact: c.pseudonym(),
        until: c.after(1_000),
        membership: Membership::default(),
        redeemed_by: None,
        is_used: false,
    };
    let put = c.store.put_invitation(&invitation, c.after(9_000)).await;
    assert_eq!(put, Ok(()));
    let (contact, now) = (invitation.contact, c.now);
    let redeemed = at_once(&c.store, RACERS, |store, racer| async move {
        let username = racer.to_string();
        let redeemed = store.redeem_invitation(contact, &username, now).await;
        let by = redeemed.expect("an answer").and_then(|it| it.redeemed_by);
        (by == Some(username), by)
    })
    .await;
    assert_eq!(redeemed.iter().filter(|(own, _)| *own).count(), 1);
    let first = &redeemed[0].1;
    assert!(redeemed.iter().all(|(_, by)| by.is_some() && by == first));
}

/// `put_replaced`, `replaced`.
async fn a_contact_names_the_account_it_was_replaced_in_last<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (contact, ada, bob) = (c.pseudonym(), c.sub(), c.sub());
    let keep = c.after(10_000);
    let put = async |account, at| {
        let put = c.store.put_replaced(contact, account, c.after(at), keep);
        put.await.expect("an answer");
    };
    assert_eq!(c.store.replaced(contact).await, Ok(None));
    for (account, at, named) in [
        (&ada, 5, &ada),
        (&ada, 5, &ada),
        (&bob, 4, &ada),
        (&bob, 6, &bob),
        (&ada, 5, &bob),
    ] {
        put(account, at).await;
        assert_eq!(c.store.replaced(contact).await, Ok(Some(named.clone())));
    }
    assert_eq!(c.store.replaced(c.pseudonym()).await, Ok(None));
}

/// `lease`, `release`.
async fn a_lease_is_held_by_one_until_its_time_is_up<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (on, one, other) = (c.pseudonym(), c.pseudonym(), c.pseudonym());
    let lease = async |holder, now, until| {
        let taken = c.store.lease(on, holder, c.after(now), c.after(until));
        taken.await.expect("an answer")
    };
    let release = async |holder| c.store.release(on, holder).await.expect("an answer");
    assert!(lease(one, 0, 1_000).await);
    assert!(!lease(other, 0, 1_000).await);
    assert!(!lease(other, 999, 2_000).await);
    assert!(
        lease(one, 500, 1_500).await,
        "its holder may have it longer"
    );
    assert!(!lease(other, 1_499, 2_000).await);
    assert!(lease(other, 1_500, 2_500).await, "it has expired");
    release(one).await;
    assert!(
        !lease(one, 1_600, 3_000).await,
        "it belonged to another holder"
    );
    release(other).await;
    assert!(lease(one, 1_600, 3_000).await);
    release(one).await;
    release(one).await;
    assert!(lease(other, 0, 1_000).await);
}

/// `lease`, at once.
async fn one_of_many_takes_a_lease<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let run = c.pseudonym();
    let (now, until) = (c.now, c.after(10_000));
    for was_held in [false, true] {
        let on = c.pseudonym();
        if was_held {
            let early = Timestamp::from_millis(now.as_millis() - 10);
            let taken = c.store.lease(on, run, early, now).await;
            assert_eq!(taken, Ok(true), "expired, and not given back");
        }
        let taken = at_once(&c.store, RACERS, |store, racer| {
            let mut bytes = *run.as_bytes();
            bytes[0] = racer;
            async move { store.lease(on, Pseudonym::random(bytes), now, until).await }
        })
        .await;
        assert_eq!(count(&taken, &Ok(true)), 1);
        assert_eq!(count(&taken, &Ok(false)), usize::from(RACERS) - 1);
    }
}

/// `open_session`, `session`, `sessions`: every field is read back.
async fn a_session_reads_as_it_was_written<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (ada, now) = (c.sub(), c.now);
    let plain = Session {
        browsers: BTreeSet::new(),
        tokens: SessionTokens {
            access: None,
            ..c.session_tokens()
        },
        ..c.session(&ada)
    };
    let full = Session {
        browsers: [Browser::OTHER, Browser::of("Firefox/150.0")].into(),
        tokens: SessionTokens {
            former: Some(FormerToken {
                token: c.session_tokens().refresh,
                until: c.after(60_000),
            }),
            ..c.session_tokens()
        },
        refreshes: 7,
        lease: Some(RefreshLease {
            holder: c.pseudonym(),
            until: now,
        }),
        ..c.session(&ada)
    };
    assert_eq!(c.store.session(plain.key).await, Ok(None));
    for session in [&plain, &full] {
        assert_eq!(c.store.open_session(session).await, Ok(()));
        let read = c.store.session(session.key).await;
        assert_eq!(read, Ok(Some(session.clone())));
    }
    let keys = [full.key, c.pseudonym(), plain.key];
    let mut found = c.store.sessions(&keys).await.expect("an answer");
    found.sort_by_key(|session| session.refreshes);
    assert_eq!(found, [plain, full]);
    assert_eq!(c.store.sessions(&[c.pseudonym()]).await, Ok(Vec::new()));
}

/// `note_use`.
async fn a_use_is_noted_once_a_minute_and_browser<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let session = c.opened_session().await;
    let firefox = Browser::of("Firefox/150.0");
    let chrome = *session.browsers.first().expect("a browser");
    let note = async |key, after, browser| {
        let noted = c.store.note_use(key, c.after(after), browser).await;
        noted.expect("an answer")
    };
    assert!(!note(c.pseudonym(), 60_000, Some(firefox)).await, "missing");
    assert_eq!(c.store.sessions(&[c.pseudonym()]).await, Ok(Vec::new()));
    assert!(!note(session.key, 0, Some(chrome)).await, "the same minute");
    assert!(!note(session.key, 0, None).await);
    assert!(note(session.key, 0, Some(firefox)).await, "a new browser");
    assert!(!note(session.key, 0, Some(firefox)).await);
    assert!(note(session.key, 60_000, Some(firefox)).await);
    assert!(!note(session.key, 0, Some(Browser::OTHER)).await, "earlier");
    assert!(note(session.key, 120_000, None).await);
    let noted = Session {
        last_used_at: c.after(120_000),
        browsers: [chrome, firefox].into(),
        ..session.clone()
    };
    assert_eq!(c.store.session(session.key).await, Ok(Some(noted)));
}

/// `lease_refresh`, `give_up_refresh`.
async fn a_refresh_is_leased_by_one_until_its_time_is_up<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let session = c.opened_session().await;
    let (one, other) = (c.pseudonym(), c.pseudonym());
    let leased_by = |holder, until| Session {
        lease: Some(RefreshLease {
            holder,
            until: c.after(until),
        }),
        ..session.clone()
    };
    let taken = |holder, until| Leased::Taken(Box::new(leased_by(holder, until)));
    let refused = |holder, until| Leased::Refused(Some(Box::new(leased_by(holder, until))));
    let missing = Session {
        key: c.pseudonym(),
        ..session.clone()
    };
    let lease = async |holder, times| c.lease_refresh(&session, holder, times).await;
    let of_missing = c.lease_refresh(&missing, one, [0, 1_000]).await;
    assert_eq!(of_missing, Leased::Refused(None));
    assert_eq!(c.store.session(missing.key).await, Ok(None));
    let later = Session {
        refreshes: 1,
        ..session.clone()
    };
    let of_later = c.lease_refresh(&later, one, [0, 1_000]).await;
    assert_eq!(of_later, Leased::Refused(Some(Box::new(session.clone()))));
    assert_eq!(lease(one, [0, 1_000]).await, taken(one, 1_000));
    assert_eq!(lease(other, [999, 2_000]).await, refused(one, 1_000));
    assert_eq!(lease(one, [500, 1_500]).await, taken(one, 1_500));
    assert_eq!(lease(other, [1_500, 2_500]).await, taken(other, 2_500));
    let give_up = async |holder| {
        let after = c.after(1_600);
        let done = c.store.give_up_refresh(session.key, holder, after).await;
        done.expect("an answer");
    };
    give_up(one).await;
    assert_eq!(lease(one, [1_600, 9_000]).await, refused(other, 2_500));
    give_up(other).await;
    let expired = leased_by(other, 1_600);
    assert_eq!(c.store.session(session.key).await, Ok(Some(expired)));
    assert_eq!(lease(one, [1_600, 9_000]).await, taken(one, 9_000));
    let of_missing = c.store.give_up_refresh(missing.key, one, c.now).await;
    assert_eq!(of_missing, Ok(()));
    assert_eq!(c.store.session(missing.key).await, Ok(None));
}

/// `lease_refresh`, at once.
async fn one_of_many_leases_a_refresh<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (run, now, until) = (c.pseudonym(), c.now, c.after(10_000));
    for was_held in [false, true] {
        let session = c.opened_session().await;
        if was_held {
            let early = c.lease_refresh(&session, run, [0, 0]).await;
            assert!(matches!(early, Leased::Taken(_)), "it expires at once");
        }
        let leased = at_once(&c.store, RACERS, |store, racer| {
            let mut bytes = *run.as_bytes();
            bytes[0] ^= racer + 1;
            let holder = Pseudonym::random(bytes);
            async move {
                let leased = store
                    .lease_refresh(session.key, 0, holder, now, until)
                    .await;
                matches!(leased, Ok(Leased::Taken(_)))
            }
        })
        .await;
        assert_eq!(count(&leased, &true), 1);
    }
}

/// `store_refresh`.
async fn tokens_are_stored_under_their_lease_alone<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let session = c.opened_session().await;
    let (one, other) = (c.pseudonym(), c.pseudonym());
    let store = async |holder, tokens| {
        let stored = c.store.store_refresh(session.key, holder, tokens).await;
        stored.expect("an answer")
    };
    let rotated = SessionTokens {
        former: Some(FormerToken {
            token: session.tokens.refresh.clone(),
            until: c.after(60_000),
        }),
        ..c.session_tokens()
    };
    assert!(!store(one, &rotated).await, "no lease");
    c.lease_refresh(&session, one, [0, 1_000]).await;
    assert!(!store(other, &rotated).await, "another holder's lease");
    assert_eq!(
        c.store
            .session(session.key)
            .await
            .map(|it| it.map(|it| it.tokens)),
        Ok(Some(session.tokens.clone())),
        "nothing was stored"
    );
    // Expired, and no other holder took it.
    for _ in 0..2 {
        assert!(store(one, &rotated).await, "also repeated");
    }
    let refreshed = Session {
        tokens: rotated.clone(),
        refreshes: 1,
        ..session.clone()
    };
    assert_eq!(
        c.store.session(session.key).await,
        Ok(Some(refreshed.clone()))
    );
    let stale = c.lease_refresh(&session, other, [0, 1_000]).await;
    assert!(matches!(stale, Leased::Refused(Some(_))), "refreshed since");
    c.lease_refresh(&refreshed, other, [0, 1_000]).await;
    let plain = SessionTokens {
        access: None,
        ..c.session_tokens()
    };
    assert!(
        !store(c.pseudonym(), &plain).await,
        "another holder's lease"
    );
    assert!(store(other, &plain).await);
    let refreshed = Session {
        tokens: plain.clone(),
        refreshes: 2,
        ..session.clone()
    };
    assert_eq!(
        c.store.session(session.key).await,
        Ok(Some(refreshed.clone())),
        "a token that is missing is removed"
    );
    // A slow holder whose lease was taken over stores nothing.
    c.lease_refresh(&refreshed, one, [0, 1_000]).await;
    c.lease_refresh(&refreshed, other, [1_000, 2_000]).await;
    assert!(!store(one, &c.session_tokens()).await);
    let missing = c.pseudonym();
    assert_eq!(c.store.store_refresh(missing, one, &plain).await, Ok(false));
    assert_eq!(c.store.session(missing).await, Ok(None));
}

/// `end_session`.
async fn a_session_ends_on_its_condition_and_is_returned<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (session, bob, holder) = (c.opened_session().await, c.sub(), c.pseudonym());
    let end = async |key, condition| {
        let ended = c.store.end_session(key, condition).await;
        ended.expect("an answer")
    };
    assert_eq!(end(c.pseudonym(), EndIf::Of(&bob)).await, None);
    assert_eq!(end(session.key, EndIf::Of(&bob)).await, None);
    assert_eq!(end(session.key, EndIf::LeasedBy(holder)).await, None);
    c.lease_refresh(&session, holder, [0, 0]).await;
    let another = c.pseudonym();
    assert_eq!(end(session.key, EndIf::LeasedBy(another)).await, None);
    let ended = end(session.key, EndIf::LeasedBy(holder)).await;
    assert_eq!(ended.map(|it| it.tokens), Some(session.tokens));
    assert_eq!(c.store.session(session.key).await, Ok(None));
    let session = c.opened_session().await;
    let account = session.account.clone();
    let ended = end(session.key, EndIf::Of(&account)).await;
    assert_eq!(ended, Some(session.clone()));
    assert_eq!(end(session.key, EndIf::Of(&account)).await, None);
}

/// `end_session`, at once.
async fn one_of_many_ends_a_session<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let session = c.opened_session().await;
    let ended = at_once(&c.store, RACERS, |store, _| {
        let (key, account) = (session.key, session.account.clone());
        async move {
            let ended = store.end_session(key, EndIf::Of(&account)).await;
            ended.expect("an answer").is_some()
        }
    })
    .await;
    assert_eq!(count(&ended, &true), 1);
}

/// `open_session`, repeated after an answer that was lost.
async fn a_session_that_is_written_twice_is_one<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let session = c.opened_session().await;
    assert_eq!(c.store.open_session(&session).await, Ok(()));
    let read = c.store.session(session.key).await;
    assert_eq!(read, Ok(Some(session.clone())));
    let condition = EndIf::Of(&session.account);
    let ended = c.store.end_session(session.key, condition).await;
    assert!(ended.is_ok_and(|ended| ended.is_some()));
    assert_eq!(c.store.session(session.key).await, Ok(None));
}

/// `enlist_session`, `enlisted_sessions`, `delist_sessions`.
async fn a_list_has_room_for_so_many_sessions<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let (ada, bob, keep) = (c.sub(), c.sub(), c.after(60_000));
    let mut keys = [c.pseudonym(), c.pseudonym(), c.pseudonym()];
    keys.sort();
    let [one, two, three] = keys;
    let enlist = async |account, key, limit| {
        let enlisted = c.store.enlist_session(account, key, limit, keep).await;
        match enlisted.expect("an answer") {
            Enlisted::Yes => None,
            Enlisted::Full(mut listed) => {
                listed.sort();
                Some(listed)
            }
        }
    };
    let listed = async |account| {
        let listed = c.store.enlisted_sessions(account).await;
        let mut listed = listed.expect("an answer");
        listed.sort();
        listed
    };
    let delist = async |account, keys: &[Pseudonym]| {
        let delisted = c.store.delist_sessions(account, keys).await;
        delisted.expect("an answer");
    };
    assert_eq!(listed(&ada).await, []);
    delist(&ada, &[one]).await;
    assert_eq!(listed(&ada).await, []);
    assert_eq!(enlist(&ada, one, 2).await, None);
    assert_eq!(enlist(&ada, two, 2).await, None);
    assert_eq!(enlist(&ada, two, 2).await, None, "also repeated");
    assert_eq!(enlist(&ada, three, 2).await, Some(vec![one, two]));
    assert_eq!(listed(&ada).await, [one, two]);
    assert_eq!(enlist(&bob, three, 2).await, None, "a list an account");
    delist(&ada, &[one, three]).await;
    assert_eq!(listed(&ada).await, [two]);
    assert_eq!(enlist(&ada, three, 2).await, None);
    delist(&ada, &[two, three]).await;
    assert_eq!(listed(&ada).await, []);
    assert_eq!(enlist(&ada, one, 1).await, None);
    assert_eq!(listed(&bob).await, [three]);
}

/// `enlist_session`, at once.
async fn sessions_listed_at_once_stay_within_the_limit<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let (ada, run, keep) = (c.sub(), c.pseudonym(), c.after(60_000));
    let enlisted = at_once(&c.store, RACERS, |store, racer| {
        let (ada, mut bytes) = (ada.clone(), *run.as_bytes());
        bytes[0] = racer;
        let key = Pseudonym::random(bytes);
        async move {
            let enlisted = store.enlist_session(&ada, key, 5, keep).await;
            enlisted.expect("an answer") == Enlisted::Yes
        }
    })
    .await;
    assert_eq!(count(&enlisted, &true), 5);
    let listed = c.store.enlisted_sessions(&ada).await;
    assert_eq!(listed.expect("an answer").len(), 5);
}

/// Returns a window of a counter.
pub fn window(name: &str, amount: u32, limit: u32) -> Window {
    Window {
        name: name.to_owned(),
        amount,
        limit,
    }
}

/// `charge`.
async fn a_counter_stays_within_its_limit<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let counter = c.pseudonym();
    let keep = c.after(60_000);
    let charge = async |counter, amount, limit| {
        let windows = [window("all", amount, limit)];
        let charged = c.store.charge(counter, &windows, keep);
        match charged.await.expect("an answer") {
            Charged::Yes => true,
            Charged::Refused { window } => {
                assert_eq!(window, 0);
                false
            }
        }
    };
    assert!(!charge(counter, 4, 3).await, "more than ever fits");
    assert!(charge(counter, 2, 3).await);
    assert!(!charge(counter, 2, 3).await);
    assert!(
        charge(counter, 1, 3).await,
        "what was refused was not added"
    );
    assert!(!charge(counter, 1, 3).await);
    assert!(charge(counter, 1, 4).await, "the limit is the caller's");
    assert!(
        !charge(counter, u32::MAX, u32::MAX).await,
        "it does not wrap"
    );
    assert!(charge(c.pseudonym(), 3, 3).await, "another counter");
    assert!(!charge(c.pseudonym(), 1, 0).await);
}

/// `charge`, of several windows.
async fn windows_are_charged_together_or_not_at_all<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let counter = c.pseudonym();
    let keep = c.after(60_000);
    let charge = async |windows: &[Window]| c.store.charge(counter, windows, keep).await;
    let refused = |window| Ok(Charged::Refused { window });
    let [minute, hour, day] = [window("m7", 1, 1), window("h1", 1, 2), window("d0", 1, 2)];
    let all = [minute.clone(), hour.clone(), day.clone()];
    assert_eq!(charge(&all).await, Ok(Charged::Yes));
    assert_eq!(charge(&all).await, refused(0), "only the first is full");
    assert_eq!(
        charge(&[window("m8", 1, 1), hour.clone(), day.clone()]).await,
        Ok(Charged::Yes),
        "nothing of what was refused was charged"
    );
    assert_eq!(charge(&all).await, refused(2), "the last that is full");
    assert_eq!(
        charge(&[window("m9", 1, 1), hour.clone()]).await,
        refused(1)
    );
    assert_eq!(charge(&[window("m9", 1, 1)]).await, Ok(Charged::Yes));
    assert_eq!(charge(&[window("m9", 1, 1), day]).await, refused(1));
    let never = [window("m9", 1, 9), window("spend", 5, 4)];
    assert_eq!(charge(&never).await, refused(1), "more than ever fits");
    assert_eq!(charge(&[window("m9", 1, 2)]).await, Ok(Charged::Yes));
}

/// `charge`, at once.
async fn charges_at_once_stay_within_the_limit<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let counter = c.pseudonym();
    let keep = c.after(60_000);
    let charged = at_once(&c.store, RACERS, |store, _| async move {
        let windows = [window("short", 1, 100), window("all", 2, 11)];
        store.charge(counter, &windows, keep).await
    })
    .await;
    assert_eq!(count(&charged, &Ok(Charged::Yes)), 5);
    let refused = Ok(Charged::Refused { window: 1 });
    assert_eq!(count(&charged, &refused), usize::from(RACERS) - 5);
    let left = async |limit| {
        let windows = [window("short", 1, limit)];
        c.store.charge(counter, &windows, keep).await
    };
    assert_eq!(left(5).await, Ok(Charged::Refused { window: 0 }));
    assert_eq!(left(6).await, Ok(Charged::Yes), "five were charged");
}

/// `refund`.
async fn a_refunded_charge_can_be_made_again<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let counter = c.pseudonym();
    let keep = c.after(60_000);
    let charge = async |name: &str, amount: u32| {
        let windows = [window(name, amount, 4)];
        let charged = c.store.charge(counter, &windows, keep).await;
        charged.expect("an answer") == Charged::Yes
    };
    let refund = async |taken: &[(&str, u32)]| {
        let taken: Vec<_> = taken
            .iter()
            .map(|(name, amount)| Taken {
                name: (*name).to_owned(),
                amount: *amount,
            })
            .collect();
        assert_eq!(c.store.refund(counter, &taken).await, Ok(()));
    };
    refund(&[("short", 1)]).await;
    assert!(charge("short", 4).await);
    assert!(!charge("short", 1).await, "nothing was refunded in advance");
    assert!(charge("all", 1).await);
    refund(&[("short", 3), ("all", 1)]).await;
    assert!(charge("short", 3).await);
    assert!(!charge("short", 1).await, "three were refunded, not four");
    refund(&[("short", 1), ("all", 1)]).await;
    assert!(
        !charge("short", 1).await,
        "all or none: the other had no more"
    );
    refund(&[("short", 5)]).await;
    assert!(!charge("short", 1).await, "not more than was charged");
    refund(&[("other", 1)]).await;
    assert!(!charge("short", 1).await);
}

/// `charge` and `refund`, at once.
async fn refunds_at_once_each_take_effect_once<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let counter = c.pseudonym();
    let keep = c.after(60_000);
    let racers = u32::from(RACERS);
    let windows = [window("short", racers, racers)];
    assert_eq!(
        c.store.charge(counter, &windows, keep).await,
        Ok(Charged::Yes)
    );
    let refunded = at_once(&c.store, RACERS / 2, |store, _| async move {
        let taken = Taken {
            name: "short".to_owned(),
            amount: 1,
        };
        store.refund(counter, &[taken]).await
    })
    .await;
    assert_eq!(count(&refunded, &Ok(())), usize::from(RACERS / 2));
    let charge = async |amount| {
        let windows = [window("short", amount, racers)];
        c.store.charge(counter, &windows, keep).await
    };
    assert_ne!(charge(racers / 2 + 1).await, Ok(Charged::Yes));
    assert_eq!(charge(racers / 2).await, Ok(Charged::Yes));
}

/// `counts`: in the given order, of existing and missing counters.
async fn counters_are_read_in_the_order_given<S: Store + 'static, E: Entropy>(c: &Contract<S, E>) {
    let [first, missing, second] = [c.pseudonym(), c.pseudonym(), c.pseudonym()];
    let keep = c.after(60_000);
    let windows = [window("m7", 1, 9), window("spend", 12, 99)];
    for counter in [first, second, second] {
        let charged = c.store.charge(counter, &windows, keep).await;
        assert_eq!(charged, Ok(Charged::Yes));
    }
    let counts = |m7, spend| Counts::from([("m7".to_owned(), m7), ("spend".to_owned(), spend)]);
    assert_eq!(
        c.store.counts(&[second, missing, first]).await,
        Ok(vec![counts(2, 24), Counts::new(), counts(1, 12)])
    );
    assert_eq!(c.store.counts(&[missing]).await, Ok(vec![Counts::new()]));
}

impl<S: Store + 'static, E: Entropy> Contract<S, E> {
    /// Returns an event with an item of its own.
    fn entry(&self) -> OutboxEntry {
        OutboxEntry {
            carried_by: CarriedBy::Item(EventId::from_bytes(self.entropy.bytes())),
            kind: EventKind::ContactChanged,
            sub: Some(self.sub()),
            client: "client".to_owned(),
            method: Some(Method::PhoneNumber),
            at: self.now,
            due: self.after(1_000),
            intent: Some(Intent::Contact(PendingId::from_bytes(self.entropy.bytes()))),
        }
    }

    /// Returns what is due of an entry's carrier.
    async fn due(&self, entry: &OutboxEntry, now: Timestamp) -> Vec<OutboxEntry> {
        let mut due = self
            .store
            .due_events(entry.shard(), None, now, u8::MAX)
            .await
            .expect("an answer")
            .entries;
        due.retain(|other| other.carried_by == entry.carried_by);
        due
    }
}

async fn a_finished_row_of_an_account_is_in_the_outbox<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    // One that wrote a contact has the event of that, and not of a sign-in.
    for (subject, contact_written, is_event) in [
        (Subject::Known(c.sub()), false, true),
        (Subject::Known(c.sub()), true, false),
        (Subject::NoAccount, false, false),
    ] {
        let row = Flow {
            subject,
            method: Some(Method::Email),
            ..c.row()
        };
        let answer = c.answer();
        assert_eq!(c.store.open_flow(&row).await, Ok(Opened::New));
        let matching = c
            .store
            .record_verdict(row.id, answer, true, row.terms, 3, c.now);
        assert_eq!(matching.await, Ok(VerdictWrite::Recorded));
        let finish = async |at| {
            let session = session_of(&row);
            let finishing = c.store.finish(row.id, session, contact_written, at).await;
            match finishing.expect("an answer") {
                Finished::Now(row) => OutboxEntry::of_flow(&row, at),
                Finished::Refused(row) => panic!("{row:?}"),
            }
        };
        let entry = finish(c.now).await;
        assert_eq!(entry.kind, EventKind::SignedIn);
        assert_eq!(c.due(&entry, c.now).await, [], "not yet due");
        let expected: Vec<_> = is_event.then(|| entry.clone()).into_iter().collect();
        assert_eq!(c.due(&entry, entry.due).await, expected);
        assert_eq!(c.store.undo_finish(row.id, c.now).await, Ok(true));
        assert_eq!(c.due(&entry, entry.due).await, []);
        let entry = finish(c.after(7)).await;
        assert_eq!(c.store.settle_event(&entry).await, Ok(()));
        assert_eq!(c.due(&entry, c.after(86_400_000)).await, []);
        let read = c.read(row.id).await;
        assert_eq!(read.method, Some(Method::Email));
        assert!(matches!(read.state, State::Finished { .. }));
    }
}

async fn a_row_without_an_attempt_left_is_in_the_outbox<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    for subject in [Subject::Known(c.sub()), Subject::NoAccount] {
        let row = Flow { subject, ..c.row() };
        assert_eq!(c.store.open_flow(&row).await, Ok(Opened::New));
        let entry = OutboxEntry::of_flow(&row, c.now);
        assert_eq!(entry.kind, EventKind::SignInRefused);
        for (refused_at, expected) in [(None, vec![]), (Some(c.now), vec![entry.clone()])] {
            let answer = c.answer();
            let recording = c
                .store
                .record_wrong_answer(row.id, answer, row.terms, refused_at);
            assert_eq!(recording.await, Ok(true));
            assert_eq!(c.due(&entry, entry.due).await, expected);
        }
        assert_eq!(c.store.drop_event(&entry).await, Ok(()));
        assert_eq!(c.due(&entry, entry.due).await, []);
        assert_eq!(c.read(row.id).await.wrong_answers.len(), 2);
    }
}

async fn an_event_is_in_the_outbox_until_it_is_settled<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let account = OutboxEntry {
        kind: EventKind::AccountCreated,
        sub: None,
        intent: Some(Intent::Account {
            username: "a-username".to_owned(),
        }),
        ..c.entry()
    };
    let plain = OutboxEntry {
        kind: EventKind::DeviceRemembered,
        method: None,
        intent: None,
        ..c.entry()
    };
    for entry in [c.entry(), account, plain] {
        let id = entry.id();
        assert_eq!(c.store.event(id).await, Ok(None));
        for _ in 0..2 {
            assert_eq!(c.store.put_event(&entry).await, Ok(()));
            assert_eq!(c.store.event(id).await, Ok(Some(entry.clone())));
        }
        assert_eq!(c.due(&entry, c.now).await, []);
        assert_eq!(c.due(&entry, entry.due).await, std::slice::from_ref(&entry));
        for _ in 0..2 {
            assert_eq!(c.store.settle_event(&entry).await, Ok(()));
            assert_eq!(c.store.put_event(&entry).await, Ok(()), "it was published");
            assert_eq!(c.store.event(id).await, Ok(None));
            assert_eq!(c.due(&entry, entry.due).await, []);
        }
    }
}

async fn an_event_keeps_its_time_and_is_due_when_it_was_put_last<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let entry = c.entry();
    assert_eq!(c.store.put_event(&entry).await, Ok(()));
    let again = OutboxEntry {
        at: c.after(500),
        due: c.after(9_000),
        ..entry.clone()
    };
    assert_eq!(c.store.put_event(&again).await, Ok(()));
    let held = OutboxEntry {
        at: entry.at,
        ..again
    };
    assert_eq!(c.due(&entry, entry.due).await, []);
    assert_eq!(c.due(&entry, held.due).await, std::slice::from_ref(&held));
    let later = c.after(20_000);
    assert_eq!(c.store.postpone_event(&held, later).await, Ok(()));
    let postponed = OutboxEntry { due: later, ..held };
    assert_eq!(c.due(&entry, later).await, [postponed]);
}

async fn only_the_entry_that_was_read_is_taken_out<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let entry = c.entry();
    let earlier = OutboxEntry {
        due: c.now,
        ..entry.clone()
    };
    assert_eq!(c.store.put_event(&entry).await, Ok(()));
    assert_eq!(c.store.settle_event(&earlier).await, Ok(()));
    assert_eq!(c.store.drop_event(&earlier).await, Ok(()));
    assert_eq!(
        c.store.postpone_event(&earlier, c.after(9_000)).await,
        Ok(())
    );
    assert_eq!(c.store.event(entry.id()).await, Ok(Some(entry.clone())));
    assert_eq!(c.store.drop_event(&entry).await, Ok(()));
    assert_eq!(c.store.event(entry.id()).await, Ok(None));
    assert_eq!(c.store.put_event(&entry).await, Ok(()), "it may happen yet");
    assert_eq!(c.store.event(entry.id()).await, Ok(Some(entry)));
}

async fn pages_of_the_outbox_go_past_entries_that_stay<S: Store + 'static, E: Entropy>(
    c: &Contract<S, E>,
) {
    let mut all = Vec::new();
    for number in 0..5 {
        let mut id = c.entropy.bytes();
        id[0] = 17;
        let entry = OutboxEntry {
            carried_by: CarriedBy::Item(EventId::from_bytes(id)),
            // Two of them are due at the same time.
            due: c.after(number / 2),
            ..c.entry()
        };
        assert_eq!(c.store.put_event(&entry).await, Ok(()));
        all.push(entry);
    }
    let (mut place, mut read) = (None, Vec::new());
    loop {
        let page = c.store.due_events(17, place.as_ref(), c.after(9), 2).await;
        let page = page.expect("an answer");
        assert!(page.entries.len() <= 2 && page.unreadable == 0);
        if let Some(entry) = page.entries.first() {
            assert_eq!(c.store.settle_event(entry).await, Ok(()));
        }
        read.extend(page.entries);
        place = page.last;
        if place.is_none() {
            break;
        }
    }
    assert!(read.is_sorted_by_key(|entry| entry.due));
    read.sort_by_key(|entry| entry.carried_by);
    all.sort_by_key(|entry| entry.carried_by);
    assert_eq!(read, all);
}
