//! Targets -> probes of the kernel. Takes: the loaded programs. Gives: links, kept as long as somebody uses a file.

use std::collections::{BTreeMap, HashMap as Files};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aya::Ebpf;
use aya::maps::{HashMap, MapData};
use aya::programs::uprobe::{UProbeAttachLocation, UProbeAttachPoint, UProbeLink, UProbeLinkId, UProbeScope};
use aya::programs::{ProgramError, ProgramType, UProbe};
use aya::sys::{BpfHelper, is_helper_supported};
use rustix::process::{Resource, getrlimit, setrlimit};
use weir_ebpf_common::GoLayout;
use weir_tls_probes::{
    At, FileId, Flavour, Function, GoLibrary, Http2Hook, Http2Hooks, Library, Probe, Role, Target, Watcher,
    WhyNoHttp2,
};

use super::super::{SocketError, load};
use super::TlsEvent;

/// Probes at the same time. Each costs two file descriptors and some memory of the kernel; OpenSSL has seven or eleven, a Go program as many as
/// its functions have returns.
const PROBES: usize = 4096;

/// File descriptors that so many probes need, with a margin for all the rest.
const DESCRIPTORS: u64 = 2 * PROBES as u64 + 2048;

/// How long the probes of a file stay that nobody uses: the next process that does is seen from its first call on.
const KEPT: Duration = Duration::from_secs(600);

/// The programs, by the function and the place that they are for.
const PROGRAMS: [&str; 22] = [
    "ssl_read",
    "ssl_write",
    "ssl_read_ex",
    "ssl_write_ex",
    "ssl_write_flags",
    "ssl_handshake",
    "ssl_free",
    "ssl_return",
    "go_read",
    "go_write",
    "go_return",
    "go_http2_fields_read",
    "go_http2_field_written",
    "go_http2_fields_written",
    "go_http2_answered",
    "go_http2_data_read",
    "go_http2_data_written",
    "go_http2_request_data_written",
    "go_http2_request_written",
    "go_http2_ended",
    "go_http2_reset_sent",
    "go_http2_reset_received",
];

fn program(probe: &Probe) -> Option<&'static str> {
    Some(match (probe.function, probe.at) {
        (Function::SslRead, At::Entry) => "ssl_read",
        (Function::SslWrite, At::Entry) => "ssl_write",
        (Function::SslReadEx | Function::SslReadInternal, At::Entry) => "ssl_read_ex",
        (Function::SslWriteEx | Function::SslWriteInternal, At::Entry) => "ssl_write_ex",
        (Function::SslWriteInternalFlags, At::Entry) => "ssl_write_flags",
        (Function::SslDoHandshake | Function::SslConnect | Function::SslAccept, At::Entry) => "ssl_handshake",
        (Function::SslFree, At::Entry) => "ssl_free",
        (
            Function::SslRead
            | Function::SslWrite
            | Function::SslReadEx
            | Function::SslWriteEx
            | Function::SslReadInternal
            | Function::SslWriteInternal
            | Function::SslWriteInternalFlags
            | Function::SslDoHandshake
            | Function::SslConnect
            | Function::SslAccept,
            At::Return,
        ) => "ssl_return",
        (Function::GoTlsRead, At::Entry) => "go_read",
        (Function::GoTlsWrite, At::Entry) => "go_write",
        (Function::GoTlsRead | Function::GoTlsWrite, At::Ret) => "go_return",
        (Function::GoHttp2ServerReads | Function::GoHttp2ClientReads, At::Entry) => "go_http2_fields_read",
        (Function::GoHttp2ClientWritesField, At::Entry) => "go_http2_field_written",
        (Function::GoHttp2ClientWrites, At::Entry) => "go_http2_fields_written",
        (Function::GoHttp2ServerWrites, At::Entry) => "go_http2_answered",
        (Function::GoHttp2ServerReadsData | Function::GoHttp2ClientReadsData, At::Entry) => {
            "go_http2_data_read"
        }
        (Function::GoHttp2ServerWritesData, At::Entry) => "go_http2_data_written",
        (Function::GoHttp2ClientWritesData, At::Entry) => "go_http2_request_data_written",
        (Function::GoHttp2ClientHasWritten, At::Entry) => "go_http2_request_written",
        (Function::GoHttp2ServerEnds, At::Entry) => "go_http2_ended",
        (Function::GoHttp2ClientResets, At::Entry) => "go_http2_reset_sent",
        (Function::GoHttp2ClientIsReset, At::Entry) => "go_http2_reset_received",
        _ => return None,
    })
}

