//! The stand-in over HTTP, with functions and tokens of the tests' own.

mod access;
mod authentication;
mod documents;
mod events;
mod limits;
mod resolvers;
mod schemas;
mod support;
