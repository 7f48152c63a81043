//! What is missing in the counts of requests. Takes counts of every stage, gives those that tell of a loss.

use std::cmp::Reverse;
use std::fmt;

use weir_capture::InterfaceCounts;
use weir_capture::sockets::SocketCounts;
use weir_pipeline::decode::DecodeStats;
use weir_pipeline::stats::Stats;
use weir_sinks::harmless;

use crate::cmd::{NO_LOSS, grouped, is_loss};

/// Every capture has some in its first moments, and a red word that never goes away is soon not read any more.
const AT_FIRST: (&str, &str) = ("session", "request-before-capture");

/// Something that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(super) count: u64,
    pub(super) reason: &'static str,
    /// The interface or the stage that lost it.
    pub(super) at: String,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", grouped(self.count), self.reason, self.at)
    }
}

/// What each stage lost, in the order of the data path: what is lost first is most often the cause of the rest.
pub(crate) fn losses(
    interfaces: &[InterfaceCounts],
    calls: Option<&SocketCounts>,
    decode: &DecodeStats,
    pipeline: &Stats,
) -> Vec<Loss> {
    let rings = interfaces.iter().map(|counts| Loss {
        count: counts.ring_full,
        reason: "ring-full",
        at: counts.interface.chars().map(harmless).collect(),
    });
    let calls = calls.into_iter().flat_map(SocketCounts::lines).filter(|(.., is_loss)| *is_loss);
    let calls = calls.map(|(reason, count, _)| Loss { count, reason, at: "syscalls".into() });
    let skipped = decode.reasons().filter(|(skip, _)| !NO_LOSS.contains(skip));
    let skipped = skipped.map(|(skip, count)| Loss { count, reason: skip.name(), at: "decode".into() });
    let of_pipeline =
        pipeline.lines().filter(|(stage, reason, _)| (*stage, *reason) != AT_FIRST && is_loss(stage, reason));
    let of_pipeline = of_pipeline.map(|(at, reason, count)| Loss { count, reason, at: at.into() });
    let mut losses: Vec<Loss> =
        rings.chain(calls).chain(skipped).chain(of_pipeline).filter(|loss| loss.count > 0).collect();
    // Interfaces of a host may be many; the one that loses most is told first.
    losses.sort_by_key(|loss| Reverse((loss.reason == "ring-full").then_some(loss.count)));
    losses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_tells_what_it_lost() {
        let interface = |name: &str, ring_full| InterfaceCounts {
            interface: name.into(),
            ring_full,
            ..InterfaceCounts::default()
        };
        let interfaces = [interface("eth0", 1), interface("lo", 0), interface("eth1", 1234)];
        let calls = SocketCounts { malformed: 3, given_up: 9, ..SocketCounts::default() };
        let pipeline = Stats { gap_bytes: 5, messages: 7, ..Stats::default() };
        let told = losses(&interfaces, Some(&calls), &DecodeStats::default(), &pipeline);
        let wanted =
            ["1,234 ring-full eth1", "1 ring-full eth0", "3 malformed syscalls", "5 gap-bytes reassembly"];
        assert_eq!(told.iter().map(Loss::to_string).collect::<Vec<_>>(), wanted);
        assert!(losses(&[interface("lo", 0)], None, &DecodeStats::default(), &Stats::default()).is_empty());
    }
}
