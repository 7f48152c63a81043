//! Messages that plugins put together of several records.

use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::MessagePart;

use crate::guest::Guest;
use crate::support::{Batch, C2S, S2C, instance, protobuf, varint};

const MORE: u64 = 0;
const END: u64 = 1;

fn record(id: Option<u64>, is_end: u64) -> Vec<u8> {
    let id = id.map(|id| varint(3, id)).unwrap_or_default();
    protobuf(&[id, varint(21, is_end)])
}

/// Payloads of one record each: direction, id, end flag -> parts of messages.
fn parts(payloads: &[(Direction, Option<u64>, u64)]) -> Vec<MessagePart> {
    let mut parser = instance(&Guest::default());
    let mut batch = Batch::default().open(0);
    for (direction, id, is_end) in payloads {
        batch = batch.told(*direction, 0, 1, &[record(*id, *is_end)]);
    }
    batch.send(&mut parser).unwrap().messages.iter().map(|message| message.part).collect()
}

#[test]
fn begin_more_end() {
    use MessagePart::{Begin, End, More};
    let id = Some(7);
    assert_eq!(parts(&[(C2S, id, MORE), (C2S, id, MORE), (C2S, id, END)]), [Begin, More, End]);
    assert_eq!(parts(&[(C2S, None, MORE), (C2S, None, END), (S2C, None, MORE)]), [Begin, End, Begin]);
}

#[test]
fn ids_and_directions_are_kept_apart() {
    use MessagePart::{Begin, End};
    let mixed = [
        (C2S, Some(1), MORE),
        (C2S, Some(2), MORE),
        (S2C, Some(1), MORE),
        (C2S, Some(1), END),
        (S2C, Some(1), END),
    ];
    assert_eq!(parts(&mixed), [Begin, Begin, Begin, End, End]);
}

/// The original drops it, and with metrics on it aborts.
#[test]
fn an_end_without_beginning_is_the_whole() {
    assert_eq!(parts(&[(C2S, Some(1), END), (S2C, Some(1), END)]), [MessagePart::Whole; 2]);
}

#[test]
fn ends_that_never_come_are_not_collected_for_ever() {
    let many: Vec<_> = (0..100).map(|id| (C2S, Some(id), MORE)).collect();
    let parts = parts(&many);
    let count = |part| parts.iter().filter(|p| **p == part).count();
    assert_eq!((count(MessagePart::Begin), count(MessagePart::Whole)), (64, 36));
}
