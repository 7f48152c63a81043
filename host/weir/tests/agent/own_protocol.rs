//! A private protocol that only a user's plugin knows, on a port that nobody configured.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::agent::Agent;
use crate::program::Folder;
use crate::space::Space;
use crate::talk::{Client, server};

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

#[test]
fn it_gives_logs_on_any_port() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-echo");
    let address = server(&space, false);
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--plugin", &echo()]);
    agent.says("capturing lo");
    let mut client = Client::connect(&space, address);
    for number in 0..100 {
        assert_eq!(client.line(&format!("PING {number}\n")), format!("PONG {number}\n"));
    }
    agent.tells(100, |log| log["l7_protocol"] == "Echo" && log["type"] == "session");
    let ended = agent.end("TERM");
    ended.accounts();
    for (number, log) in ended.logs.iter().enumerate() {
        assert_eq!(log["request_resource"], number.to_string());
        assert_eq!(log["response_result"], number.to_string());
        assert_eq!(log["server_port"], address.port());
    }
}
