//! The ports in memory, each at the end of a line: a call is one request, as in `latchstring-aws`.

use latchstring_core::account::{Account, Names, Sub};
use latchstring_core::flow::{AnswerDigest, Flow, FlowId};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::message::Message;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Charged, ContactWrite, Counts, Courier, Creation, DeliveryError, Directory,
    Finished, Opened, PortError, Redeemed, Store, Taken, Token, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Charge;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;

use super::line::{Hop, Line};

/// A port at the end of a line.
#[derive(Clone)]
pub(super) struct Far<P> {
    pub(super) line: Line,
    pub(super) port: P,
}

impl<P> Far<P> {
    async fn read(&self) {
        self.line.trip(Hop::DynamoDb, "DynamoDB", "reads").await;
    }

    async fn write(&self) {
        self.line.trip(Hop::DynamoDb, "DynamoDB", "writes").await;
    }

    async fn cognito(&self, operation: &'static str) {
        self.line.trip(Hop::Cognito, "Cognito", operation).await;
    }
}

impl<P: Store> Store for Far<P> {
    async fn open_flow(&self, flow: &Flow) -> Result<Opened, PortError> {
        self.write().await;
        self.port.open_flow(flow).await
    }

    async fn flow(&self, id: FlowId) -> Result<Option<Flow>, PortError> {
        self.read().await;
        self.port.flow(id).await
    }

    async fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        lengthened: Option<Charge>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        self.write().await;
        self.port.advance_send(id, sends, lengthened, now).await
    }

    async fn reset_resend_cooldown(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        self.write().await;
        self.port.reset_resend_cooldown(id, sends).await
    }

    async fn record_attempt(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
        limit: u8,
    ) -> Result<Attempted, PortError> {
        self.write().await;
        self.port.record_attempt(id, answer, charge, limit).await
    }

    async fn count(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
    ) -> Result<bool, PortError> {
        self.write().await;
        self.port.count(id, answer, charge).await
    }

    async fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        limit: u8,
        now: Timestamp,
    ) -> Result<VerdictWrite, PortError> {
        self.write().await;
        self.port
            .record_verdict(id, answer, right, limit, now)
            .await
    }

    async fn finish(&self, id: FlowId, now: Timestamp) -> Result<Finished, PortError> {
        self.write().await;
        self.port.finish(id, now).await
    }

    async fn redeem(
        &self,
        token: Token,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> Result<Redeemed, PortError> {
        self.write().await;
        self.port.redeem(token, flow, keep_until).await
    }

    async fn is_redeemed(&self, token: Token) -> Result<bool, PortError> {
        self.read().await;
        self.port.is_redeemed(token).await
    }

    async fn put_pending(&self, pending: &Pending) -> Result<(), PortError> {
        self.write().await;
        self.port.put_pending(pending).await
    }

    async fn pending(&self, account: &Sub, method: Method) -> Result<Option<Pending>, PortError> {
        self.read().await;
        self.port.pending(account, method).await
    }

    async fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> Result<bool, PortError> {
        self.write().await;
        self.port.settle_pending(account, method, id, outcome).await
    }

    async fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.write().await;
        self.port.lease(on, holder, now, until).await
    }

    async fn release(&self, on: Pseudonym, holder: Pseudonym) -> Result<(), PortError> {
        self.write().await;
        self.port.release(on, holder).await
    }

    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        self.write().await;
        self.port.charge(counter, windows, keep_until).await
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        self.read().await;
        self.port.counts(counters).await
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        self.write().await;
        self.port.refund(counter, taken).await
    }
}

impl<P: Directory> Directory for Far<P> {
    async fn find(&self, name: &str) -> Result<Option<Account>, PortError> {
        self.cognito("AdminGetUser").await;
        self.port.find(name).await
    }

    async fn create(&self, username: &str, contact: &Identifier) -> Result<Creation, PortError> {
        self.cognito("AdminCreateUser").await;
        self.port.create(username, contact).await
    }

    async fn set_password(&self, username: &str, password: &Secret) -> Result<(), PortError> {
        self.cognito("AdminSetUserPassword").await;
        self.port.set_password(username, password).await
    }

    async fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> Result<ContactWrite, PortError> {
        self.cognito("AdminUpdateUserAttributes").await;
        self.port.set_contact(username, contact).await
    }

    async fn set_names(&self, username: &str, names: &Names) -> Result<(), PortError> {
        self.cognito("AdminUpdateUserAttributes").await;
        self.port.set_names(username, names).await
    }
}

impl<P: Courier> Courier for Far<P> {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        self.line.trip(Hop::Message, "SES or SNS", "messages").await;
        self.port.deliver(message).await
    }
}
