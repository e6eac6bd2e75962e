//! What `latchstring-aws` makes of AWS, on an emulator that others wrote.

mod challenges;
mod delivery;
mod directory;
mod dynamodb;
mod patience;
mod secrets;
mod turnstile;
