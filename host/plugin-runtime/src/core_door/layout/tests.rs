//! The constants of this module, the records of the SDK and the WIT, held against one another.

use std::mem::offset_of;
use std::path::Path;

use weir_pipeline::parse::outcome::FieldName;
use weir_plugin_sdk::abi;
use weir_plugin_sdk::message::Field;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, SizeAlign, Type, TypeDefKind, TypeId};

use super::{
    about, attribute, endpoint, event, field, flow, interest, known_attribute, manifest, message, outcome,
    patch, patches, piece, progress, signature, subject, value,
};

struct Wit {
    resolve: Resolve,
    sizes: SizeAlign,
}

impl Wit {
    fn read() -> Self {
        let mut resolve = Resolve::default();
        resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v0.1")).unwrap();
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve);
        Self { resolve, sizes }
    }

    /// The definition of that name (not an alias that another interface uses).
    fn find(&self, name: &str) -> TypeId {
        let named = |(_, ty): &(TypeId, &wit_parser::TypeDef)| {
            ty.name.as_deref() == Some(name) && !matches!(ty.kind, TypeDefKind::Type(_))
        };
        self.resolve.types.iter().find(named).unwrap_or_else(|| panic!("no type {name}")).0
    }

    fn size(&self, name: &str) -> usize {
        self.sizes.size(&Type::Id(self.find(name))).size_wasm32()
    }

    fn align(&self, name: &str) -> usize {
        self.sizes.align(&Type::Id(self.find(name))).align_wasm32()
    }

    /// Name and offset of every field of a record.
    fn fields(&self, name: &str) -> Vec<(&str, usize)> {
        let TypeDefKind::Record(record) = &self.resolve.types[self.find(name)].kind else {
            panic!("{name} is no record")
        };
        let offsets = self.sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
        let offsets = offsets.into_iter().map(|(offset, _)| offset.size_wasm32());
        record.fields.iter().map(|field| field.name.as_str()).zip(offsets).collect()
    }

    /// Names of the cases of an enum or variant, in order, and where a variant's content stands.
    fn cases(&self, name: &str) -> (Vec<&str>, Option<usize>) {
        match &self.resolve.types[self.find(name)].kind {
            TypeDefKind::Enum(cases) => (cases.cases.iter().map(|case| case.name.as_str()).collect(), None),
            TypeDefKind::Variant(cases) => {
                let types = cases.cases.iter().map(|case| case.ty.as_ref());
                let at = self.sizes.payload_offset(cases.tag(), types).size_wasm32();
                (cases.cases.iter().map(|case| case.name.as_str()).collect(), Some(at))
            }
            _ => panic!("{name} has no cases"),
        }
    }
}

/// Checks a record against the host's constants and the SDK's offsets at once.
macro_rules! assert_record {
    ($wit:ident, $name:literal, $size:expr, [$($field:literal $host:expr, $sdk:expr;)*]) => {
        assert_eq!($wit.size($name), $size, "size of {}", $name);
        assert_eq!($wit.fields($name), [$(($field, $host)),*], "the host's offsets of {}", $name);
        assert_eq!($wit.fields($name), [$(($field, $sdk)),*], "the SDK's offsets of {}", $name);
    };
}

