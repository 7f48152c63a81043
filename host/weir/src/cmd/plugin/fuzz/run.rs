//! Takes: conversations. Gives: faults, and the input of the first one of each kind in a file that breaks the plugin again. Each
//! input runs through decode, reassembly and inference as a capture does.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::Decoder;
use weir_pipeline::hooks::hook::{Hook, HookKind, Interest, Patches, Subjects};
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_plugin_runtime::StatsHandle;
use weir_sinks::Null;

use super::damage::damage;
use super::random::Random;
use crate::cmd::plugin::conversation::Conversation;
use crate::cmd::plugin::drive::{Subject, Wrap};
use crate::cmd::plugin::faults::Faults;
use crate::cmd::plugin::packets::{OwnedFrame, frames};
use crate::failure::Failure;

/// Inputs that one instance sees before it is made anew: enough to meet what builds up, few enough that all of them make a
/// small capture.
const INPUTS: usize = 64;

/// Flows of one input: two conversations, and what damage makes of them.
const FLOWS: usize = 64;

/// When the first input happens: 2026-01-01, so that times look like times.
const EPOCH: u64 = 1_767_225_600_000_000_000;

/// From one input to the next.
const PAUSE: u64 = 1_000_000_000;

/// Plays inputs.
pub(super) struct Runner<'a> {
    subject: &'a Subject,
    conversations: &'a [Conversation],
    seed: u64,
    random: Random,
    limits: Limits,
    players: Players,
    /// What this instance has seen, an input each.
    seen: Vec<Vec<OwnedFrame>>,
    pub(super) runs: u64,
    pub(super) frames: u64,
    pub(super) bytes: u64,
    /// Of the instances before this one.
    calls: u64,
    messages: u64,
    pub(super) faults: Faults,
    /// Files, in the order in which their faults were found, with the numbers of faults that were known before.
    pub(super) files: Vec<(String, PathBuf)>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        conversations: &'a [Conversation],
        seed: u64,
    ) -> Result<Self, Failure> {
        let limits = Limits { flows: FLOWS, ..subject.config.limits.clone() };
        let faults = Faults::default();
        Ok(Self {
            subject,
            conversations,
            seed,
            random: Random::new(seed),
            limits,
            players: Players::new(subject, &faults)?,
            seen: Vec::new(),
            runs: 0,
            frames: 0,
            bytes: 0,
            calls: 0,
            messages: 0,
            faults,
            files: Vec::new(),
        })
    }

    /// One input; what breaks the plugin in a new way is written to `folder`.
    pub(super) fn run(&mut self, folder: &Path) -> Result<(), Failure> {
        if self.seen.len() >= INPUTS {
            (self.calls, self.messages) = self.cost();
            self.players = Players::new(self.subject, &self.faults)?;
            self.seen.clear();
        }
        let input = self.input();
        self.runs += 1;
        self.frames += input.len() as u64;
        self.bytes += input.iter().map(|frame| frame.len() as u64).sum::<u64>();
        let known = self.faults.keys();
        self.players.play(&input, &self.limits);
        self.seen.push(input);
        for key in self.faults.keys().into_iter().filter(|key| !known.contains(key)) {
            self.save(key, folder)?;
        }
        Ok(())
    }

    /// Calls of the plugin, and messages or patches that it told: a plugin that tells nothing refuses everything early.
    pub(super) fn cost(&self) -> (u64, u64) {
        let now = self.players.stats.read();
        (self.calls + now.calls, self.messages + now.messages)
    }

    fn input(&mut self) -> Vec<OwnedFrame> {
        let mut input = Vec::new();
        let time = EPOCH + self.runs * PAUSE;
        let talks = if self.random.once_in(4) { 2 } else { 1 };
        for talk in 0..talks {
            let Some(conversation) = self.random.pick(self.conversations) else { continue };
            let mut conversation = conversation.clone();
            damage(&mut conversation, self.conversations, &mut self.random);
            // Each is a connection of its own, also when all inputs of an instance are replayed at once.
            conversation.client.1 = 1024 + ((2 * self.runs + talk) % 60_000) as u16;
            frames(&conversation, time, &mut input);
        }
        input
    }

    /// The last input when it breaks a new instance by itself, else all that this one has seen.
    fn save(&mut self, key: String, folder: &Path) -> Result<(), Failure> {
        let faults = Faults::default();
        let last = self.seen.last().map(Vec::as_slice).unwrap_or_default();
        Players::new(self.subject, &faults)?.play(last, &self.limits);
        let enough = faults.keys().contains(&key);
        let first = if enough { self.seen.len().saturating_sub(1) } else { 0 };
        let inputs = self.seen.get(first..).unwrap_or_default();
        let kind = key.split(' ').next().unwrap_or("fault");
        let number = 1 + self.files.iter().filter(|(known, _)| known.split(' ').next() == Some(kind)).count();
        // With the seed, so that the next run does not write over what this one found.
        let file = folder.join(format!("{kind}-{}-{number}.pcap", self.seed));
        write(&file, inputs).map_err(|error| {
            Failure::runtime(format_args!("can not write {}: {error}; choose another --out", file.display()))
        })?;
        self.files.push((key, file));
        Ok(())
    }
}

