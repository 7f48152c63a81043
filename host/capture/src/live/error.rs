//! Why interfaces can not be captured. One line each: what, where, what to do about it.

use std::io;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The process may not open packet sockets.
    #[error("capturing packets needs the capability CAP_NET_RAW, which this process does not have")]
    NoPrivilege,
    /// The process may not enter the network namespace.
    #[error(
        "entering the network namespace {name} needs the capability CAP_SYS_ADMIN, which this process does not have"
    )]
    NoNamespacePrivilege {
        /// As it was given.
        name: String,
    },
    /// There is no such network namespace, or it is none.
    #[error(
        "can not enter the network namespace {name}: {source}; give a process id or a path like /run/netns/NAME"
    )]
    Namespace {
        /// As it was given.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// No interface has the name.
    #[error("there is no interface `{name}`")]
    NoInterface {
        /// As it was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The filter is wrong, or can not be compiled here.
    #[error("filter `{filter}`: {what}")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The interfaces can not be listed.
    #[error("can not list the network interfaces: {0}")]
    List(#[source] io::Error),
    /// An interface can not be captured.
    #[error("can not capture {interface}: {step}: {source}")]
    Open {
        /// The interface.
        interface: String,
        /// What was tried.
        step: &'static str,
        /// What the system says.
        source: io::Error,
    },
}
