//! Makes capture files byte by byte, in either byte order.

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Big,
    Little,
}

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }

    fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| self.u32(*word)).collect()
    }
}

pub(crate) const MICRO: u32 = 0xa1b2_c3d4;
pub(crate) const NANO: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

/// A pcap file header.
pub(crate) fn pcap(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let mut bytes = order.u32(magic).to_vec();
    bytes.extend(order.u16(2));
    bytes.extend(order.u16(4));
    bytes.extend(order.words(&[0, 0, 65_535, link]));
    bytes
}

/// A pcap record; `modified` gives it the longer header.
pub(crate) fn record(order: Order, modified: bool, time: (u32, u32), bytes: &[u8], wire: u32) -> Vec<u8> {
    let mut record = order.words(&[time.0, time.1, bytes.len() as u32, wire]);
    if modified {
        record.extend([0xee; 8]);
    }
    record.extend(bytes);
    record
}

/// A pcapng block with its length before and behind.
pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = padded as u32 + 12;
    let mut bytes = order.words(&[kind, length]);
    bytes.extend(body);
    bytes.resize(8 + padded, 0);
    bytes.extend(order.u32(length));
    bytes
}

pub(crate) fn section(order: Order) -> Vec<u8> {
    let mut body = order.u32(0x1a2b_3c4d).to_vec();
    body.extend(order.u16(1));
    body.extend(order.u16(0));
    body.extend([0xff; 8]);
    body.extend(option(order, 4, b"a program"));
    block(order, 0x0a0d_0d0a, &body)
}

pub(crate) fn interface(order: Order, link: u16, snap_length: u32, options: &[u8]) -> Vec<u8> {
    let mut body = order.u16(link).to_vec();
    body.extend([0; 2]);
    body.extend(order.u32(snap_length));
    body.extend(options);
    block(order, 1, &body)
}

pub(crate) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = order.u16(code).to_vec();
    bytes.extend(order.u16(value.len() as u16));
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(crate) fn enhanced(order: Order, interface: u32, ticks: u64, bytes: &[u8], wire: u32) -> Vec<u8> {
    let mut body = order.words(&[interface, (ticks >> 32) as u32, ticks as u32, bytes.len() as u32, wire]);
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(option(order, 1, b"a comment"));
    body.extend(option(order, 0, b""));
    block(order, 6, &body)
}

pub(crate) fn obsolete(order: Order, interface: u16, ticks: u64, bytes: &[u8], wire: u32) -> Vec<u8> {
    let mut body = order.u16(interface).to_vec();
    body.extend(order.u16(0xffff));
    body.extend(order.words(&[(ticks >> 32) as u32, ticks as u32, bytes.len() as u32, wire]));
    body.extend(bytes);
    block(order, 2, &body)
}

pub(crate) fn simple(order: Order, bytes: &[u8], wire: u32) -> Vec<u8> {
    let mut body = order.u32(wire).to_vec();
    body.extend(bytes);
    block(order, 3, &body)
}
