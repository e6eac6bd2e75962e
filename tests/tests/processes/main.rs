//! Our binaries as processes: what they print, how they end, and that neither holds a secret.

mod after_response;
mod lambdas;
mod local;
mod notice;
mod tour;
mod trust;
