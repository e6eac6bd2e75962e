//! Flows, redemptions, pending contacts, undo records, leases, browser sessions and counters on Amazon
//! DynamoDB: one on-demand table with the partition key `pk` (string) and the TTL attribute `ttl` (number, seconds).
//!
//! Every operation is one request: a conditional write, or one strongly consistent read by key, of
//! one item or of several counters or sessions. The one query is that of the outbox, on its index
//! (`outbox.rs`); there is no scan. A write whose condition fails gets the present item in the same response.
//!
//! TTL only deletes items, up to days late. An item past its TTL counts like any other; the core
//! decides from the times in the item.
//!
//! # Cost
//!
//! docs/scale.md counts the requests of a sign-in. Items are smaller than 1 KiB, because contacts
//! are sealed to one length and counters expire with their period. So each write costs one write
//! unit. The exceptions are the counter of a country, which has a window for each prefix of the hour,
//! and a browser session, whose tokens are larger.
//!
//! # Repeated writes
//!
//! The SDK repeats a request once if it failed or was not answered within 1.2 s. The first attempt
//! may have taken effect nevertheless. So each write either has the same result when it takes
//! effect twice, or recognizes its first attempt: `by` is a random number of the call, stored in
//! the item.
//!
//! | operation | effect of a repetition |
//! |---|---|
//! | `open_flow`, `advance_send`, `finish` | recognizes itself by `by` and still wins. After another write in between it counts as lost, and nothing is sent or done twice |
//! | `record_verdict` | a wrong answer is in the set already and uses no attempt; a right one finds that it matched the row, which the core accepts again |
//! | `record_attempt` | holds one guess too many, unless it recognizes itself by `by` |
//! | `record_wrong_answer`, `record_message_charge` | the same result |
//! | `redeem`, `lease` | the holder recognizes itself |
//! | `reset_resend_cooldown`, `undo_finish` | finds its own write, and counts as lost |
//! | `put_pending`, `settle_pending`, `release` | the same result |
//! | `put_undo`, `close_undo`, `put_replaced` | finds its own write, with the same result |
//! | `put_invitation`, `use_invitation`, `withdraw_invitation` | the same result |
//! | `redeem_invitation` | the username recognizes itself |
//! | `open_session`, `note_use`, `enlist_session`, `delist_sessions`, `give_up_refresh` | the same result |
//! | `lease_refresh` | the holder recognizes itself |
//! | `store_refresh` | recognizes itself by `by`, which is the holder |
//! | `end_session` | finds no session, and returns none |
//! | `put_event`, `postpone_event` | the same result |
//! | `settle_event`, `drop_event` | finds its own write |
//! | `charge` | recognizes itself by `by`. After another charge in between it counts twice, never too little |
//! | `refund` | is never repeated: a lost refund stays charged |
//!
//! A first attempt may even take effect after the call has failed. Then a send, attempt or charge
//! is used up without effect, or a lease is held until it expires. Nothing happens twice.

mod item;
mod outbox;
#[cfg(test)]
mod rows;

use std::collections::HashMap;
use std::time::Duration;

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::meta::PKG_VERSION;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::update_item::{
    UpdateItemError, UpdateItemInput, UpdateItemOutput,
};
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use latchstring_core::account::Sub;
use latchstring_core::flow::{AnswerDigest, Flow, FlowId, Purpose, State};
use latchstring_core::identifier::Method;
use latchstring_core::invite::Invitation;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Charged, CounterStore, Counts, EndIf, Enlisted, Entropy, Finished, FlowStore,
    InvitationStore, LeaseStore, Leased, NewAttempt, Opened, PendingStore, PortError, Redeemable,
    Redeemed, RedemptionStore, SessionFacts, SessionStore, Taken, UndoStore, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::session::{Browser, Session, SessionTokens};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;

use crate::client::{Aws, CallPolicy, code_of};
use crate::service::{Api, Auth, Service, requests};
use item::{FINISHED, Item, MATCHED, OPEN, PK, Row, TTL, bytes, number, text, time, ttl};
pub use item::{
    counter_key, invitation_key, lease_key, pending_key, replaced_key, session_key,
    session_list_key, undo_key,
};
use outbox::{NOTE_FLOW, note_flow};
pub use outbox::{OUTBOX_INDEX, PROJECTED};

/// The time that a flow is kept after its code expired, so that every replay finds it ended.
const KEEP: Duration = Duration::from_secs(3600);
/// The time that the outcome of a pending contact is kept after its latest expiry.
const KEEP_PENDING: Duration = Duration::from_secs(24 * 3600);
/// The time that an undo record is kept after its expiry: as long as a request that was made before
/// the change, or before it was undone, can still be pending.
const KEEP_UNDO: Duration = Duration::from_secs(48 * 3600);

/// The time that a browser session is kept after its end.
const KEEP_SESSION: Duration = Duration::from_secs(3600);

/// The attribute for the random number of the call that wrote the item.
const BY: &str = "by";

