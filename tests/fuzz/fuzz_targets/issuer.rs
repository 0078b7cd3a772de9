//! libFuzzer's door to `src/targets/issuer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::issuer::check(data));
