//! Puts guests together from their texts.
//!
//! Takes: the name of a file in this folder. Gives: a whole module in the text format; the crate `wat` makes bytes of it.
//! Test crates take this file in with `#[path]`.
#![allow(dead_code)] // no test crate uses all of it

const GOOD: &str = include_str!("good.wat");

/// Every file but `good.wat`: name and text.
pub(crate) const BAD: [(&str, &str); 43] = [
    ("answer-owned-flood", include_str!("answer-owned-flood.wat")),
    ("config-outside", include_str!("config-outside.wat")),
    ("count-flood", include_str!("count-flood.wat")),
    ("describe-outside", include_str!("describe-outside.wat")),
    ("exit", include_str!("exit.wat")),
    ("grow-memory", include_str!("grow-memory.wat")),
    ("grow-memory-and-live", include_str!("grow-memory-and-live.wat")),
    ("grow-table", include_str!("grow-table.wat")),
    ("huge-memory", include_str!("huge-memory.wat")),
    ("import-file", include_str!("import-file.wat")),
    ("import-wrong-type", include_str!("import-wrong-type.wat")),
    ("log-flood", include_str!("log-flood.wat")),
    ("log-level", include_str!("log-level.wat")),
    ("log-outside", include_str!("log-outside.wat")),
    ("loop-in-check", include_str!("loop-in-check.wat")),
    ("loop-in-describe", include_str!("loop-in-describe.wat")),
    ("loop-in-post", include_str!("loop-in-post.wat")),
    ("loop-in-process", include_str!("loop-in-process.wat")),
    ("loop-in-realloc", include_str!("loop-in-realloc.wat")),
    ("loop-in-start", include_str!("loop-in-start.wat")),
    ("loop-over-fill", include_str!("loop-over-fill.wat")),
    ("loop-over-imports", include_str!("loop-over-imports.wat")),
    ("memory64", include_str!("memory64.wat")),
    ("never-consume", include_str!("never-consume.wat")),
    ("no-memory", include_str!("no-memory.wat")),
    ("no-process", include_str!("no-process.wat")),
    ("no-realloc", include_str!("no-realloc.wat")),
    ("program", include_str!("program.wat")),
    ("realloc-end", include_str!("realloc-end.wat")),
    ("realloc-last-byte", include_str!("realloc-last-byte.wat")),
    ("realloc-null", include_str!("realloc-null.wat")),
    ("realloc-null-after-refusal", include_str!("realloc-null-after-refusal.wat")),
    ("realloc-odd", include_str!("realloc-odd.wat")),
    ("realloc-outside", include_str!("realloc-outside.wat")),
    ("realloc-same", include_str!("realloc-same.wat")),
    ("recursion", include_str!("recursion.wat")),
    ("trap-in-check", include_str!("trap-in-check.wat")),
    ("trap-in-describe", include_str!("trap-in-describe.wat")),
    ("trap-in-post", include_str!("trap-in-post.wat")),
    ("trap-in-process", include_str!("trap-in-process.wat")),
    ("trap-on-input", include_str!("trap-on-input.wat")),
    ("wrong-kind", include_str!("wrong-kind.wat")),
    ("wrong-type", include_str!("wrong-type.wat")),
];

/// The guest of that name; `good` is the one that keeps to the contract.
pub(crate) fn guest(name: &str) -> String {
    let differences = BAD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    assert!(differences.is_some() || name == "good", "there is no guest {name}");
    with(differences.unwrap_or_default())
}

/// The good guest with some of its sections replaced.
pub(crate) fn with(differences: &str) -> String {
    let mut all = sections(GOOD);
    for (name, text) in sections(differences) {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some(section) => section.1 = text,
            None => all.push((name, text)),
        }
    }
    let body: String = all.into_iter().map(|(_, text)| text).collect();
    format!("(module\n{body})\n")
}

/// Name and text of each part that begins with `;;; name`.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split(";;; ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}
