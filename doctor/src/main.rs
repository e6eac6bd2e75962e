//! Reads a deployed pool and says what is safe, what leaks or will fail, and the mend.

fn main() {}
