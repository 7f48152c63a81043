//! An executable or library of an observed process.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_tls_probes::fuzz(data));
