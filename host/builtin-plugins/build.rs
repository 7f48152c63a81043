//! Compiles `plugins/*` to Wasm and writes a table of them.
//!
//! A cargo of its own with a target folder of its own (`guests`, beside `debug` and `release`): it takes no lock that the
//! outer cargo holds, and debug and release builds share its work.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-unknown-unknown";
/// The name of an export that only parsers have.
const PARSER: &[u8] = b"weir:plugin/parser@0.1.0#process";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let workspace = folder("CARGO_MANIFEST_DIR")?.join("../..").canonicalize()?;
    let out = folder("OUT_DIR")?;
    let names = plugin_names(&workspace.join("plugins"))?;
    watch(&workspace, &names);
    require_target()?;
    // OUT_DIR is <target folder>/<profile>/build/<package>/out.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not where cargo puts it")?.join("guests");
    compile(&workspace, &target, &names)?;
    embed(&target.join(TARGET).join("guest"), &out, &names)
}

fn folder(variable: &str) -> Result<PathBuf, Box<dyn Error>> {
    Ok(env::var_os(variable).ok_or_else(|| format!("cargo did not set {variable}"))?.into())
}

/// The folders in `plugins/` that hold a crate, in order.
fn plugin_names(plugins: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(plugins)? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().into_string().map_err(|name| format!("strange name {name:?}"))?);
        }
    }
    names.sort();
    Ok(names)
}

fn watch(workspace: &Path, names: &[String]) {
    let fixed = [
        "Cargo.toml",
        "Cargo.lock",
        ".cargo/config.toml",
        "plugin-sdk-rust/Cargo.toml",
        "plugin-sdk-rust/src",
    ];
    let sources =
        names.iter().flat_map(|name| ["Cargo.toml", "src"].map(|part| format!("plugins/{name}/{part}")));
    let paths = fixed.map(str::to_owned).into_iter().chain(sources);
    for path in paths {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
}

fn require_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && folder.is_dir() {
        return Ok(());
    }
    Err(format!(
        "Rust's {TARGET} target is missing; run `cargo xtask setup` (or `rustup target add {TARGET}`)"
    )
    .into())
}

fn compile(workspace: &Path, target: &Path, names: &[String]) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace).args(["build", "--quiet", "--profile", "guest", "--target", TARGET]);
    command.arg("--target-dir").arg(target);
    for name in names {
        command.args(["--package", &format!("weir-plugin-{name}")]);
    }
    // What the outer cargo, clippy or the user set for the host must not reach the guests.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_for_the_host) {
            command.env_remove(name);
        }
    }
    if !command.status()?.success() {
        return Err("the built-in plugins do not compile; the messages above say why".into());
    }
    Ok(())
}

fn is_for_the_host(variable: &str) -> bool {
    const KEPT: [&str; 6] =
        ["CARGO_HOME", "CARGO_HTTP_", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_REGISTR", "CARGO_TERM_"];
    const REMOVED: [&str; 5] = ["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "PROFILE", "TARGET"];
    let of_cargo = variable.starts_with("CARGO_") && !KEPT.iter().any(|kept| variable.starts_with(kept));
    of_cargo || REMOVED.contains(&variable)
}

/// Copies the modules into OUT_DIR and writes the table of them.
fn embed(built: &Path, out: &Path, names: &[String]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from("[\n");
    for name in names {
        let wasm = built.join(format!("weir_plugin_{}.wasm", name.replace('-', "_")));
        let copy = out.join(format!("{name}.wasm"));
        let bytes = fs::read(&wasm).map_err(|error| format!("{}: {error}", wasm.display()))?;
        let parses = bytes.windows(PARSER.len()).any(|window| window == PARSER);
        fs::write(&copy, bytes)?;
        writeln!(
            table,
            "    Builtin {{ name: {name:?}, parses: {parses}, wasm: include_bytes!({copy:?}) }},"
        )?;
    }
    table.push(']');
    Ok(fs::write(out.join("builtin.rs"), table)?)
}
