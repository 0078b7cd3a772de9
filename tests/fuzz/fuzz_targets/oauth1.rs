//! libFuzzer's door to `src/targets/oauth1.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::oauth1::check(data));
