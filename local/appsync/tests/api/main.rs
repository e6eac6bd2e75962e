//! Tests of the stand-in over HTTP, with functions and tokens of the tests.

mod access;
mod authentication;
mod documents;
mod events;
mod limits;
mod resolvers;
mod schemas;
mod support;
