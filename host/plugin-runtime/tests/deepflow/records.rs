//! Records of every age.

use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName as F, MessageKind, MessagePart, MessageStatus, Outcome};
use weir_plugin_runtime::Instance;

use crate::guest::Guest;
use crate::support::{
    Batch, C2S, S2C, Said, bytes, instance, mirrored, protobuf, request, response, said, text, varint,
};

fn parse(direction: Direction, records: &[Vec<u8>]) -> Outcome {
    parse_with(&mut instance(&Guest::default()), direction, records)
}

fn parse_with(parser: &mut Instance, direction: Direction, records: &[Vec<u8>]) -> Outcome {
    Batch::default().open(0).told(direction, 0, 1, records).send(parser).unwrap()
}

fn only(direction: Direction, record: Vec<u8>) -> Said {
    let outcome = parse(direction, &[record]);
    let mut said = said(&outcome);
    assert_eq!(said.len(), 1);
    said.remove(0)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
}

fn key_value(key: &str, value: &str) -> Vec<u8> {
    bytes(31, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat())
}

#[test]
fn protobuf_request() {
    let parts = [(1, "2"), (2, "CALL"), (3, "shop"), (4, "/orders/1"), (5, "/orders")];
    let trace =
        [(1, "t0"), (2, "span"), (3, "parent"), (4, "xr"), (5, "1.2.3.4"), (6, "t1"), (6, "t0"), (6, "")];
    let texts =
        |texts: &[(u32, &str)]| texts.iter().flat_map(|(n, t)| bytes(*n, t.as_bytes())).collect::<Vec<_>>();
    let record = protobuf(&[
        varint(1, 20),
        varint(3, 0xffff_ffff),
        bytes(10, &texts(&parts)),
        bytes(12, &texts(&trace)),
        bytes(13, b"named by itself"),
        key_value("a", "1"),
        varint(23, 1),
        key_value("b", ""),
        key_value("", "no key"),
        varint(32, 0x105),
        bytes(33, b"code"),
        bytes(34, b"scenario"),
        bytes(35, b"answer"),
        varint(99, 1),
        bytes(100, b"of the future"),
    ]);
    let outcome = parse(C2S, &[record]);
    let message = outcome.messages[0];
    assert_eq!((message.kind, message.part), (MessageKind::Request, MessagePart::Whole));
    assert_eq!(message.correlation, Some(0xffff_ffff));
    assert_eq!((message.start, message.end), (0, 20), "the length that the record states");
    let said = &said(&outcome)[0];
    let expected = [
        (F::BizProtocol, "named by itself"),
        (F::RequestId, "4294967295"),
        (F::RequestType, "CALL"),
        (F::RequestDomain, "shop"),
        (F::RequestResource, "/orders/1"),
        (F::Endpoint, "/orders"),
        (F::Version, "2"),
        (F::SpanId, "span"),
        (F::ParentSpanId, "parent"),
        (F::HttpProxyClient, "1.2.3.4"),
        (F::XRequestId, "xr"),
        (F::TraceId, "t1"),
    ];
    assert_eq!(said.fields, expected.map(|(name, text)| (name, text.to_owned())));
    let expected = [
        ("trace_id_2", "t0"),
        ("a", "1"),
        ("b", ""),
        ("biz_code", "code"),
        ("biz_scenario", "scenario"),
        ("biz_response_code", "answer"),
        ("biz_type", "5"),
        ("is_reversed", "true"),
    ];
    assert_eq!(said.attributes, pairs(&expected));
}

#[test]
fn protobuf_response() {
    for (raw, status, attribute) in [
        (0, MessageStatus::Ok, None),
        (2, MessageStatus::ServerError, Some("timeout")),
        (3, MessageStatus::ServerError, None),
        (4, MessageStatus::ClientError, None),
        (5, MessageStatus::None, None),
    ] {
        let texts = [bytes(3, b"bad"), bytes(4, b"result"), bytes(5, b"TYPE"), bytes(6, b"end")].concat();
        let inner = [varint(1, raw), varint(2, -7_i32 as u32 as u64), texts].concat();
        let outcome = parse(S2C, &[protobuf(&[varint(3, 9), bytes(11, &inner)])]);
        let message = outcome.messages[0];
        assert_eq!((message.kind, message.status), (MessageKind::Response, status), "{raw}");
        assert_eq!(message.correlation, Some(9));
        let said = &said(&outcome)[0];
        assert_eq!(said.field(F::ResponseCode), Some("-7"));
        assert_eq!(said.field(F::ResponseException), Some("bad"));
        assert_eq!(said.field(F::ResponseResult), Some("result"));
        assert_eq!(said.field(F::RequestType), Some("TYPE"));
        assert_eq!(said.field(F::Endpoint), Some("end"));
        assert_eq!(said.attribute("response_status"), attribute);
    }
}

