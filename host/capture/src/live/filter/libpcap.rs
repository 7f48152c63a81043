//! The system's libpcap: loads it and has it compile a filter. Takes an expression, gives instructions or libpcap's words. Does not
//! do: capturing; not a packet goes through the library.
//!
//! One of the places with unsafe code (ARCHITECTURE.md): calls into a C library that was found at run time. The signatures are those
//! of pcap(3PCAP), which have been stable since libpcap 0.8 (2004).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::{self, NonNull};

use super::Instruction;

/// Names of the library: upstream's, Debian's, and the one of its development files.
const NAMES: [&CStr; 3] = [c"libpcap.so.1", c"libpcap.so.0.8", c"libpcap.so"];

/// What a matching frame may be captured of: tcpdump's default, four times the largest IP packet.
const SNAP_LENGTH: c_int = 262_144;

/// `PCAP_NETMASK_UNKNOWN`.
const NO_NETMASK: u32 = 0xffff_ffff;

/// `BPF_MAXINSNS` of Linux: the kernel takes no more.
const MOST_INSTRUCTIONS: usize = 4096;

/// What frames begin with; the numbers are DLT_* of libpcap.
#[derive(Clone, Copy, Debug)]
pub(super) enum LinkLayer {
    /// DLT_EN10MB.
    Ethernet = 1,
    /// DLT_RAW.
    Ip = 12,
}

/// `struct bpf_program`.
#[repr(C)]
struct Program {
    length: c_uint,
    instructions: *mut Instruction,
}

type OpenDead = unsafe extern "C" fn(c_int, c_int) -> *mut c_void;
type Compile = unsafe extern "C" fn(*mut c_void, *mut Program, *const c_char, c_int, u32) -> c_int;
type Words = unsafe extern "C" fn(*mut c_void) -> *const c_char;
type FreeCode = unsafe extern "C" fn(*mut Program);
type Close = unsafe extern "C" fn(*mut c_void);

/// Compiles an expression.
pub(super) fn compile(expression: &str, link: LinkLayer) -> Result<Vec<Instruction>, String> {
    let text = CString::new(expression).map_err(|_| "it has a zero byte".to_owned())?;
    let library = Library::load()?;
    // SAFETY: the types are those that pcap(3PCAP) documents for these names.
    let (open, compile, words, free, close): (OpenDead, Compile, Words, FreeCode, Close) = unsafe {
        (
            std::mem::transmute::<*mut c_void, OpenDead>(library.symbol(c"pcap_open_dead")?.as_ptr()),
            std::mem::transmute::<*mut c_void, Compile>(library.symbol(c"pcap_compile")?.as_ptr()),
            std::mem::transmute::<*mut c_void, Words>(library.symbol(c"pcap_geterr")?.as_ptr()),
            std::mem::transmute::<*mut c_void, FreeCode>(library.symbol(c"pcap_freecode")?.as_ptr()),
            std::mem::transmute::<*mut c_void, Close>(library.symbol(c"pcap_close")?.as_ptr()),
        )
    };
    // SAFETY: no pointers go in.
    let handle = unsafe { open(link as c_int, SNAP_LENGTH) };
    if handle.is_null() {
        return Err("libpcap has no memory".into());
    }
    let mut program = Program { length: 0, instructions: ptr::null_mut() };
    // SAFETY: the handle is open, the program is ours to write to, the text ends with a zero.
    let failed = unsafe { compile(handle, &raw mut program, text.as_ptr(), 1, NO_NETMASK) } != 0;
    let answer = if failed {
        // SAFETY: libpcap keeps its words, with a zero at their end, until the handle is closed.
        let what = unsafe { CStr::from_ptr(words(handle)) };
        Err(format!("{}; the language is described in pcap-filter(7)", what.to_string_lossy()))
    } else {
        // SAFETY: after success it points to that many instructions, until they are freed below.
        let instructions = unsafe { copied(&program) };
        // SAFETY: it was filled by pcap_compile and is freed once.
        unsafe { free(&raw mut program) };
        instructions
    };
    // SAFETY: it is not used any more.
    unsafe { close(handle) };
    answer
}

/// # Safety
/// `program.instructions` points to `program.length` instructions, or is null.
unsafe fn copied(program: &Program) -> Result<Vec<Instruction>, String> {
    let length = program.length as usize;
    if program.instructions.is_null() || length == 0 || length > MOST_INSTRUCTIONS {
        return Err(format!("it takes {length} instructions; the kernel takes 1 to {MOST_INSTRUCTIONS}"));
    }
    // SAFETY: promised by the caller.
    Ok(unsafe { std::slice::from_raw_parts(program.instructions, length) }.to_vec())
}

/// A library that stays loaded: what it keeps for its threads must not go before they do.
struct Library(NonNull<c_void>);

impl Library {
    fn load() -> Result<Self, String> {
        for name in NAMES {
            // SAFETY: the name ends with a zero; loading libpcap runs no code that minds when.
            let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
            if let Some(handle) = NonNull::new(handle) {
                return Ok(Self(handle));
            }
        }
        Err("filters are compiled by libpcap, which is not installed; install it (Debian: apt-get install libpcap0.8, \
             Fedora: dnf install libpcap) or leave the filter out"
            .into())
    }

    fn symbol(&self, name: &CStr) -> Result<NonNull<c_void>, String> {
        // SAFETY: the library is never unloaded, the name ends with a zero.
        let symbol = unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) };
        NonNull::new(symbol)
            .ok_or_else(|| format!("libpcap has no {}: it is too old", name.to_string_lossy()))
    }
}
