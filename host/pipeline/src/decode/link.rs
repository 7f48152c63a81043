//! Link layers, down to IP: Ethernet with VLAN tags, Linux cooked capture, BSD loopback, PPPoE, MPLS. Takes a frame, gives
//! what IP makes of the rest. Does not do: 802.2, which carries no IP today.

use super::part::{Context, Part, Walk, be16};
use super::skip::Skip;
use super::{ip, socket};
use crate::captured::LinkType;

const IPV4: u16 = 0x0800;
/// 802.1Q.
const VLAN: u16 = 0x8100;
const IPV6: u16 = 0x86dd;
/// RFC 3032, 5: unicast and multicast.
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
/// RFC 2516, 4.
const PPPOE_SESSION: u16 = 0x8864;
/// 802.1ad, the outer tag of QinQ.
const QINQ: u16 = 0x88a8;
/// QinQ before 802.1ad.
const QINQ_OLD: u16 = 0x9100;
/// Below it, the type of an Ethernet frame is a length, 802.2 follows (IEEE 802.3, 3.2.6).
pub(super) const SMALLEST_TYPE: u16 = 0x0600;

/// VLAN tags in a row. QinQ has two; some providers put one more around.
const MOST_TAGS: usize = 4;

/// MPLS labels in a row. Segment routing stacks up to about ten.
const MOST_LABELS: usize = 16;

/// Reads any frame.
#[inline(always)]
pub(super) fn frame(link: LinkType, part: Part<'_>, context: Context) -> Walk<'_> {
    match link {
        LinkType::Ethernet => ethernet(part, context),
        LinkType::Null => null(part, context),
        LinkType::Raw => ip::any(part, context),
        LinkType::Sll => sll(part, context),
        LinkType::Sll2 => sll2(part, context),
        LinkType::Socket => socket::record(part, context),
    }
}

#[inline(always)]
pub(super) fn ethernet(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[.., a, b] = part.header::<14>()?;
    ether_type(be16(a, b), part.behind(14)?, context)
}

/// What follows an Ethernet type, here or in a tunnel.
#[inline(always)]
pub(super) fn ether_type(kind: u16, part: Part<'_>, context: Context) -> Walk<'_> {
    if kind == IPV4 { ip::v4(part, context) } else { other_type(kind, part, context) }
}

/// Types that are no IP: ARP, RARP, PPPoE discovery, flow control, LACP, 802.1X, PTP, LLDP, MACsec, FCoE, loopback.
const OTHERS: [u16; 11] =
    [0x0806, 0x8035, 0x8863, 0x8808, 0x8809, 0x888e, 0x88f7, 0x88cc, 0x88e5, 0x8906, 0x9000];

#[inline(never)]
fn other_type(mut kind: u16, mut part: Part<'_>, context: Context) -> Walk<'_> {
    for _ in 0..=MOST_TAGS {
        match kind {
            IPV4 => return ip::v4(part, context),
            IPV6 => return ip::v6(part, context),
            MPLS | MPLS_MULTICAST => return mpls(part, context),
            PPPOE_SESSION => return pppoe(part, context),
            QINQ | QINQ_OLD | VLAN => {
                let &[_, _, a, b] = part.header::<4>()?;
                kind = be16(a, b);
                part = part.behind(4)?;
            }
            _ if kind < SMALLEST_TYPE || OTHERS.contains(&kind) => return Err(Skip::NotIp.into()),
            _ => return Err(Skip::UnknownType.into()),
        }
    }
    Err(Skip::TooDeep.into())
}

/// LINKTYPE_NULL and LINKTYPE_LOOP: an address family in four bytes, in the order of whoever captured. The families of IPv6
/// are those of Linux (10), NetBSD and OpenBSD (24), FreeBSD (28) and macOS (30).
fn null(part: Part<'_>, context: Context) -> Walk<'_> {
    let family = u32::from_le_bytes(*part.header::<4>()?);
    let part = part.behind(4)?;
    match if family > 0xffff { family.swap_bytes() } else { family } {
        2 => ip::v4(part, context),
        10 | 24 | 28 | 30 => ip::v6(part, context),
        _ => Err(Skip::UnknownType.into()),
    }
}

/// LINKTYPE_LINUX_SLL: the Ethernet type stands in the last two of 16 bytes.
fn sll(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[.., a, b] = part.header::<16>()?;
    ether_type(be16(a, b), part.behind(16)?, context)
}

/// LINKTYPE_LINUX_SLL2: the Ethernet type stands in the first two of 20 bytes.
fn sll2(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[a, b, ..] = part.header::<20>()?;
    ether_type(be16(a, b), part.behind(20)?, context)
}

/// RFC 2516, 4 and the protocol numbers of PPP: 0021 IPv4, 0057 IPv6.
fn pppoe(part: Part<'_>, context: Context) -> Walk<'_> {
    let &[.., a, b] = part.header::<8>()?;
    let part = part.behind(8)?;
    match be16(a, b) {
        0x0021 => ip::v4(part, context),
        0x0057 => ip::v6(part, context),
        _ => Err(Skip::NotIp.into()),
    }
}

/// RFC 3032, 2.1. Nothing tells what is behind the labels: 4 and 6 in the first four bits are IP (RFC 4928, 3), 0 is the control
/// word of a pseudowire (RFC 4385, 3), which carries Ethernet more than anything else.
pub(super) fn mpls(mut part: Part<'_>, context: Context) -> Walk<'_> {
    let mut last = false;
    for _ in 0..MOST_LABELS {
        let label = part.header::<4>()?;
        last = label[2] & 1 != 0;
        part = part.behind(4)?;
        if last {
            break;
        }
    }
    if !last {
        return Err(Skip::TooDeep.into());
    }
    match part.header::<1>()?[0] >> 4 {
        0 => ethernet_inside(part.behind(4)?, context.inside()?),
        _ => ip::any(part, context),
    }
}

/// Ethernet in a tunnel; apart from [`ethernet`] so that the path of plain frames stays short.
#[inline(never)]
pub(super) fn ethernet_inside(part: Part<'_>, context: Context) -> Walk<'_> {
    ethernet(part, context)
}
