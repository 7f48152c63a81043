//! How much is done for one file and one look.
//!
//! Files belong to the observed processes, so none of these numbers may be theirs to choose.

/// Bytes read of one file. The symbol table of the largest browsers and databases with all their names stays below; reading that much
/// takes a fraction of a second, once a file.
pub const FILE_READ_BYTES: u64 = 512 << 20;

/// Bytes read at once. Large enough that the call does not count, small enough to stay in a core's cache.
pub const CHUNK_BYTES: usize = 256 << 10;

/// Program headers. Linkers write about ten.
pub const SEGMENTS: u16 = 256;

/// Section headers. Programs have some dozens; kernels and single functions in sections of their own are no programs.
pub const SECTIONS: u64 = 4096;

/// Bytes of the names of sections.
pub const SECTION_NAMES_BYTES: u64 = 1 << 20;

/// Places in a string table where wanted names stand. A name stands there once, seldom twice; more is a file made to be slow.
pub const NAME_PLACES: usize = 4096;

/// Functions of one name. Two come from a library that is linked in twice.
pub const FUNCTIONS_OF_A_NAME: usize = 4;

/// Bytes of a function's body that is searched for its RET instructions. Those of `crypto/tls` have a few thousand.
pub const FUNCTION_BYTES: u64 = 128 << 10;

/// RET instructions of one function; each becomes a probe. Those that are wanted have at most thirty.
pub const RETURNS: usize = 128;

/// Bytes of a function of OpenSSL's interface that is searched for the inner one that it calls. Most have 20 to 150, the ones that show
/// bytes and leave them there up to 400.
pub const WRAPPER_BYTES: u64 = 2048;

/// Instructions that are followed in one, over all its paths. It takes ten to the call, and thirty to report an error.
pub const WRAPPER_STEPS: usize = 256;

/// Functions in Go's function table. The largest programs known have less than a million.
pub const GO_FUNCTIONS: u64 = 8 << 20;

/// Bytes of the text of a Go version; `go1.27.3 X:experiment,...` in practice.
pub const GO_VERSION_BYTES: u64 = 256;

/// Relocations that are searched for one word. A large program has a million.
pub const RELOCATIONS: u64 = 8 << 20;

/// Bytes of debugging information, unpacked, that are searched for one structure. Only for Go versions that nobody has looked at yet.
pub const DEBUG_INFO_BYTES: u64 = 64 << 20;

/// Bytes of the abbreviations that belong to it.
pub const DEBUG_ABBREVIATION_BYTES: u64 = 4 << 20;

/// Entries of debugging information that are walked.
pub const DEBUG_ENTRIES: usize = 8 << 20;

/// Processes that are remembered; a machine with more has a higher `pid_max` than any default.
pub const PROCESSES: usize = 128 << 10;

/// Bytes of `/proc/PID/maps`. The kernel allows 65,530 mappings unless told otherwise; a line has about a hundred bytes.
pub const MAPS_BYTES: u64 = 8 << 20;

/// Files that one process maps as code. Chromium and large Java programs map a few hundred.
pub const FILES_OF_A_PROCESS: usize = 2048;

/// Processes that one scan looks at. A look takes a tenth of a millisecond; so a flood of new processes costs a fifth of a core.
pub const LOOKS_A_SCAN: usize = 2048;

/// Files that one scan opens. At a first scan there are some hundreds; the others follow with the next scan.
pub const FILES_A_SCAN: usize = 512;

/// Bytes of files that one scan reads. What is left follows with the next scan.
pub const BYTES_A_SCAN: u64 = 1 << 30;

/// Files whose answer was "nothing of TLS", kept so that they are read once. About 100 bytes each.
pub const KNOWN_FILES: usize = 32 << 10;

/// Targets. Each keeps a file open and costs the kernel a uprobe a probe.
pub const TARGETS: usize = 512;

/// Processes that are not young and are looked at again, in one scan: so a library that is loaded late is found too, at a bounded price.
pub const OLD_PROCESSES_A_SCAN: usize = 16;
