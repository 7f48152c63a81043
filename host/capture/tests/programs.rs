//! The programs of `ebpf/` in this kernel: whether its verifier takes them, and lets them be attached.
//!
//! Needs the capabilities that ebpf/README.md names. Without them it says so and passes; where `CI` is set it fails.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use aya::programs::{ProgramInfo, loaded_programs};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use weir_capture::Block;
use weir_capture::sockets::{SocketCapture, SocketError, SocketOptions};
use weir_ebpf_common::{Counter, LANE_BYTES, Lane, RECORD_SIZES, Record, WAKE_BYTES};

#[test]
fn the_kernel_takes_the_programs() {
    opens(&SocketOptions::default());
}

#[test]
fn the_kernel_takes_the_programs_for_older_ones() {
    opens(&SocketOptions { at_calls: true, ..SocketOptions::default() });
}

#[test]
fn the_kernel_takes_the_programs_for_tls() {
    for (calls, at_calls) in [(true, false), (false, false), (true, true), (false, true)] {
        opens(&SocketOptions { calls, at_calls, tls: true, ..SocketOptions::default() });
    }
}

/// Older verifiers follow up to twice as many instructions as new ones do for the same program, and end at a million. What
/// `cargo xtask kernels` shows them to take must not come near that unseen.
#[test]
fn no_verifier_is_near_its_limit() {
    const FOLLOWED: u32 = 150_000;
    for at_calls in [false, true] {
        let options = SocketOptions { at_calls, tls: true, ..SocketOptions::default() };
        let Some(_capture) = opens(&options) else { return };
        // Needs a capability more than the programs do.
        let Ok(loaded) = loaded_programs().collect::<Result<Vec<_>, _>>() else { return };
        // The kernel keeps 15 bytes of a name; before Linux 5.16 no number.
        let way = if at_calls { "sys_exit" } else { "sock_recv_lengt" };
        let followed = |name: &str| {
            let named = loaded.iter().filter(|program| program.name_as_str() == Some(name));
            named.filter_map(ProgramInfo::verified_instruction_count).max().unwrap_or(0)
        };
        if loaded.iter().all(|program| program.verified_instruction_count().is_none()) {
            return;
        }
        for name in [way, "ssl_return", "go_return", "go_http2_fields", "go_http2_field_"] {
            assert!((1..FOLLOWED).contains(&followed(name)), "{name}: {} instructions", followed(name));
        }
    }
}

