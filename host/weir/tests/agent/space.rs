//! A network namespace of a test's own, gone with the test, however it ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use weir_capture::live::enter_namespace;

/// A namespace with its loopback interface up.
pub(crate) struct Space {
    /// Ends when its standard input does, so with this process.
    keeper: Child,
}

impl Space {
    /// None: this machine can not; that was said.
    pub(crate) fn new(programs: &[&str]) -> Option<Self> {
        for program in ["ip", "nsenter", "unshare"].iter().chain(programs) {
            if !is_there(program) {
                return skip(&format!("{program} is not installed (Debian: cargo xtask servers)"));
            }
        }
        let mut keeper = Command::new("unshare")
            .args(["-n", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let space = Self { keeper };
        if line == "ready\n" { Some(space) } else { skip("a network namespace needs root") }
    }

    pub(crate) fn pid(&self) -> String {
        self.keeper.id().to_string()
    }

    /// A command that runs inside.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid(), "--net", "--", program]).stdin(Stdio::null());
        command.env_remove("WEIR_LOG").env("NO_COLOR", "1");
        command
    }

    /// Runs `ip` inside; gives what it printed.
    pub(crate) fn ip(&self, arguments: &str) -> String {
        let output = self.command("ip").args(arguments.split(' ')).output().unwrap();
        assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a function inside. Sockets that it opens stay there.
    pub(crate) fn inside<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                enter_namespace(&self.pid()).unwrap();
                run()
            });
            thread.join().unwrap()
        })
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.into_iter().any(|folder| Path::new(&folder).join(program).is_file())
}

fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "CI must run this test: {why}");
    eprintln!("skipped: {why}");
    None
}
