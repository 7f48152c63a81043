//! Writes a table of the SDKs' sources, which `weir plugin new` copies into projects: a binary alone is enough to begin.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What belongs to an SDK: its sources, and not its own tests and examples.
const SDKS: [(&str, &str, &[&str]); 2] =
    [("RUST", "plugin-sdk-rust/src", &["rs"]), ("GO", "plugin-sdk-go", &["go", "mod", "s"])];

/// Folders of an SDK that are for who works on it.
const LEFT_OUT: [&str; 4] = ["examples", "testdata", "tests", "cases"];

/// The same for files, by how their names end.
const LEFT_OUT_FILES: [&str; 2] = ["_test.go", "tests.rs"];

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), Box<dyn Error>> {
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let mut table = String::new();
    for (name, folder, endings) in SDKS {
        let root = workspace.join(folder);
        println!("cargo::rerun-if-changed={}", root.display());
        let mut files = Vec::new();
        collect(&root, endings, &mut files)?;
        files.sort();
        writeln!(
            table,
            "/// The sources of an SDK, by path.\npub(super) const {name}: &[(&str, &str)] = &["
        )?;
        for file in files {
            let path = file.strip_prefix(&root)?.to_str().ok_or("a path is not UTF-8")?.to_owned();
            writeln!(
                table,
                "    ({path:?}, include_str!({:?})),",
                file.to_str().ok_or("a path is not UTF-8")?
            )?;
        }
        writeln!(table, "];")?;
    }
    Ok(fs::write(PathBuf::from(variable("OUT_DIR")?).join("sdk.rs"), table)?)
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    Ok(env::var(name).map_err(|_| format!("cargo did not set {name}"))?)
}

fn collect(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name) {
                collect(&path, endings, files)?;
            }
        } else if !LEFT_OUT_FILES.iter().any(|end| name.ends_with(end))
            && path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e))
        {
            files.push(path);
        }
    }
    Ok(())
}
