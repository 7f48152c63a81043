//! The agent keeps to its share of the machine: flows are left out whole, and that is told.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::scrape::{address, scrape};
use crate::space::Space;
use crate::talk::{Client, server};

/// Requests of one connection, sent at once: dear for the agent and cheap for who sends them.
const REQUESTS: usize = 100;
const REQUEST: &str = "GET /many HTTP/1.1\r\nHost: shop.test\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers whole batches of requests.
fn batch_server(space: &Space) -> SocketAddr {
    let listener = space.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let serve = |mut stream: TcpStream| {
        let mut head = vec![0; REQUESTS * REQUEST.len()];
        if stream.read_exact(&mut head).is_ok() {
            let _ = stream.write_all(ANSWER.repeat(REQUESTS).as_bytes());
        }
    };
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| _ = std::thread::spawn(move || serve(stream)));
    });
    address
}

fn batch(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(REQUEST.repeat(REQUESTS).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    assert_eq!(answers.len(), REQUESTS * ANSWER.len());
}

/// Cores that are used over a while.
fn cores(space: &Space, metrics: &str, seconds: u64) -> f64 {
    let cpu = || (Instant::now(), scrape(space, metrics).value("process_cpu_seconds_total"));
    let before = cpu();
    std::thread::sleep(Duration::from_secs(seconds));
    let after = cpu();
    (after.1 - before.1) / (after.0 - before.0).as_secs_f64()
}

#[test]
fn traffic_that_needs_more_cpu_time_is_shed_in_whole_flows() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-share-cpu");
    // A hook makes each request somewhat dearer.
    folder.file("group.yaml", "wasm-plugins: [redact]\n");
    let text = "interfaces: [lo]\nmetrics-listen: 127.0.0.1:0\ngroup-config: group.yaml\n";
    let config = folder.file("agent.yaml", text);
    let mut agent = Agent::start(&space, &folder, "a", &["--config", &config]);
    agent.says("capturing lo");
    let metrics = address(&mut agent);
    let (address, stop) = (batch_server(&space), AtomicBool::new(false));
    let limit = std::thread::scope(|scope| {
        for _ in 0..3 {
            let load = || {
                weir_capture::live::enter_namespace(&space.pid()).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    batch(address);
                    std::thread::sleep(Duration::from_millis(1));
                }
            };
            scope.spawn(load);
        }
        std::thread::sleep(Duration::from_millis(500));
        let need = cores(&space, &metrics, 2);
        assert!(need > 0.06, "the load is too small to prove anything: {need}");
        let limit = need / 3.0;
        folder.file("agent.yaml", format!("{text}limits: {{cpu: {limit:.3}}}\n"));
        agent.says("short of CPU time");
        std::thread::sleep(Duration::from_secs(2));
        let used = cores(&space, &metrics, 3);
        println!("needs {need:.3} cores, may use {limit:.3}, used {used:.3}");
        stop.store(true, Ordering::Relaxed);
        assert!(used < limit * 1.5, "{used} of {limit} cores, {need} wanted");
        limit
    });
    let page = scrape(&space, &metrics);
    assert!(page.value("weir_drops_total{stage=\"flow\",reason=\"cpu-limit\"}") > 10.0);
    assert_eq!(page.value("weir_drops_total{stage=\"flow\",reason=\"memory-limit\"}"), 0.0);
    assert!(page.value("weir_sheddings_total{reason=\"cpu-limit\"}") >= 1.0);
    // When it is calm again, everybody is let in again. It may have ended before, and begun again.
    agent.says("shedding ends");
    let calm = server(&space, true);
    until("somebody is let in", || {
        Client::connect(&space, calm).ask("/calm");
        std::thread::sleep(Duration::from_millis(200));
        agent.last_lines().contains("\"/calm\"")
    });
    let (ring_full, given_up) = (
        page.value("weir_drops_total{stage=\"capture\",reason=\"ring-full\"}"),
        page.value("weir_drops_total{stage=\"flow\",reason=\"cpu-limit-given-up\"}"),
    );
    let ended = agent.end("TERM");
    ended.accounts();
    let mut flows: BTreeMap<u64, usize> = BTreeMap::new();
    for log in ended.logs.iter().filter(|log| log["request_resource"] == "/many") {
        assert!(log["type"] == "session" || ring_full + given_up > 0.0, "{log}");
        *flows.entry(log["flow_id"].as_u64().unwrap()).or_default() += 1;
    }
    let halves = flows.values().filter(|count| **count != REQUESTS).count() as f64;
    assert!(flows.len() > 20 && halves <= ring_full + given_up, "{halves} of {} with {limit}", flows.len());
}

#[test]
fn a_flood_of_flows_stays_within_the_memory_limit() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-share-memory");
    folder.file("group.yaml", "limits: {flows: 1000000}\ntimeouts: {udp: 1s}\n");
    let text = "interfaces: [lo]\nmetrics-listen: 127.0.0.1:0\ngroup-config: group.yaml\n";
    let config = folder.file("agent.yaml", text);
    let mut agent = Agent::start(&space, &folder, "a", &["--config", &config]);
    agent.says("capturing lo");
    let metrics = address(&mut agent);
    let resident = || scrape(&space, &metrics).value("process_resident_memory_bytes");
    std::thread::sleep(Duration::from_millis(500));
    let limit = resident() + f64::from(24 << 20);
    folder.file("agent.yaml", format!("{text}limits: {{memory: {limit}}}\n"));
    agent.says("reloaded; changed: limits of the agent");
    let mut most: f64 = 0.0;
    let socket = space.inside(|| UdpSocket::bind("127.0.0.1:0").unwrap());
    // A million flows would take 250 MB.
    for number in 0..300_000_u32 {
        let address = SocketAddr::from(([127, 0, (number >> 14) as u8, 1], 1024 + (number & 0x3fff) as u16));
        let _ = socket.send_to(b"nobody's protocol", address);
        if number % 5_000 == 0 {
            most = most.max(resident());
        }
    }
    most = most.max(resident());
    agent.says("short of memory");
    println!("limit {} MiB, most {} MiB", limit as u64 >> 20, most as u64 >> 20);
    assert!(most < limit * 1.1, "{most} of {limit}");
    let page = scrape(&space, &metrics);
    println!("room {} flows {}", page.value("weir_room_ratio"), page.value("weir_flows"));
    let evicted = page.value("weir_drops_total{stage=\"flow\",reason=\"evicted\"}");
    let refused = page.value("weir_drops_total{stage=\"flow\",reason=\"memory-limit-segments\"}");
    assert!(evicted + refused > 1000.0, "{evicted} {refused}");
    // The flood is over, and who comes then is let in.
    let address = server(&space, true);
    until("somebody is let in", || {
        Client::connect(&space, address).ask("/after");
        std::thread::sleep(Duration::from_millis(200));
        agent.logs().iter().any(|log| log["request_resource"] == "/after")
    });
    assert!(resident() < limit, "the memory of flows that are gone is given back");
    agent.end("TERM").accounts();
}
