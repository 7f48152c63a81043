//! Bytes as text: hexadecimal, base64, base32.
//!
//! Source: RFC 4648; record types say which of them their text uses.

/// Lower-case hexadecimal digits.
pub(crate) fn push_hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.extend([byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]));
    }
}

/// Base64 with padding.
pub(crate) fn push_base64(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4_usize {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 0x3f) as usize];
            text.push(if n <= chunk.len() { digit } else { b'=' });
        }
    }
}

/// Base32 with the extended hex alphabet, without padding: NSEC3's hashes (RFC 5155 section 3.3).
pub(crate) fn push_base32hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    for chunk in bytes.chunks(5) {
        let byte = |n: usize| u64::from(chunk.get(n).copied().unwrap_or_default());
        let bits = (0..5).fold(0, |bits, n| bits << 8 | byte(n));
        let digits = (chunk.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|n| DIGITS[(bits >> (35 - 5 * n) & 0x1f) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648() {
        let cases = [
            ("", "", ""),
            ("f", "Zg==", "co"),
            ("fo", "Zm8=", "cpng"),
            ("foo", "Zm9v", "cpnmu"),
            ("foob", "Zm9vYg==", "cpnmuog"),
            ("fooba", "Zm9vYmE=", "cpnmuoj1"),
            ("foobar", "Zm9vYmFy", "cpnmuoj1e8"),
        ];
        for (plain, base64, base32) in cases {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            push_base64(plain.as_bytes(), &mut a);
            push_base32hex(plain.as_bytes(), &mut b);
            assert_eq!((a.as_slice(), b.as_slice()), (base64.as_bytes(), base32.as_bytes()), "{plain:?}");
        }
        let mut text = Vec::new();
        push_hex(&[0, 0x9f, 0xff], &mut text);
        assert_eq!(text, b"009fff");
    }
}
