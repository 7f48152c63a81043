//! Programs -> kernel. Takes: the compiled programs and what they are to capture. Gives: them, attached.

use std::error::Error;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use aya::maps::{Array, HashMap, Map, MapData, MapError, MapType};
use aya::programs::{BtfTracePoint, CgroupAttachMode, CgroupSockAddr, FEntry, FExit, ProgramError};
use aya::sys::is_map_supported;
use aya::util::online_cpus;
use aya::{Btf, Ebpf, EbpfError, EbpfLoader, Pod};
use weir_ebpf_common::{
    Admission, CAPTURE_MAX, LANES, LISTED, LOADER_BEGUN, LOADER_FOUND, NAME, NAMES, PROCESS_OF_OWN_CALL,
    Settings, WAKE_BYTES, name_words,
};

use super::btf::{Btf as KernelTypes, BtfError};
use super::lanes::Lanes;
use super::{KERNEL_TYPES, SocketError, SocketOptions, marks};

pub(super) fn programs(object: &[u8], options: &SocketOptions) -> Result<Ebpf, SocketError> {
    // Where it can not be asked, what follows says why.
    if !is_map_supported(MapType::RingBuf).unwrap_or(true) {
        return Err(SocketError::TooOld);
    }
    let unreadable = |source| SocketError::NoTypes { path: KERNEL_TYPES, source };
    let bytes = std::fs::read(KERNEL_TYPES).map_err(unreadable)?;
    let unusable = |error: BtfError| SocketError::Types(error.to_string());
    let types = KernelTypes::parse(&bytes).map_err(unusable)?;
    let offsets = types.offsets().map_err(unusable)?;
    let way = if options.at_calls { Way::AtCalls } else { Way::of(&types) };
    drop(bytes);
    let object = marks::replaced(object, &offsets).map_err(SocketError::Object)?;
    let btf = Btf::from_sys_fs().map_err(|error| SocketError::Types(error.to_string()))?;
    let settings = settings(options, way)?;
    let mut programs = EbpfLoader::new()
        .btf(Some(&btf))
        .override_global("OFFSETS", &offsets, true)
        .override_global("SETTINGS", &settings, true)
        .map_max_entries("RECORDS", options.ring_bytes)
        .map_max_entries("LANES", lanes_wanted(options, way, &settings))
        .load(&object)
        .map_err(|error| object_refused(&error))?;
    fill_lists(&mut programs, options)?;
    find_loader(&mut programs, &btf)?;
    if options.tls {
        attach(&mut programs, &btf, "sched_process_exec", "sched_process_exec")?;
        // Where the kernel has no such thing, libraries are found by the look at all processes.
        let _ = tell_mapped(&mut programs, &btf);
    }
    if options.calls && way == Way::AtSockets {
        // Where the kernel can do neither, datagrams whose sender is not known are counted and left out.
        let _ = tell_ends(&mut programs, &btf).or_else(|_| tell_senders(&mut programs));
    }
    for program in way.programs() {
        attach(&mut programs, &btf, program, program)?;
    }
    if way == Way::AtSockets && is_preemptible() {
        // Behind the others: the kernel keeps the order.
        attach(&mut programs, &btf, "sock_send_again", "sock_send_length")?;
        attach(&mut programs, &btf, "sock_recv_again", "sock_recv_length")?;
    }
    begin(&mut programs)?;
    Ok(programs)
}

/// Has the kernel tell both ends of the datagrams that programs receive.
fn tell_ends(programs: &mut Ebpf, btf: &Btf) -> Result<(), Box<dyn Error>> {
    let program = programs.program_mut("skb_consume_udp").ok_or("no program skb_consume_udp")?;
    let program: &mut FEntry = program.try_into()?;
    program.load("skb_consume_udp", btf)?;
    program.attach()?;
    Ok(())
}

/// Has the kernel tell who sends the datagrams to programs that want to know it, at the root of all control groups.
fn tell_senders(programs: &mut Ebpf) -> Result<(), Box<dyn Error>> {
    let root = File::open(cgroup_root()?)?;
    for name in ["sender_v4", "sender_v6"] {
        let program = programs.program_mut(name).ok_or_else(|| format!("no program {name}"))?;
        let program: &mut CgroupSockAddr = program.try_into()?;
        program.load()?;
        // A link lets others be, whatever this says, and no other word is taken for it.
        program.attach(&root, CgroupAttachMode::Single)?;
    }
    Ok(())
}

/// Where the file system of control groups (version 2) is mounted.
fn cgroup_root() -> Result<PathBuf, Box<dyn Error>> {
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    // proc_pid_mounts(5): device, folder, kind.
    let mut folders = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (folder, kind) = (words.next()?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(folder))
    });
    Ok(folders.next().ok_or("no cgroup2 file system is mounted")?)
}

/// Has the kernel tell which processes map a library.
fn tell_mapped(programs: &mut Ebpf, btf: &Btf) -> Result<(), ProgramError> {
    let Some(program) = programs.program_mut("vm_mmap_pgoff") else { return Ok(()) };
    let program: &mut FExit = program.try_into()?;
    program.load("vm_mmap_pgoff", btf)?;
    program.attach().map(drop)
}