fn opens(options: &SocketOptions) -> Option<SocketCapture> {
    match SocketCapture::open(options) {
        Ok((capture, _)) => {
            assert_eq!(capture.counts().malformed, 0);
            Some(capture)
        }
        Err(error @ (SocketError::NoPrivilege | SocketError::NotBuilt(_) | SocketError::NoTypes { .. })) => {
            assert!(std::env::var_os("CI").is_none(), "CI must run this test: {error}");
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A program that writes when it is told to, and what captures it alone.
struct Observed {
    /// A shell.
    writer: Child,
    /// It reads numbers there, and writes as many lines to the connection, each by a call of its own.
    lines: ChildStdin,
    connection: TcpStream,
    options: SocketOptions,
}

impl Observed {
    fn new() -> Self {
        const SCRIPT: &str = "exec 3<>/dev/tcp/127.0.0.1/$0; while read lines; do for ((i = 0; i < lines; i++)); do echo x >&3; done; done";
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mut shell = Command::new("bash");
        shell.args(["-c", SCRIPT, &port.to_string()]).stdin(Stdio::piped());
        let mut writer = shell.spawn().expect("bash");
        let lines = writer.stdin.take().expect("piped");
        let (connection, _) = listener.accept().expect("the shell connects");
        // Not the port alone, as this process reads there; not the process alone, as all connections' beginnings and ends are told.
        let options =
            SocketOptions { processes: vec![writer.id()], ports: vec![port], ..SocketOptions::default() };
        Self { writer, lines, connection, options }
    }
}

/// Beginnings and ends of connections are seen where no process can be asked for, but their ports can.
#[test]
fn connections_of_other_ports_are_not_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    for (port, is_told) in [(address.port(), true), (1, false)] {
        let options = SocketOptions { ports: vec![port], ..SocketOptions::default() };
        let Some(mut capture) = opens(&options) else { return };
        drop((TcpStream::connect(address).expect("connects"), listener.accept().expect("accepts")));
        while capture.append(&mut Block::default()) {}
        assert_eq!(capture.counts().records > 0, is_told, "port {port}");
    }
}

#[test]
fn who_waits_is_woken_when_much_is_in_the_ring() {
    let Observed { mut writer, mut lines, mut connection, options } = Observed::new();
    if let Some(mut capture) = opens(&options) {
        let mut write = |count: usize| {
            writeln!(lines, "{count}").expect("the shell reads");
            connection.read_exact(&mut vec![0; count * "x\n".len()]).expect("the shell writes");
        };
        let waited = |capture: &SocketCapture, most: Duration| {
            let began = Instant::now();
            capture.wait(most);
            began.elapsed()
        };
        let (short, long) = (Duration::from_millis(300), Duration::from_secs(60));
        // As who waits for packets too sees it.
        let is_ready = |capture: &SocketCapture| {
            let mut one = [PollFd::new(capture, PollFlags::IN)];
            poll(&mut one, Some(&Timespec::default())).expect("poll") == 1
        };
        write(10);
        assert!(waited(&capture, short) >= short, "woken for ten records");
        assert!(!is_ready(&capture), "ready for ten records");
        // Each processor counts its own, and the shell may be moved to another one.
        let processors = std::thread::available_parallelism().expect("known").get();
        let bytes = WAKE_BYTES as usize * processors;
        let many = bytes.div_ceil(Record::SIZE + RECORD_SIZES[0]) + processors;
        write(many);
        assert!(is_ready(&capture), "not ready for {many} records");
        assert!(waited(&capture, long) < long / 2, "not woken for {many} records");
        let mut block = Block::default();
        while capture.append(&mut block) {}
        assert!(block.positions().len() >= many, "{} frames", block.positions().len());
        // What woke it before does not wake it again and again.
        assert!((0..=processors).any(|_| waited(&capture, short) >= short), "woken without end");
        assert!(!is_ready(&capture), "ready without end");
    }
    drop(lines);
    writer.wait().expect("the shell ends");
}

/// While nobody reads, the lane of the writer's processor gets full; what comes then takes the ring, and all of it comes in order.
#[test]
fn what_finds_no_room_in_a_lane_takes_the_ring() {
    if !has_lanes() {
        return eprintln!("skipped: on this kernel no processor has a lane (Linux 6.3 to 6.18)");
    }
    let Observed { mut writer, mut lines, mut connection, options } = Observed::new();
    // Neither the ring alone has room for so many, nor a lane, nor two lanes.
    let (many, ring_bytes) = (5_000, 1 << 20);
    assert!(many > 2 * LANE_BYTES / Lane::taken(2) as usize);
    assert!(many > ring_bytes / (Record::SIZE + RECORD_SIZES[0]));
    let options = SocketOptions { ring_bytes: ring_bytes as u32, ..options };
    if let Some(mut capture) = opens(&options) {
        for _ in 0..2 {
            let before = capture.counts();
            writeln!(lines, "{many}").expect("the shell reads");
            connection.read_exact(&mut vec![0; many * "x\n".len()]).expect("the shell writes");
            let mut times = Vec::new();
            let mut block = Block::default();
            loop {
                block.clear();
                let more = capture.append(&mut block);
                times.extend(block.frames().map(|frame| frame.time));
                if !more {
                    break;
                }
            }
            let after = capture.counts();
            assert_eq!(after.records - before.records, many as u64);
            assert_eq!((after.of(Counter::RingFull), after.given_up), (0, 0));
            assert!(times.is_sorted(), "{many} records in the order of their times");
        }
    }
    drop(lines);
    writer.wait().expect("the shell ends");
}

/// As the loader decides it.
fn has_lanes() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers =
        release.split(|letter: char| !letter.is_ascii_digit()).map_while(|part| part.parse().ok());
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    ((6, 3)..=(6, 18)).contains(&version)
}
