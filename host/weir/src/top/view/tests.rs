//! What a person sees, in three sizes, and with names of an attacker. The screen is read back with a terminal of a few lines.

use std::sync::Arc;

use proptest::prelude::*;
use weir_red::{Board, Tallies};
use weir_request_log::{Field, Fields, RequestLog, SessionType, SignalSource, Status, Transport, Value};

use super::*;
use crate::top::canvas::columns;
use crate::top::keys::Key;

const SIZES: [(usize, usize); 5] = [(80, 24), (40, 10), (200, 60), (20, 4), (1, 1)];

fn log(kind: &str, domain: &str, resource: &str, status: Status, milliseconds: u64) -> RequestLog {
    let mut fields = Fields::default();
    for (field, text) in
        [(Field::RequestType, kind), (Field::RequestDomain, domain), (Field::RequestResource, resource)]
    {
        fields.set(field, Value::Text(text));
    }
    fields.set(Field::ResponseCode, Value::Number(if status == Status::Ok { 200 } else { 503 }));
    if status != Status::Ok {
        fields.set(Field::ResponseException, Value::Text("broken by\n\x1b[31mtest"));
    }
    RequestLog {
        start_time: 1_763_731_625_012_345_678,
        end_time: 1_763_731_626_000_001_999,
        response_duration: Some(milliseconds * 1_000_000),
        signal_source: SignalSource::Packet,
        l7_protocol: Arc::from("HTTP"),
        session_type: SessionType::Session,
        client: "10.0.0.1:51234".parse().unwrap(),
        server: "10.233.111.222:8080".parse().unwrap(),
        transport: Transport::Tcp,
        flow_id: 7,
        status,
        request_length: Some(100),
        response_length: Some(1000),
        req_tcp_seq: None,
        resp_tcp_seq: None,
        process_id: None,
        process_name: None,
        thread_id: None,
        coroutine_id: None,
        syscall_trace_id_request: None,
        syscall_trace_id_response: None,
        fields,
        plugins: Vec::new(),
    }
}

/// Five seconds of these.
fn board(logs: &[(RequestLog, usize)]) -> Board {
    let mut board = Board::new(0, Some(10));
    let mut tallies = Tallies::default();
    for second in 1..=5 {
        for (log, count) in logs {
            (0..*count).for_each(|_| tallies.count(log));
        }
        tallies.hand_over(&mut board);
        board.tick(second * 1_000_000_000);
    }
    board
}

fn shop() -> Board {
    board(&[
        (log("GET", "shop", "/api/orders/7", Status::Ok, 12), 100),
        (log("POST", "shop", "/api/pay", Status::ServerError, 950), 1),
        (log("GET", "", "/health", Status::Ok, 1), 20),
    ])
}

fn model(board: &Board) -> Model {
    let mut model = Model::default();
    model.update(Snapshot::of(board));
    model
}

fn head() -> Head {
    Head {
        interfaces: "eth0".into(),
        captured: 1,
        frames: 1234,
        dropped: vec![("eth0".into(), "ring-full", 7)],
        cpu: 4.0,
        memory: 35_000_000,
        time: Duration::from_secs(11 * 3600),
        up: Duration::from_secs(65),
    }
}

/// Draws it, and reads back what a terminal would show.
fn drawn(model: &mut Model, size: (usize, usize)) -> Vec<String> {
    let canvas = draw(model, &head(), size);
    let mut lines = vec![vec![String::new(); size.0]; size.1];
    let change = canvas.change(&Canvas::default(), true);
    let (mut row, mut column) = (0, 0);
    let mut parts = change.split('\x1b');
    assert_eq!(parts.next(), Some(""));
    for part in parts {
        let part = part.strip_prefix('[').expect("only control sequences");
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        let (parameters, text) = (&part[..end], &part[end + 1..]);
        match &part[end..=end] {
            "H" => {
                let mut numbers = parameters.split(';').map(|number| number.parse::<usize>().unwrap() - 1);
                (row, column) = (numbers.next().unwrap(), numbers.next().unwrap());
            }
            "m" | "J" | "K" => assert!(["0", "1", "2", "7", "31", "32", "33"].contains(&parameters)),
            other => panic!("{other}"),
        }
        for character in text.chars() {
            assert!(!character.is_control(), "{character:?}");
            let width = columns(&character.to_string());
            assert!(width > 0 && row < size.1 && column + width <= size.0, "{character:?} at {row},{column}");
            lines[row][column] = character.to_string();
            if width == 2 {
                lines[row][column + 1] = "\0".into();
            }
            column += width;
        }
    }
    let line = |cells: &Vec<String>| {
        let text: String =
            cells.iter().map(|cell| if cell.is_empty() { " " } else { cell.as_str() }).collect();
        text.replace('\0', "").trim_end().to_owned()
    };
    lines.iter().map(line).collect()
}

