//! Why system calls can not be captured.

use std::path::PathBuf;

/// What is missing, where.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// This program was built without the programs for the kernel.
    #[error("this weir was built without capture of system calls: {0}")]
    NotBuilt(&'static str),
    /// The kernel does not let this process load programs.
    #[error(
        "capturing system calls needs the capabilities CAP_BPF and CAP_PERFMON; before Linux 5.11 CAP_SYS_RESOURCE too, for \
         the memory of maps"
    )]
    NoPrivilege,
    /// The kernel lacks what all programs need.
    #[error(
        "this kernel is too old to capture system calls: it has no ring buffers for programs; Linux 5.8 or newer is needed"
    )]
    TooOld,
    /// The kernel does not tell its types.
    #[error(
        "can not read {path}: {source}; capturing system calls needs Linux 5.8 or newer with type information \
         (CONFIG_DEBUG_INFO_BTF=y)"
    )]
    NoTypes {
        /// Where they should be.
        path: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The kernel's types are not as they are known.
    #[error("the kernel's type information can not be used: {0}")]
    Types(String),
    /// The kernel refuses a program.
    #[error("the kernel refuses the program `{program}`: {why}")]
    Refused {
        /// Its name.
        program: &'static str,
        /// The system's words.
        why: String,
    },
    /// The compiled programs are not what this loader needs.
    #[error("the programs for the kernel can not be loaded: {0}")]
    Object(String),
    /// The reader can not be woken.
    #[error("can not wait for what the programs in the kernel tell: {0}")]
    Wake(std::io::Error),
    /// The processors' records can not be mapped.
    #[error("can not map the memory that the programs in the kernel write to: {0}")]
    Lanes(std::io::Error),
    /// A control group that can not be found.
    #[error("no control group {path}: {source}")]
    NoCgroup {
        /// As it was given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Too many entries in a list.
    #[error("{number} {list} are too many for a list of what is captured; {most} are possible")]
    TooMany {
        /// Of what.
        list: &'static str,
        /// As they were given.
        number: usize,
        /// As there is room for.
        most: usize,
    },
}
