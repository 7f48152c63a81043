//! A good answer with a few bytes changed: each lie is found, through both doors.

use weir_pipeline::parse::parser::{FaultKind, ProtocolParser};

use crate::guests::with;
use crate::support::{Batch, C2S, S2C, component, instance, probe, runtime, wasm_of};

/// Address in the memory of `good.wat`, and what stands there.
type Patch = (u32, &'static [u8]);

/// The honest answer tells progress of event 1 as well: it wants to see byte 104 next.
const HONEST: [Patch; 2] = [(0x41c, &[1]), (0x810, &[104])];

const LIES: [(&str, &[Patch]); 45] = [
    ("messages: address in the last page of 4 GiB", &[(0x400, &[0xf8, 0xff, 0xff, 0xff])]),
    ("messages: address behind the memory", &[(0x400, &[0, 0, 4, 0])]),
    ("messages: begin inside, end outside", &[(0x400, &[0xe0, 0xff, 3, 0])]),
    ("attributes: address is not aligned", &[(0x410, &[0x44]), (0x744, &ATTRIBUTE)]),
    ("messages: none, fields stay", &[(0x404, &[0])]),
    ("fields: address in the last page of 4 GiB", &[(0x408, &[0xf8, 0xff, 0xff, 0xff])]),
    ("fields: address is not aligned", &[(0x408, &[1, 6])]),
    ("fields: more than messages claim", &[(0x40c, &[3])]),
    ("fields: less than messages claim", &[(0x40c, &[1])]),
    ("attributes: address behind the memory", &[(0x410, &[0, 0, 4, 0])]),
    ("attributes: more than messages claim", &[(0x414, &[2])]),
    ("attributes: less than messages claim", &[(0x414, &[0])]),
    ("progress: address wraps", &[(0x418, &[0xf0, 0xff, 0xff, 0xff])]),
    ("progress: address is not aligned", &[(0x418, &[0x44]), (0x844, &PROGRESS)]),
    ("message: direction 2", &[(0x504, &[2])]),
    ("message: kind 3", &[(0x505, &[3])]),
    ("message: part 4", &[(0x506, &[4])]),
    ("message: status 4", &[(0x507, &[4])]),
    ("message: status 255", &[(0x507, &[255])]),
    ("message: protocol 1 of 1", &[(0x508, &[1])]),
    ("message: claims 65,535 fields", &[(0x50a, &[0xff, 0xff])]),
    ("message: claims no fields", &[(0x50a, &[0])]),
    ("message: claims 65,535 attributes", &[(0x50c, &[0xff, 0xff])]),
    ("message: correlation is neither some nor none", &[(0x510, &[2])]),
    ("message: ends before it starts", &[(0x520, &[5])]),
    ("field: name 15", &[(0x600, &[15])]),
    ("field: value of case 3", &[(0x608, &[3])]),
    ("field: slice begins behind the arena", &[(0x610, &[200, 0, 0, 0, 0])]),
    ("field: slice ends behind the arena", &[(0x610, &[15, 0, 0, 0, 4])]),
    ("field: slice wraps", &[(0x610, &[0xff, 0xff, 0xff, 0xff, 2])]),
    ("field: text wraps", &[(0x628, &[0xfe, 0xff, 0xff, 0xff, 4])]),
    ("field: text ends behind the memory", &[(0x628, &[0xfe, 0xff, 3, 0, 4])]),
    ("attribute: key outside of the memory", &[(0x700, &[0xff, 0xff, 0xff, 0x7f])]),
    ("attribute: value of case 255", &[(0x708, &[255])]),
    ("pieces: address behind the memory", &[(0x420, &[0, 0, 4, 0, 1]), (0x50e, &[1])]),
    ("pieces: more than messages claim", &[(0x420, &[0, 10, 0, 0, 1])]),
    ("pieces: less than messages claim", &[(0x50e, &[1])]),
    ("piece: kind 2", &[(0x420, &[0, 10, 0, 0, 1]), (0x50e, &[1]), (0xa00, &[2])]),
    ("piece: encoding 5", &[(0x420, &[0, 10, 0, 0, 1]), (0x50e, &[1]), (0xa00, &[1, 5])]),
    (
        "piece: ends behind the arena",
        &[(0x420, &[0, 10, 0, 0, 1]), (0x50e, &[1]), (0xa10, &[15, 0, 0, 0, 4])],
    ),
    ("progress: of event 0, which is no data", &[(0x800, &[0])]),
    ("progress: of an event that is not there", &[(0x800, &[3])]),
    ("progress: state 4", &[(0x804, &[4])]),
    ("progress: wants what stands before the event", &[(0x810, &[99])]),
    ("progress: not in the order of events", &[(0x41c, &[2]), (0x800, &[2]), (0x818, &[1]), (0x828, &[104])]),
];

/// The records of `good.wat`, for other places: there only the address is wrong.
const ATTRIBUTE: [u8; 24] = [8, 9, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
const PROGRESS: [u8; 24] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 104, 0, 0, 0, 0, 0, 0, 0];

/// Changes that are allowed: the tests above would pass with a host that refuses everything.
const HARMLESS: [(&str, &[Patch]); 12] = [
    ("attributes: elsewhere", &[(0x410, &[0x48]), (0x748, &ATTRIBUTE)]),
    ("progress: elsewhere", &[(0x418, &[0x48]), (0x848, &PROGRESS)]),
    ("message: one more, with nothing in it", &[(0x404, &[2])]),
    ("message: status 3", &[(0x507, &[3])]),
    ("message: begins at 5, its end is not read", &[(0x506, &[1]), (0x520, &[5])]),
    ("message: goes on", &[(0x506, &[3])]),
    (
        "piece: the first bytes of the arena",
        &[(0x420, &[0, 10, 0, 0, 1]), (0x50e, &[1]), (0xa00, &[1, 1, 1]), (0xa10, &[0, 0, 0, 0, 4])],
    ),
    ("message: correlation", &[(0x510, &[1]), (0x518, &[0xff; 8])]),
    ("field: name 14", &[(0x600, &[14])]),
    ("field: slice of nothing at the end of the arena", &[(0x610, &[18, 0, 0, 0, 0])]),
    ("field: text of nothing", &[(0x628, &[0, 0, 0, 0, 0])]),
    ("progress: of two events", &[(0x41c, &[2]), (0x818, &[2]), (0x828, &[200])]),
];

/// 18 bytes; events 1 and 2 are data and begin at position 100.
fn batch() -> Batch {
    Batch::default().open(0).data(0, C2S, 100, b"EVIL one\n").data(0, S2C, 100, b"EVIL two\n")
}

fn guest(patches: &[Patch], memory: &str) -> Vec<u8> {
    let data = |(address, bytes): &Patch| {
        let bytes: String = bytes.iter().map(|b| format!("\\{b:02x}")).collect();
        format!("(data (i32.const {address}) \"{bytes}\")\n")
    };
    let data: String = HONEST.iter().chain(patches).map(data).collect();
    wasm_of(&with(&format!("{memory};;; patch\n{data}")))
}

#[test]
fn lies_are_found() {
    let runtime = runtime();
    for (name, patches) in LIES {
        let module = guest(patches, "");
        for (door, wasm) in [("component", component(&module).unwrap()), ("core", module)] {
            let mut parser = instance(&runtime, &wasm);
            let fault = batch().send(&mut parser).expect_err(name);
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{name}, {door} door: {fault}");
            assert!(!fault.detail.contains('\n'), "{name}, {door} door: {fault}");
            assert_eq!(parser.stats().read().messages, 0, "{name}");
        }
    }
}

#[test]
fn what_is_no_lie_passes() {
    let runtime = runtime();
    for (name, patches) in HARMLESS {
        let module = guest(patches, "");
        let outcomes = [component(&module).unwrap(), module].map(|wasm| {
            let outcome = batch().send(&mut instance(&runtime, &wasm));
            format!("{:?}", outcome.unwrap_or_else(|fault| panic!("{name}: {fault}")))
        });
        assert_eq!(outcomes[0], outcomes[1], "{name}");
    }
}

#[test]
fn answers_that_are_too_long() {
    let runtime = runtime();
    let memory =
        ";;; memory\n(memory (export \"memory\") 256)\n(global $top (mut i32) (i32.const 0x10000))\n";
    let lists: [(&str, &[Patch]); 5] = [
        ("65537 messages", &[(0x400, &[0, 0, 2, 0, 1, 0, 1])]),
        ("262145 fields", &[(0x408, &[0, 0, 2, 0, 1, 0, 4])]),
        ("65537 attributes", &[(0x410, &[0, 0, 2, 0, 1, 0, 1])]),
        ("65537 pieces", &[(0x420, &[0, 0, 2, 0, 1, 0, 1])]),
        ("4 progress", &[(0x41c, &[4])]),
    ];
    for (name, patches) in lists {
        let module = guest(patches, memory);
        for (door, wasm) in [("component", component(&module).unwrap()), ("core", module)] {
            let fault = batch().send(&mut instance(&runtime, &wasm)).expect_err(name);
            assert_eq!(fault.kind, FaultKind::TooMuch, "{name}, {door} door: {fault}");
            assert!(fault.detail.contains(name), "{door} door: {fault}");
        }
    }
}

#[test]
fn lists_of_four_billion() {
    let runtime = runtime();
    for list in [0x404, 0x40c, 0x414, 0x41c] {
        let module = guest(&[(list, &[0xff; 4])], "");
        let fault = batch().send(&mut instance(&runtime, &module)).expect_err("a list of 4 billion");
        assert_eq!(fault.kind, FaultKind::TooMuch, "{fault}");
        let wasm = component(&module).unwrap();
        let fault = batch().send(&mut instance(&runtime, &wasm)).expect_err("a list of 4 billion");
        assert_eq!(fault.kind, FaultKind::BadAnswer, "{fault}");
    }
}

#[test]
fn an_outcome_that_is_nowhere() {
    let runtime = runtime();
    // At 0x442 stands an outcome with nothing in it: there only the address is wrong.
    for address in ["0xfffffff0", "0x3fff0", "0x40000", "0x442"] {
        let process = format!(
            ";;; patch\n(data (i32.const 0x442) \"{NOTHING}\")\n;;; process\n(func (export \"weir:plugin/parser@0.1.0#process\") \
             (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const {address}))"
        );
        let module = wasm_of(&with(&process));
        for wasm in [component(&module).unwrap(), module] {
            let fault = batch().send(&mut instance(&runtime, &wasm)).expect_err(address);
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{address}: {fault}");
        }
    }
}

/// Four lists without entries.
const NOTHING: &str = r"\08\00\00\00\00\00\00\00\08\00\00\00\00\00\00\00\08\00\00\00\00\00\00\00\08";

#[test]
fn a_verdict_that_is_none() {
    let runtime = runtime();
    for verdict in ["4", "-1", "0x100", "0x7fffffff"] {
        let check = format!(
            ";;; check\n(func (export \"weir:plugin/parser@0.1.0#check\") \
             (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const {verdict}))"
        );
        let module = wasm_of(&with(&check));
        for wasm in [component(&module).unwrap(), module] {
            let fault = instance(&runtime, &wasm).check(b"EVIL", &probe()).expect_err(verdict);
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{verdict}: {fault}");
        }
    }
}
