//! libFuzzer's door to `src/targets/authorization_request.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::authorization_request::check(data));