pub(crate) static API: Api = Api {
    host: "dynamodb",
    signing_name: "dynamodb",
    sdk: ApiMetadata::new("dynamodb", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_dynamodb:
    batch_get_item: BatchGetItem, BatchGetItemInput, BatchGetItemOutput, BatchGetItemError;
    delete_item: DeleteItem, DeleteItemInput, DeleteItemOutput, DeleteItemError;
    get_item: GetItem, GetItemInput, GetItemOutput, GetItemError;
    put_item: PutItem, PutItemInput, PutItemOutput, PutItemError;
    query: Query, QueryInput, QueryOutput, QueryError;
    update_item: UpdateItem, UpdateItemInput, UpdateItemOutput, UpdateItemError;
}

/// Flows, redemptions, pending contacts, undo records, leases, browser sessions and counters in one table.
#[derive(Clone, Debug)]
pub struct DynamoStore<E> {
    service: Service,
    /// The service without retries, for writes that must not be repeated.
    once: Service,
    table: String,
    entropy: E,
    /// True if the writes of a flow put its row into the outbox.
    has_outbox: bool,
}

/// The outcome of a conditional write.
enum WriteResult {
    Done,
    /// The condition did not hold: for this item, or because there is no item.
    Refused(Option<Item>),
}

impl WriteResult {
    /// Returns the item that refused a write whose condition fails only for an existing item.
    fn refusing_item(item: Option<Item>, call: &'static str) -> Result<Item, PortError> {
        item.ok_or_else(|| PortError::new(call, "no item refused the write"))
    }
}

/// The outcome of a conditional write that returns the item.
enum Returned {
    /// The item after the write.
    Done(Item),
    /// The condition did not hold: for this item, or because there is no item.
    Refused(Option<Item>),
}

/// One change of one item, with the values of its expressions.
struct Update<'a, V> {
    key: String,
    change: &'a str,
    condition: &'a str,
    values: V,
}

impl<E: Entropy> DynamoStore<E> {
    /// Creates the store in a table. The source of randomness distinguishes calls. Connects at the
    /// first call.
    pub fn new(aws: &Aws, table: impl Into<String>, entropy: E) -> Self {
        aws.open_while_keys_are_read(API.host);
        let service = Service::new(aws, &API, Auth::SigV4, CallPolicy::Call);
        Self {
            once: service.without_retries(),
            service,
            table: table.into(),
            entropy,
            has_outbox: false,
        }
    }

    /// Has the writes of a flow put its row into the outbox. The table then has the index
    /// [`OUTBOX_INDEX`].
    #[must_use]
    pub fn with_outbox(self, has_outbox: bool) -> Self {
        Self { has_outbox, ..self }
    }

    /// Returns the random number by which a call recognizes its own write.
    fn draw(&self) -> [u8; 16] {
        self.entropy.bytes()
    }

    async fn read(&self, key: String) -> Result<Option<Item>, PortError> {
        self.service
            .send(
                GetItemInput::builder()
                    .table_name(&self.table)
                    .key(PK, AttributeValue::S(key))
                    .consistent_read(true)
                    .build(),
            )
            .await
            .map(|read| read.item)
            .map_err(|error| PortError::new("GetItem", code_of(&error)))
    }

    /// Reads items in one call, by key. Those that are missing are left out.
    async fn read_several(
        &self,
        keys: impl Iterator<Item = String>,
    ) -> Result<HashMap<String, Item>, PortError> {
        let keys = keys.map(|key| HashMap::from([(PK.to_owned(), AttributeValue::S(key))]));
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(true)
            .build()
            .map_err(|_| PortError::new("BatchGetItem", "no keys"))?;
        let input = BatchGetItemInput::builder().request_items(&self.table, keys);
        let output = self
            .service
            .send(input.build())
            .await
            .map_err(|error| PortError::new("BatchGetItem", code_of(&error)))?;
        if output.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
            return Err(PortError::new("BatchGetItem", "unprocessed keys"));
        }
        let mut items = output.responses.unwrap_or_default();
        let items = items.remove(&self.table).unwrap_or_default().into_iter();
        let by_key = |item: Item| Some((Row(&item).text(PK)?.to_owned(), item));
        Ok(items.filter_map(by_key).collect())
    }

    /// Removes an item on a condition, and returns it as `returned` says.
    async fn delete(
        &self,
        key: String,
        condition: &str,
        (name, value): (&str, AttributeValue),
        returned: Option<ReturnValue>,
    ) -> Result<Option<Item>, PortError> {
        let deleted = self
            .service
            .send(
                DeleteItemInput::builder()
                    .table_name(&self.table)
                    .key(PK, AttributeValue::S(key))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names([condition])))
                    .expression_attribute_values(name, value)
                    .set_return_values(returned)
                    .build(),
            )
            .await;
        match deleted {
            Ok(deleted) => Ok(deleted.attributes),
            Err(error) => match code_of(&error) {
                "ConditionalCheckFailedException" => Ok(None),
                code => Err(PortError::new("DeleteItem", code)),
            },
        }
    }

    /// Writes an item, in place of the one with its key.
    async fn put(&self, item: Item) -> Result<(), PortError> {
        self.service
            .send(
                PutItemInput::builder()
                    .table_name(&self.table)
                    .set_item(Some(item))
                    .build(),
            )
            .await
            .map(|_| ())
            .map_err(|error| PortError::new("PutItem", code_of(&error)))
    }

    /// Writes an item unless there is one with its key.
    async fn put_new(&self, item: Item) -> Result<WriteResult, PortError> {
        let put = self
            .service
            .send(
                PutItemInput::builder()
                    .table_name(&self.table)
                    .set_item(Some(item))
                    .condition_expression("attribute_not_exists(pk)")
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .build(),
            )
            .await;
        match put {
            Ok(_) => Ok(WriteResult::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(WriteResult::Refused(failed.item.clone()))
                }
                _ => Err(PortError::new("PutItem", code_of(&error))),
            },
        }
    }

    async fn update<'a, V>(&self, update: Update<'a, V>) -> Result<WriteResult, PortError>
    where
        V: IntoIterator<Item = (&'a str, AttributeValue)>,
    {
        written(self.send(update, None).await)
    }

    /// Writes, and returns the item after the write.
    async fn update_and_return<'a, V>(&self, update: Update<'a, V>) -> Result<Returned, PortError>
    where
        V: IntoIterator<Item = (&'a str, AttributeValue)>,
    {
        let mut updated = self.send(update, Some(ReturnValue::AllNew)).await;
        let item = updated.as_mut().ok().and_then(|it| it.attributes.take());
        match (written(updated)?, item) {
            (WriteResult::Done, Some(item)) => Ok(Returned::Done(item)),
            (WriteResult::Done, None) => Err(unreadable("UpdateItem", &Item::new())),
            (WriteResult::Refused(item), _) => Ok(Returned::Refused(item)),
        }
    }

    async fn send<'a, V>(
        &self,
        update: Update<'a, V>,
        returned: Option<ReturnValue>,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError, HttpResponse>>
    where
        V: IntoIterator<Item = (&'a str, AttributeValue)>,
    {
        let Update {
            key,
            change,
            condition,
            values,
        } = update;
        let values = values.into_iter().map(|(name, v)| (name.to_owned(), v));
        let values = values.collect();
        self.service
            .send(
                UpdateItemInput::builder()
                    .table_name(&self.table)
                    .key(PK, AttributeValue::S(key))
                    .update_expression(change)
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names([change, condition])))
                    .set_expression_attribute_values(Some(values))
                    .set_return_values(returned)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .build(),
            )
            .await
    }
}

