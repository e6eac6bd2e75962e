//! `latchstring-aws` on a third-party emulator.

mod call_policy;
mod challenges;
mod delivery;
mod directory;
mod dynamodb;
mod events;
mod hook_function;
mod secrets;
mod turnstile;
