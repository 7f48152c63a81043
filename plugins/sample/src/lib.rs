//! Keeps a share of the traces, each as a whole.
//!
//! Takes: finished sessions. Gives: drops. The trace id alone decides, so every agent with the same share decides alike.

mod share;

use weir_plugin_sdk::host::{Level, config, log};
use weir_plugin_sdk::prelude::*;

use share::Share;

/// The hook.
#[derive(Debug)]
pub struct Sample {
    keep: Share,
    keep_errors: bool,
}

impl SessionHook for Sample {
    fn wanted() -> Interest {
        Interest::both()
    }

    fn new() -> Self {
        let keep = config("keep").unwrap_or_else(|| "100".to_owned());
        let share = Share::parse(&keep);
        if share.is_none() {
            log(
                Level::Warn,
                "keep is no percentage from 0 to 100 with 4 decimals at most: everything is kept",
            );
        }
        let keep_errors = config("keep-errors").is_none_or(|value| value != "false");
        Self { keep: share.unwrap_or(Share::ALL), keep_errors }
    }

    fn session(&mut self, subject: &Subject<'_>, _: &mut Patch<'_>) -> Action {
        let trace_id = subject.text(Field::TraceId).filter(|id| !id.is_empty());
        let kept = match trace_id {
            Some(id) => self.keep.has(fnv1a([id])),
            None => {
                let (flow, time) = (subject.flow_id().to_le_bytes(), subject.time().to_le_bytes());
                self.keep.has(fnv1a([flow.as_slice(), time.as_slice()]))
            }
        };
        if kept || (self.keep_errors && is_error(subject)) { Action::Next } else { Action::Drop }
    }
}

/// What is worth more than its share: the server failed, or did not answer in time. Errors of clients are daily business.
fn is_error(subject: &Subject<'_>) -> bool {
    matches!(subject.status(), SessionStatus::ServerError | SessionStatus::Timeout)
}

/// FNV-1a with 64 bits, over all parts one behind the other.
fn fnv1a<const N: usize>(parts: [&[u8]; N]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    parts.iter().copied().flatten().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

weir_plugin_sdk::register!(name = "sample", version = env!("CARGO_PKG_VERSION"), session_hook = Sample);

#[cfg(test)]
#[path = "../../../tests/hooks/cases.rs"]
mod cases;

#[cfg(test)]
mod tests {
    use weir_plugin_sdk::hook::Session;
    use weir_plugin_sdk::testing::{Hooks, Subject, configured};

    use super::*;

    #[test]
    fn shared_cases() {
        cases::run::<Session<Sample>>("sample.json", 20);
    }

    #[test]
    fn vectors_of_the_hash() {
        // draft-eastlake-fnv, section "test vectors"
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv1a([text.as_bytes()]), hash, "{text}");
        }
        assert_eq!(fnv1a([b"foo", b"bar"]), fnv1a([b"foobar"]));
    }

    /// Numbers that follow one another hash badly in their high bits; the share must hold all the same.
    #[test]
    fn the_share_is_kept() {
        const COUNT: usize = 100_000;
        let kinds: [fn(usize) -> Subject; 3] = [
            |n| Subject::session("HTTP").field(Field::TraceId, n.to_string().as_str()),
            |n| Subject::session("HTTP").field(Field::TraceId, format!("{:032x}", n * 7919).as_str()),
            |n| {
                let mut subject = Subject::session("HTTP");
                subject.time += n as u64 * 1_000_000;
                subject
            },
        ];
        for (kind, make) in kinds.iter().enumerate() {
            for (keep, share) in [("10", 0.1), ("0.5", 0.005), ("73.25", 0.7325)] {
                let mut hooks = configured(&[("keep", keep)], Hooks::<Session<Sample>>::default);
                let subjects: Vec<_> = (0..COUNT).map(make).collect();
                let kept = hooks.observe(&subjects).iter().filter(|told| told.action == Action::Next).count();
                let wanted = share * COUNT as f64;
                let off = (kept as f64 - wanted).abs() / wanted.sqrt();
                assert!(off < 5.0, "kind {kind}, {keep} %: {kept} of {COUNT}");
            }
        }
    }
}
