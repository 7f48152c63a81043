//! Go programs, with symbols and without.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use super::server::certificate;
use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

const PORT: u16 = 9443;

/// A server, or a client that asks for several paths at the same time.
const PROGRAM: &str = r#"package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

func main() {
	if os.Args[1] == "serve" {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "7") {
				w.WriteHeader(404)
			}
			fmt.Fprint(w, strings.Repeat("answer", 2000))
		})
		server := http.Server{Addr: os.Args[2], TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
		panic(server.ListenAndServeTLS(os.Args[3], os.Args[4]))
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

/// Where `cargo xtask test` says, else on the path.
fn build(folder: &Folder, name: &str, arguments: &[&str]) -> Option<String> {
    folder.file("main.go", PROGRAM);
    folder.file("go.mod", "module probed\n\ngo 1.22\n");
    let program = std::env::var_os("WEIR_GO").unwrap_or_else(|| "go".into());
    let mut go = Command::new(&program);
    let settings = [("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOWORK", "off"), ("GOFLAGS", "")];
    go.envs(settings).env("CGO_ENABLED", "0").current_dir(Path::new(&folder.path("")));
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

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn seen(test: &str, name: &str, arguments: &[&str]) {
    let Some(space) = Space::new(&["curl"]) else { return };
    let folder = Folder::new(test);
    let Some(program) = build(&folder, name, arguments) else { return };
    let (certificate, key) = certificate(&folder);
    let address = format!("127.0.0.1:{PORT}");
    let mut serve = space.command(&program);
    serve.args(["serve", &address, &certificate, &key]).stderr(Stdio::null());
    let _server = Server(serve.spawn().unwrap());
    until("the server", || super::server::curl(&space, PORT, "/ready", &[]));
    let pid = space.pid();
    let mut agent = Agent::start(&space, &folder, "a", &["--tls", "--netns", &pid]);
    agent.says(&format!("{name} (Go go1."));
    let paths: Vec<String> = (0..20).map(|number| format!("/path{number}")).collect();
    let client = space.command(&program).args(["ask", &address]).args(&paths).status().unwrap();
    assert!(client.success());
    let mut curl = space.command("curl");
    curl.args(["-sk", "-o", "/dev/null", "--http1.1", &format!("https://{address}/curl")]);
    assert!(curl.status().unwrap().success());
    // Both ends of the twenty, and the server's of curl's (curl's own may be seen as well).
    let of_go = |log: &Json| log["type"] == "session" && log["process_name"] == name;
    agent.tells(41, of_go);
    let ended = agent.end("TERM");
    let logs: Vec<_> = ended.logs.iter().filter(|log| of_go(log)).collect();
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
