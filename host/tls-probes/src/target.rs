//! What the search gives: files with places for probes, and why others have none.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

/// A file, as the kernel knows it. Two containers of one image on overlayfs see one file under two devices; the device is 0 then.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileId {
    /// The device, `st_dev`; 0 for a file of an overlay.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// Last change of its content: seconds, nanoseconds.
    pub modified: (i64, i64),
    /// Last change of its inode. An inode number that is used anew has another.
    pub changed: (i64, i64),
}

/// A file with a TLS library that some process maps.
#[derive(Debug)]
pub struct Target {
    /// Which file.
    pub id: FileId,
    /// Its path as the process that it was found in sees it. For people: in a container it may name nothing outside.
    pub name: PathBuf,
    /// What is in it.
    pub library: Library,
    /// Where uprobes belong.
    pub probes: Vec<Probe>,
    /// Functions that are not there, for logs.
    pub missing: Vec<Missing>,
    pub(crate) file: File,
}

impl Target {
    /// A path to attach to. It goes through this process's own open file: so it works for files of containers, for deleted ones and
    /// after the process has ended, as long as the target is held.
    pub fn attach_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}

/// What a file holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Library {
    /// Functions of OpenSSL's interface.
    OpenSsl {
        /// Whose they are.
        flavour: Flavour,
    },
    /// Go's `crypto/tls`.
    Go(GoLibrary),
}

/// Who wrote the functions of OpenSSL's interface. Their order in memory differs, their arguments do not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flavour {
    /// Google's BoringSSL.
    BoringSsl,
    /// OpenBSD's LibreSSL.
    LibreSsl,
    /// OpenSSL, or something that can not be told from it.
    OpenSsl,
}

/// A Go program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GoLibrary {
    /// As the program says it: `go1.27.3`.
    pub version: String,
    /// Arguments and results are in registers (Go 1.17 on amd64, 1.18 on arm64); else on the stack.
    pub register_abi: bool,
    /// Where things are in Go's structures.
    pub layout: GoLayout,
    /// Where in the file `net.(*TCPConn).Close` begins, in bytes. Its address in a process is that of a probed instruction plus the
    /// difference of both offsets. It is the word at [`GoLayout::table_first_method`] in the table of an interface that holds a
    /// `*net.TCPConn` as a `net.Conn`; where another address is, the connection is wrapped in something else.
    pub tcp_close: Option<u64>,
    /// Functions of HTTP/2 servers and clients. Apart from [`Target::probes`]: not everybody wants them.
    pub http2: Vec<Probe>,
    /// Those by which all that is to be known of requests is known.
    pub http2_hooks: Http2Hooks,
}

/// HTTP/2 servers and clients of a Go program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http2Hooks {
    /// `clientProtocol` in `crypto/tls.Conn`, a string: what both ends agreed on. Bytes.
    pub protocol: u64,
    /// `isClient` in `crypto/tls.Conn`. Bytes.
    pub is_client: u64,
    /// Their functions, behind their check of the stack, as a function that needs more of it is entered twice. All arguments are as at the
    /// entry.
    pub hooks: Vec<Http2Hook>,
    /// Whether all servers are hooked.
    pub servers: Result<(), WhyNoHttp2>,
    /// Whether all clients are.
    pub clients: Result<(), WhyNoHttp2>,
}

/// A place for a uprobe in an HTTP/2 server or client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Http2Hook {
    /// Where.
    pub probe: Probe,
    /// Whose function it is.
    pub role: Role,
    /// The first argument is no `serverConn` or `ClientConn`, but begins with the address of one.
    pub is_indirect: bool,
    /// Where that has the `net.Conn`, an interface. Bytes.
    pub connection: u64,
}

/// Which end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Asked for it.
    Client,
    /// Was asked.
    Server,
}

/// Why HTTP/2 servers or clients of a Go program can not be hooked. All of them or none: nobody sees from outside which one a connection
/// has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyNoHttp2 {
    /// There is none.
    #[error("there are none")]
    None,
    /// There is one whose functions are others.
    #[error("those of grpc-go are not hooked")]
    Grpc,
    /// A function has no probe.
    #[error("a function of theirs can not be probed")]
    Functions,
    /// A version that nobody has looked at, without debugging information.
    #[error("where they keep what is needed is not known, and there is no debugging information")]
    Layout,
}

