//! What guests print, piece by piece (Go writes a panic word by word). Takes: pieces. Gives: whole lines.

use super::log::Level;
use crate::limits::LOG_LINE_BYTES;

/// Lines that were begun, by level.
#[derive(Debug, Default)]
pub(super) struct Printed {
    begun: [(Option<Level>, Vec<u8>); 2],
}

impl Printed {
    /// Adds a piece and gives every line that it ends to `line`. Of one piece no more is looked at than a line may have: the time
    /// is the host's.
    pub(super) fn add(&mut self, level: Level, piece: &[u8], mut line: impl FnMut(Level, &[u8])) {
        let place = usize::from(level == Level::Warn);
        let (of, begun) = &mut self.begun[place];
        *of = Some(level);
        for part in piece[..piece.len().min(LOG_LINE_BYTES)].split_inclusive(|byte| *byte == b'\n') {
            begun.extend_from_slice(part);
            if part.ends_with(b"\n") || begun.len() >= LOG_LINE_BYTES {
                give(level, begun, &mut line);
            }
        }
    }

    /// The end of what is printed together: lines without an end are lines too.
    pub(super) fn end(&mut self, mut line: impl FnMut(Level, &[u8])) {
        for (level, begun) in &mut self.begun {
            if let Some(level) = level {
                give(*level, begun, &mut line);
            }
        }
    }
}

fn give(level: Level, begun: &mut Vec<u8>, line: &mut impl FnMut(Level, &[u8])) {
    if !begun.trim_ascii().is_empty() {
        line(level, begun.trim_ascii_end());
    }
    begun.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[(Level, &[u8])]) -> Vec<String> {
        let (mut printed, mut lines) = (Printed::default(), Vec::new());
        let mut keep = |level: Level, line: &[u8]| {
            lines.push(format!("{level:?} {}", String::from_utf8_lossy(line)));
        };
        pieces.iter().for_each(|(level, piece)| printed.add(*level, piece, &mut keep));
        printed.end(&mut keep);
        lines
    }

    #[test]
    fn pieces_become_lines() {
        let (out, error) = (Level::Info, Level::Warn);
        let pieces: &[(Level, &[u8])] = &[
            (error, b"pa"),
            (out, b"one\ntwo"),
            (error, b"nic: x\n\n"),
            (error, b"\tmain.go:7"),
            (out, b"\n"),
        ];
        assert_eq!(lines(pieces), ["Info one", "Warn panic: x", "Info two", "Warn \tmain.go:7"]);
    }

    #[test]
    fn a_line_without_an_end_is_no_place_to_keep_things() {
        let long = [b'x'; 3 * LOG_LINE_BYTES];
        let told = lines(&[(Level::Info, &long), (Level::Info, &long)]);
        assert!(told.iter().all(|line| line.len() <= LOG_LINE_BYTES + "Info ".len()), "{}", told.len());
    }
}
