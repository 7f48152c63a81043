//! Takes: a name, an example and where the SDK is. Gives: the files of a project. Does not do: write them.

use super::example::Example;
use super::name::Name;
use super::sdk;

/// What the compiler must be at least: the SDK is written for it.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Brings the standard library for WebAssembly; does nothing where it is there.
const TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// The files of a project, and what to do next.
pub(super) struct Project {
    /// Path and content.
    pub(super) files: Vec<(String, Vec<u8>)>,
    example: Example,
    language: &'static str,
    commands: Commands,
}

/// What a README and an author's terminal say next.
struct Commands {
    test: &'static str,
    /// Needed once, with what an author wants to know of it.
    prepare: Option<String>,
    build: String,
    wasm: String,
}

/// A project in Rust.
pub(super) fn rust(name: &Name, example: Example, own_sdk: Option<&str>) -> Project {
    let commands = Commands {
        test: "cargo test",
        prepare: Some(format!("{TARGET}    # once; says so when it is there already")),
        build: "cargo build --release --target wasm32-unknown-unknown".to_owned(),
        wasm: format!("target/wasm32-unknown-unknown/release/{}.wasm", name.with_underscores()),
    };
    let mut project = Project::new("Rust", example, commands);
    let source = project.example.rust;
    project.add_template("Cargo.toml", include_str!("rust/Cargo.toml.txt"), name, own_sdk);
    project.add_template("src/lib.rs", source, name, own_sdk);
    project.add_template("README.md", include_str!("rust/README.md.txt"), name, own_sdk);
    project.add(".gitignore", "/target\n/weir-fuzz\n".to_owned());
    project.add(".cargo/config.toml", include_str!("rust/config.toml.txt").to_owned());
    project.add_fixture(name);
    if own_sdk.is_none() {
        let manifest = include_str!("rust/sdk-Cargo.toml.txt");
        project.add_template("weir-plugin-sdk/Cargo.toml", manifest, name, own_sdk);
        project.add_sdk("src/", sdk::RUST);
    }
    project
}

/// A project in Go.
pub(super) fn go(name: &Name, example: Example, own_sdk: Option<&str>) -> Project {
    let wasm = format!("{}.wasm", name.text());
    let commands = Commands {
        test: "go test",
        prepare: None,
        build: format!("GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o {wasm}"),
        wasm,
    };
    let mut project = Project::new("Go", example, commands);
    let (source, test) = (project.example.go, project.example.go_test);
    project.add_template("go.mod", include_str!("go/go.mod.txt"), name, own_sdk);
    project.add_template("main.go", source, name, own_sdk);
    project.add_template("main_test.go", test, name, own_sdk);
    project.add_template("README.md", include_str!("go/README.md.txt"), name, own_sdk);
    project.add(".gitignore", "/*.wasm\n/weir-fuzz\n".to_owned());
    project.add_fixture(name);
    if own_sdk.is_none() {
        project.add_sdk("", sdk::GO);
    }
    project
}

impl Project {
    fn new(language: &'static str, example: Example, commands: Commands) -> Self {
        Self { files: Vec::new(), example, language, commands }
    }

    fn add(&mut self, path: &str, text: String) {
        self.files.push((path.to_owned(), text.into_bytes()));
    }

    fn add_template(&mut self, path: &str, template: &str, name: &Name, own_sdk: Option<&str>) {
        let text = self.fill(template, name, own_sdk);
        self.add(path, text);
    }

    fn add_fixture(&mut self, name: &Name) {
        self.files.push(("fixtures/talk.pcap".to_owned(), self.example.talk.capture()));
        let expected = self.example.expected.replace("{{Name}}", &name.in_camel_case());
        self.add("fixtures/talk.jsonl", expected);
    }

    fn add_sdk(&mut self, folder: &str, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.add(&format!("{}/{folder}{path}", sdk::FOLDER), (*text).to_owned());
        }
        self.add(&format!("{}/LICENSE", sdk::FOLDER), include_str!("../../../../../../LICENSE").to_owned());
    }

    /// What to type next.
    pub(super) fn next_steps(&self, name: &Name) -> String {
        let Commands { test, prepare, build, .. } = &self.commands;
        let tested = self.test_command();
        let commands = [Some(*test), prepare.as_deref(), Some(build), Some(&tested)];
        let commands: String = commands.iter().flatten().map(|command| format!("  {command}\n")).collect();
        format!(
            "{0}: a plugin in {1}, with tests and a capture. Next:\n\n  cd {0}\n{commands}\nREADME.md in it tells more.\n",
            name.text(),
            self.language
        )
    }

    fn test_command(&self) -> String {
        let (wasm, all) = (&self.commands.wasm, self.example.all());
        format!("weir plugin test {wasm} --pcap fixtures/talk.pcap --expect fixtures/talk.jsonl{all}")
    }

    fn fill(&self, template: &str, name: &Name, own_sdk: Option<&str>) -> String {
        // A path without a dot would be the name of a module to Go.
        let sdk = own_sdk.map_or_else(|| format!("./{}", sdk::FOLDER), str::to_owned);
        let all = self.example.all();
        let [ask, answer] = self.example.talk.first();
        let about_all =
            " `--all`: those too that the plugin left as they were, so one that it shall drop is seen.";
        [
            ("{{name}}", name.text()),
            ("{{file}}", &name.with_underscores()),
            ("{{Name}}", &name.in_camel_case()),
            // Inside of a quoted string.
            ("{{sdk}}", &sdk.replace('\\', "\\\\").replace('"', "\\\"")),
            ("{{version}}", env!("CARGO_PKG_VERSION")),
            ("{{rust}}", RUST),
            ("{{what it is}}", self.example.what),
            ("{{kind}}", self.example.kind),
            ("{{port}}", &self.example.talk.port.to_string()),
            ("{{ask}}", &ask),
            ("{{answer}}", &answer),
            ("{{all}}", all),
            ("{{about all}}", if all.is_empty() { "" } else { about_all }),
            ("{{test}}", self.commands.test),
            ("{{build}}", &self.commands.build),
            ("{{wasm}}", &self.commands.wasm),
            ("{{plugin test}}", &self.test_command()),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}
