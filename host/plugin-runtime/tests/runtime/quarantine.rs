//! A plugin that keeps breaking is left alone for a while, by the clock of the events.

use weir_pipeline::parse::parser::{FaultKind, ProtocolParser};
use weir_plugin_runtime::Instance;

use crate::support::{Batch, C2S, T, evil, guest_wasm, instance, probe, runtime};

fn broken() -> Instance {
    instance(&runtime(), &guest_wasm("trap-on-input"))
}

fn bad(second: u64) -> Batch {
    Batch::default().open(0).data(0, C2S, 0, b"X").later(second)
}

fn kind(parser: &mut Instance, batch: &Batch) -> Option<FaultKind> {
    batch.send(parser).err().map(|fault| fault.kind)
}

#[test]
fn five_faults_then_a_pause() {
    let mut parser = broken();
    for _ in 0..5 {
        assert_eq!(kind(&mut parser, &bad(0)), Some(FaultKind::Trap));
    }
    for _ in 0..3 {
        assert_eq!(kind(&mut parser, &evil()), Some(FaultKind::Quarantined), "good batches wait too");
    }
    assert_eq!(parser.check(b"EVIL", &probe()).unwrap_err().kind, FaultKind::Quarantined);
    let stats = parser.stats().read();
    assert_eq!((stats.calls, stats.quarantines, stats.rebuilds), (5, 1, 4));
    assert_eq!(stats.faults[&FaultKind::Quarantined], 4);

    assert_eq!(kind(&mut parser, &evil().later(1)), None, "after a second it may try again");
    assert_eq!(kind(&mut parser, &bad(2)), Some(FaultKind::Trap));
    assert_eq!(kind(&mut parser, &evil().later(3)), Some(FaultKind::Quarantined), "the second one lasts two");
    assert_eq!(kind(&mut parser, &evil().later(4)), None);
    assert_eq!(parser.stats().read().quarantines, 2);
}

#[test]
fn connections_without_data_do_not_hold_the_clock() {
    let mut parser = broken();
    for _ in 0..5 {
        let _ = bad(0).send(&mut parser);
    }
    parser.advance(T + 999_999_999);
    assert!(parser.check(b"EVIL", &probe()).is_err());
    parser.advance(T + 1_000_000_000);
    assert!(parser.check(b"EVIL", &probe()).is_ok());
}

#[test]
fn a_caller_without_a_clock_gets_it_back() {
    let mut parser = broken();
    for _ in 0..5 {
        let _ = bad(0).send(&mut parser);
    }
    let refused = (0..1000).take_while(|_| parser.check(b"EVIL", &probe()).is_err()).count();
    assert_eq!(refused, 100);
}

/// Time that runs backwards (captures joined in the wrong order) must not lengthen a quarantine or end it early.
#[test]
fn time_runs_backwards() {
    let mut parser = broken();
    for _ in 0..5 {
        let _ = bad(10).send(&mut parser);
    }
    assert_eq!(kind(&mut parser, &evil().later(0)), Some(FaultKind::Quarantined));
    assert_eq!(kind(&mut parser, &evil().later(11)), None);
    assert_eq!(kind(&mut parser, &evil().later(0)), None);
}

/// A time far ahead, as in a damaged capture: the quarantine that it began must end all the same.
#[test]
fn time_jumps_ahead_and_comes_back() {
    let mut parser = broken();
    for _ in 0..5 {
        let _ = bad(1_000_000_000).send(&mut parser);
    }
    let refused = (0..20_000).take_while(|n| evil().later(*n / 1000).send(&mut parser).is_err()).count();
    assert_eq!(refused, 10_000);
}
