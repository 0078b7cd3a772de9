//! libFuzzer's door to `src/targets/configuration.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::configuration::check(data));
