#!/bin/sh
# RUSTC_WORKSPACE_WRAPPER: compiles the crates of this workspace as `cargo fuzz` does, with coverage counters and comparisons
# traced for libFuzzer (https://clang.llvm.org/docs/SanitizerCoverage.html). The flags are stable ones. Their dependencies
# stay as every other build of the profile has them, so that they are built once.
for argument; do
  case $argument in build_script_* | proc-macro) exec "$@" ;; esac
done
exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Copt-level=3
