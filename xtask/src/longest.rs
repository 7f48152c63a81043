//! The longest source files: each a question whether it is two things.
//!
//! Takes: the files git knows. Gives: ten lines of text. Fails never.

use std::process::Command;

use anyhow::Result;

use crate::{command, workspace};

/// From so many lines on a reviewer asks.
const TALK_AT: usize = 500;

/// Prints the ten longest Rust files, longest first.
pub(crate) fn print() -> Result<()> {
    let root = workspace::root();
    let list = command::output(Command::new("git").current_dir(&root).args(["ls-files", "*.rs"]))?;
    let mut files: Vec<(usize, &str)> = list
        .lines()
        .filter_map(|path| {
            std::fs::read_to_string(root.join(path)).ok().map(|text| (text.lines().count(), path))
        })
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    println!("longest files of {} (a question from {TALK_AT} lines on):", files.len());
    for (lines, path) in files.iter().take(10) {
        println!("{lines:>6}  {path}{}", if *lines >= TALK_AT { "  <- two things?" } else { "" });
    }
    Ok(())
}
