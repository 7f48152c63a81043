//! Where request logs come from: packets or system calls.

use serde_json::Value as Json;

use crate::agent::{Agent, Ended};
use crate::program::{Folder, command};
use crate::space::Space;

/// How an agent captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Packets,
    Calls,
}

impl Source {
    pub(crate) const ALL: [Self; 2] = [Self::Packets, Self::Calls];

    /// Starts an agent that captures what passes the namespace's `lo`, or what threads of this name carry. It is there when this
    /// returns.
    pub(crate) fn start(self, space: &Space, folder: &Folder, threads: &str, further: &[&str]) -> Agent {
        match self {
            Self::Packets => self.start_with(space, folder, &[&["-i", "lo"], further].concat()),
            Self::Calls => {
                self.start_with(space, folder, &[&["--syscalls", "--comm", threads], further].concat())
            }
        }
    }

    /// The same with what is captured among the arguments.
    pub(crate) fn start_with(self, space: &Space, folder: &Folder, arguments: &[&str]) -> Agent {
        let pid = space.pid();
        let arguments = [&["--stats", "--netns", &pid], arguments].concat();
        let mut agent = Agent::start_with(command(), folder, &format!("{self:?}"), &arguments);
        agent.says(match self {
            Self::Packets => "capturing lo",
            Self::Calls => "capturing system calls",
        });
        agent
    }

    /// What its records say of it.
    pub(crate) fn signal_source(self) -> &'static str {
        match self {
            Self::Packets => "packet",
            Self::Calls => "ebpf",
        }
    }

    /// Everything was captured and told, so that whatever is missing in the logs is a defect.
    pub(crate) fn lost_nothing(self, ended: &Ended) {
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        for (stage, counter) in LOSSES {
            assert_eq!(stat(ended, stage, counter), 0, "{stage} {counter}: {}", ended.stderr);
        }
        for log in &ended.logs {
            assert_eq!(log["signal_source"], self.signal_source(), "{log}");
        }
    }
}

/// Counters of `--stats` that tell of a loss, where the source has them.
const LOSSES: [(&str, &str); 6] = [
    ("capture", "ring-full"),
    ("capture", "unread-at-end"),
    ("system-calls", "ring-full"),
    ("system-calls", "unreadable"),
    ("system-calls", "malformed"),
    ("reassembly", "gaps"),
];

/// A counter of `--stats`; 0 where the agent has none of this name.
pub(crate) fn stat(ended: &Ended, stage: &str, counter: &str) -> u64 {
    let found = ended.stderr.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_it = words.next() == Some(stage) && words.next() == Some(counter);
        is_it.then(|| words.next().unwrap().replace(',', "").parse().unwrap())
    });
    found.unwrap_or(0)
}

/// Logs with both halves.
pub(crate) fn sessions(logs: &[Json]) -> impl Iterator<Item = &Json> {
    logs.iter().filter(|log| log["type"] == "session")
}

/// A text of a record.
pub(crate) fn text(log: &Json, field: &str) -> String {
    log[field].as_str().unwrap_or_else(|| panic!("no {field}: {log}")).to_owned()
}

/// A number of a record.
pub(crate) fn number(log: &Json, field: &str) -> u64 {
    log[field].as_u64().unwrap_or_else(|| panic!("no {field}: {log}"))
}
