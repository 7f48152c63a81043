//! Takes: an IP address. Gives: its text without brackets (IPv6 as RFC 5952 writes it).

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr};

/// Keeps the last IPv6 address: its text takes long to make, and a server has many records in a row.
#[derive(Debug)]
pub(super) struct AddressWriter {
    address: Ipv6Addr,
    text: Vec<u8>,
}

impl Default for AddressWriter {
    fn default() -> Self {
        Self { address: Ipv6Addr::UNSPECIFIED, text: b"::".to_vec() }
    }
}

impl AddressWriter {
    /// Appends the address.
    pub(super) fn push(&mut self, out: &mut Vec<u8>, address: IpAddr) {
        match address {
            IpAddr::V4(address) => push_v4(out, address.octets()),
            IpAddr::V6(address) => {
                if address != self.address {
                    self.address = address;
                    self.text.clear();
                    // Writing to memory can not fail.
                    let _ = write!(self.text, "{address}");
                }
                out.extend_from_slice(&self.text);
            }
        }
    }
}

fn push_v4(out: &mut Vec<u8>, octets: [u8; 4]) {
    let mut text = [0; 16];
    let mut length = 0;
    let mut put = |byte: u8| {
        text[length] = byte;
        length += 1;
    };
    for (index, octet) in octets.into_iter().enumerate() {
        if index > 0 {
            put(b'.');
        }
        if octet >= 100 {
            put(b'0' + octet / 100);
        }
        if octet >= 10 {
            put(b'0' + octet / 10 % 10);
        }
        put(b'0' + octet % 10);
    }
    out.extend_from_slice(&text[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(writer: &mut AddressWriter, address: IpAddr) {
        let mut out = b"\"".to_vec();
        writer.push(&mut out, address);
        assert_eq!(out, format!("\"{address}").into_bytes());
    }

    #[test]
    fn as_the_standard_library_writes_it() {
        let mut writer = AddressWriter::default();
        for octet in 0..=255u8 {
            check(&mut writer, IpAddr::from([octet, 255 - octet, 10, octet]));
        }
        for text in ["::", "2001:db8::1", "2001:db8::1", "fe80::1:0:0:2", "::", "10.0.0.1", "2001:db8::1"] {
            check(&mut writer, text.parse().unwrap());
        }
    }
}