/// Empty texts are what the SDK writes for fields that nobody set.
#[test]
fn empty_texts_say_nothing() {
    let empty = |numbers: &[u32]| numbers.iter().flat_map(|n| bytes(*n, b"")).collect::<Vec<_>>();
    let record = protobuf(&[
        bytes(10, &empty(&[1, 2, 3, 4, 5])),
        bytes(12, &empty(&[1, 2, 3, 4, 5, 6])),
        bytes(13, b""),
        bytes(33, b""),
        bytes(34, b""),
        bytes(35, b""),
    ]);
    assert_eq!(only(C2S, record), Said { fields: vec![], attributes: vec![] });
}

#[test]
fn a_response_does_not_wipe_what_its_request_said() {
    let mut parser = instance(&Guest::default());
    let trace = |id: &str| bytes(12, &[bytes(1, id.as_bytes()), bytes(2, b"span")].concat());
    let first = protobuf(&[request("CALL", "/a"), trace("one")]);
    let answer = |id: &str| {
        let inner = [varint(1, 0), bytes(5, b"TYPE"), bytes(6, b"end")].concat();
        protobuf(&[bytes(11, &inner), trace(id)])
    };
    let told = |parser: &mut Instance, id| {
        let batch = Batch::default().open(0).told(C2S, 0, 1, std::slice::from_ref(&first)).told(
            S2C,
            0,
            1,
            &[answer(id)],
        );
        let outcome = batch.send(parser).unwrap();
        said(&outcome).remove(1)
    };
    let same = told(&mut parser, "one");
    assert_eq!(same.fields, [(F::Endpoint, "end".into())], "the request had no endpoint");
    assert_eq!(same.attributes, []);
    let other = told(&mut parser, "two");
    assert_eq!(other.field(F::TraceId), None);
    assert_eq!(other.attributes, pairs(&[("trace_id_2", "two")]));
}

#[test]
fn several_records_of_one_payload() {
    let records = [1, 2, 3]
        .map(|n: u8| protobuf(&[varint(1, 10), varint(3, n.into()), request("GET", &n.to_string())]));
    let outcome = parse(C2S, &records);
    let ranges: Vec<_> = outcome.messages.iter().map(|m| (m.start, m.end, m.correlation)).collect();
    assert_eq!(ranges, [(0, 10, Some(1)), (10, 20, Some(2)), (20, 30, Some(3))]);
    let resources: Vec<_> =
        said(&outcome).iter().map(|s| s.field(F::RequestResource).map(str::to_owned)).collect();
    assert_eq!(resources, ["1", "2", "3"].map(|n| Some(n.to_owned())));
}

#[test]
fn lengths_that_can_not_be() {
    let length = |length| {
        let outcome = parse(C2S, &[protobuf(&[varint(1, length), varint(2, 77)])]);
        let said = &said(&outcome)[0];
        (
            outcome.messages[0].end,
            said.attribute("req_len").map(str::to_owned),
            said.attribute("resp_len") == Some("77"),
        )
    };
    let whole = mirrored(1, &[protobuf(&[varint(1, 5), varint(2, 77)])]).len() as u64;
    assert_eq!(length(5), (5, None, true));
    assert_eq!(length(0), (whole, None, true));
    let (end, stated, _) = length(u64::from(u32::MAX));
    assert!(end > whole && end < 100, "the payload's end, not what the record says");
    assert_eq!(stated.as_deref(), Some("4294967295"));
}

#[test]
fn asynchronous_ones_stand_alone() {
    for (direction, flag, kind) in [
        (C2S, 1, MessageKind::OneWay),
        (S2C, 1, MessageKind::OneWay),
        (C2S, 0, MessageKind::Request),
        (S2C, 0, MessageKind::Response),
    ] {
        let outcome = parse(direction, &[protobuf(&[varint(22, flag)])]);
        assert_eq!(outcome.messages[0].kind, kind);
    }
}

