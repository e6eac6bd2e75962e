//! Our binaries as processes: what they print, how they end, and that neither holds a secret.

mod lambdas;
mod local;
mod readme;
