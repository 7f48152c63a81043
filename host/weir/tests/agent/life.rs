//! How an agent starts, ends, and what it leaves behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::agent::{Agent, until};
use crate::program::{Folder, Run};
use crate::space::Space;
use crate::talk::{Client, server};

#[test]
fn a_log_comes_while_the_connection_is_open_and_sigterm_tells_what_waits() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-life");
    for (signal, threads) in [("TERM", "1"), ("INT", "3")] {
        let mut agent = Agent::start(&space, &folder, signal, &["-i", "lo", "--threads", threads]);
        agent.says("capturing lo");
        let address = server(&space, true);
        let mut client = Client::connect(&space, address);
        client.ask("/one");
        agent.tells(1, |log| log["request_resource"] == "/one" && log["response_code"] == 200);
        client.ask("/two");
        client.send("GET /silent HTTP/1.1\r\n\r\n");
        // No waiting: what the kernel has at this moment is told too.
        let ended = agent.end(signal);
        ended.accounts();
        let told: Vec<_> = ended
            .logs
            .iter()
            .map(|log| (log["request_resource"].as_str().unwrap(), log["type"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("/one", "session"), ("/two", "session"), ("/silent", "request")]);
        assert_eq!(ended.count(" lost\n"), 0);
        assert!(ended.stderr.contains("weir: 1 interface, "), "{}", ended.stderr);
    }
}

#[test]
fn it_ends_by_itself_after_its_duration() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-duration");
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--duration", "300ms"]);
    agent.wait().accounts();
}

#[test]
fn it_ends_when_nobody_reads() {
    let Some(space) = Space::new(&[]) else { return };
    let address = server(&space, true);
    let mut command = space.command("sh");
    let script = format!("{} agent -i lo --format jsonl | head -n 1", env!("CARGO_BIN_EXE_weir"));
    let mut child = command.args(["-c", &script]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut client = Client::connect(&space, address);
    until("its end", || {
        client.ask("/again");
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(Run::of(child.wait_with_output().unwrap()).logs().len(), 1);
}

#[test]
fn a_second_agent_is_refused_and_a_killed_one_leaves_nothing() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-second");
    space.ip("link add v0 type veth peer name v1");
    space.ip("link set v0 up");
    let promiscuous = || space.ip("-d link show v0").contains("promiscuity 1");
    let arguments = ["-i", "v0", "--promiscuous"];
    assert!(!promiscuous());
    let mut first = Agent::start(&space, &folder, "first", &arguments);
    first.says("capturing v0");
    assert!(promiscuous());

    let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
    let second = Run::of(command.args(["agent"]).args(arguments).output().unwrap());
    assert_eq!(second.status, 1);
    assert!(second.refusal().contains("another weir agent captures `v0`"), "{}", second.stderr);

    assert_eq!(first.end("KILL").status, None);
    assert!(!promiscuous());
    let mut third = Agent::start(&space, &folder, "third", &arguments);
    third.says("capturing v0");
    third.end("TERM").accounts();
}

#[test]
fn a_request_that_nobody_answers_is_told_without_further_traffic() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-timeout");
    let config = folder.file("group.yaml", "timeouts: {tcp-response: 1s}\n");
    for threads in ["1", "2"] {
        let arguments = ["-i", "lo", "--group-config", &config, "--threads", threads];
        let mut agent = Agent::start(&space, &folder, threads, &arguments);
        agent.says("capturing lo");
        let mut client = Client::connect(&space, server(&space, true));
        client.send("GET /silent HTTP/1.1\r\n\r\n");
        agent.tells(1, |log| log["request_resource"] == "/silent" && log["response_status"] == "timeout");
        agent.end("TERM").accounts();
    }
}

#[test]
fn another_namespace_is_captured_by_process_id_and_by_path() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-netns");
    let address = server(&space, true);
    let path = format!("/proc/{}/ns/net", space.pid());
    for (name, namespace) in [("pid", space.pid()), ("path", path)] {
        let command = crate::program::command();
        let mut agent = Agent::start_with(command, &folder, name, &["-i", "lo", "--netns", &namespace]);
        agent.says("capturing lo");
        Client::connect(&space, address).ask("/inside");
        agent.tells(1, |log| log["request_resource"] == "/inside");
        agent.end("TERM").accounts();
    }
}

#[test]
fn one_capability_is_enough() {
    let Some(space) = Space::new(&["setpriv", "tcpdump"]) else { return };
    let folder = Folder::new("agent-capability");
    let mut command = space.command("setpriv");
    let only = "-all,+net_raw";
    command.args(["--reuid", "65534", "--clear-groups", "--inh-caps", only, "--ambient-caps", only]);
    command.args(["--bounding-set", only, env!("CARGO_BIN_EXE_weir")]);
    let mut agent = Agent::start_with(command, &folder, "a", &["-i", "lo", "--promiscuous", "--bpf", "tcp"]);
    agent.says("capturing lo");
    Client::connect(&space, server(&space, true)).ask("/nobody");
    agent.tells(1, |log| log["request_resource"] == "/nobody");
    agent.end("TERM").accounts();
}

#[test]
fn a_second_signal_ends_it_though_nobody_takes_its_logs() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-stuck");
    let address = server(&space, true);
    let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
    command.args(["agent", "-i", "lo", "--format", "jsonl"]).stdout(Stdio::piped());
    let errors = folder.path("errors");
    let mut child = command.stderr(std::fs::File::create(&errors).unwrap()).spawn().unwrap();
    let says = |words: &str| std::fs::read_to_string(&errors).unwrap().contains(words);
    until("its start", || says("capturing lo"));
    // A log has some 500 bytes and a pipe holds 64 KiB of them.
    let mut client = Client::connect(&space, address);
    (0..2000).for_each(|number| client.ask(&format!("/{number}")));
    std::thread::sleep(Duration::from_millis(300));
    let signal = || Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
    assert!(signal().success());
    std::thread::sleep(Duration::from_millis(300));
    assert!(signal().success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(says("a second signal"), "{}", std::fs::read_to_string(&errors).unwrap());
}
