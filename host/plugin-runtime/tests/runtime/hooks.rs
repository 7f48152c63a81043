//! Hooks: both doors answer alike, lies are found, a broken hook is replaced.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::hooks::hook::{
    Action, Hook, HookKind, Patches, SessionType, Slice, Status, Subject, Subjects,
};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName, MessageStatus, Value};
use weir_pipeline::parse::parser::{FaultKind, PluginFault};
use weir_plugin_runtime::LoadError;

use crate::support::{component, instance, runtime, wasm_of};

/// Sets the response code to 500, the status to a server error and an attribute to the first four bytes of the arena.
const HOOK: &str = r#"(module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 0x10000))
  (data (i32.const 0x200) "\40\02\00\00\05\00\00\00" "\48\02\00\00\05\00\00\00")
  (data (i32.const 0x240) "guest\00\00\001.0.0")
  (data (i32.const 0x300) "\00\00\00\00\00\00\00\00" "\01\01\01\00" "\64\00\00\00" "\00\00\00\00")
  (data (i32.const 0x400) "\00\05\00\00\01\00\00\00" "\00\06\00\00\01\00\00\00" "\00\07\00\00\01\00\00\00")
  (data (i32.const 0x500) "\00\00\00\00" "\00\03" "\01\00" "\01\00" "\00\00")
  (data (i32.const 0x600) "\05\00\00\00\00\00\00\00" "\02\00\00\00\00\00\00\00" "\f4\01\00\00\00\00\00\00")
  (data (i32.const 0x700) "\00\09\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\04\00\00\00")
  (data (i32.const 0x900) "k")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "weir:plugin/identity@0.1.0#describe") (result i32) (i32.const 0x200))
  (func (export "weir:plugin/http-hook@0.1.0#wanted") (result i32) (i32.const 0x300))
  (func (export "weir:plugin/http-hook@0.1.0#observe") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (global.set $top (i32.const 0x10000))
    (i32.const 0x400))
  ;;; patch
)"#;

/// Bytes at an address.
type Write<'a> = (u32, &'a [u8]);

fn guest(writes: &[Write<'_>]) -> Vec<u8> {
    let data = |(address, bytes): &Write<'_>| {
        let bytes: String = bytes.iter().map(|b| format!("\\{b:02x}")).collect();
        format!("(data (i32.const {address}) \"{bytes}\")\n")
    };
    wasm_of(&HOOK.replace(";;; patch", &writes.iter().map(data).collect::<String>()))
}

/// Two messages of one session with one field and one attribute each.
fn subjects() -> Subjects {
    let mut subjects = Subjects {
        arena: b"HTTP{\"OPT_STATUS\":\"E7\",\"DESCRIPTION\":\"broke\"}".to_vec(),
        ..Subjects::default()
    };
    let body = Slice { offset: 4, length: subjects.arena.len() as u32 - 4 };
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        subjects.fields.push((FieldName::ResponseCode, Value::Number(200)));
        subjects.attributes.push((Slice { offset: 0, length: 1 }, Value::Slice { offset: 1, length: 3 }));
        subjects.subjects.push(Subject {
            protocol: Slice { offset: 0, length: 4 },
            client: (Address::v4([10, 0, 0, 1]), 40_000),
            server: (Address::v4([10, 0, 0, 2]), 80),
            flow_id: 7,
            time: 1,
            duration: 2,
            head: Slice::default(),
            body,
            fields: 1,
            attributes: 1,
            transport: Transport::Tcp,
            direction,
            status: Status::Ok,
            session_type: SessionType::Session,
            cut: false,
        });
    }
    subjects
}

fn observe(wasm: &[u8]) -> Result<Patches, PluginFault> {
    let mut patches = Patches::default();
    instance(&runtime(), wasm).observe(HookKind::Http, &subjects(), &mut patches).map(|()| patches)
}

