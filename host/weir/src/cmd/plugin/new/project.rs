//! Takes: a name and where the SDK is. Gives: the files of a project. Does not do: write them.

use super::name::Name;
use super::{fixture, sdk};

/// The files of a project, and what to do next.
pub(super) struct Project {
    /// Path and content.
    pub(super) files: Vec<(String, Vec<u8>)>,
    language: &'static str,
    commands: Vec<String>,
}

/// What a README and an author's terminal say next.
struct Commands {
    test: &'static str,
    build: String,
    wasm: String,
}

/// A project in Rust.
pub(super) fn rust(name: &Name, own_sdk: Option<&str>) -> Project {
    let commands = Commands {
        test: "cargo test",
        build: "cargo build --release --target wasm32-unknown-unknown".to_owned(),
        wasm: format!("target/wasm32-unknown-unknown/release/{}.wasm", name.with_underscores()),
    };
    let mut project = Project::new("Rust", &commands);
    let text = |template| fill(template, name, own_sdk, &commands);
    project.add("Cargo.toml", text(include_str!("rust/Cargo.toml.txt")));
    project.add("src/lib.rs", text(include_str!("rust/lib.rs.txt")));
    project.add("README.md", text(include_str!("rust/README.md.txt")));
    project.add(".gitignore", "/target\n/weir-fuzz\n".to_owned());
    project.add(".cargo/config.toml", include_str!("rust/config.toml.txt").to_owned());
    project.add_fixture(name);
    if own_sdk.is_none() {
        project.add("weir-plugin-sdk/Cargo.toml", text(include_str!("rust/sdk-Cargo.toml.txt")));
        project.add_sdk("src/", sdk::RUST);
    }
    project
}

/// A project in Go.
pub(super) fn go(name: &Name, own_sdk: Option<&str>) -> Project {
    let wasm = format!("{}.wasm", name.text());
    let commands = Commands {
        test: "go test",
        build: format!("GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o {wasm}"),
        wasm,
    };
    let mut project = Project::new("Go", &commands);
    let text = |template| fill(template, name, own_sdk, &commands);
    project.add("go.mod", text(include_str!("go/go.mod.txt")));
    project.add("main.go", text(include_str!("go/main.go.txt")));
    project.add("main_test.go", text(include_str!("go/main_test.go.txt")));
    project.add("README.md", text(include_str!("go/README.md.txt")));
    project.add(".gitignore", "/*.wasm\n/weir-fuzz\n".to_owned());
    project.add_fixture(name);
    if own_sdk.is_none() {
        project.add_sdk("", sdk::GO);
    }
    project
}

impl Project {
    fn new(language: &'static str, commands: &Commands) -> Self {
        let commands = vec![commands.test.to_owned(), commands.build.clone(), test_command(commands)];
        Self { files: Vec::new(), language, commands }
    }

    fn add(&mut self, path: &str, text: String) {
        self.files.push((path.to_owned(), text.into_bytes()));
    }

    fn add_fixture(&mut self, name: &Name) {
        self.files.push(("fixtures/talk.pcap".to_owned(), fixture::capture()));
        let expected = include_str!("talk.jsonl.txt").replace("{{Name}}", &name.in_camel_case());
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
        let commands: String = self.commands.iter().map(|command| format!("  {command}\n")).collect();
        format!(
            "{0}: a plugin in {1}, with tests and a capture. Next:\n\n  cd {0}\n{commands}\nREADME.md in it tells more.\n",
            name.text(),
            self.language
        )
    }
}

fn test_command(commands: &Commands) -> String {
    format!("weir plugin test {} --pcap fixtures/talk.pcap --expect fixtures/talk.jsonl", commands.wasm)
}

fn fill(template: &str, name: &Name, own_sdk: Option<&str>, commands: &Commands) -> String {
    // A path without a dot would be the name of a module to Go.
    let sdk = own_sdk.map_or_else(|| format!("./{}", sdk::FOLDER), str::to_owned);
    [
        ("{{name}}", name.text()),
        ("{{file}}", &name.with_underscores()),
        ("{{Name}}", &name.in_camel_case()),
        // Inside of a quoted string.
        ("{{sdk}}", &sdk.replace('\\', "\\\\").replace('"', "\\\"")),
        ("{{version}}", env!("CARGO_PKG_VERSION")),
        ("{{test}}", commands.test),
        ("{{build}}", &commands.build),
        ("{{wasm}}", &commands.wasm),
        ("{{plugin test}}", &test_command(commands)),
    ]
    .into_iter()
    .fold(template.to_owned(), |text, (mark, value)| text.replace(mark, value))
}
