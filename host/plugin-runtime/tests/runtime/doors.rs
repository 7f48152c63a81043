//! The very same module as a core module and inside of a component: the same answers, byte for byte. That the component
//! toolchain accepts it and wasmtime reads it is the proof that the SDK's hand-written layout is the canonical one.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::FlowFacts;
use weir_pipeline::parse::outcome::Value;
use weir_pipeline::parse::parser::{CheckVerdict, Probe, ProtocolParser};
use weir_plugin_runtime::{Instance, PluginConfig};
use weir_plugin_sdk::testing::Random;

use crate::guests::with;
use crate::support::{
    Batch, C2S, S2C, component, echo_wasm, evil, guest_wasm, instance, ping, probe, runtime, wasm_of,
};

fn both(module: &[u8]) -> [Instance; 2] {
    let runtime = runtime();
    [
        instance(&runtime, module),
        instance(&runtime, &component(module).expect("a component can be made of it")),
    ]
}

fn assert_same(doors: &mut [Instance; 2], batch: &Batch, what: &str) {
    let [core, component] = doors.each_mut().map(|door| format!("{:?}", batch.send(door)));
    assert_eq!(core, component, "{what}: {batch:?}");
}

#[test]
fn manifests() {
    for module in [echo_wasm().to_vec(), guest_wasm("good")] {
        let [core, component] = both(&module).map(|door| format!("{:?}", door.manifest()));
        assert_eq!(core, component);
    }
}

#[test]
fn scripted_batches() {
    let mut doors = both(echo_wasm());
    let script = [
        Batch::default(),
        Batch::default().open(0).open(9),
        ping(),
        Batch::default().data(0, S2C, 0, b"PONG one\nFAIL \nPO").data(9, C2S, 0, b"PING a\nwrong\nPING b\n"),
        Batch::default().data(0, S2C, 14, b"PONG two\n").gap(9, C2S, 20, 1 << 40),
        Batch::default().data(9, C2S, (1 << 40) + 20, b"PING c\n").close(0).close(9),
        Batch::default().data(0, C2S, 9, b"PING after the end\n"),
    ];
    let mut messages = 0;
    for batch in script {
        assert_same(&mut doors, &batch, "script");
        messages += doors[0].stats().read().messages;
    }
    assert!(messages > 6, "the script tells something");
}

/// Everything that an event can hold, also what makes no sense.
#[test]
fn random_batches() {
    let mut doors = both(echo_wasm());
    let lines: [&[u8]; 5] = [b"PING x\n", b"PONG yy\n", b"FAIL zzz\n", b"PING unfinished", b"\xff\x00\n"];
    let mut random = Random(42);
    for round in 0..400 {
        let mut batch = Batch::default();
        for _ in 0..random.below(12) {
            let connection = random.below(4) as u32;
            let direction = if random.below(2) == 0 { C2S } else { S2C };
            let position = if random.below(9) == 0 { random.next() } else { random.below(40) as u64 };
            batch = match random.below(6) {
                0 => batch.open(connection),
                1 => batch.close(connection),
                2 => batch.gap(connection, direction, position, random.next() >> random.below(64)),
                _ => batch.data(connection, direction, position, lines[random.below(lines.len())]),
            };
        }
        assert_same(&mut doors, &batch, &format!("round {round}"));
    }
    assert!(doors[0].stats().read().messages > 100);
    assert!(doors.iter().all(|door| door.stats().read().faults.is_empty()));
}

#[test]
fn checks() {
    let mut doors = both(echo_wasm());
    for bytes in [b"PING x".as_slice(), b"PONG", b"", b"P", b"GET / HTTP/1.1", &[0xff; 3000]] {
        let [core, component] = doors.each_mut().map(|door| door.check(bytes, &probe()));
        assert_eq!(core, component, "{bytes:?}");
    }
}

#[test]
fn configuration_and_counters() {
    let module = wasm_of(&with(ASKS));
    let component = component(&module).unwrap();
    for wasm in [module, component] {
        let plugin = runtime().load(&wasm).unwrap();
        let config = PluginConfig::from_iter([("hi", "there"), ("k", "")]);
        let mut parser = plugin.instantiate(config).unwrap();
        let outcome = ping().send(&mut parser).unwrap();
        // The guest answers with the value of `hi` as the text of its second field.
        assert_eq!(&outcome.owned[..5], b"there");
        assert_eq!(parser.stats().read().counters.get("hi"), Some(&5));
        let mut unset = plugin.instantiate(PluginConfig::default()).unwrap();
        assert_eq!(ping().send(&mut unset).unwrap().owned, b"k", "an unset value is none");
    }
}