/// Programs, and where they are attached.
pub(super) struct Probes {
    programs: Ebpf,
    files: Files<FileId, Attached>,
    probes: usize,
    /// The kernel hands a probe the number that it was placed with.
    has_cookies: bool,
    /// Processes of Go programs, as the kernel was told, with the offset of a goroutine's number.
    go: BTreeMap<u32, u32>,
    go_map: HashMap<MapData, u32, u32>,
}

struct Attached {
    file: PathBuf,
    links: Vec<(&'static str, UProbeLinkId)>,
    /// Since when nobody uses it.
    unused: Option<Instant>,
    /// Keeps the file open, so that nothing else gets its inode number.
    target: Arc<Target>,
}

impl Probes {
    /// Hands the programs to the kernel's verifier; without those of Go where the kernel lacks what they need.
    pub(super) fn load(mut programs: Ebpf) -> Result<Self, SocketError> {
        // Where it can not be asked, the programs are tried, and their refusal says why.
        let has_cookies =
            is_helper_supported(ProgramType::KProbe, BpfHelper::BPF_FUNC_get_attach_cookie).unwrap_or(true);
        for name in PROGRAMS.into_iter().filter(|name| has_cookies || !name.starts_with("go_")) {
            let program = uprobe(&mut programs, name)?;
            program.load().map_err(|error| load::refused(name, &error))?;
        }
        let limits = getrlimit(Resource::Nofile);
        let wanted = limits.maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
        if limits.current.is_some_and(|current| current < wanted) {
            // Where that fails, fewer probes are possible, and each that is not says so.
            let _ = setrlimit(
                Resource::Nofile,
                rustix::process::Rlimit { current: Some(wanted), maximum: limits.maximum },
            );
        }
        let go_map = load::take(&mut programs, "GO_PROCESSES")?;
        Ok(Self { programs, files: Files::new(), probes: 0, has_cookies, go: BTreeMap::new(), go_map })
    }

    /// Attaches to a file. None: it was attached still.
    pub(super) fn attach(&mut self, target: Arc<Target>) -> Option<TlsEvent> {
        if let Some(attached) = self.files.get_mut(&target.id) {
            attached.unused = None;
            return None;
        }
        let calls_handshake = calls_handshake(&target);
        let is_needed = |probe: &&Probe| {
            !(calls_handshake && matches!(probe.function, Function::SslConnect | Function::SslAccept))
        };
        let needed = target.probes.iter().filter(is_needed);
        let needed: Vec<_> = needed.filter_map(|probe| Some((program(probe)?, probe.file_offset))).collect();
        let file = target.name.clone();
        if needed.is_empty() {
            return None;
        }
        let cookie = match cookie(&target.library, self.has_cookies) {
            Ok(cookie) => cookie,
            Err(error) => return Some(TlsEvent::Refused { file, error: error.to_owned() }),
        };
        // What the others leave to the hooks must not be missed, so those come first.
        let mut wanted: Vec<_> =
            hooks(&target.library).iter().filter_map(|hook| hooked(hook, &target.library)).collect();
        wanted.extend(needed.into_iter().map(|(name, offset)| (name, offset, cookie)));
        if self.probes + wanted.len() > PROBES {
            let error = format!("{} probes are there already; {PROBES} are possible", self.probes);
            return Some(TlsEvent::Refused { file, error });
        }
        let (began, mut links) = (Instant::now(), Vec::with_capacity(wanted.len()));
        for (name, offset, cookie) in wanted {
            match self.link(name, &target, offset, cookie) {
                Ok(link) => links.push((name, link)),
                Err(error) => {
                    self.detach(links);
                    let error = why(&error);
                    return Some(TlsEvent::Refused { file, error });
                }
            }
        }
        self.probes += links.len();
        let (library, probes) = (name(&target.library), links.len());
        let event = TlsEvent::Attached { file: file.clone(), library, probes, took: began.elapsed() };
        self.files.insert(target.id, Attached { file, links, unused: None, target });
        Some(event)
    }

