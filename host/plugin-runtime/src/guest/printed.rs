//! What guests print, piece by piece (Go writes a panic word by word). Takes: pieces. Gives: whole lines; those of an error that
//! begin with a tab stand behind the line before (Go's stacks: a function, below it its place).

use super::log::Level;
use crate::limits::LOG_LINE_BYTES;

/// Lines that were begun, by level.
#[derive(Debug, Default)]
pub(super) struct Printed {
    begun: [(Option<Level>, Vec<u8>); 2],
    /// The last line of [`Level::Warn`]: it may go on.
    held: Vec<u8>,
}

impl Printed {
    /// Adds a piece and gives every line that it ends to `line`. Of one piece no more is looked at than a line may have: the time
    /// is the host's.
    pub(super) fn add(&mut self, level: Level, piece: &[u8], mut line: impl FnMut(Level, &[u8])) {
        let place = usize::from(level == Level::Warn);
        let (of, begun) = &mut self.begun[place];
        *of = Some(level);
        if level != Level::Warn {
            give(Level::Warn, &mut self.held, &mut line);
        }
        for part in piece[..piece.len().min(LOG_LINE_BYTES)].split_inclusive(|byte| *byte == b'\n') {
            begun.extend_from_slice(part);
            if !part.ends_with(b"\n") && begun.len() < LOG_LINE_BYTES {
                continue;
            }
            if level == Level::Warn {
                hold(&mut self.held, begun, &mut line);
            } else {
                give(level, begun, &mut line);
            }
        }
    }

    /// The end of what is printed together: lines without an end are lines too.
    pub(super) fn end(&mut self, mut line: impl FnMut(Level, &[u8])) {
        for (level, begun) in &mut self.begun {
            match level {
                Some(Level::Warn) => hold(&mut self.held, begun, &mut line),
                Some(level) => give(*level, begun, &mut line),
                None => {}
            }
        }
        give(Level::Warn, &mut self.held, &mut line);
    }
}

/// Keeps a whole line, behind the one that is kept when it belongs to it; else that one is given.
fn hold(held: &mut Vec<u8>, begun: &mut Vec<u8>, line: &mut impl FnMut(Level, &[u8])) {
    let text = begun.trim_ascii_end();
    let goes_on = text.starts_with(b"\t") && !held.is_empty() && held.len() + text.len() <= LOG_LINE_BYTES;
    if !goes_on {
        give(Level::Warn, held, line);
    }
    held.extend_from_slice(text);
    begun.clear();
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
        let pieces: &[(Level, &[u8])] =
            &[(error, b"pa"), (out, b"one\ntwo"), (error, b"nic: x\n\n"), (error, b"main.f"), (out, b"\n")];
        assert_eq!(lines(pieces), ["Info one", "Warn panic: x", "Info two", "Warn main.f"]);
    }

    #[test]
    fn a_place_stands_behind_its_function() {
        let error = Level::Warn;
        let stack = b"goroutine 1:\nmain.f(0x1)\n\tmain.go:7 +0x2\nmain.g()\n\tmain.go:9\n\n\talone\n";
        let wanted = [
            "Warn goroutine 1:",
            "Warn main.f(0x1)\tmain.go:7 +0x2",
            "Warn main.g()\tmain.go:9",
            "Warn \talone",
        ];
        assert_eq!(lines(&[(error, stack)]), wanted);
        let pieces: Vec<_> = stack.chunks(1).map(|piece| (error, piece)).collect();
        assert_eq!(lines(&pieces), wanted);
        // In the order in which they were printed.
        assert_eq!(lines(&[(error, b"one\n"), (Level::Info, b"two\n")]), ["Warn one", "Info two"]);
    }

    #[test]
    fn a_line_without_an_end_is_no_place_to_keep_things() {
        let long = [b'x'; 3 * LOG_LINE_BYTES];
        let places = b"\tplace\n".repeat(LOG_LINE_BYTES / 7);
        let level = Level::Warn;
        let told = lines(&[(Level::Info, &long), (Level::Info, &long), (level, &places), (level, &places)]);
        assert!(told.iter().all(|line| line.len() <= LOG_LINE_BYTES + "Info ".len()), "{}", told.len());
    }
}
