//! The resources of a deployment besides its pool: functions, table, keys, permissions, alarms, quotas, events,
//! and what DNS says about the sender. [`read::facts`] reads them, [`checks::judge`] decides.

pub mod checks;
pub mod dns;
pub mod metric;
pub mod read;
pub mod rights;
mod why;

pub use why::why;

use std::collections::BTreeMap;
use std::fmt;

use crate::doctor::facts::Read;

/// Everything that is read.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The user pool's id.
    pub pool: String,
    /// The app client that was named.
    pub client: String,
    /// The part of the functions' names before their own.
    pub prefix: String,
    /// The functions; none if there is none of that name.
    pub functions: Vec<(&'static str, Read<Option<Function>>)>,
    /// The table; none if no function names one.
    pub table: Option<Read<Table>>,
    /// The key ring; none if no function names its secret.
    pub ring: Option<Read<Ring>>,
    /// The decisions of IAM.
    pub rights: Vec<(&'static str, Read<Vec<rights::Decision>>)>,
    /// The alarms whose names begin with the prefix.
    pub alarms: Read<Vec<Alarm>>,
    /// The rate rules of the pool's web ACL; none if it has no web ACL.
    pub pool_rates: Read<Option<Vec<u64>>>,
    /// The resolvers of the GraphQL APIs that take the pool's tokens.
    pub apis: Read<Vec<Api>>,
    /// The HTTP APIs that may call sign-in.
    pub http_apis: Read<Vec<HttpApi>>,
    /// The number of invocations that may run at once in the account.
    pub concurrency: Read<u64>,
    /// Cognito's quotas by name.
    pub quotas: Read<Vec<(String, f64)>>,
    /// The mails a second that SES sends.
    pub mails_per_second: Read<f64>,
    /// Events; none if they are off.
    pub events: Option<Events>,
    /// The addresses that SES sends nothing to, by reason.
    pub suppressed: Read<BTreeMap<String, usize>>,
    /// The sender's domain; none if no mail is sent.
    pub sender: Option<Sender>,
    /// The senders of SMS; none if no SMS is sent.
    pub sms: Option<Sms>,
    /// The time of the reading, in seconds since 1970.
    pub now: u64,
}

impl Deployment {
    /// Returns the first value of a variable of the functions.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let known = self.functions.iter();
        let mut known = known.filter_map(|(_, read)| read.as_ref().ok()?.as_ref());
        known.find_map(|function| function.variable(name))
    }
}

/// A function's configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Function {
    /// The ARN of its role.
    pub role: String,
    /// Its variables; none if they cannot be decrypted.
    pub variables: Option<BTreeMap<String, String>>,
    /// `arm64` or `x86_64`
    pub architecture: String,
    /// The time of its last change, as Lambda writes it.
    pub modified: String,
    /// Its version: `$LATEST` or a number.
    pub version: String,
    /// The concurrency that is reserved for it.
    pub reserved: Option<u64>,
}

impl Function {
    /// Returns a variable that is set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.as_ref()?.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function(…)")
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `ACTIVE` and so on.
    pub status: String,
    /// The keys, as in `pk:S:HASH`.
    pub keys: Vec<String>,
    /// The indices with their keys.
    pub indices: BTreeMap<String, Vec<String>>,
    /// True if it is billed by request.
    pub on_demand: bool,
    /// The attribute of the time to live, if that is on.
    pub ttl: Read<Option<String>>,
    /// True if it can be restored to a point in time.
    pub recovery: Read<bool>,
}

/// A key ring, without its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// True if the functions can read it.
    pub is_valid: bool,
    /// The days since its current version was stored.
    pub days: u64,
    /// True if a key is staged or not yet removed: a rotation is under way.
    pub rotating: bool,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`
    pub state: String,
    /// True if it has an action that is on.
    pub acts: bool,
}

/// A GraphQL API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// The functions of its fields, by field; none for a field without a function.
    pub fields: BTreeMap<String, Option<String>>,
}

/// An HTTP API of API Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// Its id.
    pub id: String,
    /// The functions of its routes, by route, as in `POST /v1/sign-in`; none for a route without one.
    pub routes: BTreeMap<String, Option<String>>,
}

/// Events.
#[derive(Clone, Debug)]
pub struct Events {
    /// True if the bus is there.
    pub bus: Read<bool>,
    /// The states of the rules that invoke the sweeper.
    pub rules: Read<Vec<String>>,
    /// The number of entries of the outbox that are overdue by five minutes.
    pub overdue: Read<u64>,
}

/// A sender of mail.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Its domain.
    pub domain: String,
    /// The policy of DMARC that the domain or one above it has; none if there is none.
    pub dmarc: Result<Option<String>, String>,
    /// The MAIL FROM domain with its state; none if SES uses its own.
    pub mail_from: Read<Option<(String, String)>>,
    /// True if SPF of the MAIL FROM domain includes SES; none if SES uses its own.
    pub spf: Option<Result<bool, String>>,
}

/// The senders of SMS.
#[derive(Clone, Debug)]
pub struct Sms {
    /// The countries that SMS are sent to.
    pub countries: Vec<String>,
    /// True if the functions name a sender.
    pub named: bool,
    /// The countries for which the account has a number or sender id of its own.
    pub own: Read<Vec<String>>,
}
