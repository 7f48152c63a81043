//! Takes: a body as it was sent, and how many bytes somebody wants of it. Gives: so many of the plain body. A body that expands a
//! thousandfold costs no more than the limit.

use std::io::Read;

use crate::parse::outcome::Encoding;

/// Appends up to `limit` plain bytes to `into`; true when the body goes on behind them or is broken.
pub(super) fn unpack(encoding: Encoding, packed: &[u8], limit: usize, into: &mut Vec<u8>) -> bool {
    match encoding {
        Encoding::Identity => {
            let taken = packed.get(..limit).unwrap_or(packed);
            into.extend_from_slice(taken);
            taken.len() < packed.len()
        }
        Encoding::Gzip => read(flate2::bufread::MultiGzDecoder::new(packed), limit, into),
        Encoding::Deflate if is_zlib(packed) => read(flate2::bufread::ZlibDecoder::new(packed), limit, into),
        Encoding::Deflate => read(flate2::bufread::DeflateDecoder::new(packed), limit, into),
        Encoding::Brotli => read(brotli_decompressor::Decompressor::new(packed, BROTLI_BUFFER), limit, into),
        Encoding::Zstd => match ruzstd::decoding::StreamingDecoder::new(packed) {
            Ok(decoder) => read(decoder, limit, into),
            Err(_) => true,
        },
    }
}

/// Input that is looked at in one go; the whole of it lies in memory anyway.
const BROTLI_BUFFER: usize = 4096;

/// RFC 1950, section 2.2: method 8, and the first two bytes are a multiple of 31.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [method, flags, ..] if method & 15 == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// What could be read stays, also when the rest is broken or was not captured.
fn read(decoder: impl Read, limit: usize, into: &mut Vec<u8>) -> bool {
    let before = into.len();
    let complete = decoder.take(limit as u64 + 1).read_to_end(into).is_ok();
    let more = into.len() - before > limit;
    into.truncate(before + limit.min(into.len() - before));
    more || !complete
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(encoding: Encoding, packed: &[u8], limit: usize) -> (Vec<u8>, bool) {
        let mut plain = b"before".to_vec();
        let cut = unpack(encoding, packed, limit, &mut plain);
        (plain.strip_prefix(b"before").unwrap().to_vec(), cut)
    }

    #[test]
    fn gives_no_more_than_the_limit() {
        let bomb = gzip(&vec![0; 50 << 20]);
        assert!(bomb.len() < 1 << 20);
        for limit in [0, 1, 1000, 1 << 20] {
            let (plain, cut) = unpacked(Encoding::Gzip, &bomb, limit);
            assert_eq!((plain.len(), cut), (limit, true));
        }
        assert_eq!(unpacked(Encoding::Gzip, &gzip(b"four"), 4), (b"four".to_vec(), false));
        assert_eq!(unpacked(Encoding::Identity, b"four", 4), (b"four".to_vec(), false));
        assert_eq!(unpacked(Encoding::Identity, b"four", 3), (b"fou".to_vec(), true));
    }

    #[test]
    fn deflate_with_and_without_its_wrapper() {
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        raw.write_all(b"hello hello hello").unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(b"hello hello hello").unwrap();
        for packed in [raw.finish().unwrap(), zlib.finish().unwrap()] {
            assert_eq!(unpacked(Encoding::Deflate, &packed, 100), (b"hello hello hello".to_vec(), false));
        }
    }

    #[test]
    fn brotli_and_zstd() {
        // `printf 'hello hello hello' | zstd`
        let zstd = [
            0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x65, 0x00, 0x00, 0x30, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20,
            0x01, 0x00, 0x31, 0x4a, 0x11, 0xa2, 0xed, 0x1e, 0x0c,
        ];
        assert_eq!(unpacked(Encoding::Zstd, &zstd, 100), (b"hello hello hello".to_vec(), false));
        assert_eq!(unpacked(Encoding::Zstd, &zstd, 5), (b"hello".to_vec(), true));
        assert_eq!(unpacked(Encoding::Zstd, &zstd[..9], 100), (Vec::new(), true), "a header alone");
        assert_eq!(
            unpacked(Encoding::Brotli, &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03], 100),
            (b"hello".to_vec(), false)
        );
    }

    #[test]
    fn what_is_broken_is_cut() {
        let packed = gzip(b"a body that is cut somewhere in its middle, or has a wrong byte");
        let whole = unpacked(Encoding::Gzip, &packed, 1000).0;
        for end in 0..packed.len() {
            let (plain, cut) = unpacked(Encoding::Gzip, &packed[..end], 1000);
            assert!(whole.starts_with(&plain));
            assert!(cut || end == 0, "{end} of {}", packed.len());
        }
        for encoding in Encoding::ALL {
            for bytes in [&[][..], &[0xff; 40], &[0; 40], b"plain text that is no archive"] {
                let (plain, _) = unpacked(encoding, bytes, 64);
                assert!(plain.len() <= 64);
            }
        }
    }
}
