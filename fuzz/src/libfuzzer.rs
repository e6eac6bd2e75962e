//! The targets under libFuzzer: `cargo xtask fuzz` builds and starts this with a target's name in
//! `LATCHSTRING_FUZZ`.
#![no_main]

use std::sync::OnceLock;

use latchstring_fuzz::{Target, mutated};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("LATCHSTRING_FUZZ").unwrap_or_default();
        Target::named(&name).unwrap_or_else(|| panic!("LATCHSTRING_FUZZ does not name a target"))
    })
}

fuzz_target!(|input: &[u8]| {
    (target().check)(input);
});

// Half of the mutations are libFuzzer's own. The other half are this crate's, which keep JSON
// valid.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let changed = mutated(&data[..size], seed.into(), target().dictionary);
    let size = changed.len().min(max_size);
    data[..size].copy_from_slice(&changed[..size]);
    size
});
