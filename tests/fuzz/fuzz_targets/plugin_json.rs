//! libFuzzer's door to `src/targets/plugin_json.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::plugin_json::check(data));
