//! Counters and health over HTTP.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::scrape::{address, get, scrape};
use crate::space::Space;
use crate::talk::{Client, server};

const LISTEN: [&str; 4] = ["-i", "lo", "--metrics-listen", "127.0.0.1:0"];

#[test]
fn counters_are_those_of_the_traffic() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-metrics");
    let config = folder.file("group.yaml", "trace-id-headers: [x-none]\n");
    for threads in ["1", "2"] {
        let mut agent = Agent::start(
            &space,
            &folder,
            threads,
            &[&LISTEN[..], &["--threads", threads, "--group-config", &config]].concat(),
        );
        agent.says("capturing lo");
        let address = address(&mut agent);
        let mut client = Client::connect(&space, server(&space, true));
        (0..50).for_each(|number| client.ask(&format!("/{number}")));
        agent.tells(50, |log| log["request_resource"].as_str().is_some_and(|path| path.len() < 4));
        let logs = "weir_request_logs_total{protocol=\"HTTP\",status=\"ok\"}";
        until("the counters", || {
            scrape(&space, &address).samples.get(logs).is_some_and(|count| *count >= 50.0)
        });
        let page = scrape(&space, &address);
        assert!(page.value("weir_interface_frames_total{interface=\"lo\"}") >= 100.0);
        assert_eq!(page.value("weir_drops_total{stage=\"capture\",reason=\"ring-full\"}"), 0.0);
        assert_eq!(page.value("weir_drops_total{stage=\"flow\",reason=\"cpu-limit\"}"), 0.0);
        assert!(page.value("weir_stage_events_total{stage=\"decode\",counter=\"segments\"}") >= 100.0);
        assert!(page.value("weir_stage_bytes_total{stage=\"parse\",counter=\"bytes\"}") > 1000.0);
        assert!(page.value("process_cpu_seconds_total") > 0.0);
        assert!(page.value("process_resident_memory_bytes") > 1e6);
        assert!(page.value("weir_flows") >= 1.0);
        assert!(page.value("weir_worker_silence_seconds{worker=\"0\"}") < 5.0);
        let http =
            page.samples.keys().find(|name| name.starts_with("weir_plugin_messages_total{plugin=\"http@"));
        assert!(page.value(http.unwrap()) >= 100.0);
        assert_eq!(page.value("weir_configuration_generation"), 0.0);
        folder.file("group.yaml", "trace-id-headers: [x-trace]\n");
        agent.says("reloaded; changed: ");
        folder.file("group.yaml", "no: 1\n");
        agent.says("not reloaded");
        let page = scrape(&space, &address);
        assert_eq!(page.value("weir_configuration_generation"), 1.0);
        assert_eq!(page.value("weir_configuration_reloads_total{result=\"refused\"}"), 1.0);
        folder.file("group.yaml", "trace-id-headers: [x-none]\n");
        agent.end("TERM").accounts();
    }
}

#[test]
fn every_metric_that_the_docs_list_is_there() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-metrics-docs");
    let mut agent = Agent::start(&space, &folder, "a", &LISTEN);
    agent.says("capturing lo");
    let address = address(&mut agent);
    let page = scrape(&space, &address);
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/agent.md")).unwrap();
    let rows = docs.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let told: Vec<_> = rows
        .filter(|(name, _)| name.starts_with("weir_") || name.starts_with("process_"))
        .map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned()))
        .collect();
    let mut sorted = told.clone();
    sorted.sort();
    assert!(told.len() > 20);
    assert_eq!(sorted, page.kinds.into_iter().collect::<Vec<_>>());
    agent.end("TERM").accounts();
}

#[test]
fn health_says_yes_until_something_is_wrong_and_why() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-health");
    space.ip("link add v0 type veth peer name v1");
    let arguments = ["-i", "v*", "--metrics-listen", "127.0.0.1:0"];
    let mut agent = Agent::start(&space, &folder, "a", &arguments);
    agent.says("capturing v0");
    let address = address(&mut agent);
    until("it is ready", || get(&space, &address, "/readyz").0 == 200);
    until("it is well", || get(&space, &address, "/healthz") == (200, "ok\n".to_owned()));
    assert_eq!(get(&space, &address, "/").0, 404);
    space.ip("link del v0");
    until("it says why", || {
        let (status, why) = get(&space, &address, "/healthz");
        status == 503 && why.contains("no interface is captured")
    });
    assert_eq!(get(&space, &address, "/readyz").0, 200);
    agent.end("TERM");
    assert!(space.inside(|| std::net::TcpStream::connect(&address).is_err()), "it ends with the agent");
}

#[test]
fn a_stuck_reader_is_told_and_does_not_hold_up_the_counters() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-health-stuck");
    let server = server(&space, true);
    let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
    command.args(["agent", "--format", "jsonl"]).args(LISTEN).stdout(Stdio::piped());
    let errors = folder.path("errors");
    let mut child = command.stderr(std::fs::File::create(&errors).unwrap()).spawn().unwrap();
    let stderr = || std::fs::read_to_string(&errors).unwrap();
    until("its start", || stderr().contains("capturing lo") && stderr().contains("metrics on http://"));
    let address = stderr().split_once("metrics on http://").unwrap().1.split('/').next().unwrap().to_owned();
    let mut client = Client::connect(&space, server);
    // A log has some 500 bytes and a pipe holds 64 KiB of them.
    (0..1000).for_each(|number| client.ask(&format!("/{number}")));
    until("it is told", || {
        let (status, why) = get(&space, &address, "/healthz");
        status == 503 && why.contains("worker 0 has handled nothing for")
    });
    assert!(scrape(&space, &address).value("weir_worker_silence_seconds{worker=\"0\"}") > 4.0);
    let mut stdout = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || _ = stdout.read_to_end(&mut Vec::new()));
    until("it is well again", || get(&space, &address, "/healthz").0 == 200);
    let kill =
        std::process::Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success() && child.wait().unwrap().success());
    reading.join().unwrap();
}

#[test]
fn nothing_listens_unless_it_is_asked_to() {
    let Some(space) = Space::new(&["ss"]) else { return };
    let folder = Folder::new("agent-quiet");
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo"]);
    agent.says("capturing lo");
    std::thread::sleep(Duration::from_millis(200));
    let sockets = space.command("ss").args(["-Hltn"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&sockets.stdout), "");
    agent.end("TERM").accounts();
}
