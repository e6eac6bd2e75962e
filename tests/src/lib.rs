//! End-to-end tests of Latchstring.
