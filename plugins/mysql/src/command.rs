//! Takes: a command byte. Gives: its name as the manual writes it, and what its answer looks like ("Command Phase").

/// The shape of the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// More of the handshake, then OK or ERR.
    Auth,
    /// Column definitions up to an EOF.
    FieldList,
    /// Binary rows up to an EOF, without a column count.
    Fetch,
    /// There is none.
    None,
    /// `COM_STMT_PREPARE_OK` and definitions.
    Prepare,
    /// OK, ERR, EOF, result sets, or a wish for a local file.
    Result,
    /// The same, and a cursor may keep the rows back.
    Execute,
    /// One packet of text.
    Statistics,
    /// Events without an end.
    Stream,
    /// The command was not seen.
    Unknown,
}

/// What the bytes behind the command byte are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing, or nothing of use.
    Other,
    /// SQL.
    Sql,
    /// A schema's or table's name.
    Name,
    /// A statement id of four bytes leads it.
    Statement,
    /// User, authentication, schema.
    User,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) answer: Answer,
    pub(crate) argument: Argument,
    /// Shortest and longest payload, the command byte included; no bound where the longest is `usize::MAX`.
    pub(crate) length: (usize, usize),
}

pub(crate) const COM_QUIT: u8 = 0x01;
pub(crate) const COM_QUERY: u8 = 0x03;
pub(crate) const COM_FIELD_LIST: u8 = 0x04;
pub(crate) const COM_CHANGE_USER: u8 = 0x11;
pub(crate) const COM_STMT_PREPARE: u8 = 0x16;
pub(crate) const COM_STMT_EXECUTE: u8 = 0x17;
pub(crate) const COM_STMT_CLOSE: u8 = 0x19;
pub(crate) const COM_RESET_CONNECTION: u8 = 0x1f;
/// MariaDB only.
pub(crate) const COM_STMT_BULK_EXECUTE: u8 = 0xfa;

const ANY: usize = usize::MAX;

/// The command with this first byte; none for bytes that no server takes from a client.
#[allow(clippy::too_many_lines)] // a table
pub(crate) const fn command(byte: u8) -> Option<Command> {
    use Answer::{Auth, Execute, Fetch, FieldList, None as NoAnswer, Prepare, Result, Statistics, Stream};
    use Argument::{Name, Other, Sql, Statement, User};
    let (name, answer, argument, length) = match byte {
        0x00 => ("COM_SLEEP", Result, Other, (1, 1)),
        COM_QUIT => ("COM_QUIT", NoAnswer, Other, (1, 1)),
        0x02 => ("COM_INIT_DB", Result, Name, (1, 1024)),
        COM_QUERY => ("COM_QUERY", Result, Sql, (1, ANY)),
        COM_FIELD_LIST => ("COM_FIELD_LIST", FieldList, Name, (1, 2048)),
        0x05 => ("COM_CREATE_DB", Result, Name, (2, 1024)),
        0x06 => ("COM_DROP_DB", Result, Name, (2, 1024)),
        0x07 => ("COM_REFRESH", Result, Other, (2, 2)),
        0x08 => ("COM_SHUTDOWN", Result, Other, (1, 2)),
        0x09 => ("COM_STATISTICS", Statistics, Other, (1, 1)),
        0x0a => ("COM_PROCESS_INFO", Result, Other, (1, 1)),
        0x0b => ("COM_CONNECT", Result, Other, (1, 1)),
        0x0c => ("COM_PROCESS_KILL", Result, Other, (5, 5)),
        0x0d => ("COM_DEBUG", Result, Other, (1, 1)),
        0x0e => ("COM_PING", Result, Other, (1, 1)),
        0x0f => ("COM_TIME", Result, Other, (1, 1)),
        0x10 => ("COM_DELAYED_INSERT", Result, Other, (1, 1)),
        COM_CHANGE_USER => ("COM_CHANGE_USER", Auth, User, (3, 64 << 10)),
        0x12 => ("COM_BINLOG_DUMP", Stream, Other, (11, 1024)),
        0x13 => ("COM_TABLE_DUMP", Stream, Other, (3, 1024)),
        0x14 => ("COM_CONNECT_OUT", Result, Other, (1, 1)),
        0x15 => ("COM_REGISTER_SLAVE", Result, Other, (18, 1024)),
        COM_STMT_PREPARE => ("COM_STMT_PREPARE", Prepare, Sql, (1, ANY)),
        COM_STMT_EXECUTE => ("COM_STMT_EXECUTE", Execute, Statement, (10, ANY)),
        0x18 => ("COM_STMT_SEND_LONG_DATA", NoAnswer, Statement, (7, ANY)),
        COM_STMT_CLOSE => ("COM_STMT_CLOSE", NoAnswer, Statement, (5, 5)),
        0x1a => ("COM_STMT_RESET", Result, Statement, (5, 5)),
        0x1b => ("COM_SET_OPTION", Result, Other, (3, 3)),
        0x1c => ("COM_STMT_FETCH", Fetch, Statement, (9, 9)),
        0x1d => ("COM_DAEMON", Result, Other, (1, 1)),
        0x1e => ("COM_BINLOG_DUMP_GTID", Stream, Other, (19, ANY)),
        COM_RESET_CONNECTION => ("COM_RESET_CONNECTION", Result, Other, (1, 1)),
        0x20 => ("COM_CLONE", Stream, Other, (1, 1024)),
        0x21 => ("COM_SUBSCRIBE_GROUP_REPLICATION_STREAM", Stream, Other, (1, 1024)),
        COM_STMT_BULK_EXECUTE => ("COM_STMT_BULK_EXECUTE", Execute, Statement, (7, ANY)),
        _ => return None,
    };
    Some(Command { name, answer, argument, length })
}

impl Command {
    /// A payload of this length can be this command.
    pub(crate) fn fits(&self, length: usize) -> bool {
        (self.length.0..=self.length.1).contains(&length)
    }
}
