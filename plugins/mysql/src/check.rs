//! Takes: the first bytes of a connection. Gives: whether they are MySQL's, and who sent them.
//!
//! A connection seen from its start is known by the server's greeting. One that was joined in the middle is known by a
//! command, or by an answer that could hardly be anything else.

use weir_plugin_sdk::parser::Sender;
use weir_plugin_sdk::prelude::*;

use crate::command::{Answer, Argument, COM_QUIT, COM_STMT_EXECUTE, command};
use crate::compress;
use crate::handshake::{GREETING, greeting};
use crate::packet::{HEADER, Header};
use crate::result::{ERR, ServerError};
use crate::resync::{is_answer, is_command, is_login};

/// Commands without text that must follow one another before they are believed: a single one is five bytes.
const COMMANDS: usize = 2;

/// First words of statements, in upper case ("SQL Statements").
const WORDS: [&[u8]; 60] = [
    b"ALTER",
    b"ANALYZE",
    b"BEGIN",
    b"BINLOG",
    b"CACHE",
    b"CALL",
    b"CHANGE",
    b"CHECK",
    b"CHECKSUM",
    b"CLONE",
    b"COMMIT",
    b"CREATE",
    b"DEALLOCATE",
    b"DELETE",
    b"DESC",
    b"DESCRIBE",
    b"DO",
    b"DROP",
    b"EXECUTE",
    b"EXPLAIN",
    b"FLUSH",
    b"GET",
    b"GRANT",
    b"HANDLER",
    b"HELP",
    b"IMPORT",
    b"INSERT",
    b"INSTALL",
    b"KILL",
    b"LOAD",
    b"LOCK",
    b"OPTIMIZE",
    b"PREPARE",
    b"PURGE",
    b"RELEASE",
    b"RENAME",
    b"REPAIR",
    b"REPLACE",
    b"RESET",
    b"RESIGNAL",
    b"REVOKE",
    b"ROLLBACK",
    b"SAVEPOINT",
    b"SELECT",
    b"SET",
    b"SHOW",
    b"SHUTDOWN",
    b"SIGNAL",
    b"START",
    b"STOP",
    b"TABLE",
    b"TRUNCATE",
    b"UNINSTALL",
    b"UNLOCK",
    b"UPDATE",
    b"USE",
    b"VALUES",
    b"WITH",
    b"XA",
    b"XML",
];

/// What the host tests before it asks.
pub(crate) fn signatures(manifest: Manifest) -> Manifest {
    // Sequence id and first byte of a payload: the greeting, an early error, and commands.
    let heads = || [0x0a, 0x09, ERR].into_iter().chain((0..=u8::MAX).filter(|b| command(*b).is_some()));
    manifest
        .signature(Signature::tcp().at(3).any_of(heads().map(|first| [0, first])))
        // OK and ERR.
        .signature(Signature::tcp().at(3).any_of([[1, 0], [1, ERR]]))
        // Column counts of one byte, alone and with the byte of optional metadata; the first definition follows.
        .signature(Signature::tcp().at(8).any_of([b"\x02\x03def"]))
        .signature(Signature::tcp().at(9).any_of([b"\x02\x03def"]))
        // The zeros of a handshake response, where the greeting was not captured.
        .signature(Signature::tcp().at(13).any_of([[0; 16]]))
        // A command inside of a frame of the compressed protocol.
        .signature(Signature::tcp().at(10).any_of(heads().skip(3).map(|first| [0, first])))
}

pub(crate) fn check(payload: &[u8], probe: &Probe) -> Verdict {
    if probe.transport != Transport::Tcp {
        return Verdict::No;
    }
    let from_client = if probe.sender == Some(Sender::Server) { Verdict::No } else { client(payload, probe) };
    if from_client == Verdict::ClientSpeaks || probe.sender == Some(Sender::Client) {
        return from_client;
    }
    match (server(payload, probe), from_client) {
        (Verdict::No, other) => other,
        (verdict, _) => verdict,
    }
}

