//! What is found on this machine, and what looking costs: `cargo run -p weir-tls-probes --example processes [-- PID]`.
//!
//! With a process id: why that one is seen, or is not, and each place for a probe.
#![allow(clippy::print_stdout)] // a program for people

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use weir_tls_probes::{Library, Watcher, explain};

    if let Some(pid) = std::env::args().nth(1) {
        let pid = pid.parse().map_err(std::io::Error::other)?;
        let explanation = explain(Path::new("/proc"), pid)?;
        print!("{explanation}");
        for (path, examined) in &explanation.found {
            let http2 = match &examined.library {
                Library::Go(go) => &go.http2[..],
                Library::OpenSsl { .. } => &[],
            };
            for probe in examined.probes.iter().chain(http2) {
                println!("{}:{:#x} {} {:?}", path.display(), probe.file_offset, probe.function, probe.at);
            }
        }
        return Ok(());
    }
    let mut watcher = Watcher::new("/proc");
    for second in 0..40 {
        let begin = Instant::now();
        let changes = watcher.scan(begin)?;
        println!(
            "{second:2} s: {:>9.1?}, {} appeared, {} gone, {} hidden, {} postponed",
            begin.elapsed(),
            changes.appeared.len(),
            changes.gone.len(),
            changes.hidden,
            changes.postponed
        );
        for target in &changes.appeared {
            let processes = watcher.processes_of(target.id).count();
            println!(
                "  {}: {:?}, {} probes, {processes} processes",
                target.name.display(),
                target.library,
                target.probes.len()
            );
        }
        for refused in &changes.not_usable {
            println!("  {refused}");
        }
        std::thread::sleep(Duration::from_secs(1).saturating_sub(begin.elapsed()));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
