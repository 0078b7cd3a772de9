//! libFuzzer's door to `src/targets/cookie.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::cookie::check(data));
