//! What reading a head can end with, for requests and responses alike.

/// A head that is longer is not waited for. All of nginx's buffers together are 32 KiB, Node allows 16 KiB, Apache 8 KiB a line;
/// the host keeps 128 KiB.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;

/// How much of a head is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Not a start line.
    Bad,
    /// The start line is whole, the head is not; what the lines say that are there is known.
    Cut,
    /// The start line is not whole.
    Partial,
    /// All of it.
    Whole,
}
