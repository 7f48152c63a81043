//! What a record says, as zone files write it.
//!
//! Takes: a record. Gives: its data in presentation format, names with the dot at their end. Source: the RFC of each type;
//! RFC 3597 section 5 for all others.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::encode::{push_base64, push_hex};
use super::{Record, service, signed};
use crate::header::{Trouble, u16_at, u32_at};
use crate::kinds::push_number;
use crate::name::{self, push_escaped};

/// A cursor over the data of a record that writes what it reads.
#[derive(Debug)]
pub(crate) struct Writer<'m, 't> {
    pub(crate) message: &'m [u8],
    pub(crate) at: usize,
    pub(crate) end: usize,
    pub(crate) text: &'t mut Vec<u8>,
}

/// Appends the text of a record; gives false, and appends nothing, when its data is not what its type demands.
pub(crate) fn push(message: &[u8], record: &Record, text: &mut Vec<u8>) -> bool {
    let begin = text.len();
    let (at, end) = record.data;
    let mut writer = Writer { message, at, end, text };
    let written = writer.write(record.kind);
    if written.is_err() || writer.at > end {
        text.truncate(begin);
        return false;
    }
    true
}

impl<'m> Writer<'m, '_> {
    fn write(&mut self, kind: u16) -> Result<(), Trouble> {
        match kind {
            1 => self.ipv4(),
            28 => self.ipv6(),
            // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME
            2..=5 | 7..=9 | 12 | 39 => self.name(),
            6 => self.soa(),
            13 | 16 | 99 => self.strings(),
            // MINFO, RP
            14 | 17 => {
                self.name()?;
                self.space();
                self.name()
            }
            // MX, AFSDB, RT, KX
            15 | 18 | 21 | 36 => {
                self.number16()?;
                self.space();
                self.name()
            }
            33 => service::srv(self),
            35 => service::naptr(self),
            64 | 65 => service::svcb(self),
            // DS, CDS
            43 | 59 => signed::ds(self),
            // DNSKEY, CDNSKEY, KEY
            25 | 48 | 60 => signed::dnskey(self),
            24 | 46 => signed::rrsig(self),
            47 => signed::nsec(self),
            50 => signed::nsec3(self),
            51 => signed::nsec3param(self),
            // TLSA, SMIMEA
            52 | 53 => signed::tlsa(self),
            44 => signed::sshfp(self),
            61 => {
                let data = self.rest();
                push_base64(data, self.text);
                Ok(())
            }
            256 => service::uri(self),
            257 => service::caa(self),
            _ => self.unknown(),
        }
    }

    pub(crate) fn space(&mut self) {
        self.text.push(b' ');
    }

    /// The next bytes of the data.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'m [u8], Trouble> {
        let bytes = self.message.get(self.at..self.end).and_then(|rest| rest.get(..length));
        self.at += length;
        bytes.ok_or(Trouble::Wrong)
    }

    /// What is left of the data.
    pub(crate) fn rest(&mut self) -> &'m [u8] {
        let bytes = self.message.get(self.at..self.end).unwrap_or_default();
        self.at = self.end;
        bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    /// Reads a byte, writes nothing.
    pub(crate) fn byte(&mut self) -> Result<u8, Trouble> {
        self.take(1)?.first().copied().ok_or(Trouble::Wrong)
    }

    /// Reads two bytes, writes nothing.
    pub(crate) fn word(&mut self) -> Result<u16, Trouble> {
        u16_at(self.take(2)?, 0)
    }

    pub(crate) fn number8(&mut self) -> Result<(), Trouble> {
        let number = self.byte()?;
        push_number(u32::from(number), self.text);
        Ok(())
    }

    pub(crate) fn number16(&mut self) -> Result<(), Trouble> {
        let number = self.word()?;
        push_number(u32::from(number), self.text);
        Ok(())
    }

    pub(crate) fn number32(&mut self) -> Result<u32, Trouble> {
        let number = u32_at(self.take(4)?, 0)?;
        push_number(number, self.text);
        Ok(number)
    }

    /// A name, which may be compressed even where its RFC says that it is not.
    pub(crate) fn name(&mut self) -> Result<(), Trouble> {
        if self.is_empty() {
            return Err(Trouble::Wrong);
        }
        self.at = name::expand_absolute(self.message, self.at, self.text)?;
        Ok(())
    }

    pub(crate) fn ipv4(&mut self) -> Result<(), Trouble> {
        let bytes = self.take(4)?.first_chunk::<4>().ok_or(Trouble::Wrong)?;
        for (n, octet) in Ipv4Addr::from(*bytes).octets().into_iter().enumerate() {
            if n > 0 {
                self.text.push(b'.');
            }
            push_number(u32::from(octet), self.text);
        }
        Ok(())
    }

    pub(crate) fn ipv6(&mut self) -> Result<(), Trouble> {
        let bytes = self.take(16)?.first_chunk::<16>().ok_or(Trouble::Wrong)?;
        write!(self.text, "{}", Ipv6Addr::from(*bytes)).map_err(|_| Trouble::Wrong)
    }

    fn soa(&mut self) -> Result<(), Trouble> {
        self.name()?;
        self.space();
        self.name()?;
        for _ in 0..5 {
            self.space();
            self.number32()?;
        }
        Ok(())
    }

    /// One string of a length byte and so many others, quoted.
    pub(crate) fn string(&mut self) -> Result<(), Trouble> {
        let length = usize::from(self.byte()?);
        let bytes = self.take(length)?;
        self.quoted(bytes);
        Ok(())
    }

    /// RFC 1035 section 5.1: `"` and `\\` are escaped, and what can not be printed.
    pub(crate) fn quoted(&mut self, bytes: &[u8]) {
        self.text.push(b'"');
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => self.text.extend([b'\\', byte]),
                b' '..=b'~' => self.text.push(byte),
                _ => push_escaped(byte, self.text),
            }
        }
        self.text.push(b'"');
    }

    fn strings(&mut self) -> Result<(), Trouble> {
        self.string()?;
        while !self.is_empty() {
            self.space();
            self.string()?;
        }
        Ok(())
    }

    /// What is left, in hexadecimal.
    pub(crate) fn hex(&mut self) {
        let data = self.rest();
        push_hex(data, self.text);
    }

    /// RFC 3597 section 5: `\# 4 0a000001`.
    fn unknown(&mut self) -> Result<(), Trouble> {
        self.text.extend_from_slice(b"\\# ");
        push_number((self.end - self.at) as u32, self.text);
        if !self.is_empty() {
            self.space();
            self.hex();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of that type with this data, behind the name `a.b` at position 0.
    pub(crate) fn text(kind: u16, data: &[u8]) -> Option<String> {
        let mut message = b"\x01a\x01b\0".to_vec();
        message.extend_from_slice(data);
        let record = Record { kind, ttl: 0, data: (5, message.len()) };
        let mut text = b"x".to_vec();
        let written = push(&message, &record, &mut text);
        assert_eq!(text.first(), Some(&b'x'));
        let text = String::from_utf8_lossy(text.get(1..).unwrap_or_default()).into_owned();
        assert!(written || text.is_empty(), "{text:?} was left");
        written.then_some(text)
    }

    fn is(kind: u16, data: &[u8], wanted: &str) {
        assert_eq!(text(kind, data).as_deref(), Some(wanted));
        if !matches!(kind, 13 | 16 | 47 | 48 | 43 | 44 | 46 | 52 | 61 | 64 | 65 | 256 | 257 | 50 | 51 | 65000)
        {
            for cut in 0..data.len() {
                assert_eq!(text(kind, data.get(..cut).unwrap_or_default()), None, "type {kind} cut at {cut}");
            }
        }
    }

    #[test]
    fn addresses_and_names() {
        is(1, &[10, 2, 3, 255], "10.2.3.255");
        is(28, &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x34], "fd00::34");
        is(28, &[0; 16], "::");
        is(5, &[0xc0, 0], "a.b.");
        is(2, b"\0", ".");
        is(15, b"\0\x0a\x04mail\xc0\0", "10 mail.a.b.");
        is(33, b"\0\x01\0\x02\0\x63\x03end\xc0\0", "1 2 99 end.a.b.");
        is(
            6,
            b"\x02ns\xc0\0\xc0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05",
            "ns.a.b. a.b. 1 2 3 4 5",
        );
        is(17, b"\xc0\0\0", "a.b. .");
    }

    #[test]
    fn strings_are_quoted() {
        is(16, b"\x0bhello world", "\"hello world\"");
        is(16, b"\x01a\0\x04\"\\\n\xe4", "\"a\" \"\" \"\\\"\\\\\\010\\228\"");
        assert_eq!(text(16, b""), None);
        assert_eq!(text(16, b"\x05abc"), None);
        is(13, b"\x03ARM\x05Linux", "\"ARM\" \"Linux\"");
    }

    #[test]
    fn services() {
        is(35, b"\0\x64\0\x0a\x01u\x07E2U+sip\x05!a!b!\0", "100 10 \"u\" \"E2U+sip\" \"!a!b!\" .");
        is(257, b"\0\x05issueca.example", "0 issue \"ca.example\"");
        is(256, b"\0\x0a\0\x01https://a/", "10 1 \"https://a/\"");
        let https = b"\0\x01\0\0\x01\0\x06\x02h2\x02h3\0\x02\0\0\0\x03\0\x02\x01\xbb\0\x04\0\x08\x01\x02\x03\x04\x05\x06\x07\x08\0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x63\0\x02xy";
        is(
            65,
            https,
            "1 . alpn=\"h2,h3\" no-default-alpn port=443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=2001:db8::1 key99=\"xy\"",
        );
        is(64, b"\0\0\xc0\0", "0 a.b.");
        assert_eq!(text(65, b"\0\x01\0\0\x03\0\x09\x01"), None);
    }

    #[test]
    fn signed_zones() {
        is(43, b"\xec\x45\x08\x02\xab\xcd", "60485 8 2 abcd");
        is(48, b"\x01\x01\x03\x0d\x01\x02\x03", "257 3 13 AQID");
        is(
            46,
            b"\0\x01\x0d\x02\0\0\x0e\x10\x65\x92\0\x80\x65\x68\x14\x80\x30\x39\xc0\0\x01",
            "A 13 2 3600 20240101000000 20231130045008 12345 a.b. AQ==",
        );
        is(47, b"\xc0\0\0\x06\x40\x01\0\0\0\x03\x01\x01\x40", "a.b. A MX RRSIG NSEC CAA");
        is(50, b"\x01\0\0\x0a\x02\xab\xcd\x05\0\0\0\0\0\0\x01\x40", "1 0 10 abcd 00000000 A");
        is(51, b"\x01\0\0\0\0", "1 0 0 -");
        is(52, b"\x03\x01\x01\xff", "3 1 1 ff");
        is(44, b"\x04\x02\xff", "4 2 ff");
        is(61, b"abc", "YWJj");
    }

    #[test]
    fn the_rest_is_hexadecimal() {
        is(65000, &[0xab, 1], "\\# 2 ab01");
        is(65000, &[], "\\# 0");
    }

    #[test]
    fn names_that_run_out_of_their_data_are_wrong() {
        assert_eq!(text(5, b""), None);
        assert_eq!(text(5, b"\x01a\0x"), Some("a.".into()), "what stands behind is left alone");
        let message = b"\x01a\0";
        let record = Record { kind: 5, ttl: 0, data: (0, 2) };
        assert!(!push(message, &record, &mut Vec::new()));
    }
}
