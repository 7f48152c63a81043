//! A parser says the same in the sandbox and out of it: on every capture of this folder, byte for byte.

use std::path::{Path, PathBuf};

use weir::group_config::GroupConfig;
use weir::plugins::Plugins;
use weir::replay::{PluginFactory, Progress, Replay, Report};
use weir_pipeline::worker::WorkerConfig;
use weir_sinks::{JsonLines, Output};

use super::NativeParsers;

fn replay(plugins: &dyn PluginFactory, file: &Path) -> String {
    let output = Output::new(Vec::new());
    let replay = Replay {
        threads: 1,
        config: &WorkerConfig::default(),
        plugins,
        sinks: &|| Box::new(JsonLines::default()),
        output: &output,
        monitor: None,
    };
    let mut report = Report::default();
    replay.run(&[file.to_owned()], &mut Progress::new(false), &mut report);
    assert_eq!(report.failures, [], "{}", file.display());
    String::from_utf8(output.into_writer()).expect("JSON is UTF-8")
}

fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            captures(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng") {
            found.push(path);
        }
    }
}

#[test]
fn the_sandbox_changes_no_log() {
    let mut files = Vec::new();
    captures(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    assert!(!files.is_empty(), "captures are in tests/");
    let sandboxed = Plugins::load(&GroupConfig::default(), Path::new(""), &[]).expect("built-in plugins");
    let mut logs = 0;
    for file in files {
        let (with, without) = (replay(&sandboxed, &file), replay(&NativeParsers, &file));
        logs += with.lines().count();
        assert!(with == without, "{} differs", file.display());
    }
    assert!(logs > 0, "nothing was compared");
}
