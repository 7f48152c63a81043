//! Everything the build needs, or the first thing that is not there.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Compiler, LINKER, LINKER_LLVM, LINKER_VERSION, linker};

/// A compiler with its library's sources, and a linker that fits it.
#[derive(Clone, Debug)]
pub struct Kit {
    pub(crate) compiler: Compiler,
    pub(crate) linker: PathBuf,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The sources of the standard library.
    Library,
    /// A linker.
    Linker,
    /// A linker, and the one that `cargo xtask setup` brings does not know this compiler's LLVM.
    LinkerForLlvm {
        /// The compiler's release.
        release: String,
        /// Its LLVM, when it has one.
        llvm: Option<u32>,
    },
}

impl Kit {
    /// Looks for all of it. `scratch` is a folder for files of a moment.
    ///
    /// # Errors
    ///
    /// The first thing that is missing.
    pub fn find(compiler: Compiler, scratch: &Path) -> Result<Self, Lack> {
        if !compiler.has_library() {
            return Err(Lack::Library);
        }
        match linker::find(&compiler, scratch) {
            Some(linker) => Ok(Self { compiler, linker }),
            None if compiler.llvm() == Some(LINKER_LLVM) => Err(Lack::Linker),
            None => {
                Err(Lack::LinkerForLlvm { release: compiler.release().to_owned(), llvm: compiler.llvm() })
            }
        }
    }

    /// The linker's program.
    #[must_use]
    pub fn linker(&self) -> &Path {
        &self.linker
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // No folders: this text becomes a part of the program that is built.
            Self::Library => f.write_str(
                "the sources of Rust's core library are missing (`cargo xtask setup` brings them)",
            ),
            Self::Linker => write!(f, "{LINKER} is missing (`cargo xtask setup` brings it)"),
            Self::LinkerForLlvm { release, llvm } => {
                let llvm = llvm.map_or("no LLVM".to_owned(), |llvm| format!("LLVM {llvm}"));
                write!(
                    f,
                    "rustc {release} has {llvm}, but {LINKER} {LINKER_VERSION} loads LLVM {LINKER_LLVM} alone: use rustc 1.95, \
                     or put a {LINKER} that fits on the path"
                )
            }
        }
    }
}
