//! The names of a deployment's functions.

/// The functions, by the ends of their names. The last is there only with events.
pub const FUNCTIONS: [&str; 6] = [
    "define-auth-challenge",
    "create-auth-challenge",
    "verify-auth-challenge-response",
    "sign-in",
    "sign-up",
    SWEEPER,
];

/// The function that sweeps the outbox.
pub const SWEEPER: &str = "publish-events";

/// The alias that the construct makes of each: the pool, the APIs and the schedule invoke it.
pub const ALIAS: &str = "live";
