//! libFuzzer's door to `src/targets/request_head.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::request_head::check(data));
