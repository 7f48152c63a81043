//! Every metric: the only place that knows their names. A further one is an entry here and a line in the table of `docs/agent.md`; a
//! test compares both.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use weir_capture::sockets::SocketCounts;
use weir_plugin_runtime::PluginStats;

use super::Facts;
use super::page::Page;
use crate::agent::governor::{cpu_time, resident};
use crate::cmd::{NO_LOSS, is_loss};
use crate::replay::{Orders, PluginFactory, ReadCounts, SourceCounts, WorkerCounts};

/// A metric with all its samples.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    pub(super) tell: fn(&Numbers, &mut Page),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// What one page is made of.
pub(super) struct Numbers {
    workers: WorkerCounts,
    read: ReadCounts,
    source: SourceCounts,
    silence: Vec<f64>,
    orders: Orders,
    plugins: BTreeMap<String, PluginStats>,
    generation: u64,
    reloads: [u64; 2],
    sheddings: [u64; 2],
    now: f64,
}

impl Numbers {
    pub(super) fn of(facts: &Facts) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            workers: facts.monitor.workers(),
            read: facts.monitor.read(),
            source: facts.monitor.source(),
            silence: facts.monitor.silence().iter().map(|s| s.unwrap_or_default().as_secs_f64()).collect(),
            orders: facts.monitor.orders(),
            plugins: facts.plugins.costs(),
            generation: facts.plugins.generation(),
            reloads: [facts.reloads.done(), facts.reloads.failed()],
            sheddings: facts.governor.begun(),
            now: now.as_secs_f64(),
        }
    }

    /// Counters of every stage: stage, name, value.
    fn stages(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let skips = self.read.decode.reasons().map(|(skip, count)| ("decode", skip.name(), count));
        let fragments = &self.read.fragments;
        let read = [
            ("capture", "frames", self.source.frames),
            ("capture", "frame-bytes", self.source.bytes),
            ("decode", "segments", self.read.decode.segments),
            ("decode", "fragments-reassembled", fragments.reassembled),
            ("decode", "fragments-evicted", fragments.evicted),
            ("decode", "fragments-expired", fragments.expired),
        ];
        let calls = self.source.calls.iter().flat_map(SocketCounts::lines);
        let calls = calls.map(|(name, count, _)| ("system-calls", name, count));
        read.into_iter().chain(calls).chain(skips).chain(self.workers.pipeline.lines())
    }

    /// What was lost: stage, reason, how many.
    fn drops(&self) -> Vec<(&'static str, &'static str, u64)> {
        let skips = self.read.decode.reasons().filter(|(skip, _)| !NO_LOSS.contains(skip));
        let ring_full = self.source.interfaces.iter().map(|counts| counts.ring_full).sum();
        let fragments = &self.read.fragments;
        let mut drops = vec![
            ("capture", "ring-full", ring_full),
            ("decode", "fragments-evicted", fragments.evicted),
            ("decode", "fragments-expired", fragments.expired),
        ];
        drops.extend(skips.map(|(skip, count)| ("decode", skip.name(), count)));
        let calls = self.source.calls.iter().flat_map(SocketCounts::lines).filter(|(.., is_loss)| *is_loss);
        drops.extend(calls.map(|(name, count, _)| ("system-calls", name, count)));
        // Bytes are no drops; their holes are among them.
        let lines = self.workers.pipeline.lines();
        drops.extend(lines.filter(|(stage, reason, _)| is_loss(stage, reason) && !is_bytes(reason)));
        drops
    }

    fn each_plugin(&self, page: &mut Page, value: impl Fn(&PluginStats) -> u64) {
        for (plugin, stats) in &self.plugins {
            page.sample(&[plugin], value(stats));
        }
    }
}

fn is_bytes(counter: &str) -> bool {
    counter.ends_with("bytes")
}

macro_rules! families {
    ($($name:literal $kind:ident [$($label:literal),*] $help:literal, $tell:expr;)*) => {
        /// In the order of the page.
        pub(super) const FAMILIES: &[Family] = &[$(Family {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: $help,
            tell: $tell,
        }),*];
    };
}

