//! A terminal that shows a screen and gives keys. Takes the one that standard input and output are. Gives it back as it was, however the
//! program ends but by SIGKILL. Does not do: draw; ratatui does.
//!
//! Keys are read here, and not by ratatui's backends: they read from `/dev/tty` on a thread of their own that nobody can end, or wait
//! for ever. One reading with a time limit needs neither.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::sync::{Mutex, Once, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use ratatui::backend::TermionBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::paint::without_color;

/// How long a key is waited for, tenths of a second: the screen looks after other things so often.
const WAIT_TENTHS: u8 = 1;

/// Empty answers in less time than that: nobody is there any more.
const TOO_SOON: Duration = Duration::from_millis(20);
const SOON_LIMIT: u32 = 10;

/// Alternate screen, no cursor, no wrapping at the right end (xterm's control sequences, DEC private modes).
const BEGIN: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l";
/// Emptied first: tmux keeps lines of an alternate screen that has become smaller.
const END: &[u8] = b"\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Larger screens are used in part: memory of a screen grows with it, and any program may say that a terminal has 65,535 rows.
const LARGEST: (u16, u16) = (1000, 500);

/// How the terminal was; there while it is changed.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal, changed until it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<TermionBackend<File>>,
    color: bool,
    soon: u32,
    /// The last one, for what comes before it still writes when it is dropped.
    _changed: Changed,
}

/// There while the terminal is changed.
#[derive(Debug)]
struct Changed;

/// Whether there is a terminal to show a screen on and take keys from.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// As large as it is now.
fn area() -> Rect {
    let size = terminal_size::terminal_size_of(io::stdout()).map(|(width, height)| (width.0, height.0));
    // What one that does not tell has at least.
    let (width, height) = size.filter(|(width, height)| *width > 0 && *height > 0).unwrap_or((80, 24));
    Rect::new(0, 0, width.min(LARGEST.0), height.min(LARGEST.1))
}

impl Screen {
    /// Changes the terminal; `output` is standard output.
    ///
    /// # Errors
    /// The terminal refuses.
    pub(super) fn open(mut output: File, color: bool) -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // Reading gives what there is, and nothing after a moment (termios(3): MIN 0, TIME above 0).
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = WAIT_TENTHS;
        restore_on_panic();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let changed = Changed;
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        output.write_all(BEGIN)?;
        let viewport = Viewport::Fixed(area());
        let terminal = Terminal::with_options(TermionBackend::new(output), TerminalOptions { viewport })?;
        Ok(Self { terminal, color, soon: 0, _changed: changed })
    }

    /// Whether it is as large as when it was drawn last.
    pub(super) fn has_same_size(&mut self) -> bool {
        self.terminal.get_frame().area() == area()
    }

    /// Draws all of it; what differs is written.
    ///
    /// # Errors
    /// Nobody is there to see it, or a panic elsewhere gave the terminal back.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if BEFORE.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(io::Error::other("it was given back after a fault"));
        }
        if !self.has_same_size() {
            self.terminal.resize(area())?;
        }
        self.terminal.draw(|frame| {
            render(frame);
            if !self.color {
                without_color(frame.buffer_mut());
            }
        })?;
        Ok(())
    }

    /// Bytes of keys; nothing when none was pressed for a moment.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let began = Instant::now();
        let read = match io::stdin().lock().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            read => read?,
        };
        self.soon = if read == 0 && began.elapsed() < TOO_SOON { self.soon + 1 } else { 0 };
        if self.soon >= SOON_LIMIT {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(buffer.get(..read).unwrap_or_default())
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        restore();
    }
}

/// Makes the terminal what it was, if it was changed.
pub(crate) fn restore() {
    let mut before = match BEFORE.try_lock() {
        Ok(before) => before,
        Err(TryLockError::Poisoned(before)) => before.into_inner(),
        // Somebody else does it now.
        Err(TryLockError::WouldBlock) => return,
    };
    if let Some(before) = before.take() {
        let mut output = io::stdout().lock();
        // Nobody may be there any more.
        let _ = output.write_all(END).and_then(|()| output.flush());
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
    }
}

/// A panic's words are lost on the alternate screen, and with it the shell is unusable.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "WEIR_TEST_PANICS_ON_A_TERMINAL";

    /// The child of the test below.
    #[test]
    fn panics_where_it_is_asked_to() {
        if std::env::var_os(CHILD).is_some() {
            let output = File::options().write(true).open("/dev/tty").unwrap();
            let mut screen = Screen::open(output, true).unwrap();
            screen.draw(|frame| frame.render_widget("on-the-screen", frame.area())).unwrap();
            let broken = std::thread::spawn(|| panic!("as asked")).join();
            assert!(broken.is_err() && screen.draw(|_| {}).is_err(), "nothing is drawn afterwards");
        }
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        let program = std::env::current_exe().unwrap();
        let test = "top::terminal::tests::panics_where_it_is_asked_to";
        let run = format!(
            "stty -a; echo ---; {CHILD}=1 '{}' --exact {test} --nocapture; echo; echo ---; stty -a",
            program.display()
        );
        // script(1) gives it a terminal of its own.
        let output = Command::new("script").args(["-qec", &run, "/dev/null"]).output();
        let Ok(output) = output else {
            assert!(std::env::var_os("CI").is_none(), "CI must run this test: script(1) is not installed");
            eprintln!("skipped: script(1) is not installed");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        let parts: Vec<&str> = text.split("---\n").collect();
        let [before, between, after] = parts[..] else { panic!("{text}") };
        assert!(between.contains("\x1b[?1049h") && between.contains("on-the-screen"), "{text}");
        let (_, behind) = between.split_once("\x1b[?1049l").expect("the screen is given back");
        assert!(behind.contains("as asked"), "the panic's words can be read: {text}");
        assert!(behind.contains("1 passed"), "{text}");
        assert!(before.contains("icanon") && !before.contains("-icanon"), "{text}");
        assert_eq!(before.trim(), after.trim());
    }
}