/// A hand-packed record: what all forms have, then the parts of one form.
struct Legacy {
    age: u8,
    merge: u8,
    trace: bool,
    attributes: Vec<(&'static str, &'static str)>,
}

const AGES: [u8; 4] = [0, 1, 2, 3];

impl Legacy {
    fn new(age: u8) -> Self {
        Self { age, merge: 0, trace: true, attributes: vec![("k", "v"), ("l", "")] }
    }

    fn rest(&self) -> Vec<u8> {
        let mut record = Vec::new();
        if self.age >= 3 {
            record.extend(text(b"proto"));
        }
        if self.age >= 1 {
            record.push(self.merge);
        }
        record.push(u8::from(self.trace));
        if self.trace {
            record.extend([text(b"trace"), text(b"span"), text(b"")].concat());
        }
        record.push(u8::from(!self.attributes.is_empty()));
        for (key, value) in &self.attributes {
            record.extend([text(key.as_bytes()), text(value.as_bytes())].concat());
        }
        if self.age >= 2 {
            record.push(9);
        }
        record
    }

    fn request(&self) -> Vec<u8> {
        let lengths = [&0x8000_0010_u32.to_be_bytes()[..], &0_u32.to_be_bytes()].concat();
        let texts = ["TYPE", "end", "domain", "resource"].map(|t| text(t.as_bytes())).concat();
        [lengths, vec![1], 77_u32.to_be_bytes().to_vec(), texts, self.rest()].concat()
    }

    fn response(&self, status: u8) -> Vec<u8> {
        let code = [&[1][..], &(-5_i32).to_be_bytes()].concat();
        let texts = [text(b"result"), text(b"bad")].concat();
        [vec![0; 8], vec![0, status], code, texts, self.rest()].concat()
    }
}

#[test]
fn legacy_requests_of_all_ages() {
    for age in AGES {
        let record = Legacy::new(age).request();
        let outcome = parse(C2S, &[record]);
        let message = outcome.messages.first().unwrap_or_else(|| panic!("age {age} was not read"));
        assert_eq!((message.kind, message.correlation, message.end), (MessageKind::Request, Some(77), 16));
        let said = &said(&outcome)[0];
        let mut expected = vec![
            (F::RequestId, "77"),
            (F::RequestType, "TYPE"),
            (F::RequestDomain, "domain"),
            (F::RequestResource, "resource"),
            (F::Endpoint, "end"),
            (F::SpanId, "span"),
            (F::TraceId, "trace"),
        ];
        if age == 3 {
            expected.insert(0, (F::BizProtocol, "proto"));
        }
        let expected: Vec<_> = expected.into_iter().map(|(name, text)| (name, text.to_owned())).collect();
        assert_eq!(said.fields, expected, "age {age}");
        let biz: &[_] = if age >= 2 { &[("biz_type", "9")] } else { &[] };
        assert_eq!(said.attributes, pairs(&[&[("k", "v"), ("l", "")], biz].concat()), "age {age}");
    }
}

#[test]
fn legacy_responses_of_all_ages() {
    for age in AGES {
        let outcome = parse(S2C, &[Legacy::new(age).response(4)]);
        let message = outcome.messages.first().unwrap_or_else(|| panic!("age {age} was not read"));
        assert_eq!((message.kind, message.correlation), (MessageKind::Response, None));
        assert_eq!(message.status, MessageStatus::ClientError);
        let said = &said(&outcome)[0];
        assert_eq!(said.field(F::ResponseCode), Some("-5"));
        assert_eq!(said.field(F::ResponseResult), Some("result"));
        assert_eq!(said.field(F::ResponseException), Some("bad"));
        assert_eq!(said.attribute("k"), Some("v"));
    }
}

#[test]
fn legacy_records_without_anything_optional() {
    for age in AGES {
        let bare = Legacy { trace: false, attributes: vec![], ..Legacy::new(age) };
        assert_eq!(only(C2S, bare.request()).field(F::RequestType), Some("TYPE"), "age {age}");
        assert_eq!(only(S2C, bare.response(0)).field(F::ResponseResult), Some("result"), "age {age}");
    }
}

#[test]
fn ages_may_be_mixed() {
    let records = [Legacy::new(0).request(), protobuf(&[request("PB", "/")]), Legacy::new(3).request()];
    let outcome = parse(C2S, &records);
    let types: Vec<_> = said(&outcome).iter().map(|s| s.field(F::RequestType).map(str::to_owned)).collect();
    assert_eq!(types, ["TYPE", "PB", "TYPE"].map(|t| Some(t.to_owned())));
}

