//! Tests of the stand-in over HTTP, with functions and tokens of the tests.

mod answers;
mod authorizer;
mod cors;
mod events;
mod routes;
mod support;
