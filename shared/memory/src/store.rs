use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchstring_core::account::Sub;
use latchstring_core::event::{
    CarriedBy, DueEvents, EventId, KEEP_PUBLISHED, OutboxEntry, OutboxPlace, shard_of,
};
use latchstring_core::flow::{AnswerDigest, Flow, FlowId, Purpose, State, Subject};
use latchstring_core::identifier::Method;
use latchstring_core::invite::{Invitation, Membership};
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Charged, CounterStore, Counts, EndIf, Enlisted, Finished, FlowStore,
    InvitationStore, LeaseStore, Leased, NewAttempt, Opened, OutboxStore, PendingStore, PortError,
    Redeemable, Redeemed, RedemptionStore, SessionFacts, SessionStore, Taken, UndoStore,
    VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::session::{Browser, RefreshLease, Session, SessionTokens};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;

use crate::lock;

/// The time that a flow is kept after its code expired; long enough that every replay finds it
/// expired.
const KEEP: Duration = Duration::from_secs(3600);
/// The time that the outcome of a pending contact is kept after the latest time at which it could
/// have expired.
const KEEP_PENDING: Duration = Duration::from_secs(24 * 3600);
/// The time that an undo record is kept after its expiry: as long as a request that was made before
/// the change, or before it was undone, can still be pending.
const KEEP_UNDO: Duration = Duration::from_secs(48 * 3600);
/// The number of new flows after which expired items are removed.
const SWEEP_EVERY: u64 = 1024;

/// Flows, redemptions, pending contacts, undo records, leases, browser sessions, counters and the outbox
/// in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    flows: BTreeMap<FlowId, Flow>,
    redeemed: BTreeMap<Redeemable, (FlowId, Timestamp)>,
    pending: BTreeMap<(Sub, Method), Pending>,
    undo: BTreeMap<Sub, Undo>,
    /// By the replaced contact: the account, the time of the change, and the time to keep it.
    replaced: BTreeMap<Pseudonym, (Sub, Timestamp, Timestamp)>,
    /// With the time to keep each.
    invitations: BTreeMap<Pseudonym, (Invitation, Timestamp)>,
    leases: BTreeMap<Pseudonym, (Pseudonym, Timestamp)>,
    sessions: BTreeMap<Pseudonym, StoredSession>,
    /// By account: the sessions, and the time to keep the list.
    session_lists: BTreeMap<Sub, (BTreeSet<Pseudonym>, Timestamp)>,
    counters: BTreeMap<Pseudonym, (Counts, Timestamp)>,
    /// True if the writes of a flow put its row into the outbox.
    has_outbox: bool,
    outbox: BTreeMap<CarriedBy, OutboxEntry>,
    /// The carriers of entries that cannot be read.
    unreadable: BTreeSet<CarriedBy>,
    /// The events of their own items that were published, with the time to keep each.
    published: BTreeMap<EventId, Timestamp>,
    opened: u64,
}

#[derive(Debug)]
struct StoredSession {
    session: Session,
    /// The holder that stored the latest refresh.
    by: Option<Pseudonym>,
}

impl Tables {
    fn sweep(&mut self, now: Timestamp) {
        self.flows
            .retain(|_, flow| now <= flow.expires_at.plus(KEEP));
        self.published.retain(|_, keep_until| now <= *keep_until);
        self.redeemed
            .retain(|_, (_, keep_until)| now <= *keep_until);
        self.pending
            .retain(|_, pending| now <= pending.expires_at.plus(KEEP_PENDING));
        self.undo
            .retain(|_, undo| now <= undo.expires_at.plus(KEEP_UNDO));
        self.replaced
            .retain(|_, (_, _, keep_until)| now <= *keep_until);
        self.invitations
            .retain(|_, (_, keep_until)| now <= *keep_until);
        self.leases.retain(|_, (_, until)| now <= *until);
        self.sessions
            .retain(|_, stored| now <= stored.session.expires_at.plus(KEEP));
        self.session_lists
            .retain(|_, (_, keep_until)| now <= *keep_until);
        self.counters
            .retain(|_, (_, keep_until)| now <= *keep_until);
    }
}

