//! What a new project shows: one example for a parser and one for each hook. Takes: which. Gives: its sources, its capture, the request
//! logs that are expected, and the words about it.

use super::fixture::{Talk, http, lines};
use crate::cli::plugin::NewHook;

/// An example; the sources are templates.
pub(super) struct Example {
    /// In a README: "A plugin for Weir, ...".
    pub(super) what: &'static str,
    /// `parser` or `hook`.
    pub(super) kind: &'static str,
    pub(super) rust: &'static str,
    pub(super) go: &'static str,
    pub(super) go_test: &'static str,
    /// A JSON object a line.
    pub(super) expected: &'static str,
    pub(super) talk: Talk,
}

impl Example {
    pub(super) fn of(hook: Option<NewHook>) -> Self {
        match hook {
            None => Self {
                what: "a parser: it turns the traffic of a protocol into request logs. What is here is a whole parser of a small line \
                       protocol",
                kind: "parser",
                rust: include_str!("rust/parser.rs.txt"),
                go: include_str!("go/parser.go.txt"),
                go_test: include_str!("go/parser_test.go.txt"),
                expected: include_str!("expect/parser.jsonl.txt"),
                talk: lines(),
            },
            Some(NewHook::Http) => Self::hook(
                "an `http` hook: it sees requests and responses of HTTP, HTTP/2 and gRPC and changes their request logs. What is here \
                 makes an attribute and an exception of header fields and drops health checks",
                [
                    include_str!("rust/http.rs.txt"),
                    include_str!("go/http.go.txt"),
                    include_str!("go/http_test.go.txt"),
                    include_str!("expect/http.jsonl.txt"),
                ],
            ),
            Some(NewHook::Message) => Self::hook(
                "a `message` hook: it sees the payloads of any protocol that has them and changes the request logs. What is here \
                 makes an attribute of a member of a JSON object",
                [
                    include_str!("rust/message.rs.txt"),
                    include_str!("go/message.go.txt"),
                    include_str!("go/message_test.go.txt"),
                    include_str!("expect/message.jsonl.txt"),
                ],
            ),
            Some(NewHook::Session) => Self::hook(
                "a `session` hook: it has the last look at request logs. What is here hides the query of a resource and drops health \
                 checks that went well",
                [
                    include_str!("rust/session.rs.txt"),
                    include_str!("go/session.go.txt"),
                    include_str!("go/session_test.go.txt"),
                    include_str!("expect/session.jsonl.txt"),
                ],
            ),
        }
    }

    fn hook(what: &'static str, [rust, go, go_test, expected]: [&'static str; 4]) -> Self {
        Self { what, kind: "hook", rust, go, go_test, expected, talk: http() }
    }

    /// Hooks drop records and leave others as they were: only all of the capture's request logs show both.
    pub(super) fn all(&self) -> &'static str {
        if self.kind == "hook" { " --all" } else { "" }
    }
}
