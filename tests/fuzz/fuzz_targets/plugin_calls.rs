//! libFuzzer's door to `src/targets/plugin_calls.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::plugin_calls::check(data));