impl MemoryStore {
    /// Creates a store whose flows are put into the outbox.
    pub fn with_outbox() -> Self {
        let store = Self::default();
        lock(&store.0).has_outbox = true;
        store
    }

    /// Makes the entry of this carrier unreadable.
    pub fn garble(&self, carried_by: CarriedBy) {
        lock(&self.0).unreadable.insert(carried_by);
    }

    /// Removes the items that have expired, as a store may do at any time after that.
    pub fn sweep(&self, now: Timestamp) {
        lock(&self.0).sweep(now);
    }
}

impl FlowStore for MemoryStore {
    async fn open_flow(&self, flow: &Flow) -> Result<Opened, PortError> {
        let mut tables = lock(&self.0);
        if let Some(before) = tables.flows.get(&flow.id) {
            return Ok(Opened::Before(Box::new(before.clone())));
        }
        tables.opened += 1;
        if tables.opened.is_multiple_of(SWEEP_EVERY) {
            tables.sweep(flow.issued_at);
        }
        tables.flows.insert(flow.id, flow.clone());
        Ok(Opened::New)
    }

    async fn flow(&self, id: FlowId) -> Result<Option<Flow>, PortError> {
        Ok(lock(&self.0).flows.get(&id).cloned())
    }

    async fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        new_terms: Option<CodeTerms>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        match tables.flows.get_mut(&id) {
            Some(flow) if flow.state == State::Open && flow.sends == sends => {
                if let Some(terms) = new_terms {
                    flow.terms = terms;
                    flow.message_charged = false;
                    flow.wrong_answers.clear();
                    flow.held_guesses = 0;
                }
                flow.sends = sends.saturating_add(1);
                flow.last_sent_at = now;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn record_message_charge(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        match tables.flows.get_mut(&id) {
            Some(flow) if flow.state == State::Open && flow.sends == sends => {
                flow.message_charged = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn reset_resend_cooldown(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        match tables.flows.get_mut(&id) {
            Some(flow)
                if flow.state == State::Open
                    && flow.sends == sends
                    && flow.last_sent_at > Timestamp::default() =>
            {
                flow.last_sent_at = Timestamp::default();
                flow.unsent = flow.unsent.saturating_add(1);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn record_attempt(
        &self,
        id: FlowId,
        attempt: &NewAttempt<'_>,
    ) -> Result<Attempted, PortError> {
        let mut tables = lock(&self.0);
        let Some(flow) = tables.flows.get_mut(&id) else {
            return Ok(Attempted::Refused(None));
        };
        let NewAttempt { answer, limit, .. } = *attempt;
        let agrees = flow.client == attempt.client
            && flow.issued_at == attempt.issued_at
            && flow.purpose != Purpose::Claim
            && flow.key == *attempt.key;
        let waits = flow.state == State::Open
            && attempt.now < flow.expires_at
            && flow.message_charged
            && !flow.wrong_answers.contains(&answer);
        let has_room = flow.attempts.len() < usize::from(limit) || flow.attempts.contains(&answer);
        if !agrees || !waits || !has_room || flow.held_guesses > limit {
            return Ok(Attempted::Refused(Some(Box::new(flow.clone()))));
        }
        flow.attempts.insert(answer);
        flow.held_guesses = flow.held_guesses.saturating_add(1);
        Ok(Attempted::Recorded(Box::new(flow.clone())))
    }

    async fn record_wrong_answer(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        terms: CodeTerms,
        refused_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let tables = &mut *lock(&self.0);
        match tables.flows.get_mut(&id) {
            Some(flow) if flow.state == State::Open && flow.terms == terms => {
                flow.wrong_answers.insert(answer);
                if let Some(at) = refused_at.filter(|_| tables.has_outbox) {
                    let entry = OutboxEntry::of_flow(flow, at);
                    tables.outbox.insert(entry.carried_by, entry);
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        terms: CodeTerms,
        limit: u8,
        now: Timestamp,
    ) -> Result<VerdictWrite, PortError> {
        let mut tables = lock(&self.0);
        let Some(flow) = tables.flows.get_mut(&id) else {
            return Ok(VerdictWrite::Refused(None));
        };
        let has_room = flow.attempts.len() < usize::from(limit) || flow.attempts.contains(&answer);
        let may_match = flow.message_charged || !right;
        if flow.state != State::Open || flow.terms != terms || !has_room || !may_match {
            return Ok(VerdictWrite::Refused(Some(Box::new(flow.clone()))));
        }
        flow.attempts.insert(answer);
        if right {
            flow.state = State::Matched { answer, at: now };
        }
        Ok(VerdictWrite::Recorded)
    }

    async fn finish(
        &self,
        id: FlowId,
        session: SessionFacts<'_>,
        contact_written: bool,
        now: Timestamp,
    ) -> Result<Finished, PortError> {
        let tables = &mut *lock(&self.0);
        let Some(flow) = tables.flows.get_mut(&id) else {
            return Ok(Finished::Refused(None));
        };
        let is_of_user = match &flow.subject {
            Subject::Known(sub) => session.user == Some(sub),
            Subject::NoAccount => session.user.is_none(),
        };
        let writes = matches!(flow.purpose, Purpose::VerifyContact(_) | Purpose::Undo(_));
        let may = contact_written || !writes;
        match flow.state {
            State::Matched { answer, .. } if is_of_session(flow, session) && is_of_user && may => {
                flow.state = State::Finished { answer, at: now };
                if tables.has_outbox && !contact_written && session.user.is_some() {
                    let entry = OutboxEntry::of_flow(flow, now);
                    tables.outbox.insert(entry.carried_by, entry);
                }
                Ok(Finished::Now(Box::new(flow.clone())))
            }
            _ => Ok(Finished::Refused(Some(Box::new(flow.clone())))),
        }
    }

    async fn undo_finish(&self, id: FlowId, finished_at: Timestamp) -> Result<bool, PortError> {
        let tables = &mut *lock(&self.0);
        let Some(flow) = tables.flows.get_mut(&id) else {
            return Ok(false);
        };
        match flow.state {
            State::Finished { answer, at } if at == finished_at => {
                flow.state = State::Matched { answer, at };
                tables.outbox.remove(&CarriedBy::Flow(id));
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn is_of_session(flow: &Flow, session: SessionFacts<'_>) -> bool {
    let is_issued_then = session.issued_at.is_none_or(|at| flow.issued_at == at);
    flow.client == session.client && is_issued_then
}

impl RedemptionStore for MemoryStore {
    async fn redeem(
        &self,
        redeemable: Redeemable,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> Result<Redeemed, PortError> {
        let mut tables = lock(&self.0);
        let (holder, kept_until) = tables
            .redeemed
            .entry(redeemable)
            .or_insert((flow, keep_until));
        Ok(if *holder == flow {
            *kept_until = keep_until.max(*kept_until);
            Redeemed::Here
        } else {
            Redeemed::Elsewhere
        })
    }

    async fn is_redeemed(&self, redeemable: Redeemable) -> Result<bool, PortError> {
        Ok(lock(&self.0).redeemed.contains_key(&redeemable))
    }
}

impl PendingStore for MemoryStore {
    async fn put_pending(&self, pending: &Pending) -> Result<(), PortError> {
        let key = (pending.account.clone(), pending.method);
        lock(&self.0).pending.insert(key, pending.clone());
        Ok(())
    }

    async fn pending(&self, account: &Sub, method: Method) -> Result<Option<Pending>, PortError> {
        Ok(lock(&self.0)
            .pending
            .get(&(account.clone(), method))
            .cloned())
    }

    async fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> Result<bool, PortError> {
        match lock(&self.0).pending.get_mut(&(account.clone(), method)) {
            Some(pending) if pending.id == id => {
                pending.outcome = outcome;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

impl UndoStore for MemoryStore {
    async fn put_undo(&self, undo: &Undo, over: Option<PendingId>) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        let present = tables.undo.get(&undo.account).map(|undo| undo.id);
        if present == Some(undo.id) {
            return Ok(true);
        }
        if present != over {
            return Ok(false);
        }
        tables.undo.insert(undo.account.clone(), undo.clone());
        Ok(true)
    }

    async fn undo(&self, account: &Sub) -> Result<Option<Undo>, PortError> {
        Ok(lock(&self.0).undo.get(account).cloned())
    }

    async fn close_undo(
        &self,
        account: &Sub,
        id: PendingId,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        match lock(&self.0).undo.get_mut(account) {
            Some(undo) if undo.id == id => {
                undo.closed_at.get_or_insert(now);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn put_replaced(
        &self,
        contact: Pseudonym,
        account: &Sub,
        at: Timestamp,
        keep_until: Timestamp,
    ) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        let later = tables.replaced.get(&contact);
        if later.is_none_or(|(_, before, _)| *before <= at) {
            let named = (account.clone(), at, keep_until);
            tables.replaced.insert(contact, named);
        }
        Ok(())
    }

    async fn replaced(&self, contact: Pseudonym) -> Result<Option<Sub>, PortError> {
        let tables = lock(&self.0);
        Ok(tables
            .replaced
            .get(&contact)
            .map(|(account, _, _)| account.clone()))
    }
}

impl InvitationStore for MemoryStore {
    async fn put_invitation(
        &self,
        invitation: &Invitation,
        keep_until: Timestamp,
    ) -> Result<(), PortError> {
        let kept = (invitation.clone(), keep_until);
        lock(&self.0).invitations.insert(invitation.contact, kept);
        Ok(())
    }

    async fn redeem_invitation(
        &self,
        contact: Pseudonym,
        username: &str,
        now: Timestamp,
    ) -> Result<Option<Invitation>, PortError> {
        let mut tables = lock(&self.0);
        let Some((invitation, _)) = tables.invitations.get_mut(&contact) else {
            return Ok(None);
        };
        if invitation.permits(username, now) {
            invitation.redeemed_by = Some(username.to_owned());
        }
        Ok(Some(invitation.clone()))
    }

    async fn use_invitation(&self, contact: Pseudonym, username: &str) -> Result<(), PortError> {
        if let Some((invitation, _)) = lock(&self.0).invitations.get_mut(&contact)
            && invitation.redeemed_by.as_deref() == Some(username)
        {
            invitation.is_used = true;
            invitation.membership = Membership::default();
        }
        Ok(())
    }

    async fn withdraw_invitation(&self, contact: Pseudonym) -> Result<(), PortError> {
        lock(&self.0).invitations.remove(&contact);
        Ok(())
    }
}

impl LeaseStore for MemoryStore {
    async fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        match tables.leases.get(&on) {
            Some((held_by, held_until)) if *held_by != holder && now < *held_until => Ok(false),
            _ => {
                tables.leases.insert(on, (holder, until));
                Ok(true)
            }
        }
    }

    async fn release(&self, on: Pseudonym, holder: Pseudonym) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        if tables
            .leases
            .get(&on)
            .is_some_and(|(held_by, _)| *held_by == holder)
        {
            tables.leases.remove(&on);
        }
        Ok(())
    }
}

impl SessionStore for MemoryStore {
    async fn open_session(&self, session: &Session) -> Result<(), PortError> {
        let stored = StoredSession {
            session: session.clone(),
            by: None,
        };
        lock(&self.0).sessions.insert(session.key, stored);
        Ok(())
    }

    async fn session(&self, key: Pseudonym) -> Result<Option<Session>, PortError> {
        let tables = lock(&self.0);
        Ok(tables.sessions.get(&key).map(|it| it.session.clone()))
    }

    async fn sessions(&self, keys: &[Pseudonym]) -> Result<Vec<Session>, PortError> {
        let tables = lock(&self.0);
        let found = keys.iter().filter_map(|key| tables.sessions.get(key));
        Ok(found.map(|it| it.session.clone()).collect())
    }

    async fn note_use(
        &self,
        key: Pseudonym,
        minute: Timestamp,
        browser: Option<Browser>,
    ) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        let Some(StoredSession { session, .. }) = tables.sessions.get_mut(&key) else {
            return Ok(false);
        };
        let is_new = browser.is_some_and(|browser| !session.browsers.contains(&browser));
        let before = session.last_used_at;
        if minute < before || minute == before && !is_new {
            return Ok(false);
        }
        session.last_used_at = minute;
        session.browsers.extend(browser);
        Ok(true)
    }

    async fn lease_refresh(
        &self,
        key: Pseudonym,
        refreshes: u32,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, PortError> {
        let mut tables = lock(&self.0);
        let Some(StoredSession { session, .. }) = tables.sessions.get_mut(&key) else {
            return Ok(Leased::Refused(None));
        };
        let is_free = session
            .lease
            .is_none_or(|lease| lease.holder == holder || lease.until <= now);
        if session.refreshes != refreshes || !is_free {
            return Ok(Leased::Refused(Some(Box::new(session.clone()))));
        }
        session.lease = Some(RefreshLease { holder, until });
        Ok(Leased::Taken(Box::new(session.clone())))
    }

    async fn store_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        tokens: &SessionTokens,
    ) -> Result<bool, PortError> {
        let mut tables = lock(&self.0);
        let Some(StoredSession { session, by }) = tables.sessions.get_mut(&key) else {
            return Ok(false);
        };
        if session.lease.is_none_or(|lease| lease.holder != holder) {
            return Ok(*by == Some(holder));
        }
        session.tokens = tokens.clone();
        session.refreshes += 1;
        session.lease = None;
        *by = Some(holder);
        Ok(true)
    }

    async fn give_up_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
    ) -> Result<(), PortError> {
        if let Some(StoredSession { session, .. }) = lock(&self.0).sessions.get_mut(&key)
            && let Some(lease) = &mut session.lease
            && lease.holder == holder
        {
            lease.until = now;
        }
        Ok(())
    }

    async fn end_session(
        &self,
        key: Pseudonym,
        condition: EndIf<'_>,
    ) -> Result<Option<Session>, PortError> {
        let mut tables = lock(&self.0);
        let holds = tables.sessions.get(&key).is_some_and(|it| match condition {
            EndIf::Of(account) => it.session.account == *account,
            EndIf::LeasedBy(holder) => it.session.lease.is_some_and(|it| it.holder == holder),
        });
        let ended = holds.then(|| tables.sessions.remove(&key)).flatten();
        Ok(ended.map(|it| it.session))
    }

    async fn enlist_session(
        &self,
        account: &Sub,
        key: Pseudonym,
        limit: usize,
        keep_until: Timestamp,
    ) -> Result<Enlisted, PortError> {
        let mut tables = lock(&self.0);
        let list = tables.session_lists.entry(account.clone());
        let (listed, kept_until) = list.or_insert_with(|| (BTreeSet::new(), keep_until));
        if listed.len() >= limit && !listed.contains(&key) {
            return Ok(Enlisted::Full(listed.iter().copied().collect()));
        }
        listed.insert(key);
        *kept_until = keep_until;
        Ok(Enlisted::Yes)
    }

    async fn enlisted_sessions(&self, account: &Sub) -> Result<Vec<Pseudonym>, PortError> {
        let tables = lock(&self.0);
        let list = tables.session_lists.get(account);
        Ok(list.map_or_else(Vec::new, |(listed, _)| listed.iter().copied().collect()))
    }

    async fn delist_sessions(&self, account: &Sub, keys: &[Pseudonym]) -> Result<(), PortError> {
        if let Some((listed, _)) = lock(&self.0).session_lists.get_mut(account) {
            listed.retain(|key| !keys.contains(key));
        }
        Ok(())
    }
}

impl CounterStore for MemoryStore {
    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        let mut tables = lock(&self.0);
        let (counts, kept_until) = tables
            .counters
            .entry(counter)
            .or_insert_with(|| (Counts::new(), keep_until));
        let has_room = |window: &Window| {
            let count: u32 = counts.get(&window.name).copied().unwrap_or_default();
            count
                .checked_add(window.amount)
                .is_some_and(|sum| sum <= window.limit)
        };
        if let Some(window) = windows.iter().rposition(|window| !has_room(window)) {
            return Ok(Charged::Refused { window });
        }
        for window in windows {
            *counts.entry(window.name.clone()).or_default() += window.amount;
        }
        *kept_until = keep_until;
        Ok(Charged::Yes)
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        let tables = lock(&self.0);
        Ok(counters
            .iter()
            .map(|counter| match tables.counters.get(counter) {
                Some((counts, _)) => counts.clone(),
                None => Counts::new(),
            })
            .collect())
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        let Some((counts, _)) = tables.counters.get_mut(&counter) else {
            return Ok(());
        };
        let has = |taken: &Taken| {
            counts
                .get(&taken.name)
                .is_some_and(|count| *count >= taken.amount)
        };
        if taken.iter().all(has) {
            for Taken { name, amount } in taken {
                counts
                    .entry(name.clone())
                    .and_modify(|count| *count -= amount);
            }
        }
        Ok(())
    }
}

impl Tables {
    /// Returns the entry if it is due at the time that this copy of it states.
    fn has_entry(&self, entry: &OutboxEntry) -> bool {
        let held = self.outbox.get(&entry.carried_by);
        held.is_some_and(|held| held.due == entry.due)
    }
}

impl OutboxStore for MemoryStore {
    async fn put_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        if !tables.published.contains_key(&entry.id()) {
            let at = tables
                .outbox
                .get(&entry.carried_by)
                .map_or(entry.at, |held| held.at);
            let entry = OutboxEntry {
                at,
                ..entry.clone()
            };
            tables.outbox.insert(entry.carried_by, entry);
        }
        Ok(())
    }

    async fn event(&self, id: EventId) -> Result<Option<OutboxEntry>, PortError> {
        Ok(lock(&self.0).outbox.get(&CarriedBy::Item(id)).cloned())
    }

    async fn due_events(
        &self,
        shard: u8,
        after: Option<&OutboxPlace>,
        now: Timestamp,
        limit: u8,
    ) -> Result<DueEvents, PortError> {
        let place = |entry: &OutboxEntry| {
            let due = entry.due.as_millis();
            format!("{due:020} {} {}", entry.id(), entry.kind.as_str())
        };
        let after = after.map(OutboxPlace::as_str);
        let tables = lock(&self.0);
        let due = tables.outbox.values();
        let due = due.filter(|entry| shard_of(entry.carried_by) == shard && entry.due <= now);
        let due = due.map(|entry| (place(entry), entry));
        let mut due: Vec<_> = due.filter(|(place, _)| Some(&**place) > after).collect();
        due.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_last = due.len() <= usize::from(limit);
        due.truncate(usize::from(limit));
        let last = due.last().filter(|_| !is_last);
        let last = last.map(|(place, _)| OutboxPlace::new(place.clone()));
        let mut page = DueEvents {
            last,
            ..DueEvents::default()
        };
        for (_, entry) in due {
            if tables.unreadable.contains(&entry.carried_by) {
                page.unreadable += 1;
            } else {
                page.entries.push(entry.clone());
            }
        }
        Ok(page)
    }

    async fn settle_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        if tables.has_entry(entry) {
            tables.outbox.remove(&entry.carried_by);
            if let CarriedBy::Item(id) = entry.carried_by {
                let keep_until = entry.due.plus(KEEP_PUBLISHED);
                tables.published.insert(id, keep_until);
            }
        }
        Ok(())
    }

    async fn drop_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        if tables.has_entry(entry) {
            tables.outbox.remove(&entry.carried_by);
        }
        Ok(())
    }

    async fn postpone_event(&self, entry: &OutboxEntry, due: Timestamp) -> Result<(), PortError> {
        let mut tables = lock(&self.0);
        if tables.has_entry(entry)
            && let Some(held) = tables.outbox.get_mut(&entry.carried_by)
        {
            held.due = due;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Polls a future of this store once: no method of it ever waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the store waited"),
        }
    }

    #[test]
    fn expired_items_are_removed_and_others_stay() {
        let store = MemoryStore::default();
        let early = Timestamp::from_secs(10);
        let flow = FlowId::from_bytes([1; 16]);
        let (old, new) = (
            Redeemable::Proof(flow),
            Redeemable::Proof(FlowId::from_bytes([2; 16])),
        );
        now(store.redeem(old, flow, early)).unwrap();
        now(store.redeem(new, flow, Timestamp::from_secs(100))).unwrap();
        let charge = || {
            let window = Window {
                name: "all".to_owned(),
                amount: 1,
                limit: 1,
            };
            now(store.charge(Pseudonym::random([1; 16]), &[window], early))
        };
        assert_eq!(charge(), Ok(Charged::Yes));
        store.sweep(Timestamp::from_secs(11));
        assert!(!now(store.is_redeemed(old)).unwrap());
        assert!(now(store.is_redeemed(new)).unwrap());
        assert_eq!(charge(), Ok(Charged::Yes));
    }
}
