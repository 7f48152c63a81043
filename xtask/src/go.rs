//! The Go SDK: format, vet, tests, and its examples as Wasm.
//!
//! Takes: `plugin-sdk-go/`. Gives: status, and one module for each example in the build folder. Where there is no Go and none can be had
//! it is left out, but never where `CI` is set.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, setup, workspace};

/// Tests of the host find the modules by it.
const PLUGINS_VARIABLE: &str = "WEIR_GO_PLUGINS";

/// The same for the program, for tests that build what they make themselves.
const PROGRAM_VARIABLE: &str = "WEIR_GO";

/// With it package `deepflow` speaks DeepFlow's own interface.
const DEEPFLOW_TAG: &str = "deepflow_abi";
const DEEPFLOW_PACKAGES: &str = "./deepflow/...";
/// The example that is built both ways.
const DEEPFLOW_EXAMPLE: &str = "deepflow";

/// Checks and tests it, then builds the examples; gives the variables by which tests find them.
pub(crate) fn test() -> Result<Vec<(&'static str, PathBuf)>> {
    let program = match setup::go::program() {
        Ok(program) => program,
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("the Go SDK is left out: {error:#}");
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let go = Go { program, folder: workspace::root().join("plugin-sdk-go") };
    go.format()?;
    for (tags, packages) in [("", "./..."), (DEEPFLOW_TAG, DEEPFLOW_PACKAGES)] {
        command::run(go.call().args(["vet", "-tags", tags, packages]))?;
        command::run(go.wasm().args(["vet", "-tags", tags, packages]))?;
        command::run(go.call().args(["test", "-tags", tags, packages]))?;
    }
    let plugins = go.examples()?;
    Ok(vec![(PLUGINS_VARIABLE, plugins), (PROGRAM_VARIABLE, go.program)])
}

/// Compiles one example.
pub(crate) fn example(name: &str) -> Result<PathBuf> {
    let go = Go { program: setup::go::program()?, folder: workspace::root().join("plugin-sdk-go") };
    go.example(name.as_ref())
}

struct Go {
    program: PathBuf,
    folder: PathBuf,
}

impl Go {
    fn call(&self) -> Command {
        let mut command = setup::go::command(&self.program);
        command.current_dir(&self.folder);
        command
    }

    fn wasm(&self) -> Command {
        let mut command = self.call();
        command.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
        command
    }

    fn format(&self) -> Result<()> {
        let root = command::output(self.call().args(["env", "GOROOT"]))?;
        let gofmt = Path::new(root.trim()).join("bin/gofmt");
        let files = command::output(Command::new(gofmt).arg("-l").arg(&self.folder))?;
        if !files.is_empty() {
            bail!("not as gofmt writes it:\n{files}");
        }
        Ok(())
    }

    /// Every folder of `examples` is a plugin.
    fn examples(&self) -> Result<PathBuf> {
        let examples = self.folder.join("examples");
        let mut count = 0;
        for entry in std::fs::read_dir(&examples).with_context(|| format!("no {}", examples.display()))? {
            self.example(&entry?.file_name())?;
            count += 1;
        }
        let plugins = Self::plugins();
        self.build(OsStr::new(DEEPFLOW_EXAMPLE), DEEPFLOW_TAG, &plugins.join("deepflow-abi.wasm"))?;
        println!("{} Go plugins in {}", count + 1, plugins.display());
        Ok(plugins)
    }

    fn example(&self, name: &OsStr) -> Result<PathBuf> {
        let plugins = Self::plugins();
        std::fs::create_dir_all(&plugins)?;
        let module = plugins.join(name).with_extension("wasm");
        self.build(name, "", &module)?;
        Ok(module)
    }

    fn build(&self, example: &OsStr, tags: &str, module: &Path) -> Result<()> {
        let mut build = self.wasm();
        build.args(["build", "-buildmode=c-shared", "-tags", tags, "-o"]).arg(module);
        command::run(build.arg(Path::new("./examples").join(example)))
    }

    fn plugins() -> PathBuf {
        workspace::target().join("go-plugins")
    }
}
