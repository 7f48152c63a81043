//! The ways in which a server is observed.
//!
//! Takes: what `weir agent --help` offers, what is to be observed. Gives: the agent's arguments, and what it says once it captures.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command;

/// How a server is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: what the others are compared with.
    Nothing,
    /// Its packets on the loopback interface.
    Packets,
    /// Its system calls.
    Calls,
    /// Its calls of a TLS library.
    Tls,
}

impl Way {
    /// Its name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Packets => "packets",
            Self::Calls => "system calls",
            Self::Tls => "TLS library",
        }
    }

    /// What the agent is told, beside which program it is.
    pub(super) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Packets => &["-i", "lo"],
            Self::Calls => &["--syscalls"],
            Self::Tls => &["--tls"],
        }
    }

    /// Whether it chooses programs; packets have none.
    pub(super) const fn is_of_programs(self) -> bool {
        matches!(self, Self::Calls | Self::Tls)
    }

    /// What the agent says when it has begun.
    pub(super) const fn says(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Packets => "capturing lo",
            Self::Calls => "capturing system calls",
            Self::Tls => "capturing TLS",
        }
    }
}

/// What this build of `weir` can.
pub(super) struct Offered(Vec<Way>);

impl Offered {
    /// Asks for its help.
    pub(super) fn by(weir: &Path) -> Result<Self> {
        let help = command::output(Command::new(weir).args(["agent", "--help"]))?;
        let has = |way: &Way| {
            way.arguments()
                .first()
                .is_none_or(|option| help.split([' ', ',', '\n']).any(|word| word == *option))
        };
        Ok(Self([Way::Nothing, Way::Packets, Way::Calls, Way::Tls].into_iter().filter(has).collect()))
    }

    /// Whether it can.
    pub(super) fn has(&self, way: Way) -> bool {
        self.0.contains(&way)
    }

    /// Those that it can not, with the reason, as lines of the report.
    pub(super) fn missing(&self) -> Vec<String> {
        let all = [Way::Packets, Way::Calls, Way::Tls].into_iter().filter(|way| !self.has(*way));
        let line = |way: Way| {
            format!(
                "- not measured: {}, since this `weir agent` has no `{}`",
                way.name(),
                way.arguments().join(" ")
            )
        };
        all.map(line).collect()
    }
}