#[test]
fn records_that_go_in() {
    let wit = Wit::read();
    use abi::{Endpoint, Flow, StreamEvent};
    assert_record!(wit, "flow", flow::SIZE, [
        "connection" flow::CONNECTION, offset_of!(Flow, connection);
        "transport" flow::TRANSPORT, offset_of!(Flow, transport);
        "client" flow::CLIENT, offset_of!(Flow, client);
        "server" flow::SERVER, offset_of!(Flow, server);
        "from-start" flow::FROM_START, offset_of!(Flow, from_start);
        "heads" flow::HEADS, offset_of!(Flow, heads);
        "body-limit" flow::BODY_LIMIT, offset_of!(Flow, body_limit);
    ]);
    assert_eq!(wit.align("flow"), flow::ALIGN as usize);
    assert_eq!((size_of::<Flow>(), align_of::<Flow>()), (flow::SIZE, flow::ALIGN as usize));
    assert_record!(wit, "endpoint", endpoint::SIZE, [
        "address" endpoint::HIGH, offset_of!(Endpoint, high);
        "port" endpoint::PORT, offset_of!(Endpoint, port);
    ]);
    assert_record!(wit, "address", 16, [
        "high" endpoint::HIGH, offset_of!(Endpoint, high);
        "low" endpoint::LOW, offset_of!(Endpoint, low);
    ]);

    let (cases, payload) = wit.cases("stream-event");
    assert_eq!(cases, ["opened", "data", "gap", "closed"]);
    assert_eq!(payload, Some(event::PAYLOAD));
    assert_eq!((wit.size("stream-event"), wit.align("stream-event")), (event::SIZE, event::ALIGN as usize));
    assert_eq!((size_of::<StreamEvent>(), align_of::<StreamEvent>()), (event::SIZE, event::ALIGN as usize));
    for (name, last) in [("data", "time"), ("gap", "bytes")] {
        let inside: Vec<_> =
            wit.fields(name).into_iter().map(|(name, at)| (name, at + event::PAYLOAD)).collect();
        let host =
            [event::PAYLOAD, event::DIRECTION, event::OFFSET, event::LENGTH, event::POSITION, event::LAST];
        let sdk = [
            offset_of!(StreamEvent, connection),
            offset_of!(StreamEvent, direction),
            offset_of!(StreamEvent, offset),
            offset_of!(StreamEvent, length),
            offset_of!(StreamEvent, position),
            offset_of!(StreamEvent, time_or_bytes),
        ];
        let names = ["connection", "direction", "offset", "length", "position", last];
        assert_eq!(inside, names.into_iter().zip(host).collect::<Vec<_>>());
        assert_eq!(host, sdk);
    }
    use abi::event_case::{CLOSED, DATA, GAP, OPENED};
    assert_eq!([OPENED, DATA, GAP, CLOSED], [0, 1, 2, 3]);
}

#[test]
fn records_that_come_out() {
    let wit = Wit::read();
    use abi::{Attribute, Field, Message, Piece, Progress, Value};
    assert_record!(wit, "message", message::SIZE, [
        "connection" message::CONNECTION, offset_of!(Message, connection);
        "direction" message::DIRECTION, offset_of!(Message, direction);
        "kind" message::KIND, offset_of!(Message, kind);
        "part" message::PART, offset_of!(Message, part);
        "status" message::STATUS, offset_of!(Message, status);
        "protocol" message::PROTOCOL, offset_of!(Message, protocol);
        "fields" message::FIELDS, offset_of!(Message, fields);
        "attributes" message::ATTRIBUTES, offset_of!(Message, attributes);
        "pieces" message::PIECES, offset_of!(Message, pieces);
        "correlation" message::CORRELATION, offset_of!(Message, has_correlation);
        "start" message::START, offset_of!(Message, start);
        "end" message::END, offset_of!(Message, end);
    ]);
    // option<u64>: one byte says whether it is there, aligned like what follows it.
    assert_eq!(message::CORRELATION_VALUE, message::CORRELATION + 8);
    assert_eq!(offset_of!(Message, correlation), message::CORRELATION_VALUE);
    assert_record!(wit, "piece", piece::SIZE, [
        "kind" piece::KIND, offset_of!(Piece, kind);
        "encoding" piece::ENCODING, offset_of!(Piece, encoding);
        "last" piece::LAST, offset_of!(Piece, last);
        "bytes" piece::BYTES, offset_of!(Piece, bytes);
    ]);
    assert_record!(wit, "field", field::SIZE, [
        "name" field::NAME, offset_of!(Field, name);
        "value" field::VALUE, offset_of!(Field, value);
    ]);
    assert_record!(wit, "attribute", attribute::SIZE, [
        "key" attribute::KEY, offset_of!(Attribute, key);
        "value" attribute::VALUE, offset_of!(Attribute, value);
    ]);
    assert_eq!(wit.cases("value"), (vec!["slice", "owned", "number"], Some(value::PAYLOAD)));
    assert_eq!(wit.size("value"), size_of::<Value>());
    assert_eq!(offset_of!(Value, bits), value::PAYLOAD);
    assert_eq!(wit.fields("slice"), [("offset", 0), ("length", 4)]);
    assert_record!(wit, "progress", progress::SIZE, [
        "event" progress::EVENT, offset_of!(Progress, event);
        "state" progress::STATE, offset_of!(Progress, state);
        "need" progress::NEED, offset_of!(Progress, need);
        "resume-at" progress::RESUME_AT, offset_of!(Progress, resume_at);
    ]);
    let sizes = [size_of::<Message>(), size_of::<Field>(), size_of::<Attribute>()];
    assert_eq!(sizes, [message::SIZE, field::SIZE, attribute::SIZE]);
    assert_eq!([size_of::<Piece>(), size_of::<Progress>()], [piece::SIZE, progress::SIZE]);
    for name in ["message", "field", "attribute", "piece", "progress"] {
        assert_eq!(wit.align(name), 8, "all lists of an outcome are aligned alike");
    }
    assert_eq!(wit.size("outcome"), outcome::SIZE);
    assert_eq!(
        wit.fields("outcome"),
        [
            ("messages", outcome::MESSAGES),
            ("fields", outcome::FIELDS),
            ("attributes", outcome::ATTRIBUTES),
            ("progress", outcome::PROGRESS),
            ("pieces", outcome::PIECES)
        ]
    );
}

