//! What a response answers: the answer section as text, and the code that OPT may extend.
//!
//! Takes: a message and where its records begin. Gives: the answers of the asked type, and those that lead to them
//! (CNAME, DNAME), in the order in which they stand.

use crate::header::Header;
use crate::record::{ANY, AXFR, CNAME, DNAME, IXFR, OPT, Record, SOA, text};

/// What the host keeps of a field, and a little more so that the host, not this plugin, cuts at a character's border.
const MAX_TEXT: usize = 4096 + 4;

/// What the records say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    /// The upper eight bits of the code (RFC 6891 section 6.1.3).
    pub(crate) extended_code: u16,
    /// The last answer is a SOA, and not the only one: the end of a zone transfer (RFC 5936 section 2.2).
    pub(crate) ends_transfer: bool,
}

/// Reads all records; `asked` says whose texts go to `result`. Stops at the first one that is cut or wrong: what was
/// read until then stands.
pub(crate) fn read(
    message: &[u8],
    header: &Header,
    at: usize,
    asked: Option<u16>,
    result: &mut Vec<u8>,
) -> Answers {
    let mut answers = Answers::default();
    let mut at = at;
    for number in 0..header.records() {
        let Ok(record) = Record::read(message, at) else { break };
        at = record.data.1;
        if number < u32::from(header.answers) {
            if asked.is_some_and(|asked| is_shown(record.kind, asked)) && result.len() < MAX_TEXT {
                push(message, &record, result);
            }
            answers.ends_transfer = record.kind == SOA && number > 0;
        } else if record.kind == OPT {
            answers.extended_code = (record.ttl >> 24) as u16;
        }
    }
    answers
}

fn is_shown(kind: u16, asked: u16) -> bool {
    match asked {
        ANY => kind != OPT,
        // A zone is no answer for a log.
        AXFR | IXFR => false,
        _ => kind == asked || matches!(kind, CNAME | DNAME),
    }
}

fn push(message: &[u8], record: &Record, result: &mut Vec<u8>) {
    let begin = result.len();
    if begin > 0 {
        result.push(b';');
    }
    if !text::push(message, record, result) {
        result.truncate(begin);
    }
}
