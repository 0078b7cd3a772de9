//! libFuzzer's door to `src/targets/master_key.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::master_key::check(data));
