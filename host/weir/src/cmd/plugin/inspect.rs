//! `weir plugin inspect`: what `check` shows, and what the file is made of. A file that the host refuses is shown all the same.

use std::fmt::Write;

use serde::Serialize;

use super::facts::{self, Facts};
use super::module::{FileContent, Item, Module, Range};
use super::print::{self, Paint, bytes, grouped};
use super::{check, print::harmless};
use crate::cli::plugin::{FileArgs, ReportFormat};
use crate::failure::Failure;

#[derive(Serialize)]
struct Inspected<'a> {
    #[serde(flatten)]
    facts: &'a Facts,
    #[serde(flatten)]
    content: Content<'a>,
}

/// The content without its kind, which stands in the facts.
#[derive(Serialize)]
struct Content<'a> {
    modules: &'a [Module],
    component_imports: &'a [Item],
    component_exports: &'a [Item],
    unreadable: &'a Option<String>,
}

pub(super) fn run(arguments: &FileArgs) -> Result<(), Vec<Failure>> {
    let mut failures = Vec::new();
    for file in &arguments.files {
        match facts::of_file(file) {
            Ok((facts, content)) => {
                match arguments.format {
                    ReportFormat::Jsonl => {
                        let FileContent { modules, component_imports, component_exports, unreadable, .. } =
                            &content;
                        let content = Content { modules, component_imports, component_exports, unreadable };
                        print::json(&Inspected { facts: &facts, content });
                    }
                    ReportFormat::Text => {
                        print::out(&check::text(&facts, Paint::of_stdout()));
                        print::out(&text(&content));
                    }
                }
                failures.extend(facts.failure());
            }
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

fn text(content: &FileContent) -> String {
    let mut text = String::new();
    // Writing to memory can not fail; the same holds below.
    items(&mut text, "component imports", &content.component_imports);
    items(&mut text, "component exports", &content.component_exports);
    for (number, module) in content.modules.iter().enumerate() {
        let _ = match content.modules.len() {
            1 => writeln!(text),
            _ => writeln!(text, "\ncore module {number}, {}", bytes(module.bytes)),
        };
        self::module(&mut text, module);
    }
    if let Some(why) = &content.unreadable {
        let _ = writeln!(text, "  the rest can not be read: {}", harmless(why));
    }
    text
}

fn module(text: &mut String, module: &Module) {
    let names = if module.has_names { "yes" } else { "no: traps do not tell where" };
    let lines = if module.has_lines { "yes" } else { "no: traps do not tell lines" };
    for (name, value) in [
        ("functions", format!("{}, {} of code", grouped(module.functions), bytes(module.code_bytes))),
        ("memory", module.memories.iter().map(|m| range(m, bytes)).collect::<Vec<_>>().join("; ")),
        ("table", module.tables.iter().map(|t| range(t, grouped)).collect::<Vec<_>>().join("; ")),
        ("globals", grouped(module.globals)),
        ("data", data(module)),
        ("names", names.to_owned()),
        ("lines", lines.to_owned()),
    ] {
        let value = if value.is_empty() { "none".to_owned() } else { value };
        let _ = writeln!(text, "  {name:<12} {value}");
    }
    items(text, "imports", &module.imports);
    items(text, "exports", &module.exports);
    if module.unlisted > 0 {
        let _ = writeln!(text, "  and {} more imports and exports", grouped(module.unlisted));
    }
    if !module.custom_sections.is_empty() {
        let _ = writeln!(text, "custom sections");
        for section in &module.custom_sections {
            let _ = writeln!(text, "  {:>11}  {}", bytes(section.bytes), section.name);
        }
    }
    if !module.largest_functions.is_empty() {
        let _ = writeln!(text, "largest functions");
        for function in &module.largest_functions {
            let name = function.name.clone().unwrap_or_else(|| format!("function {}", function.index));
            let _ = writeln!(text, "  {:>11}  {name}", bytes(function.bytes));
        }
    }
}

fn items(text: &mut String, title: &str, items: &[Item]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}");
    for item in items {
        let module = item.module.as_ref().map_or_else(String::new, |module| format!("{module} "));
        let _ = writeln!(text, "  {module}{}: {}", item.name, item.kind);
    }
}

fn range(range: &Range, shown: impl Fn(u64) -> String) -> String {
    let maximum = range.maximum.map_or_else(String::new, |maximum| format!(", at most {}", shown(maximum)));
    format!("{} at first{maximum}", shown(range.initial))
}

fn data(module: &Module) -> String {
    let place = module
        .data_addresses
        .map_or_else(String::new, |(low, high)| format!(", addresses {low:#x} to {high:#x}"));
    format!("{} in {} segments{place}", bytes(module.data_bytes), grouped(module.data_segments))
}
