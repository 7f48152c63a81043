//! Takes: a listening socket, and who knows the answers. Gives: answers to GET and HEAD over HTTP/1.1, one a connection. Does not do:
//! bodies, keep-alive, TLS, anything but what a scraper and a probe ask.
//!
//! Blocking sockets and hyper's own parser of heads (httparse) in place of an async server: one page a few times a minute is not worth
//! a runtime and thirty crates in a process with privileges. What a stranger on this machine can take is bounded: a few
//! connections at the same time, a few seconds and a few kilobytes each.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections at the same time: a scraper, two probes, a person, and as many again that are slow.
const CONNECTIONS: usize = 8;

/// Bytes of a request's head: scrapers send some hundred.
const HEAD: usize = 8 << 10;

/// Header fields of a head.
const FIELDS: usize = 64;

/// How long a head may take, and each piece of an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long is waited after the system had no connection to give, say because there are too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes of a thread's stack; the page is on the heap.
const STACK: usize = 256 << 10;

/// What comes back.
pub(super) struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    pub(super) fn metrics(body: String) -> Self {
        Self { status: "200 OK", kind: "text/plain; version=0.0.4; charset=utf-8", body }
    }

    pub(super) fn health(health: Result<(), String>) -> Self {
        match health {
            Ok(()) => Self { status: "200 OK", kind: TEXT, body: "ok\n".into() },
            Err(why) => Self { status: "503 Service Unavailable", kind: TEXT, body: why + "\n" },
        }
    }

    pub(super) fn not_found() -> Self {
        Self {
            status: "404 Not Found",
            kind: TEXT,
            body: "there are /metrics, /healthz and /readyz\n".into(),
        }
    }

    fn refusal(status: &'static str) -> Self {
        Self { status, kind: TEXT, body: format!("{status}\n") }
    }
}

/// Answers from threads of its own, until the process ends.
pub(super) fn serve(
    listener: TcpListener,
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> io::Result<()> {
    let answer = Arc::new(answer);
    let open = Arc::new(AtomicUsize::new(0));
    let thread = thread::Builder::new().name("weir-metrics".into()).stack_size(STACK);
    thread.spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                thread::sleep(PAUSE);
                continue;
            };
            if open.load(Ordering::Acquire) >= CONNECTIONS {
                // Closed without a word: a word may have to wait.
                continue;
            }
            open.fetch_add(1, Ordering::AcqRel);
            let (answer, place) = (Arc::clone(&answer), Place(Arc::clone(&open)));
            let thread = thread::Builder::new().name("weir-metrics".into()).stack_size(STACK);
            // Without a thread the place is given back, as the closure is dropped.
            let _ = thread.spawn(move || {
                let _place = place;
                // Who has left does not want to know.
                let _ = talk(stream, &*answer);
            });
        }
    })?;
    Ok(())
}

/// One of the connections at the same time; given back however its thread ends.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn talk(mut stream: TcpStream, answer: &impl Fn(&str) -> Answer) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let (answer, has_body) = match request(&mut stream, &mut head)? {
        Ok(Request { path, is_head }) => (answer(&path), !is_head),
        Err(status) => (Answer::refusal(status), true),
    };
    let Answer { status, kind, body } = answer;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if has_body {
        write_within(&mut stream, body.as_bytes())?;
    }
    stream.shutdown(Shutdown::Write)
}

/// Who takes a byte now and then does not keep a place for ever.
fn write_within(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let until = Instant::now() + 2 * PATIENCE;
    while !bytes.is_empty() {
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let written = stream.write(bytes)?;
        bytes = bytes.get(written..).filter(|_| written > 0).ok_or(io::ErrorKind::WriteZero)?;
    }
    Ok(())
}

struct Request {
    path: String,
    is_head: bool,
}

/// Reads a head. The inner error is the status of a refusal.
fn request(stream: &mut TcpStream, head: &mut Vec<u8>) -> io::Result<Result<Request, &'static str>> {
    let until = Instant::now() + PATIENCE;
    let mut piece = [0; 2048];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Err("408 Request Timeout"));
        }
        stream.set_read_timeout(Some(left))?;
        let read = match stream.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                continue;
            }
            Err(error) => return Err(error),
        };
        head.extend_from_slice(piece.get(..read).unwrap_or_default());
        if let Some(answer) = parse(head) {
            return Ok(answer);
        }
        if head.len() >= HEAD {
            return Ok(Err("431 Request Header Fields Too Large"));
        }
    }
}

/// None: more has to come.
fn parse(head: &[u8]) -> Option<Result<Request, &'static str>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Some(Err("431 Request Header Fields Too Large")),
        Err(_) => return Some(Err("400 Bad Request")),
    }
    let (Some(method), Some(path)) = (request.method, request.path) else {
        return Some(Err("400 Bad Request"));
    };
    let is_head = match method {
        "GET" => false,
        "HEAD" => true,
        _ => return Some(Err("405 Method Not Allowed")),
    };
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Some(Ok(Request { path, is_head }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        serve(listener, |path| Answer::metrics(format!("you asked for {path}\n"))).unwrap();
        address
    }

    fn ask(address: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn questions_and_what_are_none() {
        let address = server();
        let answer = ask(address, "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nyou asked for /metrics\n"),
            "{answer}"
        );
        let answer = ask(address, "HEAD / HTTP/1.0\r\n\r\n");
        assert!(answer.contains("Content-Length: 16\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(ask(address, "POST / HTTP/1.1\r\n\r\n").contains(" 405 "));
        assert!(ask(address, "\x16\x03\x01 hello\r\n\r\n").contains(" 400 "));
        let many = "a: b\r\n".repeat(FIELDS + 1);
        assert!(ask(address, &format!("GET / HTTP/1.1\r\n{many}\r\n")).contains(" 431 "));
        let long = format!("GET / HTTP/1.1\r\na: {}", "x".repeat(HEAD));
        assert!(ask(address, &long).contains(" 431 "));
    }

    #[test]
    fn slow_ones_have_their_places_and_leave_them() {
        let address = server();
        let slow: Vec<_> = (0..CONNECTIONS + 4).map(|_| TcpStream::connect(address).unwrap()).collect();
        let began = Instant::now();
        while !ask(address, "GET / HTTP/1.1\r\n\r\n").contains(" 200 ") {
            assert!(began.elapsed() < 10 * PATIENCE, "nobody has left");
            thread::sleep(PAUSE);
        }
        assert!(began.elapsed() > PATIENCE / 2, "there was no bound");
        drop(slow);
    }
}
