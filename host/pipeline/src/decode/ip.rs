//! IPv4 (RFC 791) and IPv6 (RFC 8200), down to the transport or into the next tunnel. Takes the packet and gives what is inside,
//! or the fragment that it is. Does not do: checksums, which network cards fill in after the capture.

use super::fragment::{Fragment, Key};
use super::part::{Context, Ends, Part, Stop, Version, Walk, be16};
use super::skip::Skip;
use super::{Address, link, transport, tunnel};

/// Protocol and next-header numbers (IANA).
const HOP_BY_HOP: u8 = 0;
const IPV4: u8 = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;
const IPV6: u8 = 41;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const GRE: u8 = 47;
const ESP: u8 = 50;
const AH: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const MPLS: u8 = 137;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// RFC 8200, 4.1: each kind occurs once, destination options twice. There are eight kinds.
const MOST_EXTENSIONS: usize = 9;

/// IP of the version that its first bits tell.
pub(super) fn any(part: Part<'_>, context: Context) -> Walk<'_> {
    match part.header::<1>()?[0] >> 4 {
        4 => v4(part, context),
        6 => v6(part, context),
        _ => Err(Skip::MalformedIp.into()),
    }
}

#[inline(always)]
pub(super) fn v4(part: Part<'_>, context: Context) -> Walk<'_> {
    let header = part.header::<20>()?;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let total = match be16(header[2], header[3]) {
        0 => part.wire, // left to the network card, which cuts the packet up (TSO)
        total => usize::from(total),
    };
    if header[0] >> 4 != 4 || header_length < 20 || total < header_length {
        return Err(Skip::MalformedIp.into());
    }
    let body = part.body(header_length, total)?;
    let [.., a, b, c, d, e, f, g, h] = *header;
    let ends = Ends {
        source: Address::v4([a, b, c, d]),
        destination: Address::v4([e, f, g, h]),
        version: Version::V4,
    };
    let fragment = be16(header[6], header[7]);
    if fragment & 0x3fff != 0 {
        let id = u32::from(be16(header[4], header[5]));
        return Err(Stop::Fragment(Fragment {
            key: Key { ends, id, protocol: header[9] },
            next: header[9],
            offset: u32::from(fragment & 0x1fff) * 8,
            more: fragment & 0x2000 != 0,
            part: body,
            context,
        }));
    }
    upper(header[9], body, ends, context)
}

#[inline]
pub(super) fn v6(part: Part<'_>, context: Context) -> Walk<'_> {
    let header = part.header::<40>()?;
    if header[0] >> 4 != 6 {
        return Err(Skip::MalformedIp.into());
    }
    let total = match be16(header[4], header[5]) {
        0 => part.wire, // a jumbogram (RFC 2675), or left to the network card
        length => 40 + usize::from(length),
    };
    let body = part.body(40, total)?;
    let (_, addresses) = header.split_at(8);
    let (source, destination) = addresses.split_at(16);
    let address = |bytes: &[u8]| bytes.first_chunk().map_or(Address(0), |bytes| Address::v6(*bytes));
    let ends = Ends { source: address(source), destination: address(destination), version: Version::V6 };
    upper(header[6], body, ends, context)
}

/// What is behind an IP header, or behind a datagram's reassembly.
#[inline(always)]
pub(super) fn upper(protocol: u8, part: Part<'_>, ends: Ends, context: Context) -> Walk<'_> {
    match protocol {
        TCP => transport::tcp(part, ends, context),
        UDP => transport::udp(part, ends, context),
        _ => other(protocol, part, ends, context),
    }
}

/// Extension headers and tunnels.
#[inline(never)]
fn other(mut protocol: u8, mut part: Part<'_>, ends: Ends, context: Context) -> Walk<'_> {
    let v6 = ends.version == Version::V6;
    for _ in 0..=MOST_EXTENSIONS {
        let length = match protocol {
            TCP => return transport::tcp(part, ends, context),
            UDP => return transport::udp(part, ends, context),
            IPV4 => return v4(part, context.inside()?),
            IPV6 => return v6_inside(part, context.inside()?),
            GRE => return tunnel::gre(part, context.inside()?),
            MPLS => return link::mpls(part, context.inside()?),
            ESP => return Err(Skip::Encrypted.into()),
            FRAGMENT if v6 => match fragment(part, ends, context)? {
                Some(fragment) => return Err(Stop::Fragment(fragment)),
                None => 8, // alone, an "atomic" fragment (RFC 6946)
            },
            // RFC 4302, 2.2: in words of four bytes, less two.
            AH => (usize::from(part.header::<2>()?[1]) + 2) * 4,
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 if v6 => {
                (usize::from(part.header::<2>()?[1]) + 1) * 8
            }
            _ => return Err(Skip::NotTcpUdp.into()),
        };
        protocol = part.header::<1>()?[0];
        part = part.behind(length)?;
    }
    Err(Skip::TooDeep.into())
}

/// Apart so that [`other`] does not hold a copy of it.
#[inline(never)]
fn v6_inside(part: Part<'_>, context: Context) -> Walk<'_> {
    v6(part, context)
}

/// RFC 8200, 4.5. None: it is the whole datagram.
fn fragment<'a>(part: Part<'a>, ends: Ends, context: Context) -> Result<Option<Fragment<'a>>, Skip> {
    let &[next, _, a, b, c, d, e, f] = part.header::<8>()?;
    let field = be16(a, b);
    if field & 0xfff9 == 0 {
        return Ok(None);
    }
    Ok(Some(Fragment {
        key: Key { ends, id: u32::from_be_bytes([c, d, e, f]), protocol: FRAGMENT },
        next,
        offset: u32::from(field & 0xfff8),
        more: field & 1 != 0,
        part: part.behind(8)?,
        context,
    }))
}