/// Asks for the value `hi`, puts it into its answer and counts its length.
const ASKS: &str = r#"
;;; import
(import "weir:plugin/host@0.1.0" "config" (func $config (param i32 i32 i32)))
(import "weir:plugin/host@0.1.0" "count" (func $count (param i32 i32 i64)))
(import "weir:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (call $log (i32.const 2) (i32.const 0x900) (i32.const 2))
  (call $config (i32.const 0x900) (i32.const 2) (i32.const 0x1000))
  (i32.store (i32.const 0x628) (i32.load (i32.const 0x1004)))
  (i32.store (i32.const 0x62c) (i32.load (i32.const 0x1008)))
  (if (i32.eqz (i32.load8_u (i32.const 0x1000))) (then (i32.store (i32.const 0x62c) (i32.const 0))))
  (call $count (i32.const 0x900) (i32.const 2) (i64.load32_u (i32.const 0x62c)))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
"#;

/// What a guest sees of flows and probes, eight bytes at a time.
#[test]
fn a_mirror() {
    let batch = Batch {
        flows: vec![FlowFacts {
            connection: 0x0102_0304,
            flow_id: 7,
            transport: Transport::Udp,
            client: (Address(0x1111_2222_3333_4444_5555_6666_7777_8888), 0xabcd),
            server: (Address(0x9999_aaaa_bbbb_cccc_dddd_eeee_ffff_0000), 0x1234),
            from_start: true,
            heads: false,
            body_limit: 0,
        }],
        ..evil()
    };
    let flow = [
        0x0000_0001_0102_0304,
        0x1111_2222_3333_4444,
        0x5555_6666_7777_8888,
        0xabcd,
        0x9999_aaaa_bbbb_cccc,
        0xdddd_eeee_ffff_0000,
        0x1234,
        1,
    ];
    let probe = Probe {
        transport: Transport::Udp,
        source_port: 0xabcd,
        destination_port: 0x1234,
        from_start: true,
        from_client: Some(true),
        flow_id: 7,
        source: Address::v4([10, 0, 0, 1]),
        destination: Address::v4([10, 0, 0, 2]),
    };
    let saw = [4, 1, 0xabcd, 0x1234, 1, 1, 1_u64];
    for (place, expected) in flow.into_iter().enumerate() {
        assert_eq!(
            mirror(&format!("(i32.add (local.get 2) (i32.const {}))", place * 8), &batch, &probe),
            expected
        );
    }
    for (place, expected) in saw.into_iter().enumerate() {
        assert_eq!(
            mirror(&format!("(i32.const {})", 0x1000 + place * 8), &batch, &probe),
            expected,
            "{place}"
        );
    }
    let known = |from_client| Probe { from_client, from_start: false, transport: Transport::Tcp, ..probe };
    for (probe, saw) in [(known(None), [0, 0, 0, 0]), (known(Some(false)), [0, 0, 1, 0])] {
        for (place, expected) in [0x1008, 0x1020, 0x1028, 0x1030].into_iter().zip(saw) {
            assert_eq!(mirror(&format!("(i32.const {place})"), &batch, &probe), expected, "{place:#x}");
        }
    }
}

/// The number that stands at that place after a `check`, seen through both doors.
fn mirror(place: &str, batch: &Batch, probe: &Probe) -> u64 {
    let keep = |n: usize| {
        let at = 0x1000 + n.saturating_sub(1) * 8;
        format!("(i64.store (i32.const {at}) (i64.extend_i32_u (local.get {n})))")
    };
    let keep: String = (1..8).map(keep).collect();
    let module = wasm_of(&with(&format!(
        r#"
;;; check
(func (export "weir:plugin/parser@0.1.0#check") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (global.set $top (i32.const 0x10000)) {keep} (i32.const 1))
;;; process
(func (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (global.set $top (i32.const 0x10000))
  (i64.store (i32.const 0x710) (i64.load {place}))
  (i32.const 0x400))"#
    )));
    let seen = both(&module).map(|mut door| {
        assert_eq!(door.check(b"EVIL", probe), Ok(CheckVerdict::NeedMore));
        let outcome = batch.send(&mut door).unwrap();
        let Value::Number(number) = outcome.attributes[0].1 else { panic!("{outcome:?}") };
        number as u64
    });
    assert_eq!(seen[0], seen[1], "{place}");
    seen[0]
}
