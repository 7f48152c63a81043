//! bpf-linker: where it is, and whether it works with this compiler.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Compiler;

/// The name of its crate and of its program.
pub const LINKER: &str = "bpf-linker";

/// The last that loads the LLVM of rustc itself, so that no LLVM need be installed.
pub const LINKER_VERSION: &str = "0.10.4";

/// The newest LLVM that it can load.
pub const LINKER_LLVM: u32 = 22;

/// A file in the folder of tools: a build that went on without the object watches it, and `cargo xtask setup` deletes it.
pub const WANTED: &str = "ebpf-wanted";

/// With it alone it loads that LLVM out of rustc's toolchain.
pub const LINKER_FEATURE: &str = "rust-llvm-22";

/// Where `cargo xtask setup` puts it: `weir-dev/tools` in the user's cache folder. None: there is no such folder.
#[must_use]
pub fn installed_linker() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
    Some(cache.join("weir-dev/tools").join(format!("{LINKER}-{LINKER_VERSION}")).join("bin").join(LINKER))
}

/// Our own when it fits the compiler, else one on the path.
pub(crate) fn find(compiler: &Compiler, scratch: &Path) -> Option<PathBuf> {
    let own = installed_linker().filter(|_| compiler.llvm() == Some(LINKER_LLVM));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates = own.into_iter().chain(env::split_paths(&path).map(|folder| folder.join(LINKER)));
    candidates.find(|linker| linker.is_file() && works(linker, compiler, scratch))
}

/// What the linker needs to find rustc's LLVM.
pub(crate) fn library_path(compiler: &Compiler) -> std::ffi::OsString {
    let mut folders = vec![compiler.sysroot().join("lib")];
    folders.extend(env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths));
    // A folder with a colon in its name can not be told.
    env::join_paths(&folders).unwrap_or_else(|_| compiler.sysroot().join("lib").into_os_string())
}

/// Whether it links nothing into an object: only then it has found its LLVM.
fn works(linker: &Path, compiler: &Compiler, scratch: &Path) -> bool {
    let (nothing, object) = (scratch.join("nothing.a"), scratch.join("nothing.o"));
    if std::fs::create_dir_all(scratch).and_then(|()| std::fs::write(&nothing, "!<arch>\n")).is_err() {
        return false;
    }
    let mut link = Command::new(linker);
    link.args(["--btf", "--output"]).arg(object).arg(nothing).env("LD_LIBRARY_PATH", library_path(compiler));
    let silent = link.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::works;
    use crate::Compiler;

    #[test]
    fn a_program_that_is_no_linker_does_not_work() {
        let compiler = Compiler::find().unwrap_or_else(|error| panic!("{error}"));
        let scratch = std::env::temp_dir().join(format!("weir-ebpf-build-{}", std::process::id()));
        let refused =
            ["/bin/false", "/nonexistent", "/etc/passwd"].map(|no| works(no.as_ref(), &compiler, &scratch));
        let _ = std::fs::remove_dir_all(&scratch);
        assert_eq!(refused, [false; 3]);
    }
}
