//! An agent that runs.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::program::Folder;
use crate::space::Space;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `weir agent`, with its output in files.
pub(crate) struct Agent {
    child: Child,
    stdout: String,
    stderr: String,
}

/// What it left behind.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) logs: Vec<Json>,
    pub(crate) stderr: String,
}

impl Agent {
    /// Starts it in the namespace, with JSON lines as its output; `name` of its output files.
    pub(crate) fn start(space: &Space, folder: &Folder, name: &str, arguments: &[&str]) -> Self {
        Self::start_with(space.command(env!("CARGO_BIN_EXE_weir")), folder, name, arguments)
    }

    pub(crate) fn start_with(mut command: Command, folder: &Folder, name: &str, arguments: &[&str]) -> Self {
        let (stdout, stderr) = (folder.path(&format!("{name}.jsonl")), folder.path(&format!("{name}.err")));
        command.args(["agent", "--format", "jsonl"]).args(arguments);
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        Self { child: command.stdin(Stdio::null()).spawn().unwrap(), stdout, stderr }
    }

    /// Waits until its standard error says so.
    pub(crate) fn says(&mut self, words: &str) -> &mut Self {
        until(&format!("`{words}` in {}", self.stderr()), || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended with {ended:?}: {}", self.stderr());
            self.stderr().contains(words)
        });
        self
    }

    /// Its process id.
    #[allow(dead_code)] // the tests with real servers use it
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has told so many logs that match.
    pub(crate) fn tells(&mut self, count: usize, matching: impl Fn(&Json) -> bool) -> &mut Self {
        let told = || self.logs().iter().filter(|log| matching(log)).count();
        until("logs", || told() >= count);
        assert_eq!(told(), count);
        self
    }

    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Whole lines so far.
    pub(crate) fn logs(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(&self.stdout).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        whole.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The last of its lines, for who has told too many to read them all again and again.
    #[allow(dead_code)] // the tests with real servers have few
    pub(crate) fn last_lines(&self) -> String {
        let mut file = File::open(&self.stdout).unwrap();
        let from = file.metadata().unwrap().len().saturating_sub(64 << 10);
        file.seek(SeekFrom::Start(from)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Sends a signal and waits for its end.
    pub(crate) fn end(mut self, signal: &str) -> Ended {
        self.signal(signal);
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> Ended {
        let status = self.child.wait().unwrap().code();
        let text = std::fs::read_to_string(&self.stdout).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
        Ended { status, logs: self.logs(), stderr: self.stderr() }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The number before words of the summary.
    pub(crate) fn count(&self, words: &str) -> u64 {
        let before = self.stderr.split_once(words).expect(&self.stderr).0;
        let number = before.trim_end().rsplit(' ').next().unwrap().replace(',', "");
        number.parse().expect(&self.stderr)
    }

    /// What must hold after every clean end: every frame is accounted for.
    pub(crate) fn accounts(&self) -> &Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        let [captured, segments, left, lost] =
            [" captured = ", " with a segment", " left alone + ", " lost\n"].map(|words| self.count(words));
        assert_eq!(captured, segments + left + lost, "{}", self.stderr);
        self
    }
}