/// Where the kernel shows what sockets carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// At the sockets (Linux 6.3): calls on anything else cost nothing.
    AtSockets,
    /// At the end of each system call.
    AtCalls,
}

impl Way {
    fn of(types: &KernelTypes<'_>) -> Self {
        if ["sock_send_length", "sock_recv_length"].iter().all(|name| types.has_tracepoint(name)) {
            Self::AtSockets
        } else {
            Self::AtCalls
        }
    }

    /// Programs have the names of their tracepoints. The last ones begin to tell.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::AtSockets => &["inet_sock_set_state", "sock_send_length", "sock_recv_length"],
            Self::AtCalls => &["inet_sock_set_state", "sys_exit"],
        }
    }
}

fn settings(options: &SocketOptions, way: Way) -> Result<Settings, SocketError> {
    let lists = [
        (options.processes.is_empty(), Admission::Processes),
        (options.names.is_empty(), Admission::Names),
        (options.cgroups.is_empty(), Admission::Cgroups),
        (options.ports.is_empty(), Admission::Ports),
    ];
    let bits = lists.iter().filter(|(is_empty, _)| !is_empty).map(|(_, list)| *list as u32);
    let number = options.names.len();
    if number > NAMES {
        return Err(SocketError::TooMany { list: "thread names", number, most: NAMES });
    }
    let mut names = [[0; 2]; NAMES];
    names.iter_mut().zip(&options.names).for_each(|(place, name)| *place = name_words(thread_name(name)));
    Ok(Settings {
        capture_limit: options.capture_limit.min(CAPTURE_MAX as u32),
        admission: bits.sum(),
        namespace: options.namespace.unwrap_or(0),
        states: u32::from(way == Way::AtSockets),
        calls: options.calls.into(),
        tls: options.tls.into(),
        preemptible: is_preemptible().into(),
        wake_bytes: wake_bytes(options.ring_bytes, online_cpus().map_or(1, |processors| processors.len())),
        names,
    })
}

/// So much that the ring is half full at most when each processor is about to wake the reader.
fn wake_bytes(ring_bytes: u32, processors: usize) -> u32 {
    let processors = u32::try_from(processors).unwrap_or(u32::MAX).max(1);
    WAKE_BYTES.min(ring_bytes / 2 / processors)
}

/// The last kernel on which a program at a tracepoint is known to keep its processor until it ends.
const KEEPS_PROCESSOR: (u32, u32) = (6, 18);

/// Whether another thread may have the processor before a program at a tracepoint has ended.
fn is_preemptible() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    version(&release).is_none_or(|version| version > KEEPS_PROCESSOR)
}

/// Of a release such as `6.1.0-50-cloud-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.trim().split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A lane for each processor, by its number, up to the highest one; a single one, as none is no map, where no program writes to it.
fn lanes_wanted(options: &SocketOptions, way: Way, settings: &Settings) -> u32 {
    if way != Way::AtSockets || settings.preemptible != 0 || !options.calls {
        return 1;
    }
    let highest = online_cpus().ok().and_then(|processors| processors.into_iter().max());
    highest.map_or(1, |highest| highest.saturating_add(1)).min(LANES as u32)
}

fn fill_lists(programs: &mut Ebpf, options: &SocketOptions) -> Result<(), SocketError> {
    fill(programs, ("PROCESSES", "processes"), options.processes.iter().copied())?;
    fill(programs, ("PORTS", "ports"), options.ports.iter().copied())?;
    let groups = options.cgroups.iter().map(|path| {
        let found = std::fs::metadata(path);
        found.map(|found| found.ino()).map_err(|source| SocketError::NoCgroup { path: path.clone(), source })
    });
    fill(programs, ("CGROUPS", "control groups"), groups.collect::<Result<Vec<u64>, _>>()?.into_iter())
}

/// As the kernel keeps it: cut, and padded with zeros.
fn thread_name(name: &str) -> [u8; NAME] {
    let mut bytes = [0; NAME];
    let kept = name.bytes().take(NAME - 1);
    bytes.iter_mut().zip(kept).for_each(|(place, byte)| *place = byte);
    bytes
}

fn fill<K: Pod>(
    programs: &mut Ebpf,
    (name, list): (&'static str, &'static str),
    keys: impl ExactSizeIterator<Item = K>,
) -> Result<(), SocketError> {
    let number = keys.len();
    let map = programs.map_mut(name).ok_or_else(|| no_map(name))?;
    let mut map: HashMap<_, K, u8> = map.try_into().map_err(|error| map_refused(name, &error))?;
    for key in keys {
        map.insert(key, 1, 0).map_err(|error| match error {
            MapError::SyscallError(_) => SocketError::TooMany { list, number, most: LISTED as usize },
            other => SocketError::Object(other.to_string()),
        })?;
    }
    Ok(())
}

