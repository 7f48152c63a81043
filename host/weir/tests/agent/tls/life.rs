//! Libraries and agents that come and go.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use super::server::{PORTS, Server, agent, curl, library, sessions};
use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

/// Where a process has the code of its TLS library: the file, addresses, and where in the file they begin.
struct Code {
    file: String,
    from: u64,
    to: u64,
    offset: u64,
}

impl Code {
    fn of(process: u32) -> Self {
        let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let line = maps.lines().find(|line| line.contains("libssl") && line.contains(" r-xp ")).expect(&maps);
        let fields: Vec<_> = line.split_whitespace().collect();
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let (from, to) = fields[0].split_once('-').unwrap();
        Self { file: fields[5].to_owned(), from: number(from), to: number(to), offset: number(fields[2]) }
    }

    /// Bytes in the process's memory that are not those of the file: the kernel writes a breakpoint for each probe.
    fn changed(&self, process: u32) -> usize {
        let (mut memory, mut file) = (vec![0; (self.to - self.from) as usize], Vec::new());
        fs::File::open(format!("/proc/{process}/mem"))
            .unwrap()
            .read_exact_at(&mut memory, self.from)
            .unwrap();
        file.resize(memory.len(), 0);
        let read = fs::File::open(&self.file).unwrap().read_at(&mut file, self.offset).unwrap();
        memory[..read].iter().zip(&file[..read]).filter(|(a, b)| a != b).count()
    }
}

/// nginx with a copy of the library that nobody else has, so that no other agent has probes in it.
fn with_own_library(space: &Space, folder: &Folder) -> Command {
    let copy = folder.path("lib");
    fs::create_dir_all(&copy).unwrap();
    fs::copy(library(), format!("{copy}/libssl.so.3")).unwrap();
    let mut command = space.command("env");
    command.args([&format!("LD_LIBRARY_PATH={copy}"), "nginx"]);
    command
}

#[test]
fn an_agent_that_is_killed_leaves_no_probe_behind() {
    let _alone = super::alone();
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    let folder = Folder::new("tls-killed");
    let server = Server::start_with(&space, &folder, with_own_library(&space, &folder));
    // nginx is the process that nsenter and env became.
    let process = server.pid();
    let code = Code::of(process);
    assert!(code.file.ends_with("lib/libssl.so.3"), "{}", code.file);
    // Agents of other tests may be ending.
    until("other probes to go", || code.changed(process) == 0);
    let pid = space.pid();
    for signal in ["KILL", "TERM"] {
        let mut agent = Agent::start(&space, &folder, signal, &["--tls", "--netns", &pid]);
        agent.says("lib/libssl.so.3 (OpenSSL)");
        assert!(curl(&space, PORTS[1], "/during", &[]));
        agent.tells(1, |log| log["request_resource"] == "/during" && log["process_name"] == "nginx");
        assert_eq!(
            code.changed(process),
            4,
            "a breakpoint in each of what SSL_read and SSL_write have below them, SSL_do_handshake, SSL_free"
        );
        agent.signal(signal);
        agent.wait();
        until("the probes to go", || code.changed(process) == 0);
        assert!(curl(&space, PORTS[1], "/afterwards", &[]));
    }
    assert_eq!(server.lines().len(), 4);
}

#[test]
fn a_library_at_another_path_of_another_mount_namespace_is_found() {
    let _share = super::share();
    let Some(space) = Space::new(&["nginx", "curl", "unshare", "mount"]) else { return };
    let folder = Folder::new("tls-mount");
    // Nobody may have a library yet.
    let mut agent =
        Agent::start(&space, &folder, "a", &["--tls", "--netns", &space.pid(), "--comm", "nginx"]);
    agent.says("capturing TLS");
    let hidden = folder.path("hidden");
    fs::create_dir_all(&hidden).unwrap();
    let mut command = space.command("unshare");
    let script = format!(
        "mount -t tmpfs none {hidden} && cp {} {hidden}/libssl.so.3 && exec env LD_LIBRARY_PATH={hidden} nginx \"$@\"",
        library()
    );
    command.args(["-m", "--propagation", "private", "sh", "-c", &script, "sh"]);
    let server = Server::start_with(&space, &folder, command);
    agent.says("hidden/libssl.so.3 (OpenSSL)");
    assert!(!fs::exists(format!("{hidden}/libssl.so.3")).unwrap(), "it is nowhere outside");
    for path in ["/x1", "/x7"] {
        assert!(curl(&space, PORTS[0], path, &[]));
    }
    agent.tells(2, |log| log["type"] == "session" && log["request_resource"] != "/ready");
    let ended = agent.end("TERM");
    let mut wanted = server.lines();
    wanted.sort();
    assert_eq!(sessions(&ended.logs, "nginx"), wanted);
}

#[test]
fn a_program_that_lives_short_is_seen_though_its_library_is_new() {
    let _alone = super::alone();
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    let folder = Folder::new("tls-short");
    let _server = Server::start(&space, &folder);
    let agent = agent(&space, &folder, &["--comm", "curl"]);
    let is_of = |log: &Json, path: &str| {
        log["request_resource"].as_str().is_some_and(|seen| seen.starts_with(path))
            && log["type"] == "session"
    };
    // The library is found while the program starts. A machine that is busy may be late for one.
    let is_seen = (0..40).any(|copy| {
        // Each run has a file of its own, that the agent has never seen.
        let own = folder.path(&format!("copy{copy}"));
        fs::create_dir_all(&own).unwrap();
        fs::copy(library(), format!("{own}/libssl.so.3")).unwrap();
        let mut curl = space.command("env");
        let url = format!("https://127.0.0.1:{}/short{copy}-[1-100]", PORTS[1]);
        curl.args([&format!("LD_LIBRARY_PATH={own}"), "curl", "-sk", "--http1.1", "-o", "/dev/null", &url]);
        assert!(curl.status().unwrap().success());
        std::thread::sleep(Duration::from_millis(200));
        let path = format!("/short{copy}-");
        agent.logs().iter().any(|log| is_of(log, &path))
    });
    assert!(is_seen, "{}", agent.stderr());
}
