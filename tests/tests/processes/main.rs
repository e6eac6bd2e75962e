//! The binaries as processes: their output and their end, neither of which reveals a secret.

mod after_response;
mod http_door;
mod lambdas;
mod local;
mod notice;
mod tour;
mod trust;
