//! TCP (RFC 9293) and UDP (RFC 768). Takes what an IP header announced, gives the segment. Does not do: checksums, which the
//! network card fills in after the capture of what is sent; order (see `flow`).

use super::part::{Context, Ends, Part, Stop, Walk, be16};
use super::skip::Skip;
use super::{Segment, TcpFlags, TcpHeader, TransportHeader, tunnel};

#[inline(always)]
pub(super) fn tcp(part: Part<'_>, ends: Ends, context: Context) -> Walk<'_> {
    // Checksum, urgent pointer and options may be cut off: nobody reads them.
    let header = part.header::<14>()?;
    let header_length = usize::from(header[12] >> 4) * 4;
    if header_length < 20 || header_length > part.wire {
        return Err(Skip::MalformedTcp.into());
    }
    let &[a, b, c, d, e, f, g, h, i, j, k, l, ..] = header;
    Ok(segment(
        (be16(a, b), be16(c, d)),
        TransportHeader::Tcp(TcpHeader {
            sequence: u32::from_be_bytes([e, f, g, h]),
            acknowledgment: u32::from_be_bytes([i, j, k, l]),
            flags: TcpFlags(header[13]),
        }),
        Part { bytes: part.bytes.get(header_length..).unwrap_or_default(), wire: part.wire - header_length },
        ends,
        context,
    ))
}

#[inline(always)]
pub(super) fn udp(part: Part<'_>, ends: Ends, context: Context) -> Walk<'_> {
    let &[a, b, c, d, e, f, _, _] = part.header::<8>()?;
    let length = match usize::from(be16(e, f)) {
        0 => part.wire, // a jumbogram (RFC 2675, 4), or left to the network card
        length if length < 8 => return Err(Skip::MalformedUdp.into()),
        length => length.min(part.wire),
    };
    let (source, destination) = (be16(a, b), be16(c, d));
    let payload = part.body(8, length)?;
    if let Some(port) = tunnel::Port::from_number(destination)
        && let Some(walk) = in_tunnel(port, payload, context)
    {
        return walk;
    }
    Ok(segment((source, destination), TransportHeader::Udp, payload, ends, context))
}

/// None: the port is a tunnel's, the bytes are not, so that something else uses the port.
#[inline(never)]
fn in_tunnel(port: tunnel::Port, payload: Part<'_>, context: Context) -> Option<Walk<'_>> {
    let walk = context.inside().map_err(Stop::Skip).and_then(|inside| match port {
        tunnel::Port::Geneve => tunnel::geneve(payload, inside),
        tunnel::Port::Vxlan => tunnel::vxlan(payload, inside),
    });
    match walk {
        Err(Stop::Skip(skip)) if is_nonsense(skip, payload) => None,
        walk => Some(walk),
    }
}

/// Whether it is not what the port says. A tunnel may carry ARP or ICMP, or be cut off by the snap length.
fn is_nonsense(skip: Skip, payload: Part<'_>) -> bool {
    match skip {
        Skip::Encrypted | Skip::NotIp | Skip::NotTcpUdp | Skip::TooDeep | Skip::UnsupportedTunnel => false,
        Skip::Truncated => !payload.is_cut(),
        _ => true,
    }
}

#[inline(always)]
fn segment<'a>(
    ports: (u16, u16),
    transport: TransportHeader,
    payload: Part<'a>,
    ends: Ends,
    context: Context,
) -> Segment<'a> {
    Segment {
        time: context.time,
        source: ends.source,
        destination: ends.destination,
        source_port: ports.0,
        destination_port: ports.1,
        transport,
        payload: payload.bytes,
        cut: cut_of(payload),
        call: None,
    }
}

/// So many bytes were there and not captured.
#[inline(always)]
pub(super) fn cut_of(payload: Part<'_>) -> u32 {
    u32::try_from(payload.wire.saturating_sub(payload.bytes.len())).unwrap_or(u32::MAX)
}
