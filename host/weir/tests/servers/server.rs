//! A server, or a client that lives for longer.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::agent::until;
use crate::program::Folder;
use crate::space::Space;

/// A program that runs until this is dropped.
pub(crate) struct Server {
    child: Child,
    output: String,
}

impl Server {
    /// Starts a program in the namespace; what it prints goes to a file of this name.
    pub(crate) fn start(
        space: &Space,
        folder: &Folder,
        name: &str,
        program: &str,
        arguments: &[&str],
    ) -> Self {
        let mut command = space.command(program);
        command.args(arguments);
        Self::spawn(command, folder, name)
    }

    pub(crate) fn spawn(mut command: Command, folder: &Folder, name: &str) -> Self {
        let output = folder.path(&format!("{name}.out"));
        let file = fs::File::create(&output).unwrap();
        command.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), output }
    }

    /// `nsenter` becomes the program, so this is the program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap()).into_owned()
    }

    /// Waits until it has printed these words.
    pub(crate) fn says(&mut self, words: &str) -> &mut Self {
        self.says_times(words, 1)
    }

    /// Waits until it has printed these words so often.
    pub(crate) fn says_times(&mut self, words: &str, times: usize) -> &mut Self {
        until(&format!("`{words}` {times} times in {}", self.output), || {
            let ended = self.child.try_wait().unwrap();
            let count = self.output().matches(words).count();
            assert!(count >= times || ended.is_none(), "it ended with {ended:?}: {}", self.output());
            count >= times
        });
        self
    }

    /// Writes to its standard input.
    pub(crate) fn tell(&mut self, words: &str) {
        self.child.stdin.as_mut().unwrap().write_all(words.as_bytes()).unwrap();
    }

    /// Closes its standard input, waits for its end and gives what it printed.
    pub(crate) fn finish(mut self) -> String {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.output());
        self.output()
    }

    /// Sends a signal and waits for its end.
    pub(crate) fn end(mut self, signal: &str) {
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", signal, &self.pid().to_string()]).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program of the namespace to its end and gives what it printed.
pub(crate) fn run(space: &Space, program: &str, arguments: &[&str]) -> String {
    let output = space.command(program).args(arguments).output().unwrap();
    let all =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}: {all}");
    all
}
