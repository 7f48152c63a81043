//! Hooks of a Go program's HTTP/2 servers and clients.
//!
//! Takes: the functions that were found. Gives: places by which requests are known, and where a server or client keeps its connection; or why
//! there are none. Does not do: grpc-go.
//!
//! Offsets were read from `crypto/tls/conn.go`, `net/http/h2_bundle.go` and `net/http/internal/http2` of the releases 1.22 to 1.27, and a
//! test compares them with the debugging information of what the project's own Go makes. In all of them a `MetaHeadersFrame` begins with the
//! address of a `HeadersFrame` and the slice of its fields, a `FrameHeader` is three words with the flags at 2 and the stream's number
//! at 8, a `RSTStreamFrame` has its code behind that, a `stream` has its number at 8, a `writeResHeaders` has it at 0 and the status at 8, and a
//! `clientConnReadLoop` begins with the address of the `ClientConn`.
//!
//! | Go | `clientProtocol` in `crypto/tls.Conn` | `conn` in `serverConn` | `tconn` in `ClientConn` |
//! |---|---|---|---|
//! | 1.22 | 360 | 16 | 8 |
//! | 1.23, 1.24 | 368 | 16 | 8 |
//! | 1.25, 1.26 | 352 | 16 | 8 |
//! | 1.27 | 376 | 24 | 8 |

mod functions;

pub(super) use self::functions::FUNCTIONS;
use super::debug_info;
use super::version::Version;
use crate::elf::Elf;
use crate::target::{Function, Http2Hook, Http2Hooks, Probe, Role, WhyNoHttp2};

/// What is known of a release.
#[derive(Clone, Copy)]
struct Known {
    release: (u32, u32),
    /// `clientProtocol` in `crypto/tls.Conn`.
    protocol: u64,
    /// `conn` in the `serverConn` of net/http.
    server: u64,
    /// `tconn` in its `ClientConn`.
    client: u64,
}

/// Releases that were looked at.
const KNOWN: [Known; 6] = [
    Known { release: (1, 22), protocol: 360, server: 16, client: 8 },
    Known { release: (1, 23), protocol: 368, server: 16, client: 8 },
    Known { release: (1, 24), protocol: 368, server: 16, client: 8 },
    Known { release: (1, 25), protocol: 352, server: 16, client: 8 },
    Known { release: (1, 26), protocol: 352, server: 16, client: 8 },
    Known { release: (1, 27), protocol: 376, server: 24, client: 8 },
];

/// `isClient` in `crypto/tls.Conn`: behind `conn`, since Go 1.
const IS_CLIENT: u64 = 16;

/// An end of connections.
struct End {
    role: Role,
    /// What a request is known by, and whether the first argument begins with the address of `structure`.
    functions: &'static [(Function, bool)],
    /// Of grpc-go, which has an end of its own.
    grpc: Function,
    structure: &'static str,
    /// Its field that is a `net.Conn`.
    connection: &'static str,
}

const SERVERS: End = End {
    role: Role::Server,
    functions: &[
        (Function::GoHttp2ServerReads, false),
        (Function::GoHttp2ServerReadsData, false),
        (Function::GoHttp2ServerWrites, false),
        (Function::GoHttp2ServerWritesData, false),
        (Function::GoHttp2ServerEnds, false),
    ],
    grpc: Function::GoGrpcServerReads,
    structure: "serverConn",
    connection: "conn",
};

const CLIENTS: End = End {
    role: Role::Client,
    functions: &[
        (Function::GoHttp2ClientWritesField, false),
        (Function::GoHttp2ClientWrites, false),
        (Function::GoHttp2ClientWritesData, false),
        (Function::GoHttp2ClientHasWritten, true),
        (Function::GoHttp2ClientReads, true),
        (Function::GoHttp2ClientReadsData, true),
        (Function::GoHttp2ClientResets, false),
        (Function::GoHttp2ClientIsReset, true),
    ],
    grpc: Function::GoGrpcClientReads,
    structure: "ClientConn",
    connection: "tconn",
};

