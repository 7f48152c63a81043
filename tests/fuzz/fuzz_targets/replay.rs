//! A capture file through the whole path.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::replay::play(data));
