//! Plugins and their configuration change while traffic goes on.

use std::fs;

use serde_json::Value as Json;

use crate::agent::{Agent, until};
use crate::own_protocol::echo;
use crate::program::Folder;
use crate::space::Space;
use crate::talk::{Client, server};

const OFF: &str = "wasm-plugins: []\n";
const ON: &str = "wasm-plugins: [echo]\n";

fn is_echo(log: &Json) -> bool {
    log["l7_protocol"] == "Echo"
}

#[test]
fn a_plugin_is_switched_on_and_off_and_a_broken_file_changes_nothing() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-reload");
    let address = server(&space, false);
    let config = folder.file("group.yaml", OFF);
    let arguments = ["-i", "lo", "--plugin", &echo(), "--group-config", &config, "--threads", "2"];
    let mut agent = Agent::start(&space, &folder, "a", &arguments);
    agent.says("capturing lo");
    assert_eq!(Client::connect(&space, address).line("PING off\n"), "PONG off\n");

    folder.file("group.yaml", ON);
    agent.signal("HUP");
    agent.says("reloaded; changed: echo");
    // A worker that has nothing to do hears of it within a tenth of a second, one of several within a fifth.
    std::thread::sleep(std::time::Duration::from_millis(600));
    let mut client = Client::connect(&space, address);
    client.line("PING on\n");
    agent.tells(1, is_echo);

    folder.file("group.yaml", "wasm-plugins: [ecko]\n");
    agent.signal("HUP");
    agent.says("not reloaded, the old plugins go on").says("the nearest name is `echo`");
    client.line("PING still on\n");
    Client::connect(&space, address).line("PING a new one\n");
    agent.tells(3, is_echo);

    // Without a signal, as an editor does it.
    fs::rename(folder.file("new.yaml", OFF), &config).unwrap();
    until("the second change", || agent.stderr().matches("changed: echo").count() == 2);
    std::thread::sleep(std::time::Duration::from_millis(600));
    Client::connect(&space, address).line("PING off again\n");
    // Who is followed already is followed to the end.
    client.line("PING old connection\n");
    agent.tells(4, is_echo);
    let ended = agent.end("TERM");
    ended.accounts();
    assert_eq!(ended.logs.iter().filter(|log| is_echo(log)).count(), 4);
}

#[test]
fn connections_lose_nothing_while_every_parser_is_replaced() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-reload-traffic");
    let address = server(&space, true);
    let config = folder.file("group.yaml", "trace-id-headers: [x-none]\n");
    for threads in ["1", "2"] {
        folder.file("group.yaml", "trace-id-headers: [x-none]\n");
        let arguments = ["-i", "lo", "--group-config", &config, "--threads", threads];
        let mut agent = Agent::start(&space, &folder, threads, &arguments);
        agent.says("capturing lo");
        let mut clients: Vec<_> = (0..8).map(|_| Client::connect(&space, address)).collect();
        let mut asked = 0;
        for round in 0..6 {
            // Another one each time: a file that is read while it is written is a change too, and none may be equal to what comes next.
            let changes = |agent: &Agent| agent.stderr().matches("reloaded; changed: ").count();
            let before = changes(&agent);
            folder.file("group.yaml", format!("trace-id-headers: [x-trace-{round}]\n"));
            agent.signal("HUP");
            while changes(&agent) == before {
                for client in &mut clients {
                    client.ask(&format!("/{asked}"));
                    asked += 1;
                }
            }
        }
        let ended = agent.end("TERM");
        ended.accounts();
        assert_eq!(ended.count(" lost\n"), 0, "{}", ended.stderr);
        let mut told: Vec<u64> = ended.logs.iter().map(path).collect();
        told.sort_unstable();
        assert!(told.iter().copied().eq(0..asked), "{} of {asked}", told.len());
        assert!(ended.logs.iter().all(|log| log["type"] == "session"));
    }
}

fn path(log: &Json) -> u64 {
    log["request_resource"].as_str().unwrap()[1..].parse().unwrap()
}

#[test]
fn a_plugin_file_that_breaks_is_refused_and_one_that_is_whole_again_is_taken() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-reload-file");
    let address = server(&space, false);
    let whole = fs::read(echo()).unwrap();
    let plugin = folder.file("echo.wasm", &whole);
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--plugin", &plugin]);
    agent.says("capturing lo");
    fs::write(&plugin, b"\0asm and nothing more").unwrap();
    agent.says("not reloaded, the old plugins go on").says("echo.wasm");
    Client::connect(&space, address).line("PING one\n");
    agent.tells(1, is_echo);
    fs::write(&plugin, &whole).unwrap();
    agent.says("reloaded; no plugin has changed");
    Client::connect(&space, address).line("PING two\n");
    agent.tells(2, is_echo);
    agent.end("TERM").accounts();
}

#[test]
fn hooks_come_and_go() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-reload-hooks");
    let address = server(&space, true);
    let config = folder.file("group.yaml", "wasm-plugins: []\n");
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--group-config", &config]);
    agent.says("capturing lo");
    let mut client = Client::connect(&space, address);
    client.ask("/before");
    agent.tells(1, |log| log["request_resource"] == "/before");
    folder.file("group.yaml", "wasm-plugins: [redact]\n");
    agent.signal("HUP");
    agent.says("reloaded; changed: redact");
    std::thread::sleep(std::time::Duration::from_millis(300));
    client.ask("/during?token=secret");
    agent.tells(2, |_| true);
    folder.file("group.yaml", "wasm-plugins: []\n");
    agent.signal("HUP");
    until("no hooks", || agent.stderr().matches("reloaded; changed: redact").count() == 2);
    std::thread::sleep(std::time::Duration::from_millis(300));
    client.ask("/after?token=open");
    agent.tells(3, |_| true);
    let ended = agent.end("TERM");
    ended.accounts();
    let told: Vec<_> = ended.logs.iter().map(|log| log["request_resource"].as_str().unwrap()).collect();
    assert!(!told[1].contains("secret") && told[2] == "/after?token=open", "{told:?}");
}

#[test]
fn timeouts_and_limits_hold_for_connections_in_progress() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-reload-limits");
    let address = server(&space, true);
    for threads in ["1", "2"] {
        let config = folder.file("group.yaml", "limits: {text: 64}\n");
        let arguments = ["-i", "lo", "--group-config", &config, "--threads", threads];
        let mut agent = Agent::start(&space, &folder, threads, &arguments);
        agent.says("capturing lo");
        let mut client = Client::connect(&space, address);
        let long = format!("/{}", "x".repeat(200));
        client.ask(&long);
        agent.tells(1, |log| log["request_resource"].as_str().is_some_and(|path| path.len() < 100));
        folder.file("group.yaml", "timeouts: {tcp-response: 1s}\n");
        agent.says("reloaded; changed: limits and timeouts");
        std::thread::sleep(std::time::Duration::from_millis(600));
        client.ask(&long);
        agent.tells(1, |log| log["request_resource"].as_str() == Some(&long));
        client.send("GET /silent HTTP/1.1\r\n\r\n");
        agent.tells(1, |log| log["request_resource"] == "/silent" && log["response_status"] == "timeout");
        let ended = agent.end("TERM");
        ended.accounts();
        assert_eq!(ended.logs.iter().filter(|log| log["type"] == "session").count(), 2);
    }
}
