//! Takes: what is known of an agent. Gives: whether it does its work, and why not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Facts;

/// A worker that ended no burst for so long is stuck: without traffic it ends one each fifth of a second.
const SILENCE: Duration = Duration::from_secs(5);

/// It captures, and what it captures is handled.
pub(super) fn healthy(facts: &Facts) -> Result<(), String> {
    ready(facts)?;
    if !facts.monitor.source().is_capturing {
        return Err("no interface is captured; none matches, or all are gone".into());
    }
    for (worker, silence) in facts.monitor.silence().into_iter().enumerate() {
        if let Some(silence) = silence.filter(|silence| *silence > SILENCE) {
            return Err(format!(
                "worker {worker} has handled nothing for {} s; is standard output read?",
                silence.as_secs()
            ));
        }
    }
    Ok(())
}

/// It has begun, and does not end yet.
pub(super) fn ready(facts: &Facts) -> Result<(), String> {
    if facts.is_ending.load(Ordering::Relaxed) {
        return Err("the agent is ending".into());
    }
    let begun = facts.is_ready.load(Ordering::Relaxed);
    if !begun || facts.monitor.silence().iter().any(Option::is_none) {
        return Err("the agent has not begun yet".into());
    }
    Ok(())
}
