//! Takes: a page of the book. Gives: what its reader does, step by step. Does not do it.
//!
//! A block of the language `sh` is a session of a terminal: lines that begin with `$ ` are typed, the others are shown. A block whose
//! language is followed by a path (`rust src/lib.rs`) is a file that the reader writes.

use std::path::{Path, PathBuf};

/// Something that a reader does.
pub(crate) enum Step {
    /// Writes a file, from the folder on in which the terminal is.
    Write { path: String, text: String },
    /// Types a command.
    Type(Command),
}

/// A command, and what the page shows of it.
pub(crate) struct Command {
    /// `rust.md:17`.
    pub(crate) place: String,
    pub(crate) line: String,
    /// `# exit status 1` stands behind commands that are meant to fail.
    pub(crate) status: i32,
    /// Each line must be in the output; `…` stands for anything.
    pub(crate) shown: Vec<String>,
}

pub(crate) struct Page {
    pub(crate) steps: Vec<Step>,
}

/// Where the book is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugins")
}

/// Pages by name.
pub(crate) fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    names
}

impl Page {
    pub(crate) fn of_book(name: &str) -> Self {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        let mut page = Self { steps: Vec::new() };
        let mut lines = text.lines().enumerate();
        while let Some((_, line)) = lines.next() {
            let Some(fence) = line.strip_prefix("```") else { continue };
            let block: Vec<_> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
            match fence.split_once(' ') {
                Some((_, path)) => {
                    let text = block.iter().map(|(_, line)| format!("{line}\n")).collect();
                    page.steps.push(Step::Write { path: path.to_owned(), text });
                }
                None if fence == "sh" => page.session(name, &block),
                None => {}
            }
        }
        page
    }

    pub(crate) fn has_commands(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Type(_)))
    }

    fn session(&mut self, page: &str, block: &[(usize, &str)]) {
        // Without a prompt it is only shown.
        if !block.first().is_some_and(|(_, line)| line.starts_with("$ ")) {
            return;
        }
        for (number, line) in block {
            let (number, line) = (number + 1, *line);
            if let Some(line) = line.strip_prefix("$ ") {
                let status =
                    line.rsplit_once("# exit status ").map_or(0, |(_, status)| status.parse().unwrap());
                let (place, line) = (format!("{page}:{number}"), line.to_owned());
                self.steps.push(Step::Type(Command { place, line, status, shown: Vec::new() }));
            } else if let Some(Step::Type(command)) = self.steps.last_mut() {
                command.shown.push(line.to_owned());
            }
        }
    }
}
