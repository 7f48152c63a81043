//! The program whose system calls are timed: one thread, both ends of a loopback connection.
//!
//! Takes: a line on standard input for each measurement. Gives: a line of JSON for each, nanoseconds a call as means of batches. Runs as a
//! process of its own, so that the agent can be told of it alone.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Batches of a measurement: the tenth that nothing disturbed is some hundred.
const BATCHES: usize = 2_000;

/// Batches before them that do not count.
const WARM_UP: usize = 100;

/// Exchanges of a batch; each writes and reads twice.
pub(super) const EXCHANGES: usize = 50;

/// 53 bytes: as short as requests are, so that copying them is the least of it.
const REQUEST: &[u8] = b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x/1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world\n";

/// Means of batches, nanoseconds a call.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Batches {
    pub(super) write: Vec<f64>,
    pub(super) read: Vec<f64>,
    /// Writing to /dev/null, which nothing of Weir is attached to.
    pub(super) file: Vec<f64>,
}

/// Exchanges of one measurement.
pub(super) const fn exchanges() -> usize {
    (BATCHES + WARM_UP) * EXCHANGES
}

/// Measures as often as it is asked.
pub(in crate::bench) fn run() -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        line?;
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &measure()?)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn measure() -> Result<Batches> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut null = OpenOptions::new().write(true).open("/dev/null")?;
    let mut batches = Batches::default();
    for batch in 0..WARM_UP + BATCHES {
        let mut times = Times::default();
        for _ in 0..EXCHANGES {
            times.carry(&mut client, &mut server, REQUEST)?;
            times.carry(&mut server, &mut client, RESPONSE)?;
            times.file(&mut null)?;
        }
        if batch >= WARM_UP {
            batches.write.push(mean(times.write, 2 * EXCHANGES));
            batches.read.push(mean(times.read, 2 * EXCHANGES));
            batches.file.push(mean(times.file, EXCHANGES));
        }
    }
    Ok(batches)
}

#[derive(Default)]
struct Times {
    write: Duration,
    read: Duration,
    file: Duration,
}

impl Times {
    /// Over the connection, in one call each.
    fn carry(&mut self, from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) -> Result<()> {
        let mut buffer = [0; 256];
        let began = Instant::now();
        let written = from.write(bytes)?;
        let between = Instant::now();
        let read = to.read(&mut buffer)?;
        self.read += between.elapsed();
        self.write += between - began;
        if (written, read) != (bytes.len(), bytes.len()) {
            bail!("{written} bytes written and {read} read of {}", bytes.len());
        }
        Ok(())
    }

    fn file(&mut self, file: &mut File) -> Result<()> {
        let began = Instant::now();
        let _ = file.write(REQUEST)?;
        self.file += began.elapsed();
        Ok(())
    }
}

fn mean(time: Duration, calls: usize) -> f64 {
    time.as_nanos() as f64 / calls as f64
}
