//! Tunnels: VXLAN (RFC 7348), Geneve (RFC 8926), GRE (RFC 2784, 2890; NVGRE is RFC 7637), ERSPAN I to III
//! (draft-foschiano-erspan). Takes what UDP or IP carries, gives what is inside. Does not do: PPTP's GRE, WCCP.

use super::link;
use super::part::{Context, Part, Walk, be16};
use super::skip::Skip;

/// A UDP port that belongs to a tunnel; only as the destination, the source port spreads flows.
#[derive(Clone, Copy)]
pub(super) enum Port {
    Geneve,
    Vxlan,
}

/// Transparent Ethernet bridging.
const ETHERNET: u16 = 0x6558;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

impl Port {
    #[inline(always)]
    pub(super) fn from_number(port: u16) -> Option<Self> {
        match port {
            4789 | 8472 => Some(Self::Vxlan), // 8472: Linux before the assignment, still flannel's default
            6081 => Some(Self::Geneve),
            _ => None,
        }
    }
}

/// RFC 7348, 5: the I flag is set; the group policy extension also sets the first flag and uses the next three bytes.
pub(super) fn vxlan(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[flags, a, b, c, ..] = part.header::<8>()?;
    let plain = flags == 0x08 && [a, b, c] == [0; 3];
    let group_policy = flags == 0x88;
    if !(plain || group_policy) {
        return Err(Skip::MalformedTunnel.into());
    }
    link::ethernet_inside(part.behind(8)?, context)
}

/// RFC 8926, 3.4.
pub(super) fn geneve(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[version_and_length, flags, a, b, ..] = part.header::<8>()?;
    let kind = be16(a, b);
    if version_and_length >> 6 != 0 || flags & 0x3f != 0 || kind < link::SMALLEST_TYPE {
        return Err(Skip::MalformedTunnel.into());
    }
    let part = part.behind(8 + usize::from(version_and_length & 0x3f) * 4)?;
    by_type(kind, part, context)
}

/// RFC 2784, 2.1 and RFC 2890, 2: checksum, key and sequence number are four bytes each, where their flags are set.
pub(super) fn gre(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[flags, version, a, b] = part.header::<4>()?;
    match version & 0x07 {
        0 => {}
        1 => return Err(Skip::UnsupportedTunnel.into()),
        _ => return Err(Skip::MalformedTunnel.into()),
    }
    if flags & 0x40 != 0 {
        return Err(Skip::UnsupportedTunnel.into());
    }
    let has_sequence = flags & 0x10 != 0;
    let part = part.behind(4 + 4 * (flags & 0xb0).count_ones() as usize)?;
    match be16(a, b) {
        // Type I has neither sequence number nor a header of its own.
        ERSPAN if has_sequence => erspan_ii(part, context),
        ERSPAN => link::ethernet_inside(part, context),
        ERSPAN_III => erspan_iii(part, context),
        kind => by_type(kind, part, context),
    }
}

fn erspan_ii(part: Part<'_>, context: Context) -> Walk<'_> {
    if part.header::<8>()?[0] >> 4 != 1 {
        return Err(Skip::MalformedTunnel.into());
    }
    link::ethernet_inside(part.behind(8)?, context)
}

/// The last bit of the header tells of eight more bytes. Frame type 0 is Ethernet, 2 is IP.
fn erspan_iii(part: Part<'_>, context: Context) -> Walk<'_> {
    let header = part.header::<12>()?;
    if header[0] >> 4 != 2 {
        return Err(Skip::MalformedTunnel.into());
    }
    let part = part.behind(if header[11] & 1 != 0 { 20 } else { 12 })?;
    match (header[10] >> 2) & 0x1f {
        0 => link::ethernet_inside(part, context),
        2 => super::ip::any(part, context),
        _ => Err(Skip::NotIp.into()),
    }
}

fn by_type(kind: u16, part: Part<'_>, context: Context) -> Walk<'_> {
    if kind == ETHERNET {
        return link::ethernet_inside(part, context);
    }
    link::ether_type(kind, part, context)
}
