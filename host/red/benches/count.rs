//! What one record costs: `cargo bench -p weir-red`.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use weir_red::{Board, Tallies};
use weir_request_log::{Field, Fields, RequestLog, SessionType, Status, Value};

/// Records of one call: more than a worker has between two times that it is asked for them on a quiet host.
const RECORDS: usize = 10_000;

/// What a burst of a busy host has many of.
const BUSY: u64 = 50;

fn main() {
    divan::main();
}

fn records(resource: impl Fn(u64) -> String) -> Vec<RequestLog> {
    (0..RECORDS as u64)
        .map(|number| {
            let failed = number % 100 == 0;
            let mut fields = Fields::default();
            fields.set(Field::RequestType, Value::Text("GET"));
            fields.set(Field::RequestDomain, Value::Text("shop.example.com"));
            fields.set(Field::RequestResource, Value::Text(&resource(number)));
            fields.set(Field::ResponseCode, Value::Number(if failed { 503 } else { 200 }));
            RequestLog {
                start_time: 1_763_731_625_012_345_678 + number * 20_000,
                end_time: 1_763_731_625_013_345_678 + number * 20_000,
                response_duration: Some(1_000_000 + number * 997 % 40_000_000),
                l7_protocol: Arc::from("HTTP"),
                session_type: SessionType::Session,
                client: ([10, 0, (number % 7) as u8, 1], 40_000).into(),
                server: ([10, 1, 0, 2], 8080).into(),
                flow_id: number,
                status: if failed { Status::ServerError } else { Status::Ok },
                request_length: Some(202),
                response_length: Some(724),
                fields,
                ..RequestLog::empty()
            }
        })
        .collect()
}

/// A worker that has seen these endpoints before.
fn count(bencher: Bencher<'_, '_>, records: &[RequestLog]) {
    let (mut tallies, mut board) = (Tallies::default(), Board::new(0, Some(10)));
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        records.iter().for_each(|log| tallies.count(log));
        tallies.hand_over(&mut board);
    });
}

/// Fifty endpoints whose paths have an id.
#[divan::bench]
fn known_endpoints(bencher: Bencher<'_, '_>) {
    count(bencher, &records(|number| format!("/api/v1/shop{}/users/{number}/orders?page=2", number % BUSY)));
}

/// Statements of SQL.
#[divan::bench]
fn statements(bencher: Bencher<'_, '_>) {
    count(
        bencher,
        &records(|number| {
            format!("SELECT id, name, price FROM orders{} WHERE customer = {number}", number % BUSY)
        }),
    );
}

/// Each name is another one, as somebody sends them who wants to fill the table.
#[divan::bench]
fn endless_names(bencher: Bencher<'_, '_>) {
    let letter = |digit: u8| char::from(digit - b'0' + b'a');
    let name = |number: u64| -> String { number.to_string().bytes().map(letter).collect() };
    count(bencher, &records(|number| format!("/{}", name(number))));
}