fn write(file: &Path, inputs: &[Vec<OwnedFrame>]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut writer = PcapWriter::new(BufWriter::new(fs::File::create(file)?), LinkType::Ethernet)?;
    for frame in inputs.iter().flatten() {
        writer.frame(&frame.frame())?;
    }
    writer.finish().map(drop)
}

/// The plugins that see an input, with the author's among them.
struct Players {
    parsers: Vec<SharedParser>,
    hooks: Vec<SharedHook>,
    stats: StatsHandle,
}

impl Players {
    /// A parser is played alone: what it does not claim is nothing to it. Hooks see what all parsers tell.
    fn new(subject: &Subject, faults: &Faults) -> Result<Self, Failure> {
        let (mut parsers, mut hooks) = (Vec::new(), Vec::new());
        let mut stats = None;
        if subject.plugin.parses() {
            let instance = subject.instance()?;
            stats = Some(instance.stats());
            parsers.push(faults.parser(Box::new(instance), true));
        }
        if !subject.plugin.hooks().is_empty() {
            parsers.extend(subject.other_parsers()?);
            let instance = subject.instance()?;
            stats.get_or_insert_with(|| instance.stats());
            hooks.push(faults.hook(Box::new(instance), true));
        }
        let stats = stats.ok_or_else(|| {
            Failure::runtime(format_args!("{} has neither a parser nor a hook", subject.name()))
        })?;
        let parsers = parsers.into_iter().map(|parser| SharedParser {
            manifest: Arc::clone(parser.manifest()),
            parser: Arc::new(Mutex::new(parser)),
        });
        let hooks = hooks.into_iter().map(|hook| SharedHook {
            plugin: Arc::clone(hook.plugin()),
            interests: HookKind::ALL.map(|kind| hook.interest(kind).cloned()),
            hook: Arc::new(Mutex::new(hook)),
        });
        Ok(Self { parsers: parsers.collect(), hooks: hooks.collect(), stats })
    }

    fn play(&self, input: &[OwnedFrame], limits: &Limits) {
        let config = WorkerConfig { limits: limits.clone() };
        let parsers = self.parsers.iter().map(|parser| Box::new(parser.clone()) as _).collect();
        let hooks = self.hooks.iter().map(|hook| Box::new(hook.clone()) as _).collect();
        let mut worker = Worker::new(config, parsers, hooks);
        let mut logs = Null::default();
        let mut decoder = Decoder::default();
        for frame in input {
            if let Ok(segment) = decoder.frame(&frame.frame()) {
                worker.segment(&segment, &mut logs);
            }
        }
        worker.finish(&mut logs);
    }
}

/// A parser that outlives its worker.
#[derive(Clone)]
struct SharedParser {
    manifest: Arc<Manifest>,
    parser: Arc<Mutex<Box<dyn ProtocolParser>>>,
}

/// A hook that outlives its worker.
#[derive(Clone)]
struct SharedHook {
    plugin: Arc<str>,
    interests: [Option<Interest>; 3],
    hook: Arc<Mutex<Box<dyn Hook>>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProtocolParser for SharedParser {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    fn advance(&mut self, time: u64) {
        lock(&self.parser).advance(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        lock(&self.parser).check(payload, probe)
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        lock(&self.parser).process(arena, flows, events, outcome)
    }
}

impl Hook for SharedHook {
    fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    fn interest(&self, kind: HookKind) -> Option<&Interest> {
        self.interests[kind as usize].as_ref()
    }

    fn advance(&mut self, time: u64) {
        lock(&self.hook).advance(time);
    }

    fn observe(
        &mut self,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault> {
        lock(&self.hook).observe(kind, subjects, patches)
    }
}