    fn link(
        &mut self,
        name: &'static str,
        target: &Target,
        offset: u64,
        cookie: Option<u64>,
    ) -> Result<UProbeLinkId, ProgramError> {
        let program: &mut UProbe = match self.programs.program_mut(name) {
            Some(program) => program.try_into()?,
            None => return Err(ProgramError::NotLoaded),
        };
        let point = UProbeAttachPoint { location: UProbeAttachLocation::AbsoluteOffset(offset), cookie };
        program.attach(point, target.attach_path(), UProbeScope::AllProcesses)
    }

    /// Tells the programs which processes are Go's, so that system calls have goroutines.
    pub(super) fn go_processes(&mut self, watcher: &Watcher) {
        let go = self.files.iter().filter_map(|(id, attached)| match &attached.target.library {
            Library::Go(go) => Some((*id, go.layout.goroutine_id.offset())),
            Library::OpenSsl { .. } => None,
        });
        let now: BTreeMap<u32, u32> = go
            .flat_map(|(id, offset)| watcher.processes_of(id).map(move |process| (process, offset)))
            .filter_map(|(process, offset)| Some((process, u32::try_from(offset).ok()?)))
            .collect();
        for process in self.go.keys().filter(|process| !now.contains_key(process)) {
            let _ = self.go_map.remove(process);
        }
        for (process, offset) in now.iter().filter(|(process, offset)| self.go.get(process) != Some(offset)) {
            // Without room its calls are told without goroutines.
            let _ = self.go_map.insert(process, offset, 0);
        }
        self.go = now;
    }

    /// Nobody uses a file any more.
    pub(super) fn unused(&mut self, id: FileId, now: Instant) {
        if let Some(attached) = self.files.get_mut(&id) {
            attached.unused = Some(now);
        }
    }

    /// Detaches from files that nobody has used for long.
    pub(super) fn let_go(&mut self, now: Instant) -> Vec<TlsEvent> {
        let is_over = |attached: &Attached| {
            attached.unused.is_some_and(|since| now.saturating_duration_since(since) >= KEPT)
        };
        let over: Vec<FileId> =
            self.files.iter().filter(|(_, attached)| is_over(attached)).map(|(id, _)| *id).collect();
        let mut events = Vec::new();
        for attached in over.iter().filter_map(|id| self.files.remove(id)).collect::<Vec<_>>() {
            self.probes -= attached.links.len();
            self.detach(attached.links);
            events.push(TlsEvent::Detached { file: attached.file });
        }
        events
    }

