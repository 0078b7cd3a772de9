//! libFuzzer's door to `src/targets/guard.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::guard::check(data));
