//! The captures that are measured: made once, kept in the cache folder.
//!
//! Takes: how big. Gives: files with a known number of requests. Change `VERSION` with anything that changes their bytes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use super::conversation::{Conversation, Side};
use super::exchange::{self, Asked};
use super::pcap::CaptureWriter;
use super::random::Random;
use crate::cache;

const VERSION: u32 = 1;

/// A file, and what is in it.
pub(super) struct Capture {
    pub(super) path: PathBuf,
    pub(super) requests: u64,
    pub(super) bytes: u64,
}

/// Connections that are open at the same time in the HTTP capture.
const OPEN: usize = 2_000;

/// Many connections, many small requests, two packets each; responses come while other connections speak.
pub(super) fn http(requests: u64) -> Result<Capture> {
    made(&format!("http-{requests}"), requests, |path| {
        let mut to = CaptureWriter::create(path, 10)?;
        let mut random = Random(1);
        let mut slots: Vec<Option<Slot>> = std::iter::repeat_with(|| None).take(OPEN).collect();
        let (mut asked, mut opened, mut open) = (0_u64, 0_u32, 0_usize);
        let mut message = Vec::with_capacity(2048);
        while asked < requests || open > 0 {
            let slot = &mut slots[random.below(OPEN as u64) as usize];
            match slot {
                Some(slot) if slot.waiting.is_some() => slot.answer(&mut to, &mut random, &mut message)?,
                Some(slot) if slot.left > 0 && asked < requests => {
                    asked += 1;
                    slot.ask(&mut to, &mut random, &mut message)?;
                }
                Some(done) => {
                    done.conversation.close(&mut to)?;
                    *slot = None;
                    open -= 1;
                }
                None if asked < requests => {
                    opened += 1;
                    open += 1;
                    *slot = Some(Slot::open(opened, &mut to, &mut random)?);
                }
                None => {}
            }
        }
        to.finish()
    })
}

/// A connection of the HTTP capture.
struct Slot {
    conversation: Conversation,
    left: u64,
    waiting: Option<Asked>,
}

impl Slot {
    fn open(number: u32, to: &mut CaptureWriter, random: &mut Random) -> Result<Self> {
        let mut conversation = Conversation::new(client(number), server(number), number);
        conversation.open(to)?;
        Ok(Self { conversation, left: 100 + random.below(300), waiting: None })
    }

    fn ask(&mut self, to: &mut CaptureWriter, random: &mut Random, message: &mut Vec<u8>) -> Result<()> {
        self.left -= 1;
        self.waiting = Some(exchange::request(random, message)?);
        self.conversation.send(to, Side::Client, message)
    }

    fn answer(&mut self, to: &mut CaptureWriter, random: &mut Random, message: &mut Vec<u8>) -> Result<()> {
        let Some(asked) = self.waiting.take() else { return Ok(()) };
        exchange::response(&asked, random, message)?;
        self.conversation.send(to, Side::Server, message)
    }
}

/// One connection that fetches one big file, with an acknowledgement for every second segment.
pub(super) fn download(megabytes: u64) -> Result<Capture> {
    made(&format!("download-{megabytes}"), 1, |path| {
        const SEGMENT: usize = 1448;
        let mut to = CaptureWriter::create(path, 2)?;
        let mut conversation = Conversation::new(client(1), server(1), 1);
        conversation.open(&mut to)?;
        conversation.send(
            &mut to,
            Side::Client,
            b"GET /image.iso HTTP/1.1\r\nHost: files.shop.local\r\n\r\n",
        )?;
        let mut left = megabytes * 1_000_000;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {left}\r\n\r\n"
        );
        conversation.send(&mut to, Side::Server, head.as_bytes())?;
        let mut random = Random(2);
        let mut block = [0; SEGMENT];
        block.fill_with(|| random.next() as u8);
        let mut segments = 0_u64;
        while left > 0 {
            let length = left.min(SEGMENT as u64);
            // No two segments alike, as in a compressed file.
            block[..8].copy_from_slice(&segments.to_be_bytes());
            conversation.send(&mut to, Side::Server, &block[..length as usize])?;
            left -= length;
            segments += 1;
            if segments.is_multiple_of(2) {
                conversation.acknowledge(&mut to, Side::Client)?;
            }
        }
        conversation.close(&mut to)?;
        to.finish()
    })
}

/// Connections that are all open at the end: half of them a lone SYN, a quarter only opened, a quarter with one request.
pub(super) fn idle(connections: u64) -> Result<Capture> {
    made(&format!("idle-{connections}"), connections / 4, |path| {
        let mut to = CaptureWriter::create(path, 1)?;
        let mut random = Random(3);
        let mut message = Vec::with_capacity(2048);
        for number in 0..u32::try_from(connections / 4 * 4)? {
            let mut conversation = Conversation::new(client(number), server(number), number);
            match number % 4 {
                0 | 1 => conversation.syn(&mut to)?,
                2 => conversation.open(&mut to)?,
                _ => {
                    conversation.open(&mut to)?;
                    let asked = exchange::request(&mut random, &mut message)?;
                    conversation.send(&mut to, Side::Client, &message)?;
                    exchange::response(&asked, &mut random, &mut message)?;
                    conversation.send(&mut to, Side::Server, &message)?;
                }
            }
        }
        to.finish()
    })
}

/// Lines of the SDK's echo protocol, asked and answered on 100 connections, a segment each.
pub(super) fn echo(lines: u64, bytes: usize) -> Result<Capture> {
    made(&format!("echo-{lines}-{bytes}"), lines / 2, |path| {
        let mut to = CaptureWriter::create(path, 10)?;
        let mut open: Vec<Conversation> =
            (0..100).map(|number| Conversation::new(client(number), server(number), number)).collect();
        open.iter_mut().try_for_each(|conversation| conversation.open(&mut to))?;
        let mut line = vec![b'x'; bytes];
        line[bytes - 1] = b'\n';
        for number in 0..lines / 2 {
            let conversation = &mut open[(number % 100) as usize];
            for (side, word) in [(Side::Client, b"PING "), (Side::Server, b"PONG ")] {
                line[..word.len()].copy_from_slice(word);
                conversation.send(&mut to, side, &line)?;
            }
        }
        open.iter_mut().try_for_each(|conversation| conversation.close(&mut to))?;
        to.finish()
    })
}

/// Finds a capture or makes it.
fn made(name: &str, requests: u64, make: impl FnOnce(&Path) -> Result<()>) -> Result<Capture> {
    let path = cache::folder("bench")?.join(format!("{name}-v{VERSION}.pcap"));
    if !path.is_file() {
        let start = Instant::now();
        make(&path)?;
        println!("made {} in {:.1} s", path.display(), start.elapsed().as_secs_f64());
    }
    let bytes = std::fs::metadata(&path)?.len();
    Ok(Capture { path, requests, bytes })
}

/// 20,000 ports of one address, then the next address.
fn client(number: u32) -> ([u8; 4], u16) {
    let [_, _, high, low] = (number / 20_000).to_be_bytes();
    ([10, 1, high, low], 20_000 + (number % 20_000) as u16)
}

/// Some services.
fn server(number: u32) -> ([u8; 4], u16) {
    ([10, 2, 0, (number % 40) as u8], if number.is_multiple_of(3) { 8080 } else { 80 })
}