/// A copy of the package: how names of methods begin, and of structures. Versions of golang.org/x/net are none of Go's, so the
/// offsets in its structures come from debugging information alone.
struct Package {
    methods: &'static str,
    structures: &'static str,
    is_of_go: bool,
}

const PACKAGES: [Package; 3] = [
    Package { methods: "net/http.(*http2", structures: "net/http.http2", is_of_go: true },
    Package { methods: "net/http/internal/http2.(*", structures: "net/http/internal/http2.", is_of_go: true },
    Package { methods: "golang.org/x/net/http2.(*", structures: "golang.org/x/net/http2.", is_of_go: false },
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

/// Bytes of a structure: none of these has as many, and an offset, in words of eight bytes, has to fit into one byte of what a probe is told.
const STRUCTURE_BYTES: u64 = 2032;

fn field(elf: &Elf<'_>, structure: &str, field: &str) -> Option<u64> {
    debug_info::field(elf, structure, field)
        .filter(|offset| *offset < STRUCTURE_BYTES && offset.is_multiple_of(8))
}

/// `found`: by name of the function.
pub(super) fn hooks(elf: &Elf<'_>, version: &Version, found: &[(&str, Probe)]) -> Http2Hooks {
    let release = version.release.filter(|_| !version.devel);
    let known = KNOWN.iter().find(|known| Some(known.release) == release);
    let mut servers = of_end(elf, known.map(|known| known.server), found, &SERVERS);
    let mut clients = of_end(elf, known.map(|known| known.client), found, &CLIENTS);
    let mut protocol = known.map(|known| known.protocol);
    if protocol.is_none() && (servers.is_ok() || clients.is_ok()) {
        protocol = field(elf, "crypto/tls.Conn", "clientProtocol");
    }
    if protocol.is_none() {
        for end in [&mut servers, &mut clients].into_iter().filter(|end| end.is_ok()) {
            *end = Err(WhyNoHttp2::Layout);
        }
    }
    let mut hooks = Vec::new();
    let [servers, clients] = [servers, clients].map(|end| end.map(|own| hooks.extend(own)));
    Http2Hooks { protocol: protocol.unwrap_or_default(), is_client: IS_CLIENT, hooks, servers, clients }
}

/// `known`: where net/http's has its connection.
fn of_end(
    elf: &Elf<'_>,
    known: Option<u64>,
    found: &[(&str, Probe)],
    end: &End,
) -> Result<Vec<Http2Hook>, WhyNoHttp2> {
    if found.iter().any(|(_, probe)| probe.function == end.grpc) {
        return Err(WhyNoHttp2::Grpc);
    }
    let mut hooks = Vec::new();
    for package in &PACKAGES {
        let own = found.iter().filter(|(name, _)| name.starts_with(package.methods));
        let own = own.filter_map(|(_, probe)| {
            let (_, is_indirect) = end.functions.iter().find(|(function, _)| *function == probe.function)?;
            Some((*probe, *is_indirect))
        });
        let own: Vec<_> = own.collect();
        // Servers have this one too.
        if own.iter().all(|(probe, _)| probe.function == Function::GoHttp2ClientWritesData) {
            continue;
        }
        let is_there = |function| own.iter().any(|(probe, _)| probe.function == function);
        if !end.functions.iter().all(|(function, _)| is_there(*function)) {
            return Err(WhyNoHttp2::Functions);
        }
        let known = known.filter(|_| package.is_of_go);
        let structure = || format!("{}{}", package.structures, end.structure);
        let connection = known.or_else(|| field(elf, &structure(), end.connection));
        let connection = connection.ok_or(WhyNoHttp2::Layout)?;
        for (probe, is_indirect) in own {
            let check = stack_check(elf, probe.file_offset).ok_or(WhyNoHttp2::Functions)?;
            let probe = Probe { file_offset: probe.file_offset + check, ..probe };
            hooks.push(Http2Hook { probe, role: end.role, is_indirect, connection });
        }
    }
    if hooks.is_empty() { Err(WhyNoHttp2::None) } else { Ok(hooks) }
}
