//! libFuzzer's door to `src/targets/authorization_header.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::authorization_header::check(data));
