//! Why a capture can not be read, or not to its end. Each error is one line: what, where, what to do about it.

use std::io;

/// What went wrong. Everything before the offset has been handed out by then.
///
/// Offsets count bytes from the start of the file; in a file compressed with gzip, bytes of the decompressed data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// No such file, no permission, a folder.
    #[error("can not open {name}: {source}{}", advice_to_open(.source))]
    CannotOpen {
        /// The path, or `standard input`.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The first bytes are of no format that is read here.
    #[error("{name} is not a capture file: {found}; give a pcap or pcapng file, gzip or not")]
    NotACapture {
        /// The path, or `standard input`.
        name: String,
        /// What it is instead, as far as can be told.
        found: String,
    },
    /// It is a capture, of a kind that is not read here.
    #[error("{name}: {what}")]
    Unsupported {
        /// The path, or `standard input`.
        name: String,
        /// What is not read, and what to do.
        what: String,
    },
    /// Bytes that break the format.
    #[error(
        "{name} is corrupt at byte {offset}{}: {what}; what stands before was read, go on with a fresh copy or capture again",
        in_gzip(*.gzip)
    )]
    Corrupt {
        /// The path, or `standard input`.
        name: String,
        /// Of the record or block that is broken.
        offset: u64,
        /// The offset counts decompressed bytes.
        gzip: bool,
        /// Which rule it breaks.
        what: String,
    },
    /// It ends inside of a record.
    #[error(
        "{name} ends too early: {what} at byte {offset}{} is not complete; what stands before was read, copy the file again if there was more",
        in_gzip(*.gzip)
    )]
    Truncated {
        /// The path, or `standard input`.
        name: String,
        /// Where what is not complete starts.
        offset: u64,
        /// The offset counts decompressed bytes.
        gzip: bool,
        /// What is not complete.
        what: &'static str,
    },
    /// The system can not read on.
    #[error("can not read {name} at byte {offset}{}: {source}", in_gzip(*.gzip))]
    Io {
        /// The path, or `standard input`.
        name: String,
        /// Up to where it could be read.
        offset: u64,
        /// The offset counts decompressed bytes.
        gzip: bool,
        /// What the system says.
        source: io::Error,
    },
}

fn advice_to_open(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => "; check the path",
        io::ErrorKind::PermissionDenied => "; run as a user that may read it",
        io::ErrorKind::IsADirectory => "; name one of the files in it",
        _ => "",
    }
}

fn in_gzip(gzip: bool) -> &'static str {
    if gzip { " of the decompressed data" } else { "" }
}