#[test]
fn a_small_terminal_shows_every_column() {
    let lines = drawn(&mut model(&shop()), (80, 24));
    let wanted = "\
weir top  eth0  up 00:01:05                                         11:00:00 UTC
121 requests/s  1.0 errors/s  p99 12.0ms  3 endpoints in 5 s
1,234 frames, dropped 7 ring-full eth0                    CPU 4%  memory 35.0 MB
REQ/S▼  ERR%    P50    P95    P99    MAX PROTO  SERVER         REQUEST
   100       12.0ms 12.0ms 12.0ms 12.0ms HTTP   shop           GET /api/orders/*
  20.0       1.00ms 1.00ms 1.00ms 1.00ms HTTP   ….111.222:8080 GET /health
   1.0   100  934ms  934ms  934ms  950ms HTTP   shop           POST /api/pay";
    for (line, wanted) in lines.iter().zip(wanted.lines()) {
        assert_eq!(line, wanted, "\n{}", lines.join("\n"));
    }
    assert!(lines[7..23].iter().all(String::is_empty));
    assert_eq!(lines[23], "q quit  r rate e errors l latency n name  / filter  space pause  Enter details");
}

#[test]
fn a_narrow_one_shows_what_matters_and_a_wide_one_whole_names() {
    let narrow = drawn(&mut model(&shop()), (40, 10));
    assert_eq!(narrow[3], "REQ/S▼  ERR%    P99 REQUEST");
    assert_eq!(narrow[6], "   1.0   100  934ms POST /api/pay");
    let wide = drawn(&mut model(&shop()), (200, 60));
    assert!(wide[5].contains("10.233.111.222:8080"), "{}", wide[5]);
    for size in SIZES {
        drawn(&mut model(&shop()), size);
    }
}

fn press(model: &mut Model, keys: &str) {
    for character in keys.chars() {
        let key = match character {
            '\r' => Key::Enter,
            '\x1b' => Key::Escape,
            '↓' => Key::Down,
            character => Key::Character(character),
        };
        model.press(key);
    }
}

/// The requests on the screen, from its top.
fn requests(model: &mut Model) -> Vec<String> {
    let lines = drawn(model, (80, 24));
    lines[4..23]
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn keys_sort_filter_and_pause() {
    let board = shop();
    let mut model = model(&board);
    press(&mut model, "e");
    assert_eq!(requests(&mut model)[0], "/api/pay");
    press(&mut model, "r");
    assert_eq!(requests(&mut model)[0], "/api/orders/*");
    press(&mut model, "l");
    assert_eq!(requests(&mut model), ["/api/pay", "/api/orders/*", "/health"]);
    press(&mut model, "n");
    assert_eq!(requests(&mut model), ["/api/orders/*", "/api/pay", "/health"]);
    press(&mut model, "/API/q");
    assert!(requests(&mut model).contains(&"filter".to_owned()), "q is a letter while a filter is typed");
    model.press(Key::Backspace);
    assert_eq!(requests(&mut model), ["/api/orders/*", "/api/pay"]);
    press(&mut model, "\r \x1b");
    assert_eq!(requests(&mut model).len(), 3);
    model.update(Snapshot::default());
    assert_eq!(requests(&mut model).len(), 3, "paused");
    assert!(drawn(&mut model, (80, 24))[0].ends_with("PAUSED  11:00:00 UTC"));
    press(&mut model, " ");
    model.update(Snapshot::default());
    assert_eq!(requests(&mut model), ["yet"]);
    assert_eq!(model.press(Key::Character('q')), super::super::model::Then::Quit);
}

#[test]
fn the_process_has_a_column_where_it_is_known_and_there_is_room() {
    let mut log = log("GET", "shop", "/a", Status::Ok, 1);
    log.process_name = Some(Arc::from("ngi\u{7}nx"));
    let board = board(&[(log, 1)]);
    let wide = drawn(&mut model(&board), (120, 24));
    assert!(wide[3].contains(" PROCESS ") && wide[4].contains(" ngi\u{fffd}nx "), "{}", wide[4]);
    assert!(!drawn(&mut model(&board), (80, 24))[3].contains("PROCESS"));
    assert!(!drawn(&mut model(&shop()), (120, 24))[3].contains("PROCESS"));
    let mut narrow = model(&board);
    press(&mut narrow, "\r");
    narrow.detail = Detail::of(&board, narrow.selected.as_ref().unwrap());
    assert_eq!(drawn(&mut narrow, (80, 24))[4], "HTTP  at shop  process ngi\u{fffd}nx");
}

#[test]
fn details_tell_the_last_errors() {
    let board = shop();
    let mut model = model(&board);
    press(&mut model, "e\r");
    model.detail = Detail::of(&board, model.selected.as_ref().unwrap());
    let lines = drawn(&mut model, (80, 24));
    let text = lines.join("\n");
    for words in [
        "POST /api/pay\nHTTP  at shop\n",
        "5 requests since it came, server_error 5\n500 B asked, 5.0 kB answered\ncodes: 503 5\n",
        "requests in each of the last 60 s, 1 at most\n",
        "█████\n",
        "server_error broken by \u{fffd}[31mtest  /api/pay",
    ] {
        assert!(text.contains(words), "{text}");
    }
    for size in SIZES {
        drawn(&mut model, size);
    }
    press(&mut model, "↓");
    assert_eq!(model.selected.as_ref().unwrap().endpoint(), "/api/orders/*");
    press(&mut model, "\r");
    assert!(!model.opened);
}

#[test]
fn the_selected_line_is_always_to_be_seen() {
    let names: Vec<String> = ('a'..='z').map(|letter| format!("/{letter}")).collect();
    let logs: Vec<_> = names.iter().map(|name| (log("GET", "h", name, Status::Ok, 1), 1)).collect();
    let mut model = model(&board(&logs));
    for name in &names {
        press(&mut model, "↓");
        let lines = drawn(&mut model, (80, 12));
        assert!(
            lines[4..11].iter().any(|line| line.ends_with(name.as_str())),
            "{name}: {}",
            lines.join("\n")
        );
    }
}

#[test]
fn a_table_for_programs_has_no_escapes() {
    let hostile = log("GET", "a\x1b]0;owned\x07", "/\x1b[2J\u{202e}日本\u{301}", Status::Ok, 1);
    let text = text(&Snapshot::of(&board(&[(hostile, 3)])), 160);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with(" REQ/S  ERR%    P50 "), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The terminal of these tests checks every character.
    #[test]
    fn no_name_leaves_its_cell(
        names in prop::collection::vec(("(\\PC|[\\x00-\\x9f]){0,20}", ".{0,60}", "[/\\x1b\\[2J日本👩‍👩‍👧é\u{200d}\u{202e}a-z]{0,60}"), 1..6),
        size in (1usize..200, 1usize..60),
        keys in "[relnq/ \r\u{1b}↓a]{0,12}",
    ) {
        let logs: Vec<_> = names
            .iter()
            .map(|(kind, domain, resource)| (log(kind, domain, resource, Status::ServerError, 3), 1))
            .collect();
        let board = board(&logs);
        let mut model = model(&board);
        press(&mut model, &keys);
        drawn(&mut model, size);
        press(&mut model, "\r");
        model.detail = model.selected.as_ref().and_then(|key| Detail::of(&board, key));
        drawn(&mut model, size);
    }
}