fn written<R>(
    updated: Result<UpdateItemOutput, SdkError<UpdateItemError, R>>,
) -> Result<WriteResult, PortError> {
    match updated {
        Ok(_) => Ok(WriteResult::Done),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(WriteResult::Refused(failed.item.clone()))
            }
            _ => Err(PortError::new("UpdateItem", code_of(&error))),
        },
    }
}

/// Returns `#names` for expressions, each for the attribute of that name. Many common names are
/// reserved words of DynamoDB.
fn names<const N: usize>(expressions: [&str; N]) -> HashMap<String, String> {
    expressions
        .iter()
        .flat_map(|expression| expression.split('#').skip(1))
        .map(|rest| {
            let ends = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let name = &rest[..ends.unwrap_or(rest.len())];
            (format!("#{name}"), name.to_owned())
        })
        .collect()
}

/// Returns true if this call's first attempt wrote the item.
fn is_by(item: &Item, by: [u8; 16]) -> bool {
    Row(item).bytes(BY) == Some(by)
}

/// Returns the condition on a row's time of issue, and its value.
fn issued_at(session: SessionFacts<'_>) -> (&'static str, Timestamp) {
    match session.issued_at {
        Some(at) => ("#issued_at = :issued_at", at),
        None => ("#issued_at >= :issued_at", Timestamp::default()),
    }
}

/// Returns whether the item has this id.
fn has_id(item: Option<&Item>, id: PendingId) -> bool {
    item.is_some_and(|item| Row(item).bytes("id") == Some(*id.as_bytes()))
}

/// Returns the error of a call that returned an item which cannot be read. One of a later version is
/// the fault `ReadLaterVersion`, whose code is the call: the item is as it should be, and this
/// function is too old for it.
fn unreadable(call: &'static str, item: &Item) -> PortError {
    if item::is_later(item) {
        PortError::new("ReadLaterVersion", call)
    } else {
        PortError::new(call, "unreadable item")
    }
}

fn flow_in(id: FlowId, item: &Item, call: &'static str) -> Result<Flow, PortError> {
    item::to_flow(id, item).ok_or_else(|| unreadable(call, item))
}

impl<E: Entropy> FlowStore for DynamoStore<E> {
    async fn open_flow(&self, flow: &Flow) -> Result<Opened, PortError> {
        let by = self.draw();
        let mut item = item::of_flow(flow, flow.expires_at.plus(KEEP));
        item.insert(BY.to_owned(), bytes(&by));
        match self.put_new(item).await? {
            WriteResult::Done => Ok(Opened::New),
            WriteResult::Refused(item) => {
                let item = WriteResult::refusing_item(item, "PutItem")?;
                if is_by(&item, by) {
                    return Ok(Opened::New);
                }
                Ok(Opened::Before(Box::new(flow_in(
                    flow.id, &item, "PutItem",
                )?)))
            }
        }
    }

    async fn flow(&self, id: FlowId) -> Result<Option<Flow>, PortError> {
        let item = self.read(item::flow_key(id)).await?;
        item.map(|item| flow_in(id, &item, "GetItem")).transpose()
    }

