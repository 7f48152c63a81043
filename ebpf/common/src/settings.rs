//! What the loader tells the programs before they start; the kernel takes it as constants.

/// Which calls are captured and how much of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Settings {
    /// Bytes of one piece of memory that are captured, at most [`crate::CAPTURE_MAX`].
    pub capture_limit: u32,
    /// Bits of [`Admission`]: lists that are not empty.
    pub admission: u32,
    /// Inode number of the only network namespace whose sockets are captured; 0: of all.
    pub namespace: u32,
}

/// Lists of what is admitted. A call has to be admitted by the process lists (one of them is enough) and by the port list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Admission {
    /// Process ids.
    Processes = 1,
    /// Thread names.
    Names = 2,
    /// Control groups (version 2), those below them too.
    Cgroups = 4,
    /// Ports of either end.
    Ports = 8,
}

/// The loader asks for the group of this process, which can not exist (`pid_max` is 2^22 at most), so that a program in the kernel can
/// tell which process the loader is: its own id would be another one in a PID namespace.
pub const PROCESS_OF_OWN_CALL: u32 = 0x7769_7265;
