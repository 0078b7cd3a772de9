//! libFuzzer's door to `src/targets/content_type.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::content_type::check(data));
