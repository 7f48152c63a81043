//! Go programs, with symbols and without.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use super::server::certificate;
use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

const PORT: u16 = 9443;
const PLAIN: u16 = 9080;

/// A server, or a client that asks for several paths at the same time.
const PROGRAM: &str = r#"package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

// What many servers do: their connections are no *net.TCPConn.
type wrapped struct {
	name string
	net.Conn
}

type wrapping struct{ net.Listener }

func (w wrapping) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err == nil && len(os.Args) > 6 {
		conn = &wrapped{"wrapped", conn}
	}
	return conn, err
}

func main() {
	if os.Args[1] == "serve" {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "7") {
				w.WriteHeader(404)
			}
			fmt.Fprint(w, strings.Repeat("answer", 2000))
		})
		listener, err := net.Listen("tcp", os.Args[2])
		if err != nil {
			panic(err)
		}
		go http.ListenAndServe(os.Args[5], nil)
		server := http.Server{Addr: os.Args[2], TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
		panic(server.ServeTLS(wrapping{listener}, os.Args[3], os.Args[4]))
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := http.Client{Transport: transport}
	var all sync.WaitGroup
	for _, path := range os.Args[3:] {
		all.Add(1)
		go func() {
			defer all.Done()
			answer, err := client.Get("https://" + os.Args[2] + path)
			if err != nil {
				panic(err)
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}()
	}
	all.Wait()
}
"#;

fn build(folder: &Folder, name: &str, arguments: &[&str]) -> Option<String> {
    build_source(folder, PROGRAM, name, arguments)
}

/// Builds a program with the Go that `cargo xtask test` names, else that on the path.
pub(super) fn build_source(folder: &Folder, source: &str, name: &str, arguments: &[&str]) -> Option<String> {
    build_with(folder, source, name, arguments, &[])
}

pub(super) fn build_with(
    folder: &Folder,
    source: &str,
    name: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Option<String> {
    folder.file("main.go", source);
    folder.file("go.mod", "module probed\n\ngo 1.22\n");
    let program = std::env::var_os("WEIR_GO").unwrap_or_else(|| "go".into());
    let mut go = Command::new(&program);
    let settings = [("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOWORK", "off"), ("GOFLAGS", "")];
    go.envs(settings).env("CGO_ENABLED", "0").current_dir(Path::new(&folder.path("")));
    go.envs(variables.iter().copied());
    let built = folder.path(name);
    let Ok(status) = go.args(["build", "-o", &built]).args(arguments).arg(".").status() else {
        assert!(std::env::var_os("WEIR_GO").is_none(), "WEIR_GO names no Go");
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: run `cargo xtask test`");
        eprintln!("skipped: there is no Go on the path, and WEIR_GO does not name one");
        return None;
    };
    assert!(status.success());
    Some(built)
}

pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server in a namespace of its own, and an agent that sees it.
struct Scene {
    space: Space,
    program: String,
    agent: Agent,
    _server: Server,
}

impl Scene {
    fn new(test: &str, name: &str, arguments: &[&str], wrap: Option<&str>) -> Option<Self> {
        let space = Space::new(&["curl"])?;
        let folder = Folder::new(test);
        let program = build(&folder, name, arguments)?;
        let (certificate, key) = certificate(&folder);
        let (address, plain) = (format!("127.0.0.1:{PORT}"), format!("127.0.0.1:{PLAIN}"));
        let mut serve = space.command(&program);
        serve.args(["serve", &address, &certificate, &key, &plain]).args(wrap).stderr(Stdio::null());
        let server = Server(serve.spawn().unwrap());
        until("the server", || super::server::curl(&space, PORT, "/ready", &[]));
        let pid = space.pid();
        let mut agent = Agent::start(&space, &folder, "a", &["--tls", "--syscalls", "--netns", &pid]);
        agent.says(&format!("{name} (Go go1."));
        Some(Self { space, program, agent, _server: server })
    }

    fn curl(&self, urls: &[String]) {
        let mut curl = self.space.command("curl");
        curl.args(["-sk", "--http1.1", "--fail-early"]).args(urls).stdout(Stdio::null());
        assert!(curl.status().unwrap().success());
    }
}

fn seen(test: &str, name: &str, arguments: &[&str]) {
    let _share = super::share();
    let Some(mut scene) = Scene::new(test, name, arguments, None) else { return };
    let address = format!("127.0.0.1:{PORT}");
    let paths: Vec<String> = (0..20).map(|number| format!("/path{number}")).collect();
    let client = scene.space.command(&scene.program).args(["ask", &address]).args(&paths).status().unwrap();
    assert!(client.success());
    scene.curl(&[format!("https://{address}/curl")]);
    scene.curl(&[format!("http://127.0.0.1:{PLAIN}/plain")]);
    // Both ends of the twenty, and the server's of curl's two (curl's own may be seen as well).
    let of_go = |log: &Json| log["type"] == "session" && log["process_name"] == name;
    scene.agent.tells(42, of_go);
    let ended = scene.agent.end("TERM");
    let logs: Vec<_> = ended.logs.iter().filter(|log| of_go(log)).collect();
    let plain: Vec<_> = logs.iter().filter(|log| log["request_resource"] == "/plain").collect();
    assert!(plain.len() == 1 && plain[0]["coroutine_id"].as_u64() > Some(0), "{plain:?}");
    for path in &paths {
        let both: Vec<_> = logs.iter().filter(|log| log["request_resource"] == *path).collect();
        assert_eq!(both.len(), 2, "{path}: {}", ended.stderr);
        let code = if path.ends_with('7') { 404 } else { 200 };
        assert!(both.iter().all(|log| log["response_code"] == code), "{both:?}");
        // The client reads in another goroutine than the one that writes.
        assert!(both.iter().all(|log| log["coroutine_id"].as_u64() > Some(0)), "{both:?}");
    }
}

#[test]
fn a_go_program_is_seen_with_its_goroutines() {
    seen("tls-go", "gosymbols", &[]);
}

#[test]
fn a_stripped_go_program_is_seen_with_its_goroutines() {
    seen("tls-go-stripped", "gostripped", &["-ldflags=-s -w", "-trimpath"]);
}

#[test]
fn a_connection_that_is_no_tcp_conn_is_found_by_its_system_calls() {
    let _share = super::share();
    let Some(scene) = Scene::new("tls-go-wrapped", "gowrapped", &[], Some("wrapped")) else { return };
    let paths: Vec<String> = (0..6).map(|number| format!("/wrapped{number}")).collect();
    let urls: Vec<String> = paths.iter().map(|path| format!("https://127.0.0.1:{PORT}{path}")).collect();
    scene.curl(&urls);
    let of_go = |log: &Json| log["type"] == "session" && log["process_name"] == "gowrapped";
    // The first request may come with the end of the handshake; then no system call tells where from.
    until("logs", || scene.agent.logs().iter().filter(|log| of_go(log)).count() >= 5);
    let ended = scene.agent.end("TERM");
    for path in &paths[1..] {
        let told: Vec<_> =
            ended.logs.iter().filter(|log| of_go(log) && log["request_resource"] == *path).collect();
        assert!(told.len() == 1 && told[0]["coroutine_id"].as_u64() > Some(0), "{path}: {told:?}");
    }
}
