//! No oracle: whoever is behind an address, an answer has the same bytes, the same calls are behind
//! it in the same order with the same outcomes, and it takes the same time, on a clock that only
//! calls move. Through the resolvers, and directly.
//!
//! [`world`] is a deployment whose calls go through [`wire`], which notes and times them; [`classes`]
//! says who may be behind an address and what is done with it, [`shape`] what tells two apart. The
//! tests are in [`alike`]. `cargo xtask oracle` measures the same with a real clock.

mod alike;
mod classes;
mod shape;
mod wire;
mod world;
