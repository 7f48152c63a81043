//! The book for plugin authors (`docs/plugins`), done: what it tells a reader to type works, from an empty folder, with nothing but
//! the binary, and cargo or go.
#![allow(clippy::unwrap_used)] // a test that can not go on fails

#[path = "book/limits.rs"]
mod limits;
#[path = "book/links.rs"]
mod links;
#[path = "book/page.rs"]
mod page;
#[path = "book/reader.rs"]
mod reader;

use page::Page;
use reader::Reader;

/// Pages with sessions of a terminal, and whether Go is needed.
const SESSIONS: [(&str, bool); 4] =
    [("debugging.md", false), ("go.md", true), ("hooks.md", false), ("rust.md", false)];

fn read(name: &str) {
    let page = Page::of_book(name);
    let (_, needs_go) = SESSIONS.iter().find(|(known, _)| *known == name).unwrap();
    let Some(mut reader) = Reader::new(name, *needs_go) else { return };
    for step in &page.steps {
        reader.follow(step);
    }
}

#[test]
fn ten_minutes_of_rust() {
    read("rust.md");
}

#[test]
fn ten_minutes_of_go() {
    read("go.md");
}

#[test]
fn hooks() {
    read("hooks.md");
}

#[test]
fn debugging() {
    read("debugging.md");
}

#[test]
fn no_session_is_left_out() {
    let mut names = page::names();
    names.retain(|name| Page::of_book(name).has_commands());
    assert_eq!(names, SESSIONS.map(|(name, _)| name));
}
