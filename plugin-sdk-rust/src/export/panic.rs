//! Takes: a panic. Gives: its message and place in the host's log, just before the trap that ends the instance.

use std::fmt::{self, Write};
use std::panic;
use std::sync::Once;

use crate::host::{self, Level};
use crate::text;

/// As long as a line of the host's log.
const LINE: usize = 1024;

/// From now on panics are reported. Cheap when it is called again.
pub(super) fn report() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let mut line = Line { bytes: [0; LINE], length: 0 };
            let _ = write!(line, "{info}");
            let front = line.bytes.get(..line.length).unwrap_or_default();
            host::log(Level::Error, std::str::from_utf8(front).unwrap_or("panic"));
        }));
    });
}

/// A text on the stack: the panic may be that no memory is left.
struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let more = text::cut(more.as_bytes(), room.len());
        if let Some(room) = room.get_mut(..more.len()) {
            room.copy_from_slice(more);
            self.length += more.len();
        }
        Ok(())
    }
}
