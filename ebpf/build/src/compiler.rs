//! What rustc says of itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rustc that cargo uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    sysroot: PathBuf,
    /// The first number of `LLVM version:`; bitcode of one is not read by an older one.
    llvm: Option<u32>,
    release: String,
}

impl Compiler {
    /// Asks it, in two calls.
    ///
    /// # Errors
    ///
    /// It can not be started, or says nothing that is known.
    pub fn find() -> Result<Self, String> {
        let sysroot = ask(&["--print", "sysroot"])?;
        Ok(Self::of(sysroot.trim_end().into(), &ask(&["-vV"])?))
    }

    fn of(sysroot: PathBuf, version: &str) -> Self {
        let field = |key: &str| version.lines().find_map(|line| line.strip_prefix(key));
        let llvm = field("LLVM version: ").and_then(|version| version.split('.').next()?.parse().ok());
        Self { sysroot, llvm, release: field("release: ").unwrap_or("of unknown release").to_owned() }
    }

    /// The folder of the toolchain.
    #[must_use]
    pub fn sysroot(&self) -> &Path {
        &self.sysroot
    }

    /// Such as `1.95.0`.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The major version of the LLVM that it is built with.
    #[must_use]
    pub fn llvm(&self) -> Option<u32> {
        self.llvm
    }

    /// Where `rustup component add rust-src` puts the standard library's sources.
    #[must_use]
    pub fn library(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust/library")
    }

    /// Whether they are there.
    #[must_use]
    pub fn has_library(&self) -> bool {
        self.library().join("Cargo.lock").is_file()
    }
}

fn ask(arguments: &[&str]) -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let name = rustc.to_string_lossy().into_owned();
    let output = Command::new(rustc).args(arguments).output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{name} {} ended with {}: {}",
            arguments.join(" "),
            output.status,
            said.trim_end()
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{name} {} did not print text", arguments.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::Compiler;

    #[test]
    fn reads_what_rustc_says() {
        let said = "rustc 1.95.0 (59807616e 2026-04-14)\nhost: x\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        let compiler = Compiler::of("/toolchain".into(), said);
        assert_eq!((compiler.release(), compiler.llvm()), ("1.95.0", Some(22)));
        assert_eq!(Compiler::of("/toolchain".into(), "release: 2.0.0-dev\n").llvm(), None);
        assert!(!compiler.has_library());
    }

    #[test]
    fn finds_the_one_that_compiled_this() {
        assert!(
            Compiler::find().is_ok_and(|compiler| compiler.sysroot().is_dir() && compiler.llvm().is_some())
        );
    }
}