fn server(payload: &[u8], probe: &Probe) -> Verdict {
    let Some((head, first)) = first(payload) else { return Verdict::NeedMore };
    let is_whole = payload.len() == head.whole();
    match (head.sequence, first) {
        (0, 9 | 10) if head.length <= GREETING => match payload.get(HEADER..head.whole()) {
            Some(packet) if is_whole && greeting(packet).is_some() => Verdict::ServerSpeaks,
            None if greeting_begins(payload) => Verdict::NeedMore,
            _ => Verdict::No,
        },
        (0, ERR) if is_whole && payload.get(HEADER..).is_some_and(is_refusal) => Verdict::ServerSpeaks,
        (1, _) if !probe.from_start && is_answer(payload, Answer::Unknown) => Verdict::ServerSpeaks,
        _ => Verdict::No,
    }
}

/// An error in place of the greeting ("Too many connections" and the like).
fn is_refusal(payload: &[u8]) -> bool {
    ServerError::read(payload).is_some_and(|error| {
        let text = |b: &u8| (b' '..0x7f).contains(b);
        matches!(error.code, 1040 | 1043 | 1129 | 1130 | 1053 | 1135 | 1158..=1161 | 1203)
            && error.message.len() >= 8
            && error.message.iter().all(text)
    })
}

/// What is there of a cut greeting can be one.
fn greeting_begins(payload: &[u8]) -> bool {
    let version = payload.get(HEADER + 1..).unwrap_or_default();
    version.first().is_none_or(|b| *b != 0)
        && version.iter().take_while(|b| **b != 0).all(|b| (b' '..0x7f).contains(b))
}

fn client(payload: &[u8], probe: &Probe) -> Verdict {
    let Some((head, first)) = first(payload) else { return Verdict::NeedMore };
    if probe.from_start || matches!(head.sequence, 1 | 2) {
        return if is_login(payload) { Verdict::ClientSpeaks } else { Verdict::No };
    }
    if let Some(frame) = compress::stored_command(payload) {
        return if is_strong(frame) { Verdict::ClientSpeaks } else { Verdict::No };
    }
    if !is_command(payload) {
        return Verdict::No;
    }
    if is_strong(payload) {
        return Verdict::ClientSpeaks;
    }
    let enough = first != COM_QUIT && commands(payload) >= COMMANDS;
    if enough { Verdict::ClientSpeaks } else { Verdict::NeedMore }
}

fn first(payload: &[u8]) -> Option<(Header, u8)> {
    Some((Header::read(payload)?, *payload.get(HEADER)?))
}

/// A command that says enough by itself: SQL that begins with a word of SQL, or the fixed part of an execution.
fn is_strong(payload: &[u8]) -> bool {
    let Some((_, byte)) = first(payload) else { return false };
    let argument = payload.get(HEADER + 1..).unwrap_or_default();
    match command(byte).map(|c| c.argument) {
        Some(Argument::Sql) => begins_with_a_word(crate::attributes::query(argument, None).sql),
        Some(Argument::Statement) => byte == COM_STMT_EXECUTE,
        _ => false,
    }
}

fn begins_with_a_word(sql: &[u8]) -> bool {
    let mut rest = sql.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"/*") {
        let Some(end) = comment.windows(2).position(|two| two == b"*/") else { return false };
        rest = comment.get(end + 2..).unwrap_or_default().trim_ascii_start();
    }
    let rest = rest.strip_prefix(b"(").unwrap_or(rest);
    let length = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (word, behind) = rest.split_at(length);
    let ends =
        behind.first().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'*' | b';' | b'(' | b'/'));
    ends && WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// How many whole commands there are, one behind the other.
fn commands(payload: &[u8]) -> usize {
    let (mut rest, mut count) = (payload, 0);
    while is_command(rest) && count < COMMANDS {
        count += 1;
        let end = Header::read(rest).map_or(rest.len(), Header::whole);
        rest = rest.get(end..).unwrap_or_default();
    }
    count
}
