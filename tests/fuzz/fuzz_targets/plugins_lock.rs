//! libFuzzer's door to `src/targets/plugins_lock.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::plugins_lock::check(data));