#[test]
fn records_of_hooks() {
    let wit = Wit::read();
    use abi::{Interest, KnownAttribute, Patch, Subject};
    assert_record!(wit, "subject", subject::SIZE, [
        "protocol" subject::PROTOCOL, offset_of!(Subject, protocol);
        "client" subject::CLIENT, offset_of!(Subject, client);
        "server" subject::SERVER, offset_of!(Subject, server);
        "flow-id" subject::FLOW_ID, offset_of!(Subject, flow_id);
        "time" subject::TIME, offset_of!(Subject, time);
        "duration" subject::DURATION, offset_of!(Subject, duration);
        "head" subject::HEAD, offset_of!(Subject, head);
        "body" subject::BODY, offset_of!(Subject, body);
        "fields" subject::FIELDS, offset_of!(Subject, fields);
        "attributes" subject::ATTRIBUTES, offset_of!(Subject, attributes);
        "transport" subject::TRANSPORT, offset_of!(Subject, transport);
        "direction" subject::DIRECTION, offset_of!(Subject, direction);
        "status" subject::STATUS, offset_of!(Subject, status);
        "session-type" subject::SESSION_TYPE, offset_of!(Subject, session_type);
        "cut" subject::CUT, offset_of!(Subject, cut);
    ]);
    assert_record!(wit, "known-attribute", known_attribute::SIZE, [
        "key" known_attribute::KEY, offset_of!(KnownAttribute, key);
        "value" known_attribute::VALUE, offset_of!(KnownAttribute, value);
    ]);
    assert_record!(wit, "patch", patch::SIZE, [
        "subject" patch::SUBJECT, offset_of!(Patch, subject);
        "action" patch::ACTION, offset_of!(Patch, action);
        "status" patch::STATUS, offset_of!(Patch, status);
        "fields" patch::FIELDS, offset_of!(Patch, fields);
        "attributes" patch::ATTRIBUTES, offset_of!(Patch, attributes);
    ]);
    assert_record!(wit, "interest", interest::SIZE, [
        "protocols" interest::PROTOCOLS, offset_of!(Interest, protocols);
        "requests" interest::REQUESTS, offset_of!(Interest, requests);
        "responses" interest::RESPONSES, offset_of!(Interest, responses);
        "head" interest::HEAD, offset_of!(Interest, head);
        "body-limit" interest::BODY_LIMIT, offset_of!(Interest, body_limit);
        "required" interest::REQUIRED, offset_of!(Interest, required);
    ]);
    let aligned = [subject::ALIGN, known_attribute::ALIGN, patch::ALIGN, 4];
    for (name, align) in ["subject", "known-attribute", "patch", "interest"].into_iter().zip(aligned) {
        assert_eq!(wit.align(name), align as usize, "{name}");
    }
    assert_eq!(wit.size("patches"), patches::SIZE);
    let lists =
        [("patches", patches::PATCHES), ("fields", patches::FIELDS), ("attributes", patches::ATTRIBUTES)];
    assert_eq!(wit.fields("patches"), lists);
    assert_eq!(wit.size("about"), about::SIZE);
    assert_eq!(wit.fields("about"), [("name", about::NAME), ("version", about::VERSION)]);
}