/// Offsets in bytes, from a `*tls.Conn` to its file descriptor: `conn` (an interface) -> its data, a `*net.TCPConn` -> `fd`, a `*netFD` ->
/// `pfd.Sysfd`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GoLayout {
    /// `goid` in `runtime.g`.
    pub goroutine_id: GoroutineIdOffset,
    /// `conn` in `crypto/tls.Conn`.
    pub tls_conn: u64,
    /// The data word of an interface; its table is the word at 0.
    pub interface_data: u64,
    /// The first method in the table of an interface, `fun` in `internal/abi.ITab`; methods are in the order of their names.
    pub table_first_method: u64,
    /// `fd` in `net.TCPConn`.
    pub tcp_fd: u64,
    /// `pfd.Sysfd` in `net.netFD`, 8 bytes.
    pub fd_sysfd: u64,
}

/// An offset, and how sure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GoroutineIdOffset {
    /// The release was looked at.
    Known(u64),
    /// The program's debugging information says so.
    Debug(u64),
    /// A release that nobody has looked at: as in the newest one that somebody has.
    Assumed(u64),
}

impl GoroutineIdOffset {
    /// The offset in bytes.
    pub fn offset(self) -> u64 {
        match self {
            Self::Known(offset) | Self::Debug(offset) | Self::Assumed(offset) => offset,
        }
    }
}

/// One place for a uprobe.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Probe {
    /// The function that it is in.
    pub function: Function,
    /// What is seen there.
    pub at: At,
    /// Where in the file, in bytes, as perf_event_open(2) wants it (`probe_offset`).
    pub file_offset: u64,
}

/// What a probe sees.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum At {
    /// The call: a uprobe at the first instruction, or at the second, where that is cheaper and the registers and the stack are the same.
    Entry,
    /// The return: a uretprobe at the same place. Never in Go, whose stacks move.
    Return,
    /// A RET instruction: a uprobe on it, for a return in Go.
    Ret,
}

