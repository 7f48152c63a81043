//! Truncated and altered files: an answer, never a panic, and soon.

use std::time::{Duration, Instant};

use weir_tls_probes::{ReadAt, examine};

use crate::forgery::{BASE, FIRST, Layout, Sym, X86_64, build_info, elf, function_table, part, symbols};
use crate::libssl::libssl;

/// A file with some bytes altered, without a copy of it.
struct Altered<'a> {
    bytes: &'a [u8],
    length: usize,
    alterations: Vec<(usize, u8)>,
}

impl ReadAt for Altered<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = &self.bytes[..self.length];
        let count = bytes.read_at(offset, buffer)?;
        for (at, byte) in &self.alterations {
            let inside = at.checked_sub(offset as usize).filter(|inside| *inside < count);
            if let Some(place) = inside.and_then(|inside| buffer.get_mut(inside)) {
                *place = *byte;
            }
        }
        Ok(count)
    }
}

/// The same sequence in every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Alters some bytes at a time, in `hot` parts more often: those are where the tables are.
fn alter(bytes: &[u8], hot: &[std::ops::Range<usize>], rounds: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let mut alterations = Vec::new();
        for _ in 0..=numbers.below(4) {
            let part = &hot[numbers.below(hot.len())];
            let at = part.start + numbers.below(part.len());
            let byte = [0, 1, 0x7f, 0x80, 0xff, numbers.below(256) as u8][numbers.below(6)];
            alterations.extend((0..[1, 1, 4, 8][numbers.below(4)]).map(|further| (at + further, byte)));
        }
        let file = Altered { bytes, length: bytes.len(), alterations };
        let begin = Instant::now();
        let _ = examine(&file);
        slowest = slowest.max(begin.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

fn forged_go() -> Vec<u8> {
    let names =
        ["crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write", "crypto/tls.(*Conn).Close", "main.main"];
    let table = function_table(Layout::Go120, BASE + FIRST, &names.map(|name| (name, 4)));
    let text = [0x90, 0x90, 0x90, 0xc3].repeat(4);
    elf(
        X86_64,
        &[part(".text", text), part(".gopclntab", table), part(".go.buildinfo", build_info("go1.99"))],
    )
}

fn forged_ssl() -> Vec<u8> {
    let syms = [Sym(1, 1, BASE + FIRST, 16), Sym(10, 1, BASE + FIRST + 16, 16)];
    let [table, strings] = symbols(2, &syms, b"\0SSL_read\0SSL_write\0");
    elf(X86_64, &[part(".text", [0x90; 64]), table, strings])
}

#[test]
fn every_beginning_of_a_file() {
    for file in [forged_go(), forged_ssl()] {
        assert!(examine(&&file[..]).unwrap().is_some());
        for length in 0..file.len() {
            let found = examine(&Altered { bytes: &file, length, alterations: Vec::new() });
            // The table of sections is at the end, so nothing is found without all of it.
            assert!(!matches!(found, Ok(Some(_))), "{length}");
        }
    }
}

#[test]
fn altered_forgeries() {
    for file in [forged_go(), forged_ssl()] {
        alter(&file, &[0..file.len(), 0..120], 5_000);
    }
}

#[test]
fn an_altered_library() {
    let Some(path) = libssl() else { return };
    let bytes = std::fs::read(path).unwrap();
    // Headers of segments and sections; the whole file for the rest.
    alter(&bytes, &[0..1024, bytes.len() - 2048..bytes.len(), 0..bytes.len()], 500);
    for length in (0..bytes.len()).step_by(bytes.len() / 100) {
        let _ = examine(&Altered { bytes: &bytes, length, alterations: Vec::new() });
    }
}
