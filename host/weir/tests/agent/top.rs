//! `weir top`: one table, and a screen on a terminal that script(1) makes.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::agent::until;
use crate::nginx::Nginx;
use crate::program::{Folder, Run, weir};
use crate::space::Space;

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// `count` requests for `path`, which may have curl's ranges.
fn ask(space: &Space, path: &str) {
    let mut curl = space.command("curl");
    let url = format!("http://127.0.0.1:8081{path}");
    assert!(curl.args(["-s", &url]).stdout(Stdio::null()).status().unwrap().success());
}

#[test]
fn one_table_counts_every_request() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    let folder = Folder::new("top-once");
    let _nginx = Nginx::start(&space, &folder);
    let mut top = space.command(WEIR);
    top.args(["top", "-i", "lo", "--once", "--duration", "60s", "--threads", "2"]).env("WEIR_LOG", "info");
    let top =
        top.stdout(Stdio::piped()).stderr(fs::File::create(folder.path("err")).unwrap()).spawn().unwrap();
    until("capturing", || fs::read_to_string(folder.path("err")).unwrap().contains("capturing lo"));
    ask(&space, "/users/[1-50]/orders");
    // 503 for what ends with 9.
    ask(&space, "/users/[1-10]/item9");
    ask(&space, "/evil/%1b%5b2J");
    let id = top.id().to_string();
    // The last request is captured, but may not have been read yet: SIGTERM tells all that was captured.
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let run = Run::of(top.wait_with_output().unwrap());
    assert_eq!(run.status, 0);
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let heading = ["REQ/S", "ERR%", "P50", "P95", "P99", "MAX", "PROTO", "SERVER", "REQUEST"];
    assert_eq!(lines[0], heading);
    let find = |endpoint: &str| lines.iter().find(|line| line.last() == Some(&endpoint)).expect(&run.stdout);
    let orders = find("/users/*/orders");
    // No error, so no number for it.
    assert_eq!((orders.len(), orders[5..8].to_vec()), (9, vec!["HTTP", "127.0.0.1:8081", "GET"]));
    let broken = find("/users/*/item9");
    assert_eq!((broken[1], broken.len()), ("100", 10));
    // Rates are of the same time, so they are as the counts, but for what rounding takes.
    let [many, few] = [orders[0], broken[0]].map(|rate| rate.parse::<f64>().unwrap());
    assert!(few > 0.0 && (many / few - 5.0).abs() < 1.0, "{}", run.stdout);
    assert!(!run.stdout.contains('\x1b'), "{}", run.stdout);
}

#[test]
fn it_ends_by_itself() {
    let Some(space) = Space::new(&[]) else { return };
    let mut top = space.command(WEIR);
    let run = Run::of(top.args(["top", "-i", "lo", "--once", "--duration", "200ms"]).output().unwrap());
    assert_eq!((run.status, run.stderr.as_str(), run.stdout.lines().count()), (0, "", 1), "{}", run.stdout);
}

#[test]
fn without_a_terminal_it_names_what_needs_none() {
    let run = weir(["top", "-i", "lo"]);
    assert_eq!(run.status, 2);
    for words in ["no terminal", "weir top --once", "weir agent --format table"] {
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
}

/// A screen on a terminal of its own, between two looks at how the terminal is.
struct Screen {
    script: Child,
    keys: ChildStdin,
    folder: Folder,
}

impl Screen {
    fn start(space: &Space, name: &str, size: (u16, u16)) -> Self {
        Self::start_with(space, name, size, &[])
    }

    fn start_with(space: &Space, name: &str, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        let folder = Folder::new(name);
        let run = format!(
            "stty cols {} rows {}; stty -a > before; sh -c 'echo $$ > pid; exec {WEIR} top -i lo'; echo status $?; stty -a > after",
            size.0, size.1
        );
        let mut script = space.command("script");
        script.current_dir(folder.path("")).args(["-qefc", &run, "shown"]).env_remove("NO_COLOR");
        script.env_remove("WEIR_LOG").envs(environment.iter().copied());
        let mut script =
            script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        Self { script, keys, folder }
    }

    fn file(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path(name)).unwrap_or_default()).into_owned()
    }

    /// What a person sees now, whatever the size is.
    fn seen(&self) -> vt100::Parser {
        let mut terminal = vt100::Parser::new(60, 200, 0);
        terminal.process(&fs::read(self.folder.path("shown")).unwrap_or_default());
        terminal
    }

    fn lines(&self) -> Vec<String> {
        self.seen().screen().rows(0, 200).map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits until this is to be seen.
    fn shows(&self, words: &str) {
        let found = |lines: Vec<String>| lines.iter().any(|line| line.contains(words));
        until(&format!("`{words}` in {:#?}", self.lines()), || found(self.lines()));
    }

    /// Whether something is red.
    fn has_red(&self) -> bool {
        let terminal = self.seen();
        let cell = |row, column| terminal.screen().cell(row, column).map(vt100::Cell::fgcolor);
        (0..60).any(|row| (0..200).any(|column| cell(row, column) == Some(vt100::Color::Idx(1))))
    }

    fn id(&self) -> String {
        self.file("pid").trim().to_owned()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        // Bytes that come together are keys that come together; an escape must come alone.
        sleep(Duration::from_millis(300));
    }

    /// What must hold after every end.
    fn gives_back(mut self) {
        self.shows("status 0");
        until("the end", || !self.file("after").is_empty());
        let _ = self.keys.write_all(b"\x04");
        drop(self.keys);
        self.script.wait().unwrap();
        let read = |name: &str| fs::read_to_string(self.folder.path(name)).unwrap();
        assert_eq!(read("before"), read("after"));
        let shown = String::from_utf8_lossy(&fs::read(self.folder.path("shown")).unwrap()).into_owned();
        let (_, behind) = shown.split_once("\x1b[?25h\x1b[?1049l").expect("cursor and screen are given back");
        assert!(!behind.contains("\x1b["), "nothing is drawn afterwards: {behind:?}");
    }
}