#[test]
fn records_of_the_manifest() {
    let wit = Wit::read();
    assert_eq!((wit.size("manifest"), wit.align("manifest")), (manifest::SIZE, 4));
    assert_eq!(
        wit.fields("manifest"),
        [
            ("name", manifest::NAME),
            ("version", manifest::VERSION),
            ("protocols", manifest::PROTOCOLS),
            ("signatures", manifest::SIGNATURES)
        ]
    );
    assert_eq!((wit.size("signature"), wit.align("signature")), (signature::SIZE, 4));
    assert_eq!(
        wit.fields("signature"),
        [
            ("transport", signature::TRANSPORT),
            ("offset", signature::OFFSET),
            ("any-of", signature::ANY_OF),
            ("ports", signature::PORTS)
        ]
    );
}

/// Numbers on the wire are places in these lists.
#[test]
fn cases_in_order() {
    let wit = Wit::read();
    let expected: [(&str, &[&str]); 13] = [
        ("action", &["next", "stop", "drop"]),
        ("session-status", &["unknown", "ok", "client-error", "server-error", "timeout"]),
        ("session-type", &["session", "request", "response"]),
        ("direction", &["client-to-server", "server-to-client"]),
        ("transport", &["tcp", "udp"]),
        ("kind", &["request", "response", "one-way"]),
        ("part", &["whole", "begin", "end", "more"]),
        ("piece-kind", &["head", "body"]),
        ("encoding", &["identity", "gzip", "deflate", "brotli", "zstd"]),
        ("state", &["going", "violation", "finished", "upgraded"]),
        ("status", &["none", "ok", "client-error", "server-error"]),
        ("verdict", &["no", "need-more", "client-speaks", "server-speaks"]),
        ("level", &["error", "warn", "info", "debug"]),
    ];
    for (name, cases) in expected {
        assert_eq!(wit.cases(name).0, cases, "{name}");
    }
    let host: Vec<String> = FieldName::ALL.iter().map(|name| kebab(&format!("{name:?}"))).collect();
    let sdk: Vec<String> = Field::ALL.iter().map(|name| kebab(&format!("{name:?}"))).collect();
    assert_eq!(wit.cases("field-name").0, host);
    assert_eq!(wit.cases("field-name").0, sdk);
    assert!(Field::ALL.iter().enumerate().all(|(index, field)| *field as usize == index));
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

/// Parameters and results of the functions, flattened.
#[test]
fn signatures_of_functions() {
    let wit = Wit::read();
    let flat = |interface: &str, name: &str, variant| {
        let named = |(_, i): &(_, &wit_parser::Interface)| i.name.as_deref() == Some(interface);
        let (_, interface) = wit.resolve.interfaces.iter().find(named).unwrap();
        let signature = wit.resolve.wasm_signature(variant, &interface.functions[name]);
        let letter = |ty: &WasmType| match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => 'i',
            WasmType::I64 => 'l',
            other => panic!("{other:?}"),
        };
        let letters = |types: &[WasmType]| types.iter().map(letter).collect::<String>();
        (letters(&signature.params), letters(&signature.results))
    };
    let export = |name| flat("parser", name, AbiVariant::GuestExport);
    assert_eq!(export("describe"), (String::new(), "i".into()));
    assert_eq!(export("check"), ("i".repeat(8), "i".into()));
    assert_eq!(export("process"), ("i".repeat(6), "i".into()));
    for hook in ["http-hook", "message-hook", "session-hook"] {
        assert_eq!(flat(hook, "wanted", AbiVariant::GuestExport), (String::new(), "i".into()));
        assert_eq!(flat(hook, "observe", AbiVariant::GuestExport), ("i".repeat(8), "i".into()));
    }
    let import = |name| flat("host", name, AbiVariant::GuestImport);
    assert_eq!(import("log"), ("iii".into(), String::new()));
    assert_eq!(import("config"), ("iii".into(), String::new()));
    assert_eq!(import("count"), ("iil".into(), String::new()));
}