    fn detach(&mut self, links: Vec<(&'static str, UProbeLinkId)>) {
        let take = |(name, link)| uprobe(&mut self.programs, name).ok()?.take_link(link).ok();
        let links: Vec<UProbeLink> = links.into_iter().filter_map(take).collect();
        // The kernel waits a tenth of a second for each, until no processor can be in it any more. Nobody else has to.
        let closer = std::thread::Builder::new().name("weir-tls-close".to_owned());
        // Without a thread they are closed here, as the closure is dropped.
        let _ = closer.spawn(move || drop(links));
    }
}

fn uprobe<'a>(programs: &'a mut Ebpf, name: &'static str) -> Result<&'a mut UProbe, SocketError> {
    let program =
        programs.program_mut(name).ok_or_else(|| SocketError::Object(format!("no program {name}")))?;
    program.try_into().map_err(|error: ProgramError| load::refused(name, &error))
}

/// What the programs get with each call; OpenSSL's need nothing.
fn cookie(library: &Library, has_cookies: bool) -> Result<Option<u64>, &'static str> {
    let Library::Go(go) = library else { return Ok(None) };
    if !has_cookies {
        return Err(
            "programs of Go need Linux 5.15 or newer (a number for each probe, bpf_get_attach_cookie)",
        );
    }
    if !go.register_abi {
        return Err("Go before 1.17 has arguments on the stack, where they are not looked for");
    }
    layout(go).map(|layout| Some(layout.cookie())).ok_or("its structures are too large")
}

/// None: an offset is larger than what there is room for.
fn layout(go: &GoLibrary) -> Option<GoLayout> {
    let (of, http2) = (&go.layout, &go.http2_hooks);
    let servers = if http2.servers.is_ok() { GoLayout::SERVERS } else { 0 };
    let clients = if http2.clients.is_ok() { GoLayout::CLIENTS } else { 0 };
    Some(GoLayout {
        goroutine_id: words(of.goroutine_id.offset())?,
        protocol: words(http2.protocol)?,
        is_client: u8::try_from(http2.is_client).ok()?,
        connection_data: u8::try_from(of.tls_conn.checked_add(of.interface_data)?).ok()?,
        tcp_descriptor: u8::try_from(of.tcp_fd).ok()?,
        system_descriptor: u8::try_from(of.fd_sysfd).ok()?,
        tls_data: 0,
        roles: servers | clients,
    })
}

/// Bytes as words of eight.
fn words(offset: u64) -> Option<u8> {
    if offset.is_multiple_of(8) { u8::try_from(offset / 8).ok() } else { None }
}

fn hooks(library: &Library) -> &[Http2Hook] {
    match library {
        Library::Go(go) => &go.http2_hooks.hooks,
        Library::OpenSsl { .. } => &[],
    }
}

/// The program of a hook, its place, and what the program gets.
fn hooked(hook: &Http2Hook, library: &Library) -> Option<(&'static str, u64, Option<u64>)> {
    let Library::Go(go) = library else { return None };
    let role = match hook.role {
        Role::Client => GoLayout::CLIENTS,
        Role::Server => GoLayout::SERVERS,
    };
    let layout = GoLayout {
        tls_data: words(hook.connection.checked_add(go.layout.interface_data)?)?,
        roles: role | if hook.is_indirect { GoLayout::INDIRECT } else { 0 },
        ..layout(go)?
    };
    Some((program(&hook.probe)?, hook.probe.file_offset, Some(layout.cookie())))
}

/// Whether `SSL_connect` and `SSL_accept` do nothing but call `SSL_do_handshake`: in BoringSSL, and in OpenSSL since 1.1.0; those with
/// `SSL_read_ex` (1.1.1), or what it calls, are known to be so. Fewer probes are fewer waits for all processors when they go.
fn calls_handshake(target: &Target) -> bool {
    let has = |function| target.probes.iter().any(|probe| probe.function == function);
    match target.library {
        Library::OpenSsl { flavour: Flavour::BoringSsl } => has(Function::SslDoHandshake),
        Library::OpenSsl { flavour: Flavour::OpenSsl } => {
            has(Function::SslDoHandshake) && (has(Function::SslReadEx) || has(Function::SslReadInternal))
        }
        _ => false,
    }
}

fn why(error: &ProgramError) -> String {
    let hint =
        if load::is_denied(error) { "; probes in programs need the capability CAP_SYS_ADMIN" } else { "" };
    format!("{}{hint}", load::error_chain(error))
}

fn name(library: &Library) -> String {
    match library {
        Library::OpenSsl { flavour: Flavour::OpenSsl } => "OpenSSL".to_owned(),
        Library::OpenSsl { flavour: Flavour::BoringSsl } => "BoringSSL".to_owned(),
        Library::OpenSsl { flavour: Flavour::LibreSsl } => "LibreSSL".to_owned(),
        Library::Go(go) => format!("Go {}{}", go.version, http2(&go.http2_hooks)),
    }
}

/// Whether connections of before are told, and why others are not.
fn http2(hooks: &Http2Hooks) -> String {
    let why = |end: &Result<(), WhyNoHttp2>| end.err().filter(|why| *why != WhyNoHttp2::None);
    let left_out = match (why(&hooks.servers), why(&hooks.clients)) {
        (Some(why), other) if other == Some(why) => vec![("servers and clients", why)],
        (servers, clients) => {
            let ends = [servers.map(|why| ("servers", why)), clients.map(|why| ("clients", why))];
            ends.into_iter().flatten().collect()
        }
    };
    let mut text = if hooks.hooks.is_empty() { String::new() } else { " with HTTP/2".to_owned() };
    for (ends, why) in left_out {
        text = format!("{text}, without HTTP/2 {ends} from before: {why}");
    }
    text
}
