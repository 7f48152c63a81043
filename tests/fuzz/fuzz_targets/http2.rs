//! Conversations for the http2 plugin.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::conversation::play::<weir_plugin_http2::Http2>(data));
