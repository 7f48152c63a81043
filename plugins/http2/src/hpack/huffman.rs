//! Takes: a string in HPACK's Huffman code. Gives: its bytes.
//!
//! The code of RFC 7541 appendix B is canonical: its lengths say everything, so the lengths are all that stands here. Codes of
//! up to eight bits, which nearly all text has, are found in one look.

/// Lengths of the codes of the bytes 0 to 255 and of the end of string, in bits.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6,
    6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7,
    8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7,
    15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24,
    23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23,
    23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26,
    26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20,
    21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26, 30,
];

const SYMBOLS: usize = LENGTHS.len();
const END_OF_STRING: u16 = 256;
const LONGEST: usize = 30;
/// Codes up to this length are found by index.
const SHORT: u32 = 8;

/// Everything that decoding needs, made from the lengths by the compiler.
struct Code {
    /// By the next eight bits: the symbol and its length; 0 where the code is longer.
    short: [(u8, u8); 1 << SHORT],
    /// Symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// By length: the first code that is too long for it, left-aligned in 32 bits.
    limits: [u64; LONGEST + 1],
    /// By length: what to add to a code to get its place in `symbols`.
    offsets: [i64; LONGEST + 1],
}

static CODE: Code = Code::new();

impl Code {
    const fn new() -> Self {
        let mut code = Self {
            short: [(0, 0); 1 << SHORT],
            symbols: [0; SYMBOLS],
            limits: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
        };
        let (mut next, mut place, mut length) = (0_u64, 0, 1);
        while length <= LONGEST {
            next <<= 1;
            code.offsets[length] = place as i64 - next as i64;
            let mut symbol = 0;
            while symbol < SYMBOLS {
                if LENGTHS[symbol] as usize == length {
                    code.symbols[place] = symbol as u16;
                    if length <= SHORT as usize {
                        let spare = SHORT as usize - length;
                        let mut fill = 0;
                        while fill < 1 << spare {
                            code.short[((next as usize) << spare) + fill] = (symbol as u8, length as u8);
                            fill += 1;
                        }
                    }
                    place += 1;
                    next += 1;
                }
                symbol += 1;
            }
            code.limits[length] = next << (32 - length);
            length += 1;
        }
        code
    }
}

/// Appends the decoded string. `None`: it holds the end of string, or is not padded with the first bits of that (RFC 7541 section
/// 5.2); what was decoded before stays.
pub(crate) fn decode(encoded: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let (mut bits, mut count) = (0_u64, 0_u32);
    let mut rest = encoded.iter();
    loop {
        while count <= 32 {
            let Some(byte) = rest.next() else { return finish(bits, count, into) };
            bits = bits << 8 | u64::from(*byte);
            count += 8;
        }
        let (symbol, length) = next((bits >> (count - 32)) as u32)?;
        into.push(symbol);
        count -= length;
    }
}

/// The last bits, of which at most seven are padding.
fn finish(bits: u64, mut count: u32, into: &mut Vec<u8>) -> Option<()> {
    loop {
        let left = bits & ((1 << count) - 1);
        if count < 8 && left + 1 == 1 << count {
            return Some(());
        }
        // Padded with ones, like the string: a symbol that needs them is not whole.
        let window = if count >= 32 {
            left >> (count - 32)
        } else {
            (left << (32 - count)) | ((1 << (32 - count)) - 1)
        };
        let (symbol, length) = next(window as u32)?;
        count = count.checked_sub(length)?;
        into.push(symbol);
    }
}

/// The symbol at the front of 32 bits, and its length.
#[inline]
fn next(window: u32) -> Option<(u8, u32)> {
    let (symbol, length) = *CODE.short.get((window >> (32 - SHORT)) as usize)?;
    if length != 0 {
        return Some((symbol, u32::from(length)));
    }
    long(window)
}

#[cold]
fn long(window: u32) -> Option<(u8, u32)> {
    let length = (SHORT as usize + 1..=LONGEST).find(|length| u64::from(window) < CODE.limits[*length])?;
    let place = i64::from(window >> (32 - length)) + CODE.offsets[length];
    let symbol = *CODE.symbols.get(usize::try_from(place).ok()?)?;
    (symbol != END_OF_STRING).then_some((symbol as u8, length as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes worked out a second way: counting up, symbol by symbol, in the order of lengths.
    fn codes() -> Vec<(u32, u8)> {
        let mut order: Vec<usize> = (0..SYMBOLS).collect();
        order.sort_by_key(|symbol| (LENGTHS[*symbol], *symbol));
        let (mut codes, mut code, mut before) = (vec![(0, 0); SYMBOLS], 0_u32, LENGTHS[order[0]]);
        for symbol in order {
            code <<= LENGTHS[symbol] - before;
            before = LENGTHS[symbol];
            codes[symbol] = (code, before);
            code += 1;
        }
        codes
    }

    fn encode(text: &[u8]) -> Vec<u8> {
        let codes = codes();
        let mut bits = String::new();
        for byte in text {
            let (code, length) = codes[usize::from(*byte)];
            bits.push_str(&format!("{code:0width$b}", width = usize::from(length)));
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        let octets = bits.as_bytes().chunks(8);
        octets.map(|octet| u8::from_str_radix(std::str::from_utf8(octet).unwrap(), 2).unwrap()).collect()
    }

    fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        decode(encoded, &mut text).map(|()| text)
    }

    /// RFC 7541 appendix B and C.4.
    #[test]
    fn the_rfcs_own() {
        let codes = codes();
        for (symbol, code, length) in [
            (0, 0x1ff8, 13),
            (47, 0x18, 6),
            (97, 3, 5),
            (122, 0x7b, 7),
            (255, 0x3ff_ffee, 26),
            (256, 0x3fff_ffff, 30),
        ] {
            assert_eq!(codes[symbol], (code, length), "{symbol}");
        }
        let example = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&example).as_deref(), Some(b"www.example.com".as_slice()));
        assert_eq!(encode(b"www.example.com"), example);
    }

    #[test]
    fn every_byte_and_every_length() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decoded(&encode(&all)).as_deref(), Some(all.as_slice()));
        for byte in 0..=255_u8 {
            for length in 0..12 {
                let text = vec![byte; length];
                assert_eq!(decoded(&encode(&text)), Some(text), "{byte} {length} times");
            }
        }
    }

    #[test]
    fn bad_endings() {
        assert_eq!(decoded(&[]), Some(Vec::new()));
        assert_eq!(decoded(&[0xff]), None, "eight bits of padding");
        assert_eq!(decoded(&[0x18]), None, "padded with zeros: `a`, then 000");
        assert_eq!(decoded(&[0x1f]).as_deref(), Some(b"a".as_slice()));
        assert_eq!(decoded(&[0xff; 4]), None, "the end of string");
        assert_eq!(decoded(&[0xff; 5]), None);
        for cut in 1..12 {
            let whole = encode(b"\0\x01\x02\x03");
            let _ = decoded(&whole[..cut.min(whole.len())]);
        }
    }
}