macro_rules! functions {
    ($($variant:ident $name:literal $about:literal;)*) => {
        /// A function that is worth a probe.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Function {
            $(#[doc = $about] $variant,)*
        }

        impl Function {
            /// One word, for logs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

functions! {
    SslAccept "SSL_accept" "int (SSL *)";
    SslConnect "SSL_connect" "int (SSL *)";
    SslDoHandshake "SSL_do_handshake" "int (SSL *)";
    SslFree "SSL_free" "void (SSL *)";
    SslRead "SSL_read" "int (SSL *, void *, int)";
    SslReadEx "SSL_read_ex" "int (SSL *, void *, size_t, size_t *)";
    SslReadInternal "ssl_read_internal" "int (SSL *, void *, size_t, size_t *): what `SSL_read` and `SSL_read_ex` call.";
    SslSetFd "SSL_set_fd" "int (SSL *, int)";
    SslSetReadFd "SSL_set_rfd" "int (SSL *, int)";
    SslSetWriteFd "SSL_set_wfd" "int (SSL *, int)";
    SslShutdown "SSL_shutdown" "int (SSL *)";
    SslWrite "SSL_write" "int (SSL *, const void *, int)";
    SslWriteEx "SSL_write_ex" "int (SSL *, const void *, size_t, size_t *)";
    SslWriteInternal "ssl_write_internal" "int (SSL *, const void *, size_t, size_t *): what `SSL_write` and `SSL_write_ex` call.";
    SslWriteInternalFlags "ssl_write_internal" "int (SSL *, const void *, size_t, uint64_t, size_t *): the same since OpenSSL 3.2.";
    GoTlsClose "tls.Conn.Close" "`func (c *tls.Conn) Close() error`";
    GoTlsRead "tls.Conn.Read" "`func (c *tls.Conn) Read(b []byte) (int, error)`";
    GoTlsWrite "tls.Conn.Write" "`func (c *tls.Conn) Write(b []byte) (int, error)`";
    GoHttp2ClientIsReset "http2.clientConnReadLoop.processResetStream" "net/http and x/net: the server gave a stream up.";
    GoHttp2ClientReads "http2.clientConnReadLoop.processHeaders" "net/http and x/net: a client got response headers, or trailers.";
    GoHttp2ClientReadsData "http2.clientConnReadLoop.processData" "net/http and x/net: a client got a part of a response's body.";
    GoHttp2ClientResets "http2.ClientConn.writeStreamReset" "net/http and x/net: a client gives a stream up.";
    GoHttp2ClientWrites "http2.ClientConn.writeHeaders" "net/http and x/net: a client sends request headers, or trailers.";
    GoHttp2ClientHasWritten "http2.clientStream.cleanupWriteRequest" "net/http and x/net: a client has sent a request, or gave it up.";
    GoHttp2ClientWritesData "http2.Framer.WriteDataPadded" "net/http and x/net: an end sends a part of a body.";
    GoHttp2ClientWritesField "http2.ClientConn.writeHeader" "net/http and x/net: a client encodes a field.";
    GoHttp2ServerReads "http2.serverConn.processHeaders" "net/http and x/net: a server got request headers.";
    GoHttp2ServerWrites "http2.serverConn.writeHeaders" "net/http and x/net: a server sends response headers.";
    GoHttp2ServerReadsData "http2.serverConn.processData" "net/http and x/net: a server got a part of a request's body.";
    GoHttp2ServerWritesData "http2.serverConn.writeDataFromHandler" "net/http and x/net: a handler writes a part of a body.";
    GoHttp2ServerEnds "http2.serverConn.closeStream" "net/http and x/net: a stream of a server ends.";
    GoGrpcClientReads "grpc.http2Client.operateHeaders" "grpc-go: a client got response headers.";
    GoGrpcServerReads "grpc.http2Server.operateHeaders" "grpc-go: a server got request headers.";
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A function without probes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// Which.
    pub function: Function,
    /// Why.
    pub why: WhyMissing,
}

/// Why a function has no probes, in a file that has others.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyMissing {
    /// Nothing has its name.
    #[error(
        "there is no function of this name: it is not linked in, it is inlined wherever it is used, or this version calls it otherwise"
    )]
    NoSuchFunction,
    /// The address is in no part of the file that is loaded as code.
    #[error("its address is outside of the code in the file")]
    OutsideOfCode,
    /// Longer than a function of this name ever is, or empty.
    #[error("its length can not be: {0} bytes")]
    Length(u64),
    /// Its bytes are not a sequence of instructions.
    #[error("its instructions can not be read")]
    Instructions,
    /// It never returns, or at more places than are probed.
    #[error("it has {0} RET instructions")]
    Returns(usize),
}

/// A file that looks like one with a TLS library, and can not be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {why} (process {pid})", name.display())]
pub struct NotUsable {
    /// Which file, as its process sees it.
    pub name: PathBuf,
    /// The process that it was found in.
    pub pid: u32,
    /// Why.
    pub why: WhyNot,
}

/// Why a file can not be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyNot {
    /// No ELF file, or none of this machine.
    #[error("it is no ELF file for 64-bit x86 or ARM")]
    NotElf,
    /// A table of it says what can not be.
    #[error("its {0} is broken")]
    Broken(&'static str),
    /// It ends before a table does.
    #[error("it ends before its tables do")]
    Truncated,
    /// A limit of [`limits`](crate::limits).
    #[error("it has larger tables than are read")]
    TooMuch,
    /// It can not be read.
    #[error("it can not be read: {0}")]
    Read(io::ErrorKind),
    /// It can not be opened.
    #[error(
        "it can not be opened: {0}; CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE lets files of other processes be opened"
    )]
    Open(io::ErrorKind),
    /// Named like OpenSSL's library, without its functions.
    #[error(
        "it has the name of an OpenSSL library, but neither SSL_read nor SSL_write: NSS has one of that name, or its symbols are gone"
    )]
    NoSslFunctions,
    /// OpenSSL's functions are there, but not as code.
    #[error("its TLS functions can not be probed: {0}")]
    NoProbes(&'static str),
    /// A Go program without what is needed to find functions.
    #[error("it is a Go program with neither symbols nor a function table that can be read")]
    NoGoFunctions,
    /// A Go program of before 1.16.
    #[error("it is a Go program of before Go 1.16 without symbols")]
    OldGo,
    /// As many files as can be are used already.
    #[error("as many files as can be are probed already")]
    Full,
}
