//! The border to the kernel and to programs: registers of a call, reading memory, numbers that never change.

use aya_ebpf::helpers::{bpf_probe_read_kernel, bpf_probe_read_user};

/// `struct pt_regs` of x86-64, part of the kernel's interface to programs (asm/ptrace.h).
#[repr(C)]
pub struct PtRegs {
    r15: u64,
    r14: u64,
    r13: u64,
    r12: u64,
    bp: u64,
    bx: u64,
    r11: u64,
    r10: u64,
    r9: u64,
    r8: u64,
    ax: u64,
    cx: u64,
    dx: u64,
    si: u64,
    di: u64,
    orig_ax: u64,
    ip: u64,
    cs: u64,
    flags: u64,
    sp: u64,
}

/// What a function got, or gave (System V ABI, x86-64).
pub struct Function {
    pub arguments: [u64; 5],
    pub result: u64,
    /// At the first instruction it points to the address of the return.
    pub stack: u64,
}

/// A call of the system.
pub struct Call {
    pub number: u64,
    pub arguments: [u64; 6],
    /// The program's stack pointer.
    pub stack: u64,
}

impl PtRegs {
    /// Number of the call.
    #[inline(always)]
    pub unsafe fn number(this: *const Self) -> u64 {
        // SAFETY: the caller's.
        unsafe { (*this).orig_ax }
    }

    /// The function that a probe is in.
    #[inline(always)]
    pub unsafe fn function(this: *const Self) -> Function {
        // SAFETY: the caller's.
        unsafe {
            let arguments = [(*this).di, (*this).si, (*this).dx, (*this).cx, (*this).r8];
            Function { arguments, result: (*this).ax, stack: (*this).sp }
        }
    }

    /// First to third argument or result in Go's register ABI, and `g` (Go's cmd/compile/abi-internal.md).
    #[inline(always)]
    pub unsafe fn go(this: *const Self) -> (u64, u64, u64, u64) {
        // SAFETY: the caller's.
        unsafe { ((*this).ax, (*this).bx, (*this).cx, (*this).r14) }
    }

    /// The call. Its registers are as the program set them, also when it ends; only the one of the result changes.
    #[inline(always)]
    pub unsafe fn call(this: *const Self, number: u64) -> Call {
        // SAFETY: the caller's.
        let arguments = unsafe { [(*this).di, (*this).si, (*this).dx, (*this).r10, (*this).r8, (*this).r9] };
        // SAFETY: the caller's.
        let stack = unsafe { (*this).sp };
        Call { number, arguments, stack }
    }
}

/// Reads the kernel's memory. None: there is nothing.
#[inline(always)]
pub fn read<T: Copy>(address: usize) -> Option<T> {
    // SAFETY: the helper copies, and fails where nothing is.
    unsafe { bpf_probe_read_kernel(address as *const T) }.ok()
}

/// Reads the program's memory. None: it is not there, or not in memory.
#[inline(always)]
pub fn read_user<T: Copy>(address: u64) -> Option<T> {
    // SAFETY: the helper copies, and fails where nothing is.
    unsafe { bpf_probe_read_user(address as *const T) }.ok()
}

/// Numbers of calls (asm/unistd_64.h).
pub mod calls {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const READV: u64 = 19;
    pub const WRITEV: u64 = 20;
    pub const SENDFILE: u64 = 40;
    pub const CONNECT: u64 = 42;
    pub const ACCEPT: u64 = 43;
    pub const SENDTO: u64 = 44;
    pub const RECVFROM: u64 = 45;
    pub const SENDMSG: u64 = 46;
    pub const RECVMSG: u64 = 47;
    pub const GETPGID: u64 = 121;
    pub const ACCEPT4: u64 = 288;
    pub const RECVMMSG: u64 = 299;
    pub const SENDMMSG: u64 = 307;
}

pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 10;
pub const IPPROTO_TCP: u8 = 6;
pub const IPPROTO_UDP: u8 = 17;
/// `EINPROGRESS`, negative as a result.
pub const IN_PROGRESS: i64 = -115;
/// `PROT_EXEC` (mmap(2)).
pub const EXECUTABLE: u64 = 4;
/// `S_IFMT` and `S_IFSOCK` (inode(7)).
pub const FILE_TYPE: u16 = 0o170_000;
pub const IS_SOCKET: u16 = 0o140_000;
/// `MSG_OOB | MSG_PEEK | MSG_ERRQUEUE` (recv(2)): what is read is not the next of the stream, or stays there.
pub const NOT_THE_STREAM: u64 = 0x1 | 0x2 | 0x2000;
/// `MSG_TRUNC`: of a TCP stream, bytes are thrown away and the memory is not written.
pub const THROWN_AWAY: u64 = 0x20;
