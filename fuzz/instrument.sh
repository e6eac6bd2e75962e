#!/bin/sh
# Compiles a crate of this workspace with coverage instrumentation for libFuzzer. Cargo calls it in
# place of rustc (RUSTC_WORKSPACE_WRAPPER) for workspace crates only, so dependencies are not rebuilt.
exec "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
