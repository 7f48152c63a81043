//! nginx with its log.

use std::fs;

use crate::agent::until;
use crate::program::Folder;
use crate::server::{Server, run};
use crate::source::{number, text};
use crate::space::Space;
use serde_json::Value as Json;

/// One process that serves, and its log.
pub(crate) struct Nginx {
    pub(crate) server: Server,
    log: String,
}

/// A line of the log: client's port, method, path, status, and the lengths of request (without a body) and response.
pub(crate) type Line = (u64, String, String, u64, u64, u64);

impl Nginx {
    /// Starts it on a port with these locations; `further` are lines beside the server's.
    pub(crate) fn start(
        space: &Space,
        folder: &Folder,
        name: &str,
        port: u16,
        locations: &str,
        further: &str,
    ) -> Self {
        let root = folder.path(name);
        fs::create_dir_all(&root).unwrap();
        let log = format!("{root}/access.log");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {root}/{kind};"))
            .concat();
        let config = folder.file(
            &format!("{name}.conf"),
            format!(
                "daemon off; master_process off; user root; pid {root}/pid; error_log {root}/error.log;\n\
                 worker_rlimit_nofile 24000; events {{ worker_connections 24000; }}\n\
                 http {{ log_format own '$remote_port $request_method $request_uri $status $request_length $bytes_sent';\n\
                 access_log {log} own; keepalive_requests 10000000; keepalive_timeout 600s; {temporary}\n\
                 sendfile on; client_max_body_size 10m; {further}\n\
                 server {{ listen 127.0.0.1:{port} backlog=4096; root {root}; {locations} }} }}\n"
            ),
        );
        let arguments = ["-p", &root, "-e", &format!("{root}/error.log"), "-c", &config];
        let server = Server::start(space, folder, name, "nginx", &arguments);
        let ready = format!("http://127.0.0.1:{port}/ready");
        until("nginx", || {
            let mut curl = space.command("curl");
            curl.args(["-s", "-o", "/dev/null", &ready]).status().unwrap().success()
        });
        Self { server, log }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(&self.log).unwrap();
        let line = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            let [port, method, path, status, request, response] = words[..] else { panic!("{line}") };
            let number = |word: &str| word.parse::<u64>().unwrap();
            let texts = (method.to_owned(), path.to_owned());
            (
                number(port),
                texts.0,
                texts.1,
                number(status),
                without_body(method, number(request)),
                number(response),
            )
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(line).filter(|line| line.2 != "/ready").collect()
    }
}

/// nginx does not count the body of a request that it throws away.
fn without_body(method: &str, length: u64) -> u64 {
    if matches!(method, "POST" | "PUT") { 0 } else { length }
}

/// The same of a request log.
pub(crate) fn line(log: &Json) -> Line {
    let method = text(log, "request_type");
    let length = without_body(&method, number(log, "request_length"));
    (
        number(log, "client_port"),
        method,
        text(log, "request_resource"),
        number(log, "response_code"),
        length,
        number(log, "response_length"),
    )
}

/// Asks with curl for one path.
pub(crate) fn curl(space: &Space, port: u16, path: &str) {
    run(space, "curl", &["-s", "-o", "/dev/null", &format!("http://127.0.0.1:{port}{path}")]);
}
