//! libFuzzer's door to `src/targets/token.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::token::check(data));
