//! Takes: buffers of whole lines from any number of workers. Gives: them to one writer, never mixed within a buffer.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

/// The writer that workers share.
#[derive(Debug)]
pub struct Output<W> {
    shared: Mutex<Shared<W>>,
}

#[derive(Debug)]
struct Shared<W> {
    writer: W,
    state: OutputState,
}

/// Whether it makes sense to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputState {
    /// More is wanted.
    Open,
    /// Nobody reads any more (`weir replay ... | head`). Not an error: stop, and say nothing.
    Closed,
    /// Writing failed; whoever met the failure has the error.
    Failed,
}

impl<W: Write> Output<W> {
    /// `writer` should not buffer: what comes is large already.
    #[must_use]
    pub fn new(writer: W) -> Self {
        Self { shared: Mutex::new(Shared { writer, state: OutputState::Open }) }
    }

    /// Writes `lines` and empties it; it keeps its memory. Once closed or failed, the bytes are dropped.
    ///
    /// # Errors
    /// What the writer says, once; a broken pipe is no error but [`OutputState::Closed`].
    pub fn append(&self, lines: &mut Vec<u8>) -> io::Result<OutputState> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let result = shared.append(lines);
        lines.clear();
        result
    }

    /// Gives the writer back.
    pub fn into_writer(self) -> W {
        self.shared.into_inner().unwrap_or_else(PoisonError::into_inner).writer
    }
}

impl<W: Write> Shared<W> {
    fn append(&mut self, lines: &[u8]) -> io::Result<OutputState> {
        if lines.is_empty() || self.state != OutputState::Open {
            return Ok(self.state);
        }
        match self.writer.write_all(lines).and_then(|()| self.writer.flush()) {
            Ok(()) => Ok(OutputState::Open),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.state = OutputState::Closed;
                Ok(OutputState::Closed)
            }
            Err(error) => {
                self.state = OutputState::Failed;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_closes_quietly() {
        let output = Output::new(Broken(ErrorKind::BrokenPipe));
        let mut lines = b"a\n".to_vec();
        assert_eq!(output.append(&mut lines).unwrap(), OutputState::Closed);
        assert!(lines.is_empty());
        assert_eq!(output.append(&mut b"b\n".to_vec()).unwrap(), OutputState::Closed);
    }

    #[test]
    fn any_other_failure_is_told_once() {
        let output = Output::new(Broken(ErrorKind::StorageFull));
        assert_eq!(output.append(&mut b"a\n".to_vec()).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(output.append(&mut b"b\n".to_vec()).unwrap(), OutputState::Failed);
    }

    #[test]
    fn buffers_of_many_threads_stay_whole() {
        let output = Output::new(Vec::new());
        std::thread::scope(|scope| {
            for letter in b'a'..=b'h' {
                let output = &output;
                scope.spawn(move || {
                    for _ in 0..100 {
                        let mut lines = [vec![letter; 300], vec![b'\n']].concat();
                        output.append(&mut lines).unwrap();
                    }
                });
            }
        });
        let written = String::from_utf8(output.into_writer()).unwrap();
        assert_eq!(written.lines().count(), 800);
        assert!(written.lines().all(|l| l.len() == 300 && l.bytes().all(|b| b == l.as_bytes()[0])));
    }
}