families! {
    "weir_build_info" Gauge ["version"] "Which Weir this is.", |_, page| page.sample(&[env!("CARGO_PKG_VERSION")], 1);
    "process_cpu_seconds_total" Counter [] "CPU time of the process, all threads.",
        |_, page| page.real(&[], cpu_time().as_secs_f64());
    "process_resident_memory_bytes" Gauge [] "Resident memory, capture rings included.",
        |_, page| if let Some(bytes) = resident() { page.sample(&[], bytes) };
    "weir_time_seconds" Gauge [] "The agent's clock, since 1970.", |n, page| page.real(&[], n.now);
    "weir_interface_frames_total" Counter ["interface"] "Frames that were read.",
        |n, page| n.source.interfaces.iter().for_each(|i| page.sample(&[&i.interface], i.frames));
    "weir_interface_ring_full_total" Counter ["interface"] "Frames that found the ring full: lost.",
        |n, page| n.source.interfaces.iter().for_each(|i| page.sample(&[&i.interface], i.ring_full));
    "weir_interface_unread_frames" Gauge ["interface"] "Frames in the ring.",
        |n, page| n.source.interfaces.iter().for_each(|i| page.sample(&[&i.interface], i.unread));
    "weir_stage_events_total" Counter ["stage", "counter"] "What every stage counts; the names are those of --stats.",
        |n, page| n.stages().filter(|s| !is_bytes(s.1)).for_each(|(stage, counter, count)| page.sample(&[stage, counter], count));
    "weir_stage_bytes_total" Counter ["stage", "counter"] "The same of bytes.",
        |n, page| n.stages().filter(|s| is_bytes(s.1)).for_each(|(stage, counter, count)| page.sample(&[stage, counter], count));
    "weir_drops_total" Counter ["stage", "reason"] "What was lost or left out, and why.",
        |n, page| n.drops().into_iter().for_each(|(stage, reason, count)| page.sample(&[stage, reason], count));
    "weir_flows" Gauge [] "Flows that are tracked.", |n, page| page.sample(&[], n.workers.open_flows);
    "weir_request_logs_total" Counter ["protocol", "status"] "Request logs that were told.", |n, page| {
        for (protocol, count) in &n.workers.logs {
            let known = [
                ("ok", count.ok),
                ("client_error", count.client_errors),
                ("server_error", count.server_errors),
                ("timeout", count.timeouts),
            ];
            let sum = known.iter().map(|(_, count)| count).sum();
            for (status, count) in known.into_iter().chain([("unknown", count.all.saturating_sub(sum))]) {
                page.sample(&[protocol, status], count);
            }
        }
    };
    "weir_plugin_calls_total" Counter ["plugin"] "Calls that reached the guest.", |n, page| n.each_plugin(page, |p| p.calls);
    "weir_plugin_events_total" Counter ["plugin"] "Stream events handed over.", |n, page| n.each_plugin(page, |p| p.events);
    "weir_plugin_messages_total" Counter ["plugin"] "Messages told.", |n, page| n.each_plugin(page, |p| p.messages);
    "weir_plugin_payload_bytes_total" Counter ["plugin"] "Payload handed over.",
        |n, page| n.each_plugin(page, |p| p.payload_bytes);
    "weir_plugin_seconds_total" Counter ["plugin"] "Time in calls, copying included.", |n, page| {
        n.plugins.iter().for_each(|(plugin, stats)| page.real(&[plugin], stats.nanoseconds as f64 / 1e9));
    };
    "weir_plugin_memory_bytes" Gauge ["plugin"] "Guest memory of all instances.", |n, page| n.each_plugin(page, |p| p.memory);
    "weir_plugin_faults_total" Counter ["plugin", "kind"] "Calls that ended in a fault.", |n, page| {
        for (plugin, stats) in &n.plugins {
            stats.faults.iter().for_each(|(kind, count)| page.sample(&[plugin, kind.name()], *count));
        }
    };
    "weir_plugin_rebuilds_total" Counter ["plugin"] "Instances made anew after a fault.",
        |n, page| n.each_plugin(page, |p| p.rebuilds);
    "weir_plugin_quarantines_total" Counter ["plugin"] "Times that it was put into quarantine.",
        |n, page| n.each_plugin(page, |p| p.quarantines);
    "weir_plugin_log_lines_dropped_total" Counter ["plugin"] "Lines of its log beyond 100 a second.",
        |n, page| n.each_plugin(page, |p| p.log_lines_dropped);
    "weir_plugin_counter_total" Counter ["plugin", "counter"] "Counters of the plugin's own.", |n, page| {
        for (plugin, stats) in &n.plugins {
            stats.counters.iter().for_each(|(name, count)| page.sample(&[plugin, name], *count));
        }
    };
    "weir_configuration_generation" Gauge [] "Grows by one with each configuration that is taken.",
        |n, page| page.sample(&[], n.generation);
    "weir_configuration_reloads_total" Counter ["result"] "Times that files were read anew.", |n, page| {
        page.sample(&["taken"], n.reloads[0]);
        page.sample(&["refused"], n.reloads[1]);
    };
    "weir_admission_ratio" Gauge ["reason"] "Part of new flows that is taken.", |n, page| {
        page.real(&["cpu-limit"], f64::from(n.orders.admission.cpu) / 16.0);
        page.real(&["memory-limit"], f64::from(n.orders.admission.memory) / 16.0);
    };
    "weir_room_ratio" Gauge [] "What is left of limits that bound memory.",
        |n, page| page.real(&[], f64::from(n.orders.room) / 16.0);
    "weir_sheddings_total" Counter ["reason"] "Times that shedding began.", |n, page| {
        page.sample(&["cpu-limit"], n.sheddings[0]);
        page.sample(&["memory-limit"], n.sheddings[1]);
    };
    "weir_worker_silence_seconds" Gauge ["worker"] "Time since a worker ended a burst; below 1 when all is well.", |n, page| {
        for (worker, silence) in n.silence.iter().enumerate() {
            page.real(&[&worker.to_string()], *silence);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_have_a_line_for_every_family_and_no_other() {
        let docs = include_str!("../../../../../docs/agent.md");
        let rows =
            docs.lines().filter(|line| line.starts_with("| `weir_") || line.starts_with("| `process_"));
        let told: Vec<String> =
            rows.map(|row| row.rsplitn(3, '|').nth(2).unwrap_or_default().trim().to_owned()).collect();
        let known: Vec<String> = FAMILIES
            .iter()
            .map(|family| {
                let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
                format!("| `{}` | {} | {}", family.name, family.kind.name(), labels.join(", "))
                    .trim()
                    .to_owned()
            })
            .collect();
        assert_eq!(told, known);
    }

    #[test]
    fn names_follow_the_conventions() {
        for family in FAMILIES {
            let total = family.name.ends_with("_total");
            assert_eq!(total, matches!(family.kind, Kind::Counter), "{}", family.name);
            assert!(family.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", family.name);
            assert!(family.help.ends_with('.') && !family.help.contains(['\\', '\n']), "{}", family.help);
        }
    }
}
