//! libFuzzer's door to `src/targets/http.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::http::check(data));
