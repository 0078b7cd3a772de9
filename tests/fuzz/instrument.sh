#!/bin/sh
# RUSTC_WORKSPACE_WRAPPER: compiles the server's crates as `cargo fuzz` does, with coverage counters and comparisons traced for
# libFuzzer (https://clang.llvm.org/docs/SanitizerCoverage.html). The flags are those of stable Rust. Dependencies stay as every
# other build has them, so that they are built once; so do macros and build scripts, which run in the compiler.
crate=
for argument; do
  case $argument in proc-macro) exec "$@" ;; esac
  [ "$previous" = --crate-name ] && crate=$argument
  previous=$argument
done
case $crate in
  build_script_*) exec "$@" ;;
  keyhook_tests | keyhook_evidence) set -- "$@" -Cdebuginfo=0 ;;
  *) set -- "$@" -Cdebuginfo=0 -Copt-level=2 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares ;;
esac
exec "$@"
