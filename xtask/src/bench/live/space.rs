//! A network namespace of the bench's own, and commands that run in it, on one core.
//!
//! Takes: programs. Gives: command lines. Both the namespace and what was started in it end with this process, even by SIGKILL.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Which core a program runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Core {
    /// The observed server's.
    Server,
    /// That of what makes load, and of the agent.
    Load,
    /// All cores: the scheduler's choice.
    Any,
}

impl Core {
    fn number(self) -> Option<&'static str> {
        match self {
            Self::Server => Some("0"),
            Self::Load => Some("1"),
            Self::Any => None,
        }
    }
}

/// Goes before everything else, as a session where the kernel has autogroups, else as a process.
const FIRST: &str = "echo -15 2>/dev/null >/proc/self/autogroup; exec nice -n -15 \"$@\"";

/// A namespace with its loopback interface up.
pub(super) struct Space {
    /// Ends when its standard input does, so with this process.
    keeper: Child,
    /// What runs in it goes before other programs.
    is_first: bool,
}

impl Space {
    /// Makes one.
    pub(super) fn new(is_first: bool) -> Result<Self> {
        let mut keeper = Command::new("unshare")
            .args(["-n", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start unshare")?;
        let mut line = String::new();
        if let Some(said) = keeper.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let space = Self { keeper, is_first };
        if line != "ready\n" {
            bail!("cannot make a network namespace: unshare -n needs CAP_SYS_ADMIN");
        }
        Ok(space)
    }

    /// The process that holds it.
    pub(super) fn id(&self) -> u32 {
        self.keeper.id()
    }

    /// A command that runs inside. Each program of the chain becomes the next one, so the child is the program itself.
    pub(super) fn command(&self, core: Core, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.id().to_string(), "--net", "--"]);
        // The signal comes when the thread that started it ends: the bench starts everything from its main thread.
        command.args(["setpriv", "--pdeathsig", "KILL"]);
        // The scheduler shares a core among sessions first (autogroups, sched(7)): a service has one of its own, so have these.
        command.arg("setsid");
        if self.is_first {
            command.args(["sh", "-c", FIRST, "sh"]);
        }
        if let Some(number) = core.number() {
            command.args(["taskset", "--cpu-list", number]);
        }
        command.arg(program).stdin(Stdio::null());
        command.env_remove("WEIR_LOG").env("NO_COLOR", "1");
        command
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
