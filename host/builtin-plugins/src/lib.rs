//! The plugins of `plugins/`, compiled to Wasm.
//!
//! Takes nothing. Gives: their names and bytes. They are plugins like any other: the runtime loads them through the same
//! door as a user's file.
#![forbid(unsafe_code)]

/// A plugin that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// The folder in `plugins/`, and the name in its manifest.
    pub name: &'static str,
    /// It adds protocols; else it has hooks alone, and runs only when somebody names it.
    pub parses: bool,
    /// A core module in the canonical layout of `wit/v0.1`.
    pub wasm: &'static [u8],
}

static ALL: &[Builtin] = &include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Every built-in plugin, in the order of names.
#[must_use]
pub fn all() -> &'static [Builtin] {
    ALL
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_folder_is_a_module() {
        let names: Vec<_> = super::all().iter().map(|builtin| builtin.name).collect();
        let all = [
            "dns",
            "http",
            "http2",
            "json-status",
            "mysql",
            "protobuf",
            "redact",
            "redis",
            "sample",
            "transaction-id",
        ];
        assert_eq!(names, all);
        for builtin in super::all() {
            assert!(builtin.wasm.starts_with(b"\0asm\x01\0\0\0"), "{} is no core module", builtin.name);
            assert!(builtin.wasm.len() < 1 << 20, "{}: {} bytes", builtin.name, builtin.wasm.len());
        }
    }
}
