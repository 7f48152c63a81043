//! The agent's configuration from a file: read, checked, refused, read anew.

use crate::agent::Agent;
use crate::own_protocol::echo;
use crate::program::{Folder, Run, weir};
use crate::space::Space;
use crate::talk::{Client, server};

#[test]
fn everything_comes_from_the_file_and_the_command_line_wins() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-config");
    let text = "interfaces: [nothing]\nthreads: 2\ngroup-config: group.yaml\nlog-level: debug\nstats: true\n";
    let file = folder.file("agent.yaml", text);
    folder.file("group.yaml", "trace-id-headers: [x-trace]\n");
    let mut agent = Agent::start(&space, &folder, "a", &["--config", &file, "-i", "lo", "--threads", "1"]);
    agent.says("capturing lo");
    Client::connect(&space, server(&space, true)).ask("/one");
    agent.tells(1, |log| log["trace_id"] == "t/one");
    let ended = agent.end("TERM");
    ended.accounts();
    assert!(ended.stderr.contains("STAGE"), "{}", ended.stderr);
}

#[test]
fn check_says_ok_without_any_privilege_or_what_is_wrong() {
    let folder = Folder::new("agent-check");
    folder.file("group.yaml", "limits: {flows: 10}\n");
    let file = folder.file("agent.yaml", "interfaces: [nothing]\ngroup-config: group.yaml\n");
    let run = weir(["agent", "--config", &file, "--check"]);
    assert_eq!((run.status, &*run.stdout, &*run.stderr), (0, "OK\n", ""));

    folder.file("group.yaml", "limits: {flow: 10}\n");
    for (file, status, words) in [
        (file, 2, "group.yaml line 1: unknown key of limits `flow`; the nearest valid name is `flows`"),
        (
            folder.file("b.yaml", "threads: 2\ninterface: lo\n"),
            2,
            "b.yaml line 2: unknown key `interface`; the nearest",
        ),
        (folder.file("c.yaml", "threads: 2\n"), 2, "`interfaces: [IFACE]`"),
        (folder.file("d.yaml", "interfaces: [lo]\nplugins: [none.wasm]\n"), 1, "none.wasm"),
        (folder.path("none.yaml"), 1, "none.yaml"),
    ] {
        let run = weir(["agent", "--config", &file, "--check"]);
        assert_eq!(run.status, status, "{}", run.stderr);
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
}

#[test]
fn nothing_but_loopback_is_listened_on() {
    let run = weir(["agent", "-i", "lo", "--metrics-listen", "0.0.0.0:9090"]);
    assert_eq!(run.status, 2);
    assert!(run.refusal().contains("only loopback addresses"), "{}", run.stderr);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = weir(["agent", "-i", "lo", "--metrics-listen", &address]);
    assert_eq!(run.status, 1);
    assert!(run.refusal().contains(&format!("can not listen on {address}")), "{}", run.stderr);
}

#[test]
fn keys_change_while_it_runs_and_others_are_named() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-config-reload");
    let address = server(&space, false);
    let file = folder.file("agent.yaml", "interfaces: [lo]\n");
    let mut agent = Agent::start(&space, &folder, "a", &["--config", &file]);
    agent.says("capturing lo");
    folder.file(
        "agent.yaml",
        format!("interfaces: [lo]\nplugins: ['{}']\nthreads: 3\nlimits: {{cpu: 3}}\n", echo()),
    );
    agent.says("changed, but only the next start takes it: threads");
    agent.says("reloaded; changed: echo, limits of the agent");
    std::thread::sleep(std::time::Duration::from_millis(400));
    Client::connect(&space, address).line("PING new\n");
    agent.tells(1, |log| log["l7_protocol"] == "Echo");

    folder.file("agent.yaml", "interfaces: [lo]\nthreeds: 3\n");
    agent
        .says("not reloaded")
        .says("agent.yaml line 2: unknown key `threeds`; the nearest valid name is `threads`");
    folder.file("agent.yaml", "interfaces: [lo]\nlog-level: error\nthreads: 3\n");
    agent.signal("HUP");
    // Silence is not to be waited for; a refusal is said on this level too.
    std::thread::sleep(std::time::Duration::from_millis(500));
    folder.file("agent.yaml", "interfaces: [lo]\nnone: 1\n");
    agent.says("unknown key `none`");
    let ended = agent.end("TERM");
    assert!(!ended.stderr.contains("log-level"), "{}", ended.stderr);
}

#[test]
fn the_example_is_what_a_service_starts_with() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-example");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/agent.yaml");
    let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
    command.args(["agent", "--config", example, "--duration", "300ms"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stderr.contains("capturing lo"), "{}", run.stderr);
    drop(folder);
}
