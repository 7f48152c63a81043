//! `weir plugin new`: what it writes builds, passes its tests and is a good plugin, with nothing but the binary and a compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::program::{Folder, Run, command, weir};
use crate::support::{cargo, echo, run};

fn new_in(folder: &Folder, arguments: &[&str]) -> Run {
    Run::of(command().current_dir(folder.path("")).args(["plugin", "new"]).args(arguments).output().unwrap())
}

/// A Rust project, built for Wasm once.
struct Project {
    folder: PathBuf,
    target: PathBuf,
}

fn rust_project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        // Test runners may give each test a process of its own.
        let test = std::thread::current().name().unwrap_or("all").replace("::", "_");
        let folder = Folder::new(&format!("tools_{test}_project"));
        let made = new_in(&folder, &["--lang", "rust", "shop-orders"]);
        assert_eq!((made.status, made.stderr.as_str()), (0, ""));
        let target = "rustup target add wasm32-unknown-unknown";
        for command in
            ["cd shop-orders", "cargo test", target, "cargo build --release", "weir plugin test target/"]
        {
            assert!(made.stdout.contains(&format!("\n  {command}")), "{}", made.stdout);
        }
        for manifest in ["shop-orders/Cargo.toml", "shop-orders/weir-plugin-sdk/Cargo.toml"] {
            let text = std::fs::read_to_string(folder.path(manifest)).unwrap();
            let version = concat!("\nrust-version = \"", env!("CARGO_PKG_RUST_VERSION"), "\"\n");
            assert!(text.contains(version), "{text}");
        }
        Project { folder: folder.path("shop-orders").into(), target: folder.path("target").into() }
    })
}

impl Project {
    /// Of a test that runs at the same time as others: cargo calls the copies of the SDK in all projects alike, so the folder in which
    /// it is built is the test's own.
    fn of(folder: &Folder, name: &str) -> Self {
        Self { folder: folder.path(name).into(), target: folder.path("target").into() }
    }