#[test]
fn both_doors_answer_alike() {
    let module = guest(&[]);
    let answers = [component(&module).unwrap(), module].map(|wasm| observe(&wasm).unwrap());
    let [patch] = answers[0].patches[..] else { panic!("{answers:?}") };
    assert_eq!((patch.subject, patch.action, patch.status), (0, Action::Next, MessageStatus::ServerError));
    assert_eq!(format!("{:?}", answers[0]), format!("{:?}", answers[1]));

    let built_in = weir_builtin_plugins::all().iter().find(|b| b.name == "json-status").unwrap();
    let answers =
        [component(built_in.wasm).unwrap(), built_in.wasm.to_vec()].map(|wasm| observe(&wasm).unwrap());
    assert_eq!(answers[0].patches[0].subject, 1, "it looks at responses: {answers:?}");
    assert_eq!(format!("{:?}", answers[0]), format!("{:?}", answers[1]));
}

#[test]
fn what_it_wants_is_asked() {
    let runtime = runtime();
    let plugin = runtime.load(&guest(&[])).unwrap();
    assert!(!plugin.parses());
    assert_eq!(plugin.hooks(), [HookKind::Http]);
    let hook = instance(&runtime, &guest(&[]));
    let interest = hook.interest(HookKind::Http).unwrap();
    assert!(interest.requests && interest.responses && interest.head && !interest.required);
    assert_eq!(interest.body_limit, 100);
    assert_eq!(hook.interest(HookKind::Session), None);
}

const LIES: [(&str, &[Write<'static>]); 14] = [
    ("patches: address behind the memory", &[(0x400, &[0, 0, 4, 0])]),
    ("patches: not aligned", &[(0x400, &[2, 5])]),
    ("fields: more than patches claim", &[(0x40c, &[2])]),
    ("fields: less than patches claim", &[(0x40c, &[0])]),
    ("attributes: address wraps", &[(0x410, &[0xf8, 0xff, 0xff, 0xff])]),
    ("attributes: more than patches claim", &[(0x414, &[2])]),
    ("patch: of subject 2 of 2", &[(0x500, &[2])]),
    ("patch: two of one subject", &[(0x404, &[2]), (0x506, &[1]), (0x40c, &[1])]),
    ("patch: action 3", &[(0x504, &[3])]),
    ("patch: status 4", &[(0x505, &[4])]),
    ("patch: claims 65,535 fields", &[(0x506, &[0xff, 0xff])]),
    ("field: name 15", &[(0x600, &[15])]),
    ("attribute: key outside of the memory", &[(0x700, &[0xff, 0xff, 0xff, 0x7f])]),
    ("attribute: slice ends behind the arena", &[(0x710, &[40, 0, 0, 0, 40])]),
];

#[test]
fn lies_are_found() {
    for (name, writes) in LIES {
        let module = guest(writes);
        for (door, wasm) in [("component", component(&module).unwrap()), ("core", module)] {
            let fault = observe(&wasm).expect_err(name);
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{name}, {door} door: {fault}");
        }
    }
    for (name, writes) in [("patches", (0x404, &[3_u8, 0, 0, 0][..])), ("fields", (0x40c, &[0, 0, 16, 0]))] {
        let fault = observe(&guest(&[writes])).expect_err(name);
        assert_eq!(fault.kind, FaultKind::TooMuch, "{name}: {fault}");
    }
}

#[test]
fn a_broken_hook_is_replaced_and_rests() {
    let runtime = runtime();
    let mut hook = instance(&runtime, &guest(&[(0x504, &[3])]));
    let mut patches = Patches::default();
    for _ in 0..20 {
        assert!(hook.observe(HookKind::Http, &subjects(), &mut patches).is_err());
        assert!(patches.patches.is_empty());
    }
    let stats = hook.stats().read();
    assert!(stats.calls < 20 && stats.quarantines > 0, "{stats:?}");
}

#[test]
fn half_a_hook_is_refused() {
    let without = |export: &str| runtime().load(&wasm_of(&HOOK.replace(export, "nobody"))).err();
    let missing = |name: &str| Some(LoadError::MissingExport(name.into()));
    for export in [
        "weir:plugin/http-hook@0.1.0#wanted",
        "weir:plugin/http-hook@0.1.0#observe",
        "weir:plugin/identity@0.1.0#describe",
    ] {
        assert_eq!(without(export), missing(export));
    }
}
