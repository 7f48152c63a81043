//! MariaDB beside its general log, and errors beside what the client was told.

use serde_json::Value as Json;

use crate::agent::Ended;
use crate::compare::assert_same;
use crate::program::Folder;
use crate::server::{Server, run};
use crate::source::{Source, number, sessions, text};
use crate::space::Space;
use crate::sql::{CLIENT, MariaDb};

/// Statements and the number of the error that each one ends in.
const STATEMENTS: [(&str, u64); 12] = [
    ("create table goods (id int primary key, name varchar(40), price int)", 0),
    ("insert into goods values (1, 'tea', 300), (2, 'coffee', 500)", 0),
    ("select name, price from goods where id = 2", 0),
    ("select * from nothing_here", 1146),
    ("insert into goods values (1, 'again', 1)", 1062),
    ("selec 1", 1064),
    ("update goods set price = price + 1", 0),
    ("select count(*) from goods, goods b, goods c", 0),
    ("select no_such_column from goods", 1054),
    ("drop table no_such_table", 1051),
    ("select repeat('x', 100000)", 0),
    ("delete from goods", 0),
];

/// A request log keeps so much of a text.
const TEXT: usize = 4096;

#[test]
fn every_statement_has_one_log() {
    let Some(space) = Space::new(&["mariadbd", "mariadb", "sysbench"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-mariadb-{source:?}"));
        let mariadb = MariaDb::start(&space, &folder);
        let before = mariadb.log().len();
        let mut agent = source.start(&space, &folder, "mariadbd", &[]);
        let script = STATEMENTS.map(|(statement, _)| format!("{statement};\n")).concat();
        let arguments = [&CLIENT[..], &["--force", "shop"]].concat();
        let mut client = Server::start(&space, &folder, "client", "mariadb", &arguments);
        client.tell(&script);
        let _errors = client.finish();
        sysbench(&space, "prepare", &[]);
        sysbench(&space, "run", &["--threads=3", "--events=30"]);
        sysbench(&space, "run", &["--threads=2", "--events=10", "--db-ps-mode=disable"]);
        run(&space, "mariadb", &[&CLIENT[..], &["-e", "select 'the end'"]].concat());
        agent.tells(1, |log| log["request_resource"] == "select 'the end'" && log["type"] == "session");
        let ended = agent.end("TERM");
        let log = &mariadb.log()[before..];
        compare(source, log, &ended);
        errors(source, &ended);
        source.lost_nothing(&ended);
    }
}

fn sysbench(space: &Space, command: &str, further: &[&str]) {
    let common = [
        "oltp_read_write",
        "--mysql-host=127.0.0.1",
        "--mysql-user=root",
        "--mysql-db=shop",
        "--tables=1",
        "--table-size=200",
        "--mysql-ignore-errors=all",
    ];
    run(space, "sysbench", &[&common[..], further, &[command]].concat());
}

/// The text of each statement, one to one with the server's log. What was prepared is executed with numbers for its question marks, which the
/// general log shows and a request log does not.
fn compare(source: Source, log: &[(String, String)], ended: &Ended) {
    for (command, kind) in
        [("Query", "COM_QUERY"), ("Prepare", "COM_STMT_PREPARE"), ("Execute", "COM_STMT_EXECUTE")]
    {
        let clean = |text: &str| match kind {
            "COM_STMT_EXECUTE" => without_values(text),
            // The server trims; a request log has the beginning of long texts.
            _ => text.trim_end().chars().take(TEXT).collect(),
        };
        let wanted: Vec<_> =
            log.iter().filter(|(name, _)| name == command).map(|(_, text)| clean(text)).collect();
        let told = sessions(&ended.logs).filter(|log| log["request_type"] == kind);
        let told: Vec<_> = told.map(|log| clean(&text(log, "request_resource"))).collect();
        assert_same(&format!("{source:?} {kind}"), &wanted, &told, ended);
    }
    // Never answered.
    let quits = log.iter().filter(|(name, _)| name == "Quit").count();
    let told = ended.logs.iter().filter(|log| log["request_type"] == "COM_QUIT").count();
    assert_eq!(told, quits, "{source:?} {}", ended.stderr);
}

/// `?` for each number that is a word of its own, and for each text in quotes.
fn without_values(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = clean.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let value = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            '0'..='9' if !is_word => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
            _ => 0,
        };
        clean.push(if value > 0 { '?' } else { first });
        rest = &rest[value.max(first.len_utf8())..];
    }
    clean
}

fn errors(source: Source, ended: &Ended) {
    for (statement, code) in STATEMENTS {
        let logs: Vec<&Json> =
            sessions(&ended.logs).filter(|log| log["request_resource"] == statement).collect();
        assert_eq!(logs.len(), 1, "{source:?} {statement}: {}", ended.stderr);
        assert_eq!(number(logs[0], "response_code"), code, "{source:?} {}", logs[0]);
        let status = if code == 0 { "ok" } else { "server_error" };
        assert_eq!(logs[0]["response_status"], status);
    }
}
