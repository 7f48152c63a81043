//! What guests may ask for, and what is counted.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use weir_plugin_runtime::{CodeCache, Limits, PluginStats, Runtime};

use crate::support::{component, evil, guest_wasm, instance, ping, runtime, with_limits};

/// Keeps log lines; can be slow.
#[derive(Clone, Default)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    pause: Duration,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "weir::plugin"
    }
    fn event(&self, event: &Event<'_>) {
        std::thread::sleep(self.pause);
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

#[test]
fn log_lines_are_cut_and_rationed() {
    let module = guest_wasm("log-flood");
    for wasm in [component(&module).unwrap(), module] {
        let lines = Lines::default();
        let mut parser = instance(&runtime(), &wasm);
        tracing::subscriber::with_default(lines.clone(), || {
            for second in [0, 0, 1] {
                evil().later(second).send(&mut parser).unwrap();
            }
        });
        let lines = lines.lines.lock().unwrap();
        assert_eq!(lines.len(), 200, "100 in each of two seconds");
        assert_eq!(parser.stats().read().log_lines_dropped, 3 * 1001 - 200);
        assert_eq!(lines[1], "DEBUG message=hi plugin=\"guest\"");
        let nothing = r"\u{0}".repeat(1024);
        assert_eq!(lines[0], format!("WARN message={nothing} plugin=\"guest\""), "cut, and made harmless");
    }
}

/// The machine did not let it run: that is not its fault.
#[test]
fn waiting_is_not_working() {
    let slow = Lines { pause: Duration::from_millis(10), ..Lines::default() };
    let runtime = with_limits(Limits { deadline: Duration::from_millis(40), ..Limits::default() });
    let mut parser = instance(&runtime, &guest_wasm("log-flood"));
    tracing::subscriber::with_default(slow, || {
        evil().send(&mut parser).expect("a second of waiting does not count");
    });
    assert!(parser.stats().read().nanoseconds > 900_000_000);
}

#[test]
fn counters_have_64_names() {
    let module = guest_wasm("count-flood");
    for wasm in [component(&module).unwrap(), module] {
        let mut parser = instance(&runtime(), &wasm);
        evil().send(&mut parser).unwrap();
        evil().send(&mut parser).unwrap();
        let stats = parser.stats().read();
        assert_eq!(stats.counters.len(), 64);
        assert!(stats.counters.values().all(|count| *count == 6), "{:?}", stats.counters);
        assert_eq!(stats.counters_dropped, 2 * (100 - 64 + 1));
    }
}

#[test]
fn counts_of_workers_add_up() {
    let runtime = runtime();
    let plugin = runtime.load(&guest_wasm("count-flood")).unwrap();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let mut parser = plugin.instantiate(Default::default()).unwrap();
            let stats = parser.stats();
            std::thread::spawn(move || evil().send(&mut parser).unwrap()).join().unwrap();
            stats
        })
        .collect();
    let mut sum = PluginStats::default();
    workers.iter().for_each(|stats| sum.merge(&stats.read()));
    let one = workers[0].read();
    assert_eq!(workers[0].plugin(), "guest");
    assert_eq!((sum.calls, sum.messages, sum.payload_bytes), (3, 3, 27));
    assert_eq!((sum.memory, sum.memory_peak), (3 * one.memory, one.memory_peak));
    assert_eq!(
        sum.counters,
        one.counters.into_iter().map(|(name, n)| (name, 3 * n)).collect::<BTreeMap<_, _>>()
    );
}

#[test]
fn memory_is_shown() {
    let mut parser = instance(&runtime(), &guest_wasm("good"));
    assert_eq!(parser.stats().read().memory, 4 << 16);
    let mut batch = evil();
    batch.arena.resize(1 << 20, b' ');
    batch.send(&mut parser).unwrap();
    let stats = parser.stats().read();
    assert!(stats.memory > 1 << 20 && stats.memory == stats.memory_peak, "{}", stats.memory);
}

#[test]
fn an_arena_that_does_not_fit_is_a_fault() {
    let mut parser = instance(&runtime(), &guest_wasm("good"));
    let mut batch = evil();
    batch.arena.resize(65 << 20, b' ');
    let fault = batch.send(&mut parser).unwrap_err();
    assert_eq!(fault.kind.name(), "memory", "{fault}");
    evil().send(&mut parser).expect("the next one is fine");
}

#[test]
fn many_instances_on_many_threads() {
    let plugin = runtime().load(crate::support::echo_wasm()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut parser = plugin.instantiate(Default::default()).unwrap();
                    assert_eq!(ping().send(&mut parser).unwrap().messages.len(), 1);
                }
            });
        }
    });
}

/// Files in a folder and the ones below. Beside each one wasmtime keeps, in its own time, how often it was used.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let count = |path: PathBuf| if path.is_dir() { files(&path) } else { path.extension().is_none().into() };
    entries.map(count).sum()
}

fn load_with_cache(folder: &Path) {
    let runtime = Runtime::new(Limits::default(), &CodeCache::At(folder.to_owned())).unwrap();
    evil().send(&mut instance(&runtime, &guest_wasm("good"))).unwrap();
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn compiled_code_is_kept() {
    let folder = empty_folder("code-cache");
    load_with_cache(&folder);
    let kept = files(&folder);
    assert!(kept > 0, "nothing was kept");
    load_with_cache(&folder);
    assert_eq!(files(&folder), kept);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let whose = |name: &str| fs::metadata(folder.join(name)).map(|facts| facts.permissions().mode() & 0o777);
    assert_eq!(whose("compiled").unwrap(), 0o700, "wasmtime's clean-up must not find other files");
}

#[test]
fn places_that_are_no_cache() {
    let folder = empty_folder("open-cache");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    load_with_cache(&folder);
    assert_eq!(files(&folder), 0, "a folder that others may write to is not used");
    // Its own folder inside of a closed one must be closed as well.
    let own = folder.join("closed/compiled");
    fs::create_dir_all(&own).unwrap();
    fs::set_permissions(folder.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o770)).unwrap();
    load_with_cache(&folder.join("closed"));
    assert_eq!(files(&own), 0, "its own folder must be closed as well");
    let file = folder.join("file");
    fs::write(&file, "").unwrap();
    load_with_cache(&file);
    load_with_cache(Path::new("/proc/no-such-folder"));
}
