//! libFuzzer's door to `src/targets/form.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::form::check(data));
