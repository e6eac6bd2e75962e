//! What `latchstring-aws` makes of AWS, on an emulator that others wrote.

mod delivery;
mod dynamodb;
mod secrets;
mod turnstile;
