//! Answers do not reveal accounts. For every class of identifier an answer has the same bytes, the
//! same external calls in the same order with the same outcomes, and the same duration, on a clock
//! that only calls advance. The tests call the resolvers, and Cognito directly.
//!
//! [`world`] is a deployment whose calls go through [`wire`], which records and times them.
//! [`classes`] has the classes of identifiers and the steps of a caller, [`shape`] compares two
//! stories, [`alike`] has the tests, and [`http`] those of the HTTP door. `cargo xtask oracle` measures the same with a real clock.

mod alike;
mod classes;
mod http;
mod shape;
mod wire;
mod world;
