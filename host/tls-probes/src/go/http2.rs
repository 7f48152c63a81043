//! Hooks of a Go program's HTTP/2 servers.
//!
//! Takes: the entries that were found. Gives: those by which requests are known, and where a server keeps its connection; or why not. Does
//! not do: clients, grpc-go.
//!
//! Offsets were read from `crypto/tls/conn.go`, `net/http/h2_bundle.go` and `net/http/internal/http2` of the releases 1.22 to 1.27, and a
//! test compares them with the debugging information of what the project's own Go makes. In all of them a `MetaHeadersFrame` begins with the
//! address of a `HeadersFrame` and the slice of its fields, a `FrameHeader` is three words with the flags at 2 and the stream's number
//! at 8, a `stream` has its number at 8, and a `writeResHeaders` has it at 0 and the status at 8.
//!
//! | Go | `clientProtocol` in `crypto/tls.Conn` | `conn` in `serverConn` |
//! |---|---|---|
//! | 1.22 | 360 | 16 |
//! | 1.23, 1.24 | 368 | 16 |
//! | 1.25, 1.26 | 352 | 16 |
//! | 1.27 | 376 | 24 |

use super::debug_info;
use super::version::Version;
use crate::elf::Elf;
use crate::target::{Function, Http2Hook, Http2Servers, Probe, WhyNoHttp2};

/// Releases that were looked at: the offsets of `clientProtocol` in `crypto/tls.Conn`, and of `conn` in the `serverConn` of `net/http`.
const KNOWN: [((u32, u32), (u64, u64)); 6] = [
    ((1, 22), (360, 16)),
    ((1, 23), (368, 16)),
    ((1, 24), (368, 16)),
    ((1, 25), (352, 16)),
    ((1, 26), (352, 16)),
    ((1, 27), (376, 24)),
];

/// `isClient` in `crypto/tls.Conn`: behind `conn`, since Go 1.
const IS_CLIENT: u64 = 16;

/// What a request is known by.
const NEEDED: [Function; 5] = [
    Function::GoHttp2ServerReads,
    Function::GoHttp2ServerReadsData,
    Function::GoHttp2ServerWrites,
    Function::GoHttp2ServerWritesData,
    Function::GoHttp2ServerEnds,
];

/// A server: how its functions' names begin, and the name of the structure. Versions of golang.org/x/net are none of Go's, so the
/// offset in its structure comes from debugging information alone.
struct Server {
    functions: &'static str,
    structure: &'static str,
    is_of_go: bool,
}

const SERVERS: [Server; 3] = [
    Server {
        functions: "net/http.(*http2serverConn).",
        structure: "net/http.http2serverConn",
        is_of_go: true,
    },
    Server {
        functions: "net/http/internal/http2.(*serverConn).",
        structure: "net/http/internal/http2.serverConn",
        is_of_go: true,
    },
    Server {
        functions: "golang.org/x/net/http2.(*serverConn).",
        structure: "golang.org/x/net/http2.serverConn",
        is_of_go: false,
    },
];

/// Bytes of the check whether the stack has room, with which a function begins (cmd/internal/obj/x86, `stacksplit`): it compares the
/// stack pointer, or what it will be, with a word of the goroutine, and jumps if it is not above.
fn stack_check(elf: &Elf<'_>, function: u64) -> Option<u64> {
    const BYTES: u64 = 32;
    let bytes = elf.reader.range(function, BYTES, BYTES).ok()?;
    let compared = match bytes.as_slice() {
        [0x49, 0x3b, 0x66, 0x10, ..] => 4,
        [0x4c, 0x8d, 0x64, 0x24, _, 0x4d, 0x3b, 0x66, 0x10, ..] => 9,
        [0x4c, 0x8d, 0xa4, 0x24, _, _, _, _, 0x4d, 0x3b, 0x66, 0x10, ..] => 12,
        _ => return None,
    };
    match bytes.get(compared..)? {
        [0x76, ..] => Some(compared as u64 + 2),
        [0x0f, 0x86, ..] => Some(compared as u64 + 6),
        _ => None,
    }
}

/// Bytes of a structure: none of these has as many, and an offset has to fit into what a probe is told.
const STRUCTURE_BYTES: u64 = 4096;

fn field(elf: &Elf<'_>, structure: &str, field: &str) -> Option<u64> {
    debug_info::field(elf, structure, field).filter(|offset| *offset < STRUCTURE_BYTES)
}

/// `entries`: by name of the function.
pub(super) fn servers(
    elf: &Elf<'_>,
    version: &Version,
    entries: &[(&str, Probe)],
) -> Result<Http2Servers, WhyNoHttp2> {
    if entries.iter().any(|(_, probe)| probe.function == Function::GoGrpcServerReads) {
        return Err(WhyNoHttp2::Grpc);
    }
    let release = version.release.filter(|_| !version.devel);
    let known = KNOWN.iter().find(|(known, _)| Some(*known) == release).map(|(_, offsets)| *offsets);
    let mut hooks = Vec::new();
    for server in &SERVERS {
        let own = entries.iter().filter(|(name, _)| name.starts_with(server.functions));
        let own: Vec<Probe> =
            own.map(|(_, probe)| *probe).filter(|probe| NEEDED.contains(&probe.function)).collect();
        if own.is_empty() {
            continue;
        }
        if own.len() < NEEDED.len() {
            return Err(WhyNoHttp2::Functions);
        }
        let connection = known.filter(|_| server.is_of_go).map(|(_, connection)| connection);
        let connection = connection.or_else(|| field(elf, server.structure, "conn"));
        let connection = connection.ok_or(WhyNoHttp2::Layout)?;
        for probe in own {
            let check = stack_check(elf, probe.file_offset).ok_or(WhyNoHttp2::Functions)?;
            let probe = Probe { file_offset: probe.file_offset + check, ..probe };
            hooks.push(Http2Hook { probe, connection });
        }
    }
    if hooks.is_empty() {
        return Err(WhyNoHttp2::None);
    }
    let protocol = known.map(|(protocol, _)| protocol);
    let protocol = protocol.or_else(|| field(elf, "crypto/tls.Conn", "clientProtocol"));
    Ok(Http2Servers { protocol: protocol.ok_or(WhyNoHttp2::Layout)?, is_client: IS_CLIENT, hooks })
}
