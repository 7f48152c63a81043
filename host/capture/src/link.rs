//! Numbers and names of link types. Takes a number of a capture file, gives words for people. The numbers are those of
//! the tcpdump registry (LINKTYPE_*).

use weir_pipeline::captured::LinkType;

/// The number that a capture file has for a link type.
pub(crate) fn number(link: LinkType) -> u32 {
    match link {
        LinkType::Null => 0,
        LinkType::Ethernet => 1,
        LinkType::Raw => 101,
        LinkType::Sll => 113,
        LinkType::Socket => 147,
        LinkType::Sll2 => 276,
    }
}

/// What to tell a person whose file has only frames of a link type that is not decoded.
pub(crate) fn unsupported(number: u32) -> String {
    format!(
        "frames of link type {number} ({}) are not decoded; capture on an Ethernet, loopback, IP or Linux 'any' interface",
        name(number)
    )
}

fn name(number: u32) -> &'static str {
    match number {
        6 => "Token Ring",
        8 => "SLIP",
        9 => "PPP",
        10 => "FDDI",
        50 => "PPP with HDLC framing",
        51 => "PPP over Ethernet",
        100 => "ATM",
        104 => "Cisco HDLC",
        105 => "802.11",
        107 => "Frame Relay",
        117 => "pflog",
        119 => "802.11 with Prism header",
        127 => "802.11 with radiotap header",
        148..=162 => "private use",
        163 => "802.11 with AVS header",
        187 | 201 => "Bluetooth HCI",
        189 | 220 | 249 => "USB",
        192 => "PPI",
        195 | 215 | 230 => "802.15.4",
        227 => "CAN",
        231 => "D-Bus",
        239 => "netfilter log",
        251 | 272 => "Bluetooth low energy",
        252 => "Wireshark upper PDU",
        253 => "netlink",
        271 => "virtual machine sockets",
        _ => "unknown here",
    }
}
