//! How capture of system calls starts, is refused and ends, and what it leaves behind.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use aya::programs::loaded_programs;

use crate::agent::{Agent, until};
use crate::echo::echo;
use crate::own_protocol;
use crate::program::{Folder, Run, command, weir};
use crate::server::Server;
use crate::source::Source;
use crate::space::Space;
use crate::talk::Client;

/// Ids of the programs in the kernel that a process holds (Documentation/filesystems/proc.rst, fdinfo).
fn programs_of(process: u32) -> BTreeSet<u32> {
    let files = fs::read_dir(format!("/proc/{process}/fdinfo")).unwrap();
    let infos = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
    let ids = |info: String| -> Vec<u32> {
        let ids = info.lines().filter_map(|line| line.strip_prefix("prog_id:"));
        ids.map(|id| id.trim().parse().unwrap()).collect()
    };
    infos.flat_map(ids).collect()
}

/// Of them those that the kernel still has.
fn still_loaded(programs: &BTreeSet<u32>) -> usize {
    let loaded = loaded_programs().map(|program| program.unwrap().id());
    loaded.filter(|id| programs.contains(id)).count()
}

#[test]
fn a_killed_agent_leaves_no_program_behind_and_its_server_goes_on() {
    let Some(space) = Space::new(&["python3"]) else { return };
    let folder = Folder::new("servers-killed");
    let (_server, address) = own_protocol::start(&space, &folder, "127.0.0.1");
    let mut client = Client::connect(&space, address);
    let arguments = ["--syscalls", "--comm", "python3", "--plugin", &echo()];
    for signal in ["KILL", "TERM"] {
        let mut agent = Source::Calls.start_with(&space, &folder, &arguments);
        client.line("PING before\n");
        agent.tells(1, |log| log["request_resource"] == "before");
        let programs = programs_of(agent.pid());
        assert!(programs.len() >= 2, "{programs:?}");
        assert_eq!(still_loaded(&programs), programs.len());
        let ended = agent.end(signal);
        assert_eq!(ended.status, (signal == "TERM").then_some(0));
        assert_eq!(client.line("PING after\n"), "PONG after\n");
        // The kernel gives them back when no processor is in them any more.
        until("no programs", || still_loaded(&programs) == 0);
    }
}

#[test]
fn a_second_agent_for_the_same_calls_is_refused() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("servers-second");
    let pid = space.pid();
    let arguments = ["--syscalls", "--comm", "python3"];
    let first = Source::Calls.start_with(&space, &folder, &arguments);
    let again = ["agent", "--netns", &pid, "--syscalls", "--comm", "python3"];
    let second = weir(again);
    assert_eq!(second.status, 1);
    let words = ["another weir agent captures the same system calls", "--pid, --comm, --cgroup or --port"];
    assert!(words.iter().all(|words| second.refusal().contains(words)), "{}", second.stderr);

    let other = [&again[1..], &["--port", "81"]].concat();
    let mut third = Agent::start_with(command(), &folder, "third", &other);
    third.says("capturing system calls");
    assert_eq!(third.end("TERM").status, Some(0));
    assert_eq!(first.end("KILL").status, None);
    let mut fourth = Agent::start_with(command(), &folder, "fourth", &again[1..]);
    fourth.says("capturing system calls");
    assert_eq!(fourth.end("TERM").status, Some(0));
}

/// Runs as nobody with these capabilities.
fn unprivileged(capabilities: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--clear-groups", "--inh-caps", capabilities]);
    command.args(["--ambient-caps", capabilities, "--bounding-set", capabilities]);
    command.arg(env!("CARGO_BIN_EXE_weir")).env_remove("WEIR_LOG").stdin(Stdio::null());
    command
}

#[test]
fn without_a_privilege_both_capabilities_are_named_and_with_both_it_starts() {
    let Some(_space) = Space::new(&["setpriv"]) else { return };
    let folder = Folder::new("servers-capability");
    for capabilities in ["-all", "-all,+perfmon", "-all,+net_raw"] {
        let run = Run::of(
            unprivileged(capabilities).args(["agent", "--syscalls", "--port", "1"]).output().unwrap(),
        );
        assert_eq!(run.status, 1, "{capabilities}: {}", run.stderr);
        for words in
            ["CAP_BPF", "CAP_PERFMON", "sudo setcap cap_bpf,cap_perfmon+ep /", "AmbientCapabilities="]
        {
            assert!(run.refusal().contains(words), "{capabilities}: {}", run.stderr);
        }
    }
    let arguments = ["--syscalls", "--port", "1"];
    let mut agent = Agent::start_with(unprivileged("-all,+bpf,+perfmon"), &folder, "both", &arguments);
    agent.says("capturing system calls");
    assert_eq!(agent.end("TERM").status, Some(0));
}

#[test]
fn a_namespace_whose_process_has_ended_is_refused_and_one_that_ends_later_ends_nothing() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("servers-namespace");
    let gone = {
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        ended.id().to_string()
    };
    let run = weir(["agent", "--syscalls", "--netns", &gone]);
    assert_eq!(run.status, 1);
    assert!(run.refusal().contains(&format!("network namespace {gone}")), "{}", run.stderr);

    let agent = Source::Calls.start_with(&space, &folder, &["--syscalls", "--port", "1"]);
    drop(space);
    let ended = agent.end("TERM");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.logs.len(), 0);
}

/// Asks and waits.
const WAITER: &str = r#"
import socket, sys
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream.sendall(b"PING silent\n")
print("asked", flush=True)
stream.recv(100)
print("ended", flush=True)
"#;

#[test]
fn what_waits_is_told_when_one_end_is_killed() {
    let Some(space) = Space::new(&["python3"]) else { return };
    for source in Source::ALL {
        for victim in ["client", "server"] {
            let folder = Folder::new(&format!("servers-waits-{source:?}-{victim}"));
            let (mut server, address) = own_protocol::start(&space, &folder, "127.0.0.1");
            let script = folder.file("waiter.py", WAITER);
            let mut agent = source.start(&space, &folder, "python3", &["--plugin", &echo()]);
            let port = address.port().to_string();
            let mut client = Server::start(&space, &folder, "client", "python3", &[&script, &port]);
            client.says("asked");
            // Who is killed before it has read has nothing to tell.
            server.says("heard");
            let victim = if victim == "client" { client } else { server };
            victim.end("KILL");
            // Both ends are processes of this name. A time limit would need two minutes.
            let views = if source == Source::Calls { 2 } else { 1 };
            agent.tells(views, |log| {
                log["request_resource"] == "silent" && log["response_status"] == "unknown"
            });
            assert_eq!(agent.end("TERM").status, Some(0));
        }
    }
}
