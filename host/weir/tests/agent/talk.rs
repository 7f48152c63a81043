//! A small HTTP server and client of our own, and lines over TCP: where a real server would only be in the way.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::space::Space;

/// A server that answers each line that `is_end` ends with what `answer` makes of the first line; until the client leaves.
fn serve(stream: &TcpStream, http: bool) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut line = String::new();
    while {
        line.clear();
        reader.read_line(&mut line).unwrap_or(0)
    } > 0
    {
        let answer = if http {
            let mut rest = String::new();
            while rest != "\r\n" {
                rest.clear();
                if reader.read_line(&mut rest).unwrap_or(0) == 0 {
                    return;
                }
            }
            if line.contains("/silent") {
                continue;
            }
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()
        } else {
            line.replace("PING", "PONG")
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Listens inside of a namespace until the process ends.
pub(crate) fn server(space: &Space, http: bool) -> SocketAddr {
    let listener = space.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, http));
        }
    });
    address
}

/// A connection from inside of a namespace.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(space: &Space, server: SocketAddr) -> Self {
        let stream = space.inside(|| TcpStream::connect(server).unwrap());
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Asks for a path and reads the whole answer.
    pub(crate) fn ask(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\nX-Trace: t{path}\r\n\r\n"));
        let mut answer = [0; 40];
        std::io::Read::read_exact(&mut self.stream, &mut answer).unwrap();
        assert!(answer.ends_with(b"\r\n\r\nok"), "{}", String::from_utf8_lossy(&answer));
    }

    /// Sends a line and reads one.
    pub(crate) fn line(&mut self, text: &str) -> String {
        self.send(text);
        let mut line = String::new();
        BufReader::new(&self.stream).read_line(&mut line).unwrap();
        line
    }
}
