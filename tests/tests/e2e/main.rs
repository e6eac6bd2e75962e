//! Users sign in to a complete local service over TCP, with the real AWS SDK.

mod admission;
mod attempts;
mod bad_input;
mod browser_sessions;
mod budgets;
mod captcha;
mod clients;
mod contacts;
mod events;
mod failures;
mod golden_events;
mod http_door;
mod legacy_pool;
mod messages;
mod phones;
mod pools;
mod reports;
mod resend_and_expiry;
mod resume_and_links;
mod retries;
mod session_mode;
mod sign_in;
mod signed_calls;
mod tickets_and_proofs;
mod users_that_change;
