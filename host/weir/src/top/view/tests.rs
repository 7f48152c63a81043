//! What a person sees, in three sizes, and with names of an attacker.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::backend::{TermionBackend, TestBackend};
use ratatui::style::{Color, Modifier};
use ratatui::{Terminal, TerminalOptions, Viewport};
use unicode_width::UnicodeWidthStr;
use weir_red::{Board, Tallies};
use weir_request_log::{Field, Fields, RequestLog, SessionType, Status, Value};

use super::*;
use crate::top::keys::Key;
use crate::top::losses::Loss;
use crate::top::paint::without_color;
use crate::top::snapshot::Detail;

const SIZES: [(u16, u16); 5] = [(80, 24), (40, 10), (200, 60), (20, 4), (1, 1)];

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
        l7_protocol: Arc::from("HTTP"),
        session_type: SessionType::Session,
        client: "10.0.0.1:51234".parse().unwrap(),
        server: "10.233.111.222:8080".parse().unwrap(),
        flow_id: 7,
        status,
        request_length: Some(100),
        response_length: Some(1000),
        fields,
        ..RequestLog::empty()
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
        losses: vec![Loss { count: 7, reason: "ring-full", at: "eth0".into() }],
        cpu: 4.0,
        memory: 35_000_000,
        time: Duration::from_secs(11 * 3600),
        up: Duration::from_secs(65),
        said: None,
    }
}

/// Draws it, and reads back what a terminal shows.
fn drawn(model: &mut Model, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, &head())).unwrap();
    let shown = terminal.backend().buffer();
    for (column, row) in (0..height).flat_map(|row| (0..width).map(move |column| (column, row))) {
        let symbol = shown[(column, row)].symbol();
        assert!(!symbol.chars().any(char::is_control), "{symbol:?}");
        assert!(column + (symbol.width() as u16) <= width, "{symbol:?} at {column},{row} of {width}");
    }
    plain(shown).lines().map(str::to_owned).collect()
}

/// The bytes that a terminal is sent.
fn sent(model: &mut Model, (width, height): (u16, u16)) -> String {
    let mut bytes = Vec::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut terminal =
        Terminal::with_options(TermionBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| draw(frame, model, &head())).unwrap();
    drop(terminal);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_small_terminal_shows_every_column() {
    let lines = drawn(&mut model(&shop()), (80, 24));
    let wanted = "\
weir top  eth0  up 00:01:05                                         11:00:00 UTC
121 requests/s  1.0 errors/s  p99 12.0ms  3 endpoints in 5 s
1,234 frames, lost: 7 ring-full eth0                      CPU 4%  memory 35.0 MB
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

/// What a name could bring in would be another escape sequence, or a control character.
fn only_places_and_styles(sent: &str) {
    let mut parts = sent.split('\x1b');
    assert_eq!(parts.next(), Some(""), "{sent:?}");
    for part in parts {
        let body = part.strip_prefix('[').expect("only control sequences");
        let end = body.find(|c: char| c.is_ascii_alphabetic()).expect("a final character");
        let (parameters, text) = body.split_at(end);
        let cursor = ["?25h", "?25l"].contains(&&body[..=end]);
        assert!(cursor || "Hm".contains(&text[..1]), "{part:?}");
        assert!(cursor || parameters.chars().all(|c| c.is_ascii_digit() || c == ';'), "{part:?}");
        assert!(!text.chars().any(char::is_control), "{part:?}");
    }
}

#[test]
fn colours_are_left_out_where_nobody_wants_them() {
    let mut colors = [true, false].map(|color| {
        let mut drawn = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut model = model(&shop());
        press(&mut model, "↓");
        drawn
            .draw(|frame| {
                draw(frame, &mut model, &head());
                if !color {
                    without_color(frame.buffer_mut());
                }
            })
            .unwrap();
        let cells = drawn.backend().buffer().content.clone();
        let count =
            |wanted: &dyn Fn(&ratatui::buffer::Cell) -> bool| cells.iter().filter(|c| wanted(c)).count();
        [
            count(&|cell| cell.fg == Color::Red),
            count(&|cell| cell.fg != Color::Reset || cell.modifier.contains(Modifier::DIM)),
            count(&|cell| cell.modifier.contains(Modifier::REVERSED)),
        ]
    });
    colors.sort();
    let [without, with] = colors;
    // What is selected is as wide as the screen.
    assert_eq!(without, [0, 0, 80]);
    assert!(with[0] > 0 && with[1] > with[0] && with[2] == 80, "{with:?}");
}

#[test]
fn the_head_tells_every_loss_and_the_foot_what_was_said() {
    let mut head = head();
    head.losses.push(Loss { count: 5, reason: "filtered", at: "syscalls".into() });
    head.said = Some("weir: warn: a\x1b[2Jplugin".into());
    let mut terminal = Terminal::new(TestBackend::new(120, 24)).unwrap();
    terminal.draw(|frame| draw(frame, &mut model(&shop()), &head)).unwrap();
    let text = plain(terminal.backend().buffer());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].starts_with("1,234 frames, lost: 7 ring-full eth0, 5 filtered syscalls  "), "{text}");
    assert_eq!(lines[23], "weir: warn: a\u{fffd}[2Jplugin");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_leaves_its_cell(
        names in prop::collection::vec(("(\\PC|[\\x00-\\x9f]){0,20}", ".{0,60}", "[/\\x1b\\[2J日本👩‍👩‍👧é\u{200d}\u{202e}a-z]{0,60}"), 1..6),
        size in (1u16..200, 1u16..60),
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
        only_places_and_styles(&sent(&mut model, size));
        press(&mut model, "\r");
        model.detail = model.selected.as_ref().and_then(|key| Detail::of(&board, key));
        drawn(&mut model, size);
        only_places_and_styles(&sent(&mut model, size));
    }
}
