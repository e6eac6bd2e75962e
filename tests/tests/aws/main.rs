//! `latchstring-aws` on an emulator that others wrote.

mod call_policy;
mod challenges;
mod delivery;
mod directory;
mod dynamodb;
mod secrets;
mod turnstile;