    async fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        new_terms: Option<CodeTerms>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let by = self.draw();
        let key = item::flow_key(id);
        let condition = "#state = :open AND #sends = :sends";
        let next = (":next", number(sends.saturating_add(1)));
        let values = [
            next,
            (":now", time(now)),
            (":by", bytes(&by)),
            (":open", text(OPEN)),
            (":sends", number(sends)),
        ];
        let written = match new_terms {
            None => {
                self.update(Update {
                    key,
                    change: "SET #sends = :next, #last_sent_at = :now, #by = :by",
                    condition,
                    values,
                })
                .await?
            }
            Some(terms) => {
                let [next, at, by, open, before] = values;
                self.update(Update {
                    key,
                    change: "SET #sends = :next, #last_sent_at = :now, #by = :by, \
                         #charge = :charge, #message_charged = :no, #held = :none \
                         REMOVE #counted",
                    condition,
                    values: [
                        next,
                        at,
                        by,
                        open,
                        before,
                        (":charge", bytes(&terms.to_bytes())),
                        (":none", number(0_u32)),
                        (":no", AttributeValue::Bool(false)),
                    ],
                })
                .await?
            }
        };
        Ok(match written {
            WriteResult::Done => true,
            WriteResult::Refused(item) => item.is_some_and(|item| is_by(&item, by)),
        })
    }

    async fn record_message_charge(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::flow_key(id),
                change: "SET #message_charged = :yes",
                condition: "#state = :open AND #sends = :sends",
                values: [
                    (":yes", AttributeValue::Bool(true)),
                    (":open", text(OPEN)),
                    (":sends", number(sends)),
                ],
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
    }

    async fn reset_resend_cooldown(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::flow_key(id),
                change: "SET #last_sent_at = :never ADD #unsent :one",
                condition: "#state = :open AND #sends = :sends AND #last_sent_at > :never",
                values: [
                    (":never", time(Timestamp::default())),
                    (":one", number(1_u32)),
                    (":open", text(OPEN)),
                    (":sends", number(sends)),
                ],
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
    }

    async fn record_attempt(
        &self,
        id: FlowId,
        attempt: &NewAttempt<'_>,
    ) -> Result<Attempted, PortError> {
        let by = self.draw();
        let NewAttempt {
            answer,
            key,
            client,
            issued_at,
            limit,
            now,
        } = *attempt;
        // An empty set is a missing attribute, which has no size and contains nothing.
        let has_room = if limit == 0 {
            "contains(#attempts, :answer)"
        } else {
            "(attribute_not_exists(#attempts) OR contains(#attempts, :answer) OR size(#attempts) < :limit)"
        };
        let written = self
            .update_and_return(Update {
                key: item::flow_key(id),
                change: "SET #by = :by ADD #attempts :answers, #held :one",
                condition: &format!(
                    "#state = :open AND #client = :client AND #issued_at = :issued_at \
                     AND #purpose <> :claim AND #key = :key \
                     AND #expires_at > :now AND #message_charged = :yes AND #held <= :limit \
                     AND NOT contains(#counted, :answer) AND {has_room}"
                ),
                values: [
                    (":by", bytes(&by)),
                    (":answers", item::answers([&answer])),
                    (":one", number(1_u32)),
                    (":open", text(OPEN)),
                    (":client", text(client)),
                    (":issued_at", time(issued_at)),
                    (":claim", text(Purpose::Claim.as_str())),
                    (":key", text(key.as_str())),
                    (":now", time(now)),
                    (":yes", AttributeValue::Bool(true)),
                    (":answer", bytes(answer.as_bytes())),
                    (":limit", number(limit)),
                ],
            })
            .await?;
        let refused = match written {
            Returned::Done(item) => {
                let flow = flow_in(id, &item, "UpdateItem")?;
                return Ok(Attempted::Recorded(Box::new(flow)));
            }
            Returned::Refused(None) => return Ok(Attempted::Refused(None)),
            Returned::Refused(Some(item)) => item,
        };
        let flow = Box::new(flow_in(id, &refused, "UpdateItem")?);
        Ok(if flow.state == State::Open && is_by(&refused, by) {
            Attempted::Recorded(flow)
        } else {
            Attempted::Refused(Some(flow))
        })
    }

    async fn record_wrong_answer(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        terms: CodeTerms,
        refused_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let mut change = "ADD #counted :answers".to_owned();
        let mut values = vec![
            (":answers", item::answers([&answer])),
            (":open", text(OPEN)),
            (":charge", bytes(&terms.to_bytes())),
        ];
        if let Some(at) = refused_at.filter(|_| self.has_outbox) {
            change = format!("SET {NOTE_FLOW} {change}");
            values.extend(note_flow(id, at));
        }
        let written = self
            .update(Update {
                key: item::flow_key(id),
                change: &change,
                condition: "#state = :open AND #charge = :charge",
                values,
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
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
        let key = item::flow_key(id);
        let open = (":open", text(OPEN));
        let terms = (":charge", bytes(&terms.to_bytes()));
        let one = (":answer", bytes(answer.as_bytes()));
        let set = (":answers", item::answers([&answer]));
        let condition = if limit == 0 {
            "#state = :open AND #charge = :charge \
             AND (contains(#attempts, :answer) OR size(#attempts) < :limit)"
        } else {
            // An empty set is a missing attribute, which has no size.
            "#state = :open AND #charge = :charge \
             AND (contains(#attempts, :answer) OR size(#attempts) < :limit \
             OR attribute_not_exists(#attempts))"
        };
        let written = if right {
            self.update(Update {
                key,
                change: "SET #state = :matched, #answer = :answer, #at = :now \
                     ADD #attempts :answers",
                condition: &format!("#message_charged = :yes AND {condition}"),
                values: [
                    open,
                    terms,
                    one,
                    set,
                    (":limit", number(limit)),
                    (":yes", AttributeValue::Bool(true)),
                    (":matched", text(MATCHED)),
                    (":now", time(now)),
                ],
            })
            .await?
        } else {
            self.update(Update {
                key,
                change: "ADD #attempts :answers",
                condition,
                values: [open, terms, one, set, (":limit", number(limit))],
            })
            .await?
        };
        Ok(match written {
            WriteResult::Done => VerdictWrite::Recorded,
            WriteResult::Refused(None) => VerdictWrite::Refused(None),
            WriteResult::Refused(Some(item)) => {
                VerdictWrite::Refused(Some(Box::new(flow_in(id, &item, "UpdateItem")?)))
            }
        })
    }

    async fn finish(
        &self,
        id: FlowId,
        session: SessionFacts<'_>,
        contact_written: bool,
        now: Timestamp,
    ) -> Result<Finished, PortError> {
        let by = self.draw();
        let (issued, issued_at) = issued_at(session);
        let mut condition =
            format!("#state = :matched AND #client = :client AND {issued} AND #sub = :sub");
        if !contact_written {
            condition.push_str(" AND attribute_not_exists(#pending)");
        }
        let mut change = "SET #state = :finished, #at = :now, #by = :by".to_owned();
        let mut values = vec![
            (":finished", text(FINISHED)),
            (":now", time(now)),
            (":by", bytes(&by)),
            (":matched", text(MATCHED)),
            (":client", text(session.client)),
            (":issued_at", time(issued_at)),
            (":sub", text(item::sub_of(session.user))),
        ];
        if self.has_outbox && !contact_written && session.user.is_some() {
            change = format!("{change}, {NOTE_FLOW}");
            values.extend(note_flow(id, now));
        }
        let written = self
            .update_and_return(Update {
                key: item::flow_key(id),
                change: &change,
                condition: &condition,
                values,
            })
            .await?;
        let refused = match written {
            Returned::Done(item) => {
                let flow = flow_in(id, &item, "UpdateItem")?;
                return Ok(Finished::Now(Box::new(flow)));
            }
            Returned::Refused(None) => return Ok(Finished::Refused(None)),
            Returned::Refused(Some(item)) => item,
        };
        let flow = Box::new(flow_in(id, &refused, "UpdateItem")?);
        Ok(
            if matches!(flow.state, State::Finished { .. }) && is_by(&refused, by) {
                Finished::Now(flow)
            } else {
                Finished::Refused(Some(flow))
            },
        )
    }

    async fn undo_finish(&self, id: FlowId, finished_at: Timestamp) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::flow_key(id),
                change: if self.has_outbox {
                    "SET #state = :matched REMOVE #outbox, #due"
                } else {
                    "SET #state = :matched"
                },
                condition: "#state = :finished AND #at = :at",
                values: [
                    (":matched", text(MATCHED)),
                    (":finished", text(FINISHED)),
                    (":at", time(finished_at)),
                ],
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
    }
}

