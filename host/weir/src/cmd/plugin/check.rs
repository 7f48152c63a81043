//! `weir plugin check`: will the host take it, and for what?

use std::fmt::Write;

use super::facts::{self, Facts, HookFacts, Identity, SignatureFacts};
use super::module::Range;
use super::print::{self, Ink, Paint, bytes, grouped, harmless};
use crate::cli::plugin::{FileArgs, ReportFormat};
use crate::failure::Failure;

/// Alternatives of a signature and imports that are shown in a line.
const SHOWN: usize = 8;

pub(super) fn run(arguments: &FileArgs) -> Result<(), Vec<Failure>> {
    let mut failures = Vec::new();
    for file in &arguments.files {
        match facts::of_file(file) {
            Ok((facts, _)) => {
                match (arguments.format, &facts.refused) {
                    (ReportFormat::Jsonl, _) => print::json(&facts),
                    (ReportFormat::Text, None) => print::out(&text(&facts, Paint::of_stdout())),
                    (ReportFormat::Text, Some(_)) => {}
                }
                failures.extend(facts.failure());
            }
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// The report for people.
pub(super) fn text(facts: &Facts, paint: Paint) -> String {
    let mut text = String::new();
    let verdict = match &facts.refused {
        None => paint.text(Ink::Good, "the host takes it"),
        Some(why) => paint.text(Ink::Bad, &format!("refused: {}", harmless(why))),
    };
    // Writing to memory can not fail; the same holds below.
    let _ = writeln!(text, "{}: {verdict}", harmless(&facts.file));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    if let Some(identity) = &facts.identity {
        of_identity(identity, &mut line);
    }
    line(
        "file",
        &format!(
            "{}, {}, loaded in {} ms ({})",
            facts.kind,
            bytes(facts.bytes),
            facts.load_milliseconds,
            if facts.from_cache { "from the cache" } else { "compiled" },
        ),
    );
    if let Some(memory) = &facts.memory {
        line("memory", &range(memory, facts.memory_limit, bytes));
    }
    if let Some(table) = &facts.table {
        line("table", &range(table, facts.table_limit, |n| format!("{} elements", grouped(n))));
    }
    line("imports", &listed(&facts.imports));
    text
}

fn of_identity(identity: &Identity, line: &mut impl FnMut(&str, &str)) {
    line("plugin", &format!("{} {}", identity.name, identity.version));
    line("exports", &identity.exports.join(", "));
    if !identity.protocols.is_empty() {
        line("protocols", &identity.protocols.join(", "));
    }
    for one in &identity.hooks {
        line(&format!("{}-hook", one.hook), &hook(one));
    }
    for one in &identity.signatures {
        line("signature", &signature(one));
    }
    if identity.signatures.is_empty() && identity.exports.iter().any(|export| export == "parser") {
        line("signature", "none: `check` is never asked, so it never gets a connection");
    }
}

fn hook(hook: &HookFacts) -> String {
    let protocols = match (hook.protocols.as_slice(), hook.hook) {
        ([], "http") => "HTTP, HTTP2, gRPC, Triple".to_owned(),
        ([], _) => "all protocols".to_owned(),
        (protocols, _) if protocols.iter().any(|name| name == "*") => "all protocols".to_owned(),
        (protocols, _) => listed(&protocols.iter().map(|name| harmless(name)).collect::<Vec<_>>()),
    };
    // The host shows sessions whole and does not read these two.
    let is_session = hook.hook == "session";
    let body = format!("up to {} of each body", bytes(u64::from(hook.body_limit)));
    let wants = [
        (hook.requests && !is_session, "requests"),
        (hook.responses && !is_session, "responses"),
        (hook.head, "heads"),
        (hook.body_limit > 0, body.as_str()),
        (hook.required, "required: what it can not see is dropped"),
    ];
    let wants = wants.iter().filter(|(wanted, _)| *wanted).map(|(_, what)| *what);
    std::iter::once(protocols.as_str()).chain(wants).collect::<Vec<_>>().join("; ")
}

fn signature(signature: &SignatureFacts) -> String {
    let SignatureFacts { transport, offset, any_of, ports } = signature;
    let what = match any_of.as_slice() {
        [] => "any bytes".to_owned(),
        any => {
            let quoted: Vec<String> = any.iter().map(|bytes| format!("\"{bytes}\"")).collect();
            format!("{} at byte {offset}", listed(&quoted))
        }
    };
    let ports = match ports.as_slice() {
        [] => "any port".to_owned(),
        ports => format!("port {}", listed(&ports.iter().map(ToString::to_string).collect::<Vec<_>>())),
    };
    format!("{transport}, {ports}: {what}")
}

fn range(range: &Range, limit: u64, shown: impl Fn(u64) -> String) -> String {
    let maximum = range
        .maximum
        .map_or_else(|| "no limit of its own".to_owned(), |max| format!("at most {}", shown(max)));
    format!("{} at first, {maximum}; the host gives up to {}", shown(range.initial), shown(limit))
}

fn listed(items: &[String]) -> String {
    match items.len() {
        0 => "none".to_owned(),
        n if n > SHOWN => format!("{} and {} more", items[..SHOWN].join(", "), n - SHOWN),
        _ => items.join(", "),
    }
}
