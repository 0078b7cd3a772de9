//! libFuzzer's door to `src/targets/route.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::route::check(data));