impl<E: Entropy> RedemptionStore for DynamoStore<E> {
    async fn redeem(
        &self,
        redeemable: Redeemable,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> Result<Redeemed, PortError> {
        let written = self
            .update(Update {
                key: item::redeemable_key(redeemable),
                change: "SET #flow = :flow, #ttl = :ttl",
                // A repeated redemption of the same holder may only extend its time.
                condition: "attribute_not_exists(#pk) OR (#flow = :flow AND #ttl < :ttl)",
                values: [(":flow", bytes(flow.as_bytes())), (":ttl", ttl(keep_until))],
            })
            .await?;
        match written {
            WriteResult::Done => Ok(Redeemed::Here),
            WriteResult::Refused(item) => {
                let item = WriteResult::refusing_item(item, "UpdateItem")?;
                let holder = item::row(&item).and_then(|row| row.bytes("flow"));
                let holder = holder.ok_or_else(|| unreadable("UpdateItem", &item))?;
                Ok(if holder == *flow.as_bytes() {
                    Redeemed::Here
                } else {
                    Redeemed::Elsewhere
                })
            }
        }
    }

    async fn is_redeemed(&self, redeemable: Redeemable) -> Result<bool, PortError> {
        Ok(self.read(item::redeemable_key(redeemable)).await?.is_some())
    }
}

impl<E: Entropy> PendingStore for DynamoStore<E> {
    async fn put_pending(&self, pending: &Pending) -> Result<(), PortError> {
        let keep_until = pending.expires_at.plus(KEEP_PENDING);
        self.put(item::of_pending(pending, keep_until)).await
    }

    async fn pending(&self, account: &Sub, method: Method) -> Result<Option<Pending>, PortError> {
        let item = self.read(item::pending_key(account, method)).await?;
        item.map(|item| {
            item::to_pending(account, method, &item).ok_or_else(|| unreadable("GetItem", &item))
        })
        .transpose()
    }

    async fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::pending_key(account, method),
                change: "SET #outcome = :outcome",
                condition: "#id = :id",
                values: [
                    (":outcome", text(item::outcome_name(outcome))),
                    (":id", bytes(id.as_bytes())),
                ],
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
    }
}

impl<E: Entropy> UndoStore for DynamoStore<E> {
    async fn put_undo(&self, undo: &Undo, over: Option<PendingId>) -> Result<bool, PortError> {
        let values = [
            (":id", bytes(undo.id.as_bytes())),
            (":username", text(&undo.username)),
            (":method", text(undo.method.as_str())),
            (":replaced", bytes(undo.replaced.as_bytes())),
            (":contact", bytes(undo.contact.as_bytes())),
            (":replaced_at", time(undo.replaced_at)),
            (":expires_at", time(undo.expires_at)),
            (":ttl", ttl(undo.expires_at.plus(KEEP_UNDO))),
        ];
        let key = item::undo_key(&undo.account);
        let change = "SET #id = :id, #username = :username, #method = :method, \
             #replaced = :replaced, #contact = :contact, #replaced_at = :replaced_at, \
             #expires_at = :expires_at, #ttl = :ttl REMOVE #closed_at";
        let written = match over {
            None => {
                self.update(Update {
                    key,
                    change,
                    condition: "attribute_not_exists(#pk)",
                    values,
                })
                .await?
            }
            Some(over) => {
                let [id, username, method, replaced, contact, at, expiry, ttl] = values;
                let over = (":over", bytes(over.as_bytes()));
                self.update(Update {
                    key,
                    change,
                    condition: "#id = :over",
                    values: [
                        id, username, method, replaced, contact, at, expiry, ttl, over,
                    ],
                })
                .await?
            }
        };
        Ok(match written {
            WriteResult::Done => true,
            WriteResult::Refused(item) => has_id(item.as_ref(), undo.id),
        })
    }

