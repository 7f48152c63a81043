//! nginx that speaks TLS, with its log.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

/// For `localhost`, for a hundred years; of no use elsewhere.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

/// TLS 1.2 alone, TLS 1.3 alone, both with HTTP/2.
pub(super) const PORTS: [u16; 3] = [8442, 8443, 8444];

/// Longer than a record of TLS, than a piece of a captured call, and than what of a call is captured.
pub(super) const BIG: usize = 300_000;

pub(super) struct Server {
    child: Child,
    log: String,
}

/// Client's port, method, path and status.
pub(super) type Line = (u64, String, String, u64);

/// Certificate and key, as files.
pub(super) fn certificate(folder: &Folder) -> (String, String) {
    (folder.file("certificate.pem", CERTIFICATE), folder.file("key.pem", KEY))
}

impl Server {
    pub(super) fn start(space: &Space, folder: &Folder) -> Self {
        Self::start_with(space, folder, space.command("nginx"))
    }

    /// `command` runs nginx, its arguments follow.
    pub(super) fn start_with(space: &Space, folder: &Folder, mut command: Command) -> Self {
        let (log, root) = (folder.path("access.log"), folder.path(""));
        let (certificate, key) = certificate(folder);
        folder.file("big", vec![b'x'; BIG]);
        let [old, new, both] = PORTS;
        let config = folder.file(
            "nginx.conf",
            format!(
                "daemon off; master_process off; user root; pid {root}/pid; error_log {root}/error.log;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{ log_format own '$remote_port $request_method $request_uri $status'; access_log {log} own;\n\
                 keepalive_requests 10000000; client_body_temp_path {root}/b; proxy_temp_path {root}/p;\n\
                 fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
                 large_client_header_buffers 4 16k;\n\
                 server {{ listen 127.0.0.1:{old} ssl; ssl_protocols TLSv1.2; include {root}/site; }}\n\
                 server {{ listen 127.0.0.1:{new} ssl; ssl_protocols TLSv1.3; include {root}/site; }}\n\
                 server {{ listen 127.0.0.1:{both} ssl http2; include {root}/site; }} }}\n"
            ),
        );
        folder.file(
            "site",
            format!(
                "ssl_certificate {certificate}; ssl_certificate_key {key}; root {root};\n\
                 location / {{ return 200 ok; }} location = /big {{ }}\n\
                 location ~ 7$ {{ return 404; }} location ~ 9$ {{ return 503; }}\n"
            ),
        );
        command.args(["-p", &root, "-e", &format!("{root}/error.log"), "-c", &config]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, log };
        until("nginx", || curl(space, new, "/ready", &[]));
        server
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its access log, without those that waited for it.
    pub(super) fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(&self.log).unwrap();
        let line = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            let [port, method, path, status] = words[..] else { panic!("{line}") };
            (port.parse().unwrap(), method.to_owned(), path.to_owned(), status.parse().unwrap())
        };
        text.lines().map(line).filter(|(_, _, path, _)| path != "/ready").collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True: it got an answer.
pub(super) fn curl(space: &Space, port: u16, path: &str, arguments: &[&str]) -> bool {
    let mut curl = space.command("curl");
    curl.args(["-sk", "-o", "/dev/null"]).args(arguments).arg(format!("https://127.0.0.1:{port}{path}"));
    curl.status().unwrap().success()
}

/// Request logs with both halves.
pub(super) fn sessions(logs: &[Json], process: &str) -> Vec<Line> {
    let wanted = |log: &&Json| log["type"] == "session" && log["process_name"] == process;
    let line = |log: &Json| {
        let text = |name: &str| log[name].as_str().unwrap().to_owned();
        let number = |name: &str| log[name].as_u64().unwrap();
        (number("client_port"), text("request_type"), text("request_resource"), number("response_code"))
    };
    let mut lines: Vec<_> = logs.iter().filter(wanted).map(line).filter(|line| line.2 != "/ready").collect();
    lines.sort();
    lines
}

/// Path of the library which this machine's programs share.
pub(super) fn library() -> String {
    let output =
        Command::new("sh").args(["-c", "ldd \"$(command -v curl || echo /usr/bin/curl)\""]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let library = text.split_whitespace().find(|word| word.starts_with('/') && word.contains("libssl"));
    // curl's library loads it, or a program that has it.
    fs::canonicalize(library.expect(&text)).unwrap().into_os_string().into_string().unwrap()
}

/// An agent that sees the library which this machine's programs share.
pub(super) fn agent(space: &Space, folder: &Folder, arguments: &[&str]) -> Agent {
    let pid = space.pid();
    let mut agent = Agent::start(space, folder, "a", &[&["--tls", "--netns", &pid], arguments].concat());
    // Other tests may have copies of it.
    agent.says(&format!("{} (OpenSSL)", library()));
    agent
}