#[test]
fn every_cut_of_a_record_is_rejected_as_a_whole() {
    let mut parser = instance(&Guest::default());
    for (direction, record) in AGES.iter().flat_map(|age| {
        let legacy = Legacy::new(*age);
        [(C2S, legacy.request()), (S2C, legacy.response(0))]
    }) {
        for length in 0..record.len() {
            let cut = record[..length].to_vec();
            // Some are a whole record of an older age; none may end in a panic, or be half read.
            let outcome = parse_with(&mut parser, direction, &[protobuf(&[]), cut]);
            assert!([0, 2].contains(&outcome.messages.len()));
            said(&outcome);
        }
    }
    let record = protobuf(&[request("GET", "/"), key_value("k", "v")]);
    let whole = parse_with(&mut parser, C2S, std::slice::from_ref(&record));
    assert_eq!(whole.messages.len(), 1);
    let read = (0..record.len())
        .filter(|length| !parse_with(&mut parser, C2S, &[record[..*length].to_vec()]).messages.is_empty());
    let borders = [2, 2 + request("GET", "/").len()];
    assert_eq!(read.collect::<Vec<_>>(), borders, "only what ends between two fields");
}

#[test]
fn what_is_rejected() {
    let wrong = [
        ("a response without status", S2C, protobuf(&[bytes(11, &varint(2, 1))])),
        ("a status that does not exist", S2C, protobuf(&[response(1, 0)])),
        ("a status that does not exist", S2C, protobuf(&[response(6, 0)])),
        ("a number where a text should be", C2S, protobuf(&[varint(13, 1)])),
        ("a text where a number should be", C2S, protobuf(&[bytes(1, b"x")])),
        ("a group", C2S, protobuf(&[vec![0x0b]])),
        ("field 0", C2S, protobuf(&[vec![0x02, 0x00]])),
        ("a number without end", C2S, protobuf(&[vec![0x08], vec![0xff; 11]])),
        (
            "a length that is too long",
            C2S,
            protobuf(&[vec![0x6a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]),
        ),
        ("an empty record", C2S, vec![]),
        ("no marker", C2S, b"XY".to_vec()),
        ("a flag that is neither 0 nor 1", C2S, [vec![0; 8], vec![2], vec![0; 20]].concat()),
        ("an old status that does not exist", S2C, Legacy::new(3).response(1)),
    ];
    for (what, direction, record) in wrong {
        assert_eq!(parse(direction, &[record]).messages.len(), 0, "{what}");
    }
}

#[test]
fn one_bad_record_spoils_the_list() {
    let good = protobuf(&[request("GET", "/")]);
    let outcome = parse(C2S, &[good.clone(), good, vec![1, 2, 3]]);
    assert_eq!((outcome.messages.len(), outcome.owned.len()), (0, 0));
}

#[test]
fn the_later_list_counts() {
    let guest = Guest::parse(
        "(local $n i32)
         (local.set $n (call $payload))
         (drop (call $host_read_l7_protocol_info (i32.const 0x1001) (i32.sub (local.get $n) (i32.const 1))))
         (drop (call $host_read_l7_protocol_info (i32.const 0x1001) (i32.load8_u (i32.const 0x1000))))
         (i32.const 1)",
    );
    let record = text(&protobuf(&[request("GET", "/")]));
    let both = [record.clone(), record.clone()].concat();
    let send = |first: usize| {
        let payload = [vec![first as u8], both.clone()].concat();
        let batch = Batch::default().open(0).data(0, C2S, 0, &payload);
        batch.send(&mut instance(&guest)).unwrap().messages.len()
    };
    assert_eq!(send(record.len()), 1);
    assert_eq!(send(record.len() - 1), 0, "a rejected list leaves nothing of the one before");
}

#[test]
fn a_text_takes_the_place_of_records() {
    let guest = Guest::parse(
        "(drop (call $host_read_l7_protocol_info (i32.const 0x1000) (call $payload)))
         (drop (call $host_read_str_result (i32.const 0x10) (i32.const 0)))
         (i32.const 1)",
    );
    let batch = Batch::default().open(0).data(0, C2S, 0, &text(&protobuf(&[])));
    assert_eq!(batch.send(&mut instance(&guest)).unwrap().messages.len(), 0);
}