    async fn undo(&self, account: &Sub) -> Result<Option<Undo>, PortError> {
        let item = self.read(item::undo_key(account)).await?;
        item.map(|item| item::to_undo(account, &item).ok_or_else(|| unreadable("GetItem", &item)))
            .transpose()
    }

    async fn close_undo(
        &self,
        account: &Sub,
        id: PendingId,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::undo_key(account),
                change: "SET #closed_at = :now",
                condition: "#id = :id AND attribute_not_exists(#closed_at)",
                values: [(":id", bytes(id.as_bytes())), (":now", time(now))],
            })
            .await?;
        Ok(match written {
            WriteResult::Done => true,
            WriteResult::Refused(item) => has_id(item.as_ref(), id),
        })
    }

    async fn put_replaced(
        &self,
        contact: Pseudonym,
        account: &Sub,
        at: Timestamp,
        keep_until: Timestamp,
    ) -> Result<(), PortError> {
        self.update(Update {
            key: item::replaced_key(contact),
            change: "SET #sub = :sub, #at = :at, #ttl = :ttl",
            condition: "attribute_not_exists(#pk) OR #at <= :at",
            values: [
                (":sub", text(account.as_str())),
                (":at", time(at)),
                (":ttl", ttl(keep_until)),
            ],
        })
        .await
        .map(|_| ())
    }

    async fn replaced(&self, contact: Pseudonym) -> Result<Option<Sub>, PortError> {
        let item = self.read(item::replaced_key(contact)).await?;
        item.map(|item| {
            let account = item::row(&item).and_then(|row| row.text("sub").map(Sub::new));
            account.ok_or_else(|| unreadable("GetItem", &item))
        })
        .transpose()
    }
}

fn invitation_in(contact: Pseudonym, item: &Item) -> Result<Invitation, PortError> {
    item::to_invitation(contact, item).ok_or_else(|| unreadable("UpdateItem", item))
}

impl<E: Entropy> InvitationStore for DynamoStore<E> {
    async fn put_invitation(
        &self,
        invitation: &Invitation,
        keep_until: Timestamp,
    ) -> Result<(), PortError> {
        self.put(item::of_invitation(invitation, keep_until)).await
    }

    async fn redeem_invitation(
        &self,
        contact: Pseudonym,
        username: &str,
        now: Timestamp,
    ) -> Result<Option<Invitation>, PortError> {
        let redeemed = self
            .update_and_return(Update {
                key: item::invitation_key(contact),
                change: "SET #redeemed_by = :username",
                condition: "#used = :no AND #until > :now \
                     AND (attribute_not_exists(#redeemed_by) OR #redeemed_by = :username)",
                values: [
                    (":username", text(username)),
                    (":no", AttributeValue::Bool(false)),
                    (":now", time(now)),
                ],
            })
            .await?;
        match redeemed {
            Returned::Done(item) => invitation_in(contact, &item).map(Some),
            Returned::Refused(item) => item.map(|item| invitation_in(contact, &item)).transpose(),
        }
    }

    async fn use_invitation(&self, contact: Pseudonym, username: &str) -> Result<(), PortError> {
        self.update(Update {
            key: item::invitation_key(contact),
            change: "SET #used = :yes REMOVE #attributes, #groups",
            condition: "#redeemed_by = :username",
            values: [
                (":username", text(username)),
                (":yes", AttributeValue::Bool(true)),
            ],
        })
        .await
        .map(|_| ())
    }

    async fn withdraw_invitation(&self, contact: Pseudonym) -> Result<(), PortError> {
        self.service
            .send(
                DeleteItemInput::builder()
                    .table_name(&self.table)
                    .key(PK, AttributeValue::S(item::invitation_key(contact)))
                    .build(),
            )
            .await
            .map(|_| ())
            .map_err(|error| PortError::new("DeleteItem", code_of(&error)))
    }
}

impl<E: Entropy> LeaseStore for DynamoStore<E> {
    async fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let written = self
            .update(Update {
                key: item::lease_key(on),
                change: "SET #holder = :holder, #until = :until, #ttl = :ttl",
                condition: "attribute_not_exists(#pk) OR #holder = :holder OR #until <= :now",
                values: [
                    (":holder", bytes(holder.as_bytes())),
                    (":until", time(until)),
                    (":ttl", ttl(until)),
                    (":now", time(now)),
                ],
            })
            .await?;
        Ok(matches!(written, WriteResult::Done))
    }

    async fn release(&self, on: Pseudonym, holder: Pseudonym) -> Result<(), PortError> {
        let holder = (":holder", bytes(holder.as_bytes()));
        self.delete(item::lease_key(on), "#holder = :holder", holder, None)
            .await
            .map(|_| ())
    }
}

fn session_in(key: Pseudonym, item: &Item, call: &'static str) -> Result<Session, PortError> {
    item::to_session(key, item).ok_or_else(|| unreadable(call, item))
}

