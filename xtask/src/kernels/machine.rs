//! A machine in an emulator: qemu-system-x86_64.
//!
//! Takes: a kernel and an archive. Gives: what the machine wrote to its second serial port, or why it did not come to its end. Nothing of
//! this machine is visible in it, and nothing of it outlives the call.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::image::Image;

/// Programs, and the packages that have them.
pub(super) const PROGRAMS: [(&str, &str); 1] = [("qemu-system-x86_64", "qemu-system-x86")];

/// A minute is usual in emulation; the agent itself has some for each thing that it does.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Its log's end, when it did not come to its own.
const LINES: usize = 15;

/// Whether the processor runs it, or it is emulated.
pub(super) fn how() -> &'static str {
    if has_kvm() { "kvm" } else { "emulated" }
}

/// The device alone says little: virtual machines have it, and it hangs.
fn has_kvm() -> bool {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let is_able = processor.split_whitespace().any(|flag| flag == "vmx" || flag == "svm");
    is_able && fs::File::options().read(true).write(true).open("/dev/kvm").is_ok()
}

/// Boots, waits until it is off.
pub(super) fn boot(image: &Image, initial: &Path, folder: &Path) -> Result<String> {
    let (console, results) = (folder.join("console"), folder.join("results"));
    let port = |path: &Path| format!("file:{}", path.display());
    let mut qemu = Command::new("qemu-system-x86_64");
    if has_kvm() {
        qemu.args(["-accel", "kvm", "-cpu", "host"]);
    } else {
        qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max"]);
    }
    qemu.args([
        "-smp",
        "2",
        "-m",
        "1536",
        "-display",
        "none",
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
    ]);
    qemu.args(["-serial", &port(&console), "-serial", &port(&results)]);
    qemu.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(initial);
    // A kernel that breaks ends the machine.
    qemu.args(["-append", "console=ttyS0 quiet panic=-1"]);
    let child = qemu.stdin(Stdio::null()).spawn().context("cannot start qemu-system-x86_64")?;
    let ended = wait(child);
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let told = text(&results);
    match ended {
        Ok(()) if told.contains("== end") => Ok(told),
        Ok(()) => bail!("it ended before its time; its console: {}", end(&text(&console))),
        Err(error) => bail!("{error:#}; its console: {}", end(&text(&console))),
    }
}

fn wait(mut child: Child) -> Result<()> {
    let until = Instant::now() + LONGEST;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("qemu-system-x86_64 ended with {status}"),
            None if Instant::now() >= until => {
                child.kill()?;
                child.wait()?;
                bail!("it was not done after {} minutes", LONGEST.as_secs() / 60);
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// The last lines of a text.
fn end(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n  ")
}
