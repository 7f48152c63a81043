//! Segments of one direction in any order.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::reassembly::play(data));