/// The map of this name; programs that are loaded later can not use it any more.
pub(super) fn take<M: TryFrom<Map, Error = MapError>>(
    programs: &mut Ebpf,
    name: &'static str,
) -> Result<M, SocketError> {
    let map = programs.take_map(name).ok_or_else(|| no_map(name))?;
    M::try_from(map).map_err(|error| map_refused(name, &error))
}

/// What the programs write on each processor.
pub(super) fn lanes(programs: &mut Ebpf) -> Result<Lanes, SocketError> {
    let Some(Map::Array(lanes)) = programs.take_map("LANES") else { return Err(no_map("LANES")) };
    let number = lanes.info().map_err(|error| map_refused("LANES", &error))?.max_entries();
    Lanes::new(lanes.fd().as_fd(), number as usize).map_err(SocketError::Lanes)
}

fn no_map(name: &str) -> SocketError {
    SocketError::Object(format!("no map {name}"))
}

fn map_refused(name: &str, error: &MapError) -> SocketError {
    SocketError::Object(format!("map {name}: {error}"))
}

/// Lets a program find out which process this one is.
fn find_loader(programs: &mut Ebpf, btf: &Btf) -> Result<(), SocketError> {
    let link = attach(programs, btf, "find_loader", "sys_exit")?;
    // Fails, and is seen.
    let _ = rustix::process::getpgid(rustix::process::Pid::from_raw(PROCESS_OF_OWN_CALL as i32));
    let program = btf_program(programs, "find_loader")?;
    program.detach(link).map_err(|error| refused("find_loader", &error))?;
    program.unload().map_err(|error| refused("find_loader", &error))?;
    if loader(programs)?.get(&LOADER_FOUND, 0).unwrap_or(0) == 0 {
        return Err(SocketError::Object("the kernel does not show system calls to the program".to_owned()));
    }
    Ok(())
}

/// From now on calls are told.
fn begin(programs: &mut Ebpf) -> Result<(), SocketError> {
    let mut map = loader(programs)?;
    let process = map.get(&LOADER_FOUND, 0).map_err(|error| map_refused("LOADER", &error))?;
    map.set(LOADER_BEGUN, process, 0).map_err(|error| map_refused("LOADER", &error))
}

fn loader(programs: &mut Ebpf) -> Result<Array<&mut MapData, u32>, SocketError> {
    let map = programs.map_mut("LOADER").ok_or_else(|| no_map("LOADER"))?;
    map.try_into().map_err(|error| map_refused("LOADER", &error))
}

fn btf_program<'a>(programs: &'a mut Ebpf, name: &'static str) -> Result<&'a mut BtfTracePoint, SocketError> {
    let program =
        programs.program_mut(name).ok_or_else(|| SocketError::Object(format!("no program {name}")))?;
    program.try_into().map_err(|error: ProgramError| refused(name, &error))
}

fn attach(
    programs: &mut Ebpf,
    btf: &Btf,
    name: &'static str,
    tracepoint: &str,
) -> Result<aya::programs::tp_btf::BtfTracePointLinkId, SocketError> {
    let program = btf_program(programs, name)?;
    program.load(tracepoint, btf).map_err(|error| refused(name, &error))?;
    program.attach().map_err(|error| refused(name, &error))
}

fn object_refused(error: &EbpfError) -> SocketError {
    if lacks_privilege(error) { SocketError::NoPrivilege } else { SocketError::Object(error_chain(error)) }
}

pub(super) fn refused(program: &'static str, error: &ProgramError) -> SocketError {
    if lacks_privilege(error) {
        return SocketError::NoPrivilege;
    }
    SocketError::Refused { program, why: error_chain(error) }
}

/// The error and what is behind it.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn lacks_privilege(error: &(dyn Error + 'static)) -> bool {
    sources(error).filter_map(|error| error.downcast_ref::<std::io::Error>()).any(|error| {
        // Not EACCES, which is the verifier's.
        error.raw_os_error() == Some(libc::EPERM)
    })
}

/// For lack of a privilege, where no verifier is asked.
pub(super) fn is_denied(error: &(dyn Error + 'static)) -> bool {
    let mut errors = sources(error).filter_map(|error| error.downcast_ref::<std::io::Error>());
    errors.any(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// The verifier's log may have thousands of lines; its end tells what was wrong.
const WORDS: usize = 400;

pub(super) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let whole = sources(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().rev().nth(WORDS) {
        Some((from, _)) => format!("... {}", &words[from..]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::{version, wake_bytes};

    #[test]
    fn reads_releases() {
        assert_eq!(version("6.1.0-50-cloud-amd64\n"), Some((6, 1)));
        assert_eq!(version("7.3-rc1"), Some((7, 3)));
        assert_eq!(version("6.18+"), Some((6, 18)));
        assert_eq!((version(""), version("next")), (None, None));
    }

    #[test]
    fn many_processors_wake_the_reader_before_the_ring_is_full() {
        assert_eq!((wake_bytes(8 << 20, 2), wake_bytes(8 << 20, 0)), (192 << 10, 192 << 10));
        for processors in [2, 21, 22, 64, 1024] {
            assert!(wake_bytes(8 << 20, processors) as usize * processors <= 4 << 20, "{processors}");
        }
    }
}
