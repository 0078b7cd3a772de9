//! libFuzzer's door to `src/targets/elf.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::elf::check(data));
