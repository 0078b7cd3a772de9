//! libFuzzer's door to `src/targets/pkce.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::pkce::check(data));
