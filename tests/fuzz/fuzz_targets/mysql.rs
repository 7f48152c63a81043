//! Conversations for the mysql plugin.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::conversation::play::<weir_plugin_mysql::MySql>(data));
