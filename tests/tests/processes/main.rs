//! The binaries as processes: their output and their end, neither of which reveals a secret.

mod after_response;
mod lambdas;
mod local;
mod notice;
mod tour;
mod trust;
