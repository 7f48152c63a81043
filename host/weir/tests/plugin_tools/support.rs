//! Plugins and captures for them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::capture::Capture;
use crate::guests::guest;
use crate::program::Folder;

/// What the echo plugin tells two requests and two answers of.
pub(crate) const ECHO: &[(bool, &str)] =
    &[(true, "PING one\n"), (false, "PONG one\n"), (true, "PING two\n"), (false, "FAIL no two here\n")];

/// The echo plugin of the SDK, as an author would build it.
pub(crate) fn echo() -> String {
    static WASM: OnceLock<String> = OnceLock::new();
    WASM.get_or_init(|| build("echo", "echo.wasm")).clone()
}

/// A plugin of `plugins/`.
pub(crate) fn plugin(name: &str) -> String {
    build(&format!("weir-plugin-{name}"), &format!("weir_plugin_{}.wasm", name.replace('-', "_")))
}

fn build(package: &str, file: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let mut cargo = cargo(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &target);
    cargo.args(["build", "--quiet", "--package", package, "--profile", "guest"]);
    run(cargo.args(["--target", "wasm32-unknown-unknown"]));
    target.join("wasm32-unknown-unknown/guest").join(file).to_str().unwrap().to_owned()
}

/// A cargo of its own: what the outer one, or who measures coverage, has set is not for it.
pub(crate) fn cargo(folder: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target);
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER"] {
        cargo.env_remove(name);
    }
    cargo
}

/// Runs a command that must work.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
}

/// A capture of the echo protocol.
pub(crate) fn echo_capture(folder: &Folder) -> String {
    folder.file("echo.pcap", Capture::talk(ECHO))
}

/// A guest of `tests/guests` as a file.
pub(crate) fn bad_plugin(folder: &Folder, name: &str) -> String {
    folder.file(&format!("{name}.wasm"), wat::parse_str(guest(name)).unwrap())
}

/// A capture for the guests of `tests/guests`.
pub(crate) fn evil_capture(folder: &Folder) -> String {
    folder.file("evil.pcap", Capture::talk(&[(true, "EVIL one\n"), (false, "fine\n"), (true, "EVIL two\n")]))
}