    fn wasm(&self, profile: &str) -> String {
        run(cargo(&self.folder, &self.target).args([
            "build",
            "--offline",
            "--quiet",
            "--profile",
            profile,
            "--target",
            "wasm32-unknown-unknown",
        ]));
        let name = self.folder.file_name().unwrap().to_str().unwrap().replace('-', "_");
        let file = self.target.join("wasm32-unknown-unknown").join(profile).join(name + ".wasm");
        file.to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn the_tests_of_a_rust_project_pass_at_once() {
    let project = rust_project();
    let output = cargo(&project.folder, &project.target).args(["test", "--offline"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("3 passed; 0 failed"), "{text}");
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(!warnings.contains("warning"), "{warnings}");
}

#[test]
fn a_rust_project_is_a_good_plugin_at_once() {
    let project = rust_project();
    let wasm = project.wasm("release");
    assert_eq!(weir(["plugin", "check", &wasm]).status, 0);
    let (pcap, expect) = (project.file("fixtures/talk.pcap"), project.file("fixtures/talk.jsonl"));
    let tested = weir(["plugin", "test", &wasm, "--pcap", &pcap, "--expect", &expect]);
    assert_eq!((tested.status, tested.stdout.as_str()), (0, "3 as expected\n"), "{}", tested.stderr);
    let fuzzed = weir(["plugin", "fuzz", &wasm, "--pcap", &pcap, "--runs", "500", "--seed", "1"]);
    assert_eq!(fuzzed.status, 0, "{}", fuzzed.stdout);
}

/// The README tells how to make a capture of texts, with a program that not everybody has.
#[test]
fn a_capture_can_be_made_of_texts() {
    if !Command::new("text2pcap").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: run `cargo xtask test`");
        eprintln!("skipped: there is no text2pcap on the path");
        return;
    }
    let folder = Folder::new("tools_new_texts");
    for (arguments, resource) in [(&[][..], "umbrella"), (&["--hook", "http"], "/orders/7?token=s3cret")] {
        let name = format!("texts{}", arguments.len());
        assert_eq!(new_in(&folder, &[&["--lang", "rust", &name], arguments].concat()).status, 0);
        let project = Project::of(&folder, &name);
        let readme = std::fs::read_to_string(project.file("README.md")).unwrap();
        let script = readme.split("```sh\n").nth(3).unwrap().split("```").next().unwrap();
        run(Command::new("sh").args(["-e", "-c", script]).current_dir(&project.folder));
        let replayed = weir([
            "replay",
            &project.file("mine.pcap"),
            "--plugin",
            &project.wasm("release"),
            "--format",
            "jsonl",
        ]);
        let logs = replayed.logs();
        assert_eq!((logs.len(), &logs[0]["type"]), (1, &"session".into()), "{script}\n{}", replayed.stdout);
        assert_eq!(logs[0]["request_resource"], resource);
        assert_eq!(logs[0]["plugin"].as_array().unwrap().last().unwrap(), &format!("{name}@0.1.0"));
    }
}

/// The hooks, and how many request logs of the example's capture are left.
const HOOKS: [(&str, usize); 3] = [("http", 2), ("message", 3), ("session", 2)];

/// Replays the example's capture with it: all of its request logs are as expected, and without it they are not.
fn is_a_good_hook(hook: &str, logs: usize, wasm: &str, file: &dyn Fn(&str) -> String) {
    let checked = weir(["plugin", "check", wasm]);
    assert!(checked.stdout.contains(&format!("  exports      {hook}-hook\n")), "{}", checked.stdout);
    let (pcap, expect) = (file("fixtures/talk.pcap"), file("fixtures/talk.jsonl"));
    let test = |wasm: &str| weir(["plugin", "test", wasm, "--pcap", &pcap, "--expect", &expect, "--all"]);
    let tested = test(wasm);
    let wanted = format!("{logs} as expected\n");
    assert_eq!((tested.status, tested.stdout), (0, wanted), "{hook}: {}", tested.stderr);
    assert_eq!(test(&echo()).status, 1, "{hook}: the expectation says nothing about the hook");
}

#[test]
fn a_rust_hook_passes_its_tests_and_is_a_good_plugin_at_once() {
    let folder = Folder::new("tools_new_hooks");
    for (hook, logs) in HOOKS {
        let name = format!("my-{hook}");
        let made = new_in(&folder, &["--lang", "rust", "--hook", hook, &name]);
        assert_eq!((made.status, made.stderr.as_str()), (0, ""));
        assert!(made.stdout.contains("--expect fixtures/talk.jsonl --all\n"), "{}", made.stdout);
        let project = Project::of(&folder, &name);
        let output = cargo(&project.folder, &project.target).args(["test", "--offline"]).output().unwrap();
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && !errors.contains("warning"), "{text}\n{errors}");
        assert!(text.contains("2 passed; 0 failed") || text.contains("3 passed; 0 failed"), "{text}");
        is_a_good_hook(hook, logs, &project.wasm("release"), &|path| project.file(path));
        no_marks(&folder.path(&name));
    }
}

/// Nothing of the templates is left to fill in.
fn no_marks(project: &str) {
    for path in ["README.md", "fixtures/talk.jsonl", "Cargo.toml", "go.mod", "src/lib.rs", "main.go"] {
        let Ok(text) = std::fs::read_to_string(Path::new(project).join(path)) else { continue };
        assert!(!text.contains("{{"), "{path}: {text}");
    }
}

#[test]
fn a_go_hook_passes_its_tests_and_is_a_good_plugin_at_once() {
    let folder = Folder::new("tools_new_go_hooks");
    for (hook, logs) in HOOKS {
        let name = format!("my-{hook}");
        assert_eq!(new_in(&folder, &["--lang", "go", "--hook", hook, &name]).status, 0);
        no_marks(&folder.path(&name));
        let project = folder.path(&name);
        let Some(mut go_test) = go(Path::new(&project)) else { return };
        run(go_test.args(["test", "./..."]));
        run(go(Path::new(&project)).unwrap().args(["vet", "./..."]));
        let mut build = go(Path::new(&project)).unwrap();
        build.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
        run(build.args(["build", "-buildmode=c-shared", "-o", "hook.wasm"]));
        let file = |path: &str| format!("{project}/{path}");
        is_a_good_hook(hook, logs, &file("hook.wasm"), &file);
    }
}

/// A panic in the author's code shows the function and the line, when it is built as the project's README says.
#[test]
fn a_trap_shows_the_line_of_the_source() {
    let folder = Folder::new("tools_new_trap");
    assert_eq!(new_in(&folder, &["--lang", "rust", "breaks"]).status, 0);
    let source = folder.path("breaks/src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    let broken = text.replacen(
        "        match line {\n",
        "        if let Line::Error { code, .. } = line {\n            assert!(code != 404, \"not this one\");\n        }\n        match line {\n",
        1,
    );
    assert_ne!(text, broken);
    let line = broken.lines().position(|line| line.contains("not this one")).unwrap() + 1;
    std::fs::write(&source, broken).unwrap();
    let target = PathBuf::from(folder.path("target"));
    run(cargo(Path::new(&folder.path("breaks")), &target).args([
        "build",
        "--offline",
        "--quiet",
        "--profile",
        "traps",
        "--target",
        "wasm32-unknown-unknown",
    ]));
    let wasm = target.join("wasm32-unknown-unknown/traps/breaks.wasm").to_str().unwrap().to_owned();
    let (pcap, expect) =
        (folder.path("breaks/fixtures/talk.pcap"), folder.path("breaks/fixtures/talk.jsonl"));
    let tested = weir(["plugin", "test", &wasm, "--pcap", &pcap, "--expect", &expect]);
    assert_eq!(tested.status, 1);
    assert!(tested.stdout.starts_with("breaks broke once:\nfault trap: process: "), "{}", tested.stdout);
    assert!(tested.stdout.contains(" of the runtime left out)\n   0: "), "{}", tested.stdout);
    let first = tested.stdout.lines().find(|line| line.starts_with("   0: ")).unwrap();
    assert!(first.contains(&format!("lib.rs:{line}")), "the author's line comes first: {}", tested.stdout);
    let panic = format!("weir: error: panicked at src/lib.rs:{line}:");
    let said = tested.stderr.lines().find(|said| said.starts_with(&panic));
    let said = said.unwrap_or_else(|| panic!("{}", tested.stderr));
    assert!(said.contains(": not this one plugin=\"breaks\"") && !said.contains("\\n"), "{said}");
    let frame = tested.stdout.lines().find(|frame| frame.contains(&format!("lib.rs:{line}")));
    let frame = frame.unwrap_or_else(|| panic!("no frame of line {line}: {}", tested.stdout));
    assert!(frame.contains(" parse at ") || frame.contains("breaks::Breaks"), "{frame}");
    assert!(tested.stdout.contains("weir_plugin_sdk::"), "functions have their paths: {}", tested.stdout);
    assert!(!tested.stderr.contains("debug information"), "{}", tested.stderr);
}

/// Where `cargo xtask test` says, else on the path.
fn go(folder: &Path) -> Option<Command> {
    let program = std::env::var_os("WEIR_GO").unwrap_or_else(|| "go".into());
    let mut go = Command::new(program);
    // Nothing is downloaded: the project has all that it needs.
    go.current_dir(folder).envs([
        ("GOTOOLCHAIN", "local"),
        ("GOPROXY", "off"),
        ("GOWORK", "off"),
        ("GOFLAGS", ""),
    ]);
    go.env("CGO_ENABLED", "0");
    let is_there =
        Command::new(go.get_program()).arg("version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        assert!(std::env::var_os("WEIR_GO").is_none(), "WEIR_GO names no Go");
        eprintln!("skipped: there is no Go on the path, and WEIR_GO does not name one");
    }
    is_there.then_some(go)
}

#[test]
fn a_go_project_passes_its_tests_and_is_a_good_plugin_at_once() {
    let folder = Folder::new("tools_new_go");
    let made = new_in(&folder, &["--lang", "go", "shop-orders"]);
    assert_eq!((made.status, made.stderr.as_str()), (0, ""));
    for command in ["go test\n", "GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o shop-orders.wasm\n"]
    {
        assert!(made.stdout.contains(&format!("\n  {command}")), "{}", made.stdout);
    }
    let project = folder.path("shop-orders");
    let Some(mut go_test) = go(Path::new(&project)) else { return };
    run(go_test.args(["test", "./..."]));
    run(go(Path::new(&project)).unwrap().args(["vet", "./..."]));
    let mut build = go(Path::new(&project)).unwrap();
    build.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    run(build.args(["build", "-buildmode=c-shared", "-o", "shop-orders.wasm"]));
    let wasm = folder.path("shop-orders/shop-orders.wasm");
    let checked = weir(["plugin", "check", &wasm]);
    assert_eq!(checked.status, 0, "{}", checked.stderr);
    let (pcap, expect) =
        (folder.path("shop-orders/fixtures/talk.pcap"), folder.path("shop-orders/fixtures/talk.jsonl"));
    let tested = weir(["plugin", "test", &wasm, "--pcap", &pcap, "--expect", &expect]);
    assert_eq!((tested.status, tested.stdout.as_str()), (0, "3 as expected\n"), "{}", tested.stderr);
}

#[test]
fn another_sdk_can_be_used() {
    let folder = Folder::new("tools_new_sdk");
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk-rust");
    let made = new_in(&folder, &["--lang", "rust", "mine", "--sdk", sdk.to_str().unwrap()]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let manifest = std::fs::read_to_string(folder.path("mine/Cargo.toml")).unwrap();
    let path = sdk.canonicalize().unwrap();
    assert!(manifest.contains(&format!("path = \"{}\"", path.to_str().unwrap())), "{manifest}");
    assert!(!Path::new(&folder.path("mine/weir-plugin-sdk")).exists());
    let wrong = new_in(&folder, &["--lang", "rust", "yours", "--sdk", "nowhere"]);
    assert_eq!(wrong.status, 1);
    assert!(wrong.refusal().contains("check the path"), "{}", wrong.stderr);
    assert!(!Path::new(&folder.path("yours")).exists());
}

#[test]
fn nothing_is_written_over() {
    let folder = Folder::new("tools_new_there");
    assert_eq!(new_in(&folder, &["--lang", "rust", "there"]).status, 0);
    std::fs::write(folder.path("there/src/lib.rs"), "mine").unwrap();
    let again = new_in(&folder, &["--lang", "rust", "there"]);
    assert_eq!(again.status, 1);
    assert!(again.refusal().contains("is not empty"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(folder.path("there/src/lib.rs")).unwrap(), "mine");
    folder.file("file", "");
    assert!(new_in(&folder, &["--lang", "rust", "file"]).refusal().contains("is no folder"));
    std::fs::create_dir(folder.path("empty")).unwrap();
    assert_eq!(new_in(&folder, &["--lang", "rust", "empty"]).status, 0, "an empty folder is free");
}

#[test]
fn names_are_checked() {
    let folder = Folder::new("tools_new_names");
    for (name, words) in [
        ("Shop", "lower-case letters"),
        ("../shop", "lower-case letters"),
        ("http", "built-in plugin"),
        ("std", "word of the language"),
    ] {
        let run = new_in(&folder, &["--lang", "rust", name]);
        assert_eq!(run.status, 2, "{name}");
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
}
