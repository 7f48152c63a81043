//! Makes packets from the inside out. The innermost flow is 10.0.0.1:1000 to 10.0.0.2:2000, or fd00::1 and fd00::2.

pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// What `line` says of the innermost flow over IPv4.
pub(crate) const INNER: &str = "tcp 10.0.0.1:1000 > 10.0.0.2:2000: hello";
pub(crate) const INNER_V6: &str = "tcp [fd00::1]:1000 > [fd00::2]:2000: hello";

pub(crate) fn tcp(payload: &[u8]) -> Vec<u8> {
    tcp_with(0x18, &[], payload)
}

/// Options are a multiple of four bytes.
pub(crate) fn tcp_with(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 232, 7, 208, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    bytes.extend([(5 + options.len() as u8 / 4) << 4, flags, 1, 0, 0, 0, 0, 0]);
    bytes.extend(options);
    bytes.extend(payload);
    bytes
}

pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 232];
    bytes.extend(port.to_be_bytes());
    bytes.extend((8 + payload.len() as u16).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

pub(crate) fn v4(protocol: u8, rest: &[u8]) -> Vec<u8> {
    v4_with([10, 0, 0, 1], [10, 0, 0, 2], protocol, &[], rest)
}

/// An outer packet, so that tests see when it wins.
pub(crate) fn outer_v4(protocol: u8, rest: &[u8]) -> Vec<u8> {
    v4_with([192, 0, 2, 1], [192, 0, 2, 2], protocol, &[], rest)
}

pub(crate) fn v4_with(
    source: [u8; 4],
    destination: [u8; 4],
    protocol: u8,
    options: &[u8],
    rest: &[u8],
) -> Vec<u8> {
    let header = 20 + options.len();
    let mut bytes = vec![0x40 | (header / 4) as u8, 0];
    bytes.extend(((header + rest.len()) as u16).to_be_bytes());
    bytes.extend([0x12, 0x34, 0x40, 0, 64, protocol, 0, 0]);
    bytes.extend(source);
    bytes.extend(destination);
    bytes.extend(options);
    bytes.extend(rest);
    bytes
}

pub(crate) fn v6(next: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((rest.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    for last in [1, 2] {
        bytes.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend(rest);
    bytes
}

/// An IPv6 extension header of `8 + more * 8` bytes.
pub(crate) fn extension(next: u8, more: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![next, more];
    bytes.resize(8 + usize::from(more) * 8, 0);
    bytes.extend(rest);
    bytes
}

pub(crate) fn ethernet(kind: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(rest);
    bytes
}

/// A VLAN tag, to stand behind its type.
pub(crate) fn tag(kind: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x20, 7];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(rest);
    bytes
}

/// The plainest frame.
pub(crate) fn plain() -> Vec<u8> {
    ethernet(IPV4, &v4(TCP, &tcp(b"hello")))
}

/// The flow inside of IPv4 without Ethernet.
pub(crate) fn packet() -> Vec<u8> {
    v4(TCP, &tcp(b"hello"))
}

pub(crate) fn vxlan(rest: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0, 0, 0, 42, 0], rest].concat()
}

/// Options are a multiple of four bytes.
pub(crate) fn geneve(kind: u16, options: &[u8], rest: &[u8]) -> Vec<u8> {
    let [a, b] = kind.to_be_bytes();
    [&[(options.len() / 4) as u8, 0x40, a, b, 0, 0, 42, 0], options, rest].concat()
}

/// `fields`: what the flags announce.
pub(crate) fn gre(flags: u8, version: u8, kind: u16, fields: &[u8], rest: &[u8]) -> Vec<u8> {
    let [a, b] = kind.to_be_bytes();
    [&[flags, version, a, b], fields, rest].concat()
}

/// A frame of each kind, for tests that do the same with all.
pub(crate) fn fixtures() -> Vec<(&'static str, Vec<u8>)> {
    let over_udp = |port, rest: &[u8]| ethernet(IPV4, &outer_v4(UDP, &udp(port, rest)));
    let over_ip = |protocol, rest: &[u8]| ethernet(IPV4, &outer_v4(protocol, rest));
    let authenticated = [&[TCP, 4][..], &[0; 22], &tcp(b"hello")].concat();
    let extensions = extension(43, 0, &extension(60, 1, &extension(51, 0, &authenticated)));
    vec![
        ("plain", plain()),
        (
            "options",
            ethernet(
                IPV4,
                &v4_with([10, 0, 0, 1], [10, 0, 0, 2], TCP, &[1; 40], &tcp_with(2, &[1; 40], b"hello")),
            ),
        ),
        ("udp", ethernet(IPV4, &v4(UDP, &udp(2000, b"hello")))),
        ("ipv6", ethernet(IPV6, &v6(TCP, &tcp(b"hello")))),
        ("extensions", ethernet(IPV6, &v6(0, &extensions))),
        ("vlan", ethernet(0x8100, &tag(IPV4, &packet()))),
        ("qinq", ethernet(0x88a8, &tag(0x8100, &tag(IPV6, &v6(TCP, &tcp(b"hello")))))),
        ("pppoe", ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 47, 0, 0x21], &packet()[..]].concat())),
        ("mpls", ethernet(0x8847, &[&[0, 1, 0, 64, 0, 2, 1, 64], &packet()[..]].concat())),
        ("pseudowire", ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0], &plain()[..]].concat())),
        ("vxlan", over_udp(4789, &vxlan(&plain()))),
        ("geneve", over_udp(6081, &geneve(0x6558, &[0; 8], &plain()))),
        ("gre", over_ip(47, &gre(0xb0, 0, 0x6558, &[0; 12], &plain()))),
        (
            "erspan 2",
            over_ip(
                47,
                &gre(0x10, 0, 0x88be, &[0; 4], &[&[0x10, 1, 0, 0, 0, 0, 0, 0], &plain()[..]].concat()),
            ),
        ),
        (
            "erspan 3",
            over_ip(
                47,
                &gre(
                    0x10,
                    0,
                    0x22eb,
                    &[0; 4],
                    &[&[0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 8], &plain()[..]].concat(),
                ),
            ),
        ),
        ("ip in ip", over_ip(4, &packet())),
        ("nested", over_ip(41, &v6(47, &gre(0, 0, IPV4, &[], &outer_v4(UDP, &udp(8472, &vxlan(&plain()))))))),
    ]
}
