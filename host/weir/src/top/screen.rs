//! The loop of the screen: keys, ticks and drawing. Takes what workers share, a stop flag. Ends when the user quits or capturing ends.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::keys::keys;
use super::losses::losses;
use super::model::{Model, Then};
use super::snapshot::{Detail, Snapshot};
use super::terminal::{self, Screen};
use super::usage::Usage;
use super::view::{Head, draw};
use super::workers::Shared;
use crate::cmd::held_log;
use crate::replay::Monitor;

/// How often the board ends a tick and the screen changes.
const TICK: Duration = Duration::from_secs(1);

/// How often workers are asked for what they have; an idle one answers after a tenth of a second.
const ASK: Duration = Duration::from_millis(250);

/// How long a line of the log stands on the screen.
const SAID: Duration = Duration::from_secs(8);

/// Bytes of keys that are read at once: a line that somebody pastes.
const READ: usize = 256;

/// What the screen shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) monitor: &'a Monitor,
    /// As the user named them.
    pub(crate) interfaces: &'a [String],
    /// System calls are captured too.
    pub(crate) syscalls: bool,
    pub(crate) color: bool,
}

/// Whether there is a terminal for it.
pub(crate) fn is_possible() -> bool {
    terminal::is_there()
}

/// Shows the screen until the user quits or `stop` is set. `began`: the time 0 of the board.
///
/// # Errors
/// The terminal refuses, or is gone.
pub(crate) fn show(look: &Look<'_>, output: File, began: Instant, stop: &AtomicBool) -> io::Result<()> {
    let mut screen = Screen::open(output, look.color)?;
    let (mut model, mut usage, mut said) = (Model::default(), Usage::new(), Said::default());
    let (mut next_tick, mut next_ask) = (began + TICK, began + ASK);
    let mut buffer = [0; READ];
    let mut stale = true;
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now >= next_ask {
            next_ask = now + ASK;
            look.shared.ask();
        }
        if now >= next_tick {
            // One that came late is not followed by a short one.
            next_tick = (next_tick + TICK).max(now + TICK / 2);
            tick(look, &mut model, now.duration_since(began));
            usage.look();
            stale = true;
        }
        if stale || !screen.has_same_size() {
            detail(look, &mut model);
            let head = Head { said: said.now(now), ..head(look, &usage, began) };
            screen.draw(|frame| draw(frame, &mut model, &head))?;
        }
        let pressed = keys(screen.read(&mut buffer)?);
        stale = !pressed.is_empty();
        for key in pressed {
            if model.press(key) == Then::Quit {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The last line of the log, for as long as it takes to read it.
#[derive(Debug, Default)]
struct Said {
    lines: u64,
    until: Option<Instant>,
}

impl Said {
    fn now(&mut self, now: Instant) -> Option<String> {
        let (lines, last) = held_log::last()?;
        if lines != self.lines {
            self.lines = lines;
            self.until = Some(now + SAID);
        }
        self.until.is_some_and(|until| now < until).then_some(last)
    }
}

fn tick(look: &Look<'_>, model: &mut Model, time: Duration) {
    let mut board = look.shared.board();
    board.tick(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    model.update(Snapshot::of(&board));
    if !model.paused {
        // It is looked up anew.
        model.detail = None;
    }
}

/// Looks up what the user wants to know more of.
fn detail(look: &Look<'_>, model: &mut Model) {
    let wanted = model.selected.as_ref().filter(|_| model.opened);
    let shown = model.detail.as_ref().and_then(|detail| detail.line.key.as_ref());
    if wanted != shown {
        model.detail = wanted.and_then(|key| Detail::of(&look.shared.board(), key));
    }
}

fn head(look: &Look<'_>, usage: &Usage, began: Instant) -> Head {
    let counts = look.monitor.source();
    let (decode, pipeline) = (look.monitor.read().decode, look.monitor.workers().pipeline);
    let calls: &[&str] = if look.syscalls { &["syscalls"] } else { &[] };
    let sources: Vec<&str> =
        look.interfaces.iter().map(String::as_str).chain(calls.iter().copied()).collect();
    Head {
        interfaces: sources.join(" "),
        captured: counts.interfaces.len() + calls.len(),
        frames: counts.frames,
        losses: losses(&counts.interfaces, counts.calls.as_ref(), &decode, &pipeline),
        cpu: usage.cpu,
        memory: usage.memory,
        time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        up: began.elapsed(),
        said: None,
    }
}
