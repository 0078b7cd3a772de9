//! libFuzzer's door to `src/targets/admin_socket.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyhook_fuzz::targets::admin_socket::check(data));
