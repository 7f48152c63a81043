//! A private protocol that only a user's plugin knows: lines, `PING number` and `PONG number`.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The echo plugin of the SDK, as an author would build it.
pub(crate) fn echo() -> String {
    static WASM: OnceLock<String> = OnceLock::new();
    WASM.get_or_init(build).clone()
}

fn build() -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).env("CARGO_TARGET_DIR", &target);
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER"] {
        cargo.env_remove(name);
    }
    cargo.args(["build", "--quiet", "--package", "echo", "--profile", "guest"]);
    assert!(cargo.args(["--target", "wasm32-unknown-unknown"]).status().unwrap().success());
    target.join("wasm32-unknown-unknown/guest/echo.wasm").to_str().unwrap().to_owned()
}
