//! A program that runs beside others, and what the kernel says of it (proc(5)).
//!
//! Takes: a command. Gives: its processor time, its memory, its end. Kills it when dropped.

use std::fs;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// USER_HZ, which is 100 on every architecture that Weir runs on: units of /proc/PID/stat.
const TICK: Duration = Duration::from_millis(10);

/// How long a program may take to end: MariaDB writes its pages, the agent tells what it has.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child process.
pub(super) struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    /// Starts it.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child })
    }

    /// Starts one that is asked and answers; the command says that it is piped.
    pub(super) fn talking(
        name: &'static str,
        command: &mut Command,
    ) -> Result<(Self, ChildStdin, ChildStdout)> {
        let mut process = Self::start(name, command)?;
        let (asks, answers) = (process.child.stdin.take(), process.child.stdout.take());
        Ok((process, asks.context("no standard input")?, answers.context("no standard output")?))
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time so far: user and system, all threads, those that ended included.
    pub(super) fn processor(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // A name may hold blanks and brackets; the state comes after its last bracket.
        let (_, rest) = stat.rsplit_once(')').context("a /proc/PID/stat without a name")?;
        let ticks =
            |place: usize| rest.split_whitespace().nth(place).and_then(|word| word.parse::<u32>().ok());
        let (Some(user), Some(system)) = (ticks(11), ticks(12)) else { bail!("a short /proc/PID/stat") };
        Ok(TICK * user + TICK * system)
    }

    /// Calls so far that wrote to a file or a socket, but for `send` and its like.
    pub(super) fn writes(&self) -> Result<u64> {
        let io = self.read("io")?;
        let calls = io.lines().find_map(|line| line.strip_prefix("syscw: ")?.parse().ok());
        calls.context("no syscw in /proc/PID/io")
    }

    /// Bytes that are resident (`VmRSS`), or were at most (`VmHWM`).
    pub(super) fn memory(&self, field: &str) -> Result<u64> {
        self.kib("status", field)
    }

    /// From now on `VmHWM` is the peak since now: starting is not what is measured.
    pub(super) fn forget_peak(&self) -> Result<()> {
        let path = format!("/proc/{}/clear_refs", self.id());
        fs::write(&path, "5").with_context(|| format!("{}: cannot write {path}", self.name))
    }

    /// Bytes of physical memory: a page that is mapped twice, as rings of eBPF are, counts once.
    pub(super) fn physical_memory(&self) -> Result<u64> {
        self.kib("smaps_rollup", "Pss")
    }

    fn kib(&self, file: &str, field: &str) -> Result<u64> {
        let status = self.read(file)?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kib =
            line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse::<u64>().ok());
        Ok(kib.with_context(|| format!("no {field} in /proc/PID/{file}"))? << 10)
    }

    /// Whether a socket of its network namespace listens on this port of 127.0.0.1.
    pub(super) fn listens(&self, port: u16) -> Result<bool> {
        let address = format!("0100007F:{port:04X}");
        let sockets = self.read("net/tcp")?;
        let is_it = |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            words.next() == Some(&address) && words.nth(1) == Some("0A")
        };
        Ok(sockets.lines().any(is_it))
    }

    /// Whether it has this name already: before, it is a program that starts it.
    pub(super) fn is_named(&self, name: &str) -> Result<bool> {
        Ok(self.read("comm")?.trim_end() == name)
    }

    /// Waits until something is so.
    pub(super) fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let started = Instant::now();
        while !is_so(self)? {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} before {what}", self.name);
            }
            if started.elapsed() > PATIENCE {
                bail!("{}: {what} did not come within {PATIENCE:?}", self.name);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits.
    pub(super) fn end(mut self) -> Result<ExitStatus> {
        if let Some(id) = i32::try_from(self.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        }
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if started.elapsed() > PATIENCE {
                bail!("{} did not end within {PATIENCE:?} of SIGTERM", self.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.id());
        fs::read_to_string(&path).with_context(|| format!("{}: cannot read {path}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that ended already can not be killed; nobody wants to know.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many processes of the machine have a name that begins so (proc_pid_comm(5)): copies of a program are often named after it.
pub(super) fn named(name: &str) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let is_it = |path: std::path::PathBuf| {
        fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.starts_with(name))
    };
    processes.flatten().filter(|process| is_it(process.path())).count()
}