impl<E: Entropy> SessionStore for DynamoStore<E> {
    async fn open_session(&self, session: &Session) -> Result<(), PortError> {
        let item = item::of_session(session, session.expires_at.plus(KEEP_SESSION));
        // A key is the hash of a random id, so an item that is there is this call's own.
        self.put_new(item).await.map(|_| ())
    }

    async fn session(&self, key: Pseudonym) -> Result<Option<Session>, PortError> {
        let item = self.read(item::session_key(key)).await?;
        item.map(|item| session_in(key, &item, "GetItem"))
            .transpose()
    }

    async fn sessions(&self, keys: &[Pseudonym]) -> Result<Vec<Session>, PortError> {
        let named = keys.iter().map(|key| item::session_key(*key));
        let items = self.read_several(named).await?;
        let found = keys.iter().filter_map(|key| {
            let item = items.get(&item::session_key(*key))?;
            Some(session_in(*key, item, "BatchGetItem"))
        });
        found.collect()
    }

    async fn note_use(
        &self,
        key: Pseudonym,
        minute: Timestamp,
        browser: Option<Browser>,
    ) -> Result<bool, PortError> {
        let key = item::session_key(key);
        let minute = (":minute", time(minute));
        let written = match browser {
            None => {
                self.update(Update {
                    key,
                    change: "SET #last_used_at = :minute",
                    condition: "#last_used_at < :minute",
                    values: [minute],
                })
                .await?
            }
            Some(browser) => {
                self.update(Update {
                    key,
                    change: "SET #last_used_at = :minute ADD #browsers :browsers",
                    condition: "#last_used_at < :minute \
                         OR (#last_used_at = :minute AND NOT contains(#browsers, :browser))",
                    values: [
                        minute,
                        (":browsers", item::browsers([&browser])),
                        (":browser", text(&browser.text())),
                    ],
                })
                .await?
            }
        };
        Ok(matches!(written, WriteResult::Done))
    }

    async fn lease_refresh(
        &self,
        key: Pseudonym,
        refreshes: u32,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, PortError> {
        let leased = self
            .update_and_return(Update {
                key: item::session_key(key),
                change: "SET #lease_holder = :holder, #lease_until = :until",
                condition: "#refreshes = :refreshes AND (attribute_not_exists(#lease_holder) \
                     OR #lease_holder = :holder OR #lease_until <= :now)",
                values: [
                    (":holder", bytes(holder.as_bytes())),
                    (":until", time(until)),
                    (":now", time(now)),
                    (":refreshes", number(refreshes)),
                ],
            })
            .await?;
        let session = |item| session_in(key, &item, "UpdateItem").map(Box::new);
        match leased {
            Returned::Done(item) => session(item).map(Leased::Taken),
            Returned::Refused(item) => item.map(session).transpose().map(Leased::Refused),
        }
    }

    async fn store_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        tokens: &SessionTokens,
    ) -> Result<bool, PortError> {
        const TOKENS: [(&str, &str); 5] = [
            ("refresh", ":refresh"),
            ("former", ":former"),
            ("former_until", ":former_until"),
            ("access", ":access"),
            ("access_expires_at", ":access_expires_at"),
        ];
        let set: HashMap<_, _> = item::of_session_tokens(tokens).collect();
        let (mut changes, mut removed) = (Vec::new(), Vec::new());
        let mut values = vec![
            (":holder", bytes(holder.as_bytes())),
            (":one", number(1_u32)),
        ];
        for (name, value) in TOKENS {
            match set.get(name) {
                Some(token) => {
                    changes.push(format!("#{name} = {value}, "));
                    values.push((value, token.clone()));
                }
                None => removed.push(format!(", #{name}")),
            }
        }
        let change = format!(
            "SET {}#refreshes = #refreshes + :one, #by = :holder \
             REMOVE #lease_holder, #lease_until{}",
            changes.concat(),
            removed.concat(),
        );
        let stored = self
            .update(Update {
                key: item::session_key(key),
                change: &change,
                condition: "#lease_holder = :holder",
                values,
            })
            .await?;
        Ok(match stored {
            WriteResult::Done => true,
            WriteResult::Refused(item) => item.is_some_and(|it| is_by(&it, *holder.as_bytes())),
        })
    }

    async fn give_up_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
    ) -> Result<(), PortError> {
        self.update(Update {
            key: item::session_key(key),
            change: "SET #lease_until = :now",
            condition: "#lease_holder = :holder",
            values: [(":holder", bytes(holder.as_bytes())), (":now", time(now))],
        })
        .await
        .map(|_| ())
    }

    async fn end_session(
        &self,
        key: Pseudonym,
        condition: EndIf<'_>,
    ) -> Result<Option<Session>, PortError> {
        let (condition, value) = match condition {
            EndIf::Of(account) => ("#sub = :sub", (":sub", text(account.as_str()))),
            EndIf::LeasedBy(holder) => (
                "#lease_holder = :holder",
                (":holder", bytes(holder.as_bytes())),
            ),
        };
        let returned = Some(ReturnValue::AllOld);
        let item = self
            .delete(item::session_key(key), condition, value, returned)
            .await?;
        item.map(|item| session_in(key, &item, "DeleteItem"))
            .transpose()
    }

    async fn enlist_session(
        &self,
        account: &Sub,
        key: Pseudonym,
        limit: usize,
        keep_until: Timestamp,
    ) -> Result<Enlisted, PortError> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let enlisted = self
            .update(Update {
                key: item::session_list_key(account),
                change: "SET #ttl = :ttl ADD #sessions :keys",
                condition: "attribute_not_exists(#sessions) OR contains(#sessions, :key) \
                     OR size(#sessions) < :limit",
                values: [
                    (":ttl", ttl(keep_until)),
                    (":keys", item::pseudonyms(&[key])),
                    (":key", bytes(key.as_bytes())),
                    (":limit", number(limit)),
                ],
            })
            .await?;
        match enlisted {
            WriteResult::Done => Ok(Enlisted::Yes),
            WriteResult::Refused(item) => {
                let item = WriteResult::refusing_item(item, "UpdateItem")?;
                let listed = item::to_session_list(&item);
                listed
                    .map(Enlisted::Full)
                    .ok_or_else(|| unreadable("UpdateItem", &item))
            }
        }
    }

    async fn enlisted_sessions(&self, account: &Sub) -> Result<Vec<Pseudonym>, PortError> {
        match self.read(item::session_list_key(account)).await? {
            None => Ok(Vec::new()),
            Some(item) => item::to_session_list(&item).ok_or_else(|| unreadable("GetItem", &item)),
        }
    }

    async fn delist_sessions(&self, account: &Sub, keys: &[Pseudonym]) -> Result<(), PortError> {
        self.update(Update {
            key: item::session_list_key(account),
            change: "DELETE #sessions :keys",
            condition: "attribute_exists(#sessions)",
            values: [(":keys", item::pseudonyms(keys))],
        })
        .await
        .map(|_| ())
    }
}

