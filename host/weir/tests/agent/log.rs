//! What the agent says of itself.

use serde_json::Value as Json;

use crate::agent::Agent;
use crate::program::Folder;
use crate::space::Space;
use crate::talk::{Client, server};

#[test]
fn json_is_one_object_a_line_to_the_end() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-log-json");
    let config = folder.file("group.yaml", "l7-protocol-enabled: [HTTP, Kafka]\n");
    let arguments = ["-i", "lo", "--log-format", "json", "--group-config", &config, "--stats"];
    let mut agent = Agent::start(&space, &folder, "a", &arguments);
    agent.says("capturing lo");
    Client::connect(&space, server(&space, true)).ask("/one");
    agent.tells(1, |_| true);
    folder.file("group.yaml", "secret-key: hunter2\n");
    agent.says("not reloaded");
    let ended = agent.end("TERM");
    assert_eq!(ended.status, Some(0));
    let lines: Vec<Json> = ended.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(line["target"].as_str().unwrap().starts_with("weir"), "{line}");
        assert!(["info", "warn", "error"].contains(&line["level"].as_str().unwrap()), "{line}");
    }
    let says = |words: &str| lines.iter().any(|line| line["message"].as_str().unwrap().contains(words));
    for words in ["capturing lo", "Kafka, which no plugin parses", "weir: 1 interface, ", "STAGE"] {
        assert!(says(words), "{words}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn a_failure_is_json_too() {
    let Some(space) = Space::new(&[]) else { return };
    let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
    let output = command.args(["agent", "-i", "none", "--log-format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line: Json = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["level"], "error");
    assert!(line["message"].as_str().unwrap().contains("no interface `none`"), "{line}");
}

#[test]
fn levels_leave_lines_out() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-log-level");
    let arguments = ["-i", "lo", "--duration", "300ms", "--log-level"];
    let run = |level: &str| {
        let mut agent = Agent::start(&space, &folder, level, &[&arguments[..], &[level]].concat());
        agent.wait().stderr
    };
    let quiet = run("warn");
    assert!(!quiet.contains("capturing lo") && quiet.contains("weir: 1 interface, "), "{quiet}");
    let usual = run("INFO");
    assert!(usual.contains("weir: info: capturing lo\n") && !usual.contains('\x1b'), "{usual}");
}
