//! A capture file of any format.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_capture::fuzz(data));
