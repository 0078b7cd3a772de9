//! libFuzzer's door to `src/targets/seal.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::seal::check(data));