impl<E: Entropy> CounterStore for DynamoStore<E> {
    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        let never = |window: &Window| window.limit < window.amount;
        if let Some(window) = windows.iter().rposition(never) {
            return Ok(Charged::Refused { window });
        }
        let room = |window: &Window| window.limit - window.amount;
        let by = self.draw();
        let mut changes = Vec::new();
        let mut conditions = vec!["(attribute_not_exists(#by) OR #by <> :by)".to_owned()];
        let mut values = HashMap::from([
            (":by".to_owned(), bytes(&by)),
            (":ttl".to_owned(), ttl(keep_until)),
        ]);
        for (n, window) in windows.iter().enumerate() {
            changes.push(format!("#w{n} :amount{n}"));
            conditions.push(format!(
                "(attribute_not_exists(#w{n}) OR #w{n} <= :room{n})"
            ));
            values.insert(format!(":amount{n}"), number(window.amount));
            values.insert(format!(":room{n}"), number(room(window)));
        }
        let mut names = window_names(windows.iter().map(|window| &*window.name));
        names.extend([("#by", BY), ("#ttl", TTL)].map(|(n, name)| (n.to_owned(), name.to_owned())));
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(item::counter_key(counter)))
            .update_expression(format!(
                "SET #by = :by, #ttl = :ttl ADD {}",
                changes.join(", ")
            ))
            .condition_expression(conditions.join(" AND "))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let item = match written(self.service.send(update.build()).await)? {
            WriteResult::Done => return Ok(Charged::Yes),
            WriteResult::Refused(item) => WriteResult::refusing_item(item, "UpdateItem")?,
        };
        if is_by(&item, by) {
            return Ok(Charged::Yes);
        }
        let is_full = |window: &Window| {
            let count: Option<u32> = Row(&item).number(&window_name(&window.name));
            count.is_some_and(|count| count > room(window))
        };
        windows
            .iter()
            .rposition(is_full)
            .map(|window| Charged::Refused { window })
            .ok_or_else(|| unreadable("UpdateItem", &item))
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        let keys = counters.iter().map(|counter| item::counter_key(*counter));
        let items = self.read_several(keys).await?;
        counters
            .iter()
            .map(|counter| {
                let item = items.get(&item::counter_key(*counter));
                match item {
                    None => Ok(Counts::default()),
                    Some(item) if item::is_later(item) => Err(unreadable("BatchGetItem", item)),
                    Some(item) => Ok(counts_in(item)),
                }
            })
            .collect()
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        let numbered = |each: fn(usize) -> String| (0..taken.len()).map(each).collect::<Vec<_>>();
        let values = taken.iter().enumerate().flat_map(|(n, taken)| {
            let Taken { amount, .. } = taken;
            [
                (format!(":amount{n}"), number(*amount)),
                (format!(":less{n}"), AttributeValue::N(format!("-{amount}"))),
            ]
        });
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(item::counter_key(counter)))
            .update_expression(format!(
                "ADD {}",
                numbered(|n| format!("#w{n} :less{n}")).join(", ")
            ))
            .condition_expression(numbered(|n| format!("#w{n} >= :amount{n}")).join(" AND "))
            .set_expression_attribute_names(Some(window_names(
                taken.iter().map(|taken| &*taken.name),
            )))
            .set_expression_attribute_values(Some(values.collect()));
        // A repetition could refund another flow's charge.
        written(self.once.send(update.build()).await).map(|_| ())
    }
}

/// The prefix of a window's attribute; no other attribute has it.
const WINDOW: &str = "n_";

/// Returns the attribute of a window in the item of a counter.
pub fn window_name(name: &str) -> String {
    format!("{WINDOW}{name}")
}

/// Returns the windows of a counter's item.
fn counts_in(item: &Item) -> Counts {
    item.keys()
        .filter_map(|attribute| {
            let count = Row(item).number(attribute)?;
            Some((attribute.strip_prefix(WINDOW)?.to_owned(), count))
        })
        .collect()
}

/// Returns the names `#w0`, `#w1` and so on of these windows in expressions.
fn window_names<'a>(windows: impl Iterator<Item = &'a str>) -> HashMap<String, String> {
    windows
        .enumerate()
        .map(|(n, name)| (format!("#w{n}"), window_name(name)))
        .collect()
}
