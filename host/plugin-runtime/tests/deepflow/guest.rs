//! Modules that follow DeepFlow's contract, in the text format.

/// A module; each part is the body of an export.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) start: String,
    pub(crate) check: String,
    pub(crate) parse: String,
    pub(crate) http_request: String,
    pub(crate) http_response: String,
    pub(crate) custom: String,
    pub(crate) bitmap: String,
    pub(crate) custom_hook: String,
    /// Anything else: imports stand before it.
    pub(crate) more: String,
}

/// At 0x10: all hooks. At 0x20: every custom message.
const HOOKS: &str = r#"
(data (i32.const 0x10) "\e0\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01")
(data (i32.const 0x20) "\00\ff\00\00\00\00\00\00")"#;

impl Default for Guest {
    /// A mirror: a payload says what the guest answers to it. To `check`: four bytes, the value; then a text with its length before
    /// it. To the others: a byte, the value (255: -1); then the records.
    fn default() -> Self {
        let tell = "(drop (call $host_read_l7_protocol_info (i32.const 0x1001) (i32.sub (call $payload) (i32.const 1))))
            (i32.load8_s (i32.const 0x1000))";
        Self {
            start: String::new(),
            check: "(drop (call $host_read_str_result (i32.const 0x1004) (i32.sub (call $payload) (i32.const 4))))
                (i32.load (i32.const 0x1000))"
                .into(),
            parse: tell.into(),
            http_request: tell.into(),
            http_response: tell.into(),
            custom: tell.into(),
            bitmap: "(i32.const 0x10)".into(),
            custom_hook: "(i32.const 0x20)".into(),
            more: String::new(),
        }
    }
}

impl Guest {
    pub(crate) fn parse(body: &str) -> Self {
        Self { parse: body.into(), ..Self::default() }
    }

    pub(crate) fn check(body: &str) -> Self {
        Self { check: body.into(), ..Self::default() }
    }

    pub(crate) fn text(&self) -> String {
        let Self { start, check, parse, http_request, http_response, custom, bitmap, custom_hook, more } =
            self;
        format!(
            r#"(module
(import "deepflow" "wasm_log" (func $wasm_log (param i32 i32 i32)))
(import "deepflow" "vm_read_ctx_base" (func $vm_read_ctx_base (param i32 i32) (result i32)))
(import "deepflow" "vm_read_payload" (func $vm_read_payload (param i32 i32) (result i32)))
(import "deepflow" "vm_read_http_req_info" (func $vm_read_http_req_info (param i32 i32) (result i32)))
(import "deepflow" "vm_read_http_resp_info" (func $vm_read_http_resp_info (param i32 i32) (result i32)))
(import "deepflow" "vm_read_custom_message_info" (func $vm_read_custom_message_info (param i32 i32) (result i32)))
(import "deepflow" "host_read_l7_protocol_info" (func $host_read_l7_protocol_info (param i32 i32) (result i32)))
(import "deepflow" "host_read_str_result" (func $host_read_str_result (param i32 i32) (result i32)))
(import "deepflow" "host_read_http_result" (func $host_read_http_result (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
(import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(memory (export "memory") 3)
{HOOKS}
(func $payload (result i32) (call $vm_read_payload (i32.const 0x1000) (i32.const 0x10000)))
(func (export "_start") {start})
(func $check (export "check_payload") (result i32) {check})
(func (export "parse_payload") (result i32) {parse})
(func (export "on_http_req") (result i32) {http_request})
(func (export "on_http_resp") (result i32) {http_response})
(func (export "on_custom_message") (result i32) {custom})
(func (export "get_hook_bitmap") (result i32) {bitmap})
(func (export "get_custom_message_hook") (result i32) {custom_hook})
{more})"#
        )
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        wasm_of(&self.text())
    }
}

pub(crate) fn wasm_of(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Bytes as a text of a data segment.
pub(crate) fn data(address: u32, bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(data (i32.const {address}) \"{text}\")")
}
