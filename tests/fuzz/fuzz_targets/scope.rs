//! libFuzzer's door to `src/targets/scope.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::scope::check(data));
