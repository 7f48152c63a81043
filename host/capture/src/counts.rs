//! What is counted of an interface. Takes nothing, gives numbers.

/// Frames of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounts {
    /// The interface.
    pub interface: String,
    /// Frames that were read.
    pub frames: u64,
    /// Frames that passed the filter and found the ring full: lost.
    pub ring_full: u64,
    /// Frames that were in the ring when these counts were taken; lost when that was at the end.
    pub unread: u64,
    /// Frames that are on the loopback interface a second time, as they leave; left out.
    pub own_echo: u64,
}

/// Adds counts to those of the same interface.
#[cfg(target_os = "linux")]
pub(crate) fn add(all: &mut Vec<InterfaceCounts>, counts: &InterfaceCounts) {
    match all.iter_mut().find(|other| other.interface == counts.interface) {
        Some(same) => {
            same.frames += counts.frames;
            same.ring_full += counts.ring_full;
            same.unread += counts.unread;
            same.own_echo += counts.own_echo;
        }
        None => all.push(counts.clone()),
    }
}
