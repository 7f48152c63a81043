//! Every system call that carries bytes of a socket, in every way in which programs use it.

use serde_json::Value as Json;

use crate::compare::assert_same;
use crate::echo::echo;
use crate::program::Folder;
use crate::server::Server;
use crate::source::{Source, number, sessions, text};
use crate::space::Space;

const CALLS: &str = include_str!("calls.py");

/// Numbers that the script asks for, by what it tries; as many as it says it has asked.
fn asked(output: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.strip_prefix("asked ")).map(str::to_owned).collect()
}

fn of(ended: &crate::agent::Ended, process: &str) -> Vec<String> {
    let logs = sessions(&ended.logs).filter(|log| log["process_name"] == process);
    let told = logs.inspect(|log| assert_eq!(log["request_resource"], log["response_result"], "{log}"));
    told.map(|log| text(log, "request_resource")).collect()
}

#[test]
fn every_call_of_a_stream_is_told_at_both_ends() {
    let Some(space) = Space::new(&["python3"]) else { return };
    let folder = Folder::new("servers-calls");
    let script = folder.file("calls.py", CALLS);
    for (name, listen, connect) in
        [("v4", "127.0.0.1", "127.0.0.1"), ("v6", "::1", "::1"), ("both", "::", "127.0.0.1")]
    {
        let mut server = Server::start(&space, &folder, "server", "python3", &[&script, "serve", listen]);
        server.says("port ");
        let port = server.output().lines().find_map(|line| line.strip_prefix("port ")).unwrap().to_owned();
        let plugin = echo();
        let arguments = ["--syscalls", "--comm", "caller", "--comm", "callee", "--plugin", &plugin];
        let mut agent = Source::Calls.start_with(&space, &folder, &arguments);
        let client = Server::start(&space, &folder, "client", "python3", &[&script, "ask", connect, &port]);
        let wanted = asked(&client.finish());
        agent.tells(2, |log| log["request_resource"] == "end" && log["type"] == "session");
        let ended = agent.end("TERM");
        for process in ["caller", "callee"] {
            assert_same(&format!("{name} {process}"), &wanted, &of(&ended, process), &ended);
        }
        for log in &ended.logs {
            assert_eq!(
                (&log["client_ip"], &log["server_ip"]),
                (&Json::from(connect), &Json::from(connect)),
                "{log}"
            );
            assert_eq!(log["server_port"].to_string(), port);
        }
        Source::Calls.lost_nothing(&ended);
    }
}

/// Several datagrams in one call, and vectors of pieces.
#[test]
fn every_call_of_datagrams_is_told_at_both_ends() {
    let Some(space) = Space::new(&["python3"]) else { return };
    let folder = Folder::new("servers-datagrams");
    let script = folder.file("calls.py", CALLS);
    let arguments = ["--syscalls", "--comm", "caller", "--comm", "callee"];
    let mut agent = Source::Calls.start_with(&space, &folder, &arguments);
    let client = Server::start(&space, &folder, "client", "python3", &[&script, "datagrams"]);
    let wanted = asked(&client.finish());
    agent.tells(2, |log| log["request_resource"] == "end.test" && log["type"] == "session");
    let ended = agent.end("TERM");
    for process in ["caller", "callee"] {
        let logs = sessions(&ended.logs).filter(|log| log["process_name"] == process);
        let told: Vec<_> = logs.map(|log| text(log, "request_resource")).collect();
        assert_same(process, &wanted, &told, &ended);
    }
    assert!(ended.logs.iter().all(|log| number(log, "server_port") == 5300));
    Source::Calls.lost_nothing(&ended);
}
