//! libFuzzer's door to `src/targets/redirect_uri.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::redirect_uri::check(data));
