//! What one record costs in each format: `cargo bench -p weir-sinks`.

use std::sync::Arc;

use divan::Bencher;
use weir_request_log::{Field, Fields, RequestLog, SessionType, Status, Value};
use weir_sinks::{JsonLines, Sink, Table, TableStyle};

/// Records of one call: enough that keeping the last second and address helps as it does in a capture.
const RECORDS: usize = 1000;

fn main() {
    divan::main();
}

/// A request as a web server behind a proxy sees it: 24 fields, 26 with both sequence numbers.
fn records() -> Vec<RequestLog> {
    (0..RECORDS as u64)
        .map(|number| {
            let mut fields = Fields::default();
            for (field, text) in [
                (Field::RequestType, "GET"),
                (Field::RequestDomain, "shop.example.com"),
                (Field::RequestResource, "/api/v1/users/12345/orders?page=2&sort=created"),
                (Field::Version, "1.1"),
                (Field::TraceId, "4bf92f3577b34da6a3ce929d0e0e4736"),
                (Field::SpanId, "00f067aa0ba902b7"),
                (Field::XRequestId, "7e0a5c1e-2f34-4d0e-9d0f-1b6f0a9b3c11"),
            ] {
                fields.set(field, Value::Text(text));
            }
            fields.set(Field::ResponseCode, Value::Number(200));
            RequestLog {
                start_time: 1_763_731_625_012_345_678 + number * 20_000,
                end_time: 1_763_731_625_013_345_678 + number * 20_000,
                response_duration: Some(1_000_000),
                l7_protocol: Arc::from("HTTP"),
                session_type: SessionType::Session,
                client: ([10, 0, (number % 7) as u8, 1], 40_000 + number as u16).into(),
                server: ([10, 1, 0, 2], 8080).into(),
                flow_id: number * 1_234_567,
                status: Status::Ok,
                request_length: Some(202),
                response_length: Some(724),
                req_tcp_seq: Some(number as u32),
                resp_tcp_seq: Some(number as u32),
                fields,
                plugins: vec![Arc::from("http@0.1.0")],
                ..RequestLog::empty()
            }
        })
        .collect()
}

fn format(bencher: Bencher<'_, '_>, mut sink: impl Sink) {
    let records = records();
    bencher.counter(divan::counter::ItemsCount::new(RECORDS)).bench_local(|| {
        sink.buffer().clear();
        records.iter().for_each(|record| sink.log(record));
        sink.buffer().len()
    });
}

#[divan::bench]
fn jsonl(bencher: Bencher<'_, '_>) {
    format(bencher, JsonLines::default());
}

#[divan::bench]
fn table(bencher: Bencher<'_, '_>) {
    format(bencher, Table::new(TableStyle { width: 160, color: false }));
}
