//! What `on_custom_message` is told: which protocol, and for two of them what its own parser found.

use weir_pipeline::parse::outcome::FieldName;

use super::view::View;

/// The only one that the original has: a parser is done with a message.
pub(super) const HOOK_POINT: u16 = 0;

const NATS: u8 = 104;
const ZMTP: u8 = 106;

/// Names and numbers of the protocols that have this hook.
pub(super) const CUSTOM_MESSAGES: [(&str, u8); 4] =
    [("Dubbo", 40), ("NATS", NATS), ("ZMTP", ZMTP), ("RocketMQ", 107)];

/// `CustomMessage`: hook point, type code, and a protobuf message with its length before it.
pub(super) fn message(view: &View<'_>, info: &mut Vec<u8>, payload: &mut Vec<u8>) {
    let known = CUSTOM_MESSAGES.iter().find(|(name, _)| name.as_bytes() == view.protocol());
    let number = known.map_or(0, |(_, number)| *number);
    info.extend_from_slice(&HOOK_POINT.to_be_bytes());
    info.extend_from_slice(&u32::from(number).to_be_bytes());
    let length_at = info.len();
    info.extend_from_slice(&[0; 4]);
    match number {
        // The original shows what is left behind all messages of a packet: nothing.
        NATS => {
            put(info, 1, view.text(FieldName::RequestResource));
            put(info, 2, view.attribute(b"reply_to"));
            put(info, 3, view.body());
        }
        ZMTP => {
            if let subscription @ [_, ..] = view.attribute(b"subscription") {
                put(info, 1, subscription);
            }
            put(info, 2, view.body());
            payload.extend_from_slice(view.body());
        }
        _ => {
            payload.extend_from_slice(view.head());
            payload.extend_from_slice(view.body());
        }
    }
    let length = (info.len() - length_at - 4) as u32;
    if let Some(place) = info.get_mut(length_at..length_at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// A text or bytes in protobuf; empty ones are left out, as proto3 has it.
fn put(message: &mut Vec<u8>, number: u8, content: &[u8]) {
    const BYTES: u8 = 2;
    if content.is_empty() {
        return;
    }
    message.push(number << 3 | BYTES);
    let mut length = content.len();
    while length >= 128 {
        message.push(length as u8 | 128);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(content);
}
