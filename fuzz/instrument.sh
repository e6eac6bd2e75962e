#!/bin/sh
# Compiles a crate of this workspace with what libFuzzer steers by. Cargo calls it in place of rustc
# (RUSTC_WORKSPACE_WRAPPER), for our own crates only: the others stay as every other build has them.
exec "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
