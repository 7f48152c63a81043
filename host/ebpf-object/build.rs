//! Compiles `ebpf/program` for the kernel, and writes where the object is or why there is none.
//!
//! A cargo of its own with a target folder of its own (`ebpf`, beside `debug` and `release`): it takes no lock that the outer cargo
//! holds, and debug and release builds share its work.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use weir_ebpf_build::{
    Compiler, Kernel, Kit, VARIABLE, WANTED, Wish, installed_linker, object, runs_on, sources,
};

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let (os, architecture) = (variable("CARGO_CFG_TARGET_OS")?, variable("CARGO_CFG_TARGET_ARCH")?);
    if !runs_on(&os, &architecture) {
        return without(&out, &format!("its programs know Linux on x86-64, not {os} on {architecture}"));
    }
    let wish = Wish::find()?;
    if wish == Wish::Skip {
        return without(&out, &format!("{VARIABLE}=skip"));
    }
    // OUT_DIR is <target folder>/<profile>/build/<package>/out.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not where cargo puts it")?.join("ebpf");
    match Kit::find(Compiler::find()?, &out) {
        Ok(kit) => with(&kit, &out, &target, Kernel { architecture: &architecture }),
        Err(lack) if wish == Wish::Require => Err(format!(
            "the eBPF programs can not be built: {lack}; {VARIABLE}=skip builds without system-call capture"
        )
        .into()),
        Err(lack) => {
            println!(
                "cargo::warning=built without system-call capture: {lack}; {VARIABLE}=skip silences this"
            );
            watch_for_setup();
            without(&out, &lack.to_string())
        }
    }
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    Ok(env::var(name).map_err(|error| format!("{name}: {error}"))?)
}

fn with(kit: &Kit, out: &Path, target: &Path, kernel: Kernel<'_>) -> Result<(), Box<dyn Error>> {
    let workspace = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    for source in sources() {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    if !kit.cargo("build", &workspace, target, kernel).status()?.success() {
        return Err(format!(
            "the eBPF programs do not compile; the messages above say why ({VARIABLE}=skip builds without them)"
        )
        .into());
    }
    let built = object(target);
    let copy = out.join("weir.o");
    fs::copy(&built, &copy).map_err(|error| format!("{}: {error}", built.display()))?;
    answer(out, &format!("Ok(&Aligned(*include_bytes!({copy:?})))"))
}

fn without(out: &Path, reason: &str) -> Result<(), Box<dyn Error>> {
    answer(out, &format!("Err({reason:?})"))
}

fn answer(out: &Path, expression: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(out.join("object.rs"), expression)?)
}

/// Leaves a file that `cargo xtask setup` deletes when it has brought what is missing: then this script runs again, and only then.
/// Without it cargo would build what depends on this crate again each time.
fn watch_for_setup() {
    let Some(tools) = installed_linker().and_then(|linker| Some(linker.ancestors().nth(3)?.to_owned()))
    else {
        return;
    };
    let mark = tools.join(WANTED);
    println!("cargo::rerun-if-env-changed=CI");
    println!("cargo::rerun-if-changed={}", mark.display());
    if !mark.exists() && fs::create_dir_all(&tools).is_ok() {
        // Older than this run, or cargo would take it for a change.
        let _ = File::create(&mark).and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH));
    }
}
