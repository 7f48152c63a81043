//! Whether the object is wanted, and where it can run.

use std::env;

/// Environment variable: `require` makes it an error when the object can not be built, `skip` does not try.
pub const VARIABLE: &str = "WEIR_EBPF";

/// What whoever builds wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// No build without it: `WEIR_EBPF=require`, or `CI` is set.
    Require,
    /// With it where it can be built, else without; the default.
    Try,
    /// Not at all: `WEIR_EBPF=skip`.
    Skip,
}

impl Wish {
    /// Of the environment.
    ///
    /// # Errors
    ///
    /// A value of `WEIR_EBPF` that means nothing.
    pub fn find() -> Result<Self, String> {
        Self::of(env::var(VARIABLE).ok().as_deref(), env::var_os("CI").is_some())
    }

    fn of(value: Option<&str>, ci: bool) -> Result<Self, String> {
        match value {
            Some("require") => Ok(Self::Require),
            Some("skip") => Ok(Self::Skip),
            None | Some("") => Ok(if ci { Self::Require } else { Self::Try }),
            Some(other) => Err(format!("{VARIABLE}={other}: say `require` or `skip`, or leave it unset")),
        }
    }
}

/// Whether the programs know the system calls of a target, in the words of `CARGO_CFG_TARGET_OS` and `CARGO_CFG_TARGET_ARCH`.
#[must_use]
pub fn runs_on(os: &str, architecture: &str) -> bool {
    os == "linux" && architecture == "x86_64"
}

#[cfg(test)]
mod tests {
    use super::{Wish, runs_on};

    #[test]
    fn a_word_beats_ci() {
        assert_eq!(Wish::of(None, false), Ok(Wish::Try));
        assert_eq!(Wish::of(Some(""), true), Ok(Wish::Require));
        assert_eq!(Wish::of(None, true), Ok(Wish::Require));
        assert_eq!(Wish::of(Some("skip"), true), Ok(Wish::Skip));
        assert_eq!(Wish::of(Some("require"), false), Ok(Wish::Require));
        assert!(Wish::of(Some("1"), false).is_err());
    }

    #[test]
    fn only_what_was_measured() {
        assert!(runs_on("linux", "x86_64"));
        assert!(!runs_on("linux", "aarch64"));
        assert!(!runs_on("macos", "x86_64"));
    }
}