#[test]
fn keys_work_on_a_terminal_and_q_gives_it_back() {
    let Some(space) = Space::new(&["nginx", "curl", "script"]) else { return };
    let folder = Folder::new("top-keys");
    let _nginx = Nginx::start(&space, &folder);
    let mut screen = Screen::start(&space, "top-screen", (80, 24));
    screen.shows("no requests yet");
    until("requests", || {
        ask(&space, "/users/[10-16]");
        ask(&space, "/fails/9");
        screen.lines().iter().any(|line| line.contains("GET /fails/*"))
    });
    screen.shows("REQ/S▼");
    assert!(screen.has_red());
    screen.press("e");
    screen.shows("ERR%▼");
    screen.press("\x1b[B\r");
    screen.shows("Service Unavailable  /fails/9");
    screen.press("\x1b");
    screen.press("/nothing like it\r");
    screen.shows("nothing matches the filter");
    screen.press(" ");
    screen.shows("PAUSED");
    screen.press("q");
    screen.gives_back();
}

#[test]
fn ctrl_c_and_sigterm_give_the_terminal_back() {
    let Some(space) = Space::new(&["script"]) else { return };
    let mut screen = Screen::start(&space, "top-ctrl-c", (40, 10));
    screen.shows("no requests yet");
    screen.press("\x03");
    screen.gives_back();
    let screen = Screen::start(&space, "top-sigterm", (40, 10));
    screen.shows("no requests yet");
    assert!(Command::new("kill").args(["-s", "TERM", &screen.id()]).status().unwrap().success());
    screen.gives_back();
}

#[test]
fn it_follows_the_size_of_its_terminal() {
    let Some(space) = Space::new(&["script", "stty"]) else { return };
    let mut screen = Screen::start(&space, "top-resize", (80, 24));
    screen.shows("no requests yet");
    // In the end as at first, for what is given back is compared.
    for (columns, rows) in [(140, 40), (40, 10), (80, 24)] {
        let terminal = format!("/proc/{}/fd/0", screen.id());
        let size = ["-F", &terminal, "cols", &columns.to_string(), "rows", &rows.to_string()];
        assert!(Command::new("stty").args(size).status().unwrap().success());
        let fits = || {
            let lines = screen.lines();
            let foot = lines.iter().position(|line| line.starts_with("q quit"));
            foot == Some(rows - 1) && lines.iter().all(|line| line.chars().count() <= columns)
        };
        until(&format!("{columns} columns, {rows} rows: {:#?}", screen.lines()), fits);
    }
    screen.press("q");
    screen.gives_back();
}

#[test]
fn the_log_leaves_the_screen_whole() {
    let Some(space) = Space::new(&["script"]) else { return };
    let mut screen = Screen::start_with(&space, "top-log", (80, 24), &[("WEIR_LOG", "info")]);
    screen.shows("no requests yet");
    let said = "weir: info: capturing lo";
    until("the log on the last line", || screen.lines()[23] == said);
    let others: Vec<String> = screen.lines().into_iter().filter(|line| line != said).collect();
    assert!(!others.iter().any(|line| line.contains("weir:")), "{others:#?}");
    screen.press("q");
    screen.shows("status 0");
    screen.shows(said);
    screen.gives_back();
}
