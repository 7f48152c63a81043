//! Records of system calls and TLS libraries. Takes a frame, gives the segment that a packet with the same bytes would give, and the
//! call. Does not do: anything else with what the header says.

use super::Segment;
use super::part::{Context, Part, Walk};
use super::skip::Skip;
use super::transport::cut_of;
use crate::captured::{Call, Sender, SocketHeader};

pub(super) fn record(part: Part<'_>, context: Context) -> Walk<'_> {
    let bytes = part.header::<{ SocketHeader::SIZE }>()?;
    let header = SocketHeader::read(bytes).ok_or(Skip::MalformedSocket)?;
    let payload = part.behind(SocketHeader::SIZE)?;
    let (source, destination) = match header.sender {
        Sender::Local => (header.local, header.remote),
        Sender::Remote => (header.remote, header.local),
    };
    Ok(Segment {
        time: context.time,
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        transport: header.transport,
        payload: payload.bytes,
        cut: cut_of(payload).saturating_add(header.cut),
        call: Call::at(bytes),
    })
}
