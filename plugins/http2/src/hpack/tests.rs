//! The examples of RFC 7541 appendix C, and what happens to blocks that were lost, cut or made to hurt.

use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> (Result<(), Stop>, String, u32) {
    let mut list = HeaderList::default();
    let result = decoder.decode(block, &mut list);
    let lines = list.lines().map(|line| [line.name, b": ", line.value, b"\r\n"].concat());
    assert_eq!(lines.collect::<Vec<_>>().concat(), list.text(), "lines and text say the same");
    (result, String::from_utf8_lossy(list.text()).replace("\r\n", "|"), list.unknown)
}

fn lines(decoder: &mut Decoder, hex: &str) -> String {
    let (result, text, unknown) = decode(decoder, &bytes(hex));
    assert_eq!((result, unknown), (Ok(()), 0));
    text
}

/// RFC 7541 C.3 and C.4: three requests on one connection, without and with Huffman code.
#[test]
fn requests() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let packed = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, packed] {
        let mut decoder = Decoder::new(true);
        let told = blocks.map(|hex| lines(&mut decoder, hex));
        assert_eq!(
            told,
            [
                ":method: GET|:scheme: http|:path: /|:authority: www.example.com|",
                ":method: GET|:scheme: http|:path: /|:authority: www.example.com|cache-control: no-cache|",
                ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: custom-value|",
            ]
        );
    }
}

/// RFC 7541 C.6: responses over a table of 256 bytes, which evict one another.
#[test]
fn responses_with_eviction() {
    let mut decoder = Decoder::new(true);
    let first = "3f e1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
    let told = lines(&mut decoder, first);
    assert_eq!(
        told,
        ":status: 302|cache-control: private|date: Mon, 21 Oct 2013 20:13:21 GMT|location: https://www.example.com|"
    );
    assert!(
        lines(&mut decoder, "4883 640e ffc1 c0bf")
            .starts_with(":status: 307|cache-control: private|date: Mon")
    );
    let third = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07";
    let told = lines(&mut decoder, third);
    assert!(
        told.contains("|content-encoding: gzip|set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600"),
        "{told}"
    );
    assert_eq!(decode(&mut decoder, &[0xc1]).0, Err(Stop::Bad), "evicted, and nothing is behind it");
}

/// The second and third request when the first one was not seen: what the first one inserted is unknown, what they insert is known.
#[test]
fn joined_behind_the_first_request() {
    let mut decoder = Decoder::new(false);
    let told = decode(&mut decoder, &bytes("8286 84be 5808 6e6f 2d63 6163 6865"));
    assert_eq!(told, (Ok(()), ":method: GET|:scheme: http|:path: /|cache-control: no-cache|".into(), 1));
    let told = decode(&mut decoder, &bytes("8287 85bf be"));
    assert_eq!(
        told,
        (Ok(()), ":method: GET|:scheme: https|:path: /index.html|cache-control: no-cache|".into(), 1)
    );
}

#[test]
fn a_loss_hides_and_a_new_size_shows_again() {
    let mut decoder = Decoder::new(true);
    assert_eq!(lines(&mut decoder, "4001 6101 31"), "a: 1|");
    decoder.lost();
    assert_eq!(decode(&mut decoder, &[0xbe]), (Ok(()), String::new(), 1));
    assert_eq!(decode(&mut decoder, &bytes("7e 01 32")).2, 1, "a known value of an unknown name");
    assert_eq!(decode(&mut decoder, &[0xbe]).2, 1, "and it stays unknown");
    assert_eq!(lines(&mut decoder, "20 3f e1 1f 4001 6201 31 be"), "b: 1|b: 1|");
    assert_eq!(
        decode(&mut decoder, &[0xbf]).0,
        Err(Stop::Bad),
        "the table was emptied, so nothing is unknown"
    );
}

#[test]
fn cut_and_bad_blocks() {
    let whole = bytes("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d");
    for end in 4..whole.len() {
        let told = decode(&mut Decoder::new(true), &whole[..end]);
        assert_eq!(told, (Err(Stop::Cut), ":method: GET|:scheme: http|:path: /|".into(), 0), "{end}");
    }
    for (block, why) in [
        ("80", "index 0"),
        ("ff 80 80 80 80 80 01", "a long integer"),
        ("7f ff ff ff 7f 00", "a large integer"),
        ("be", "nothing is in the table"),
        ("00 81 00 00", "padded with zeros"),
    ] {
        assert_eq!(decode(&mut Decoder::new(true), &bytes(block)).0, Err(Stop::Bad), "{why}");
    }
}

#[test]
fn what_http_forbids_is_left_out() {
    let mut list = HeaderList::default();
    for (name, value) in
        [("A", "upper"), ("a b", "1"), ("", "1"), (":", "1"), ("x", "1\r\nforged: 1"), ("ok", "2")]
    {
        list.push(name.as_bytes(), value.as_bytes());
    }
    assert!(list.is_bad());
    assert_eq!(list.text(), b"ok: 2\r\n");
}

/// One large entry, then a block that refers to it with every byte.
#[test]
fn a_small_block_can_not_become_a_large_one() {
    let mut decoder = Decoder::new(true);
    let value = vec![b'x'; 4000];
    let entry = [b"\x40\x01a\x7f\xa1\x1e".as_slice(), &value].concat();
    assert_eq!(decode(&mut decoder, &entry).0, Ok(()));
    let (result, text, _) = decode(&mut decoder, &vec![0xbe; 60_000]);
    assert_eq!(result, Err(Stop::Bad));
    assert!(text.len() <= 64 << 10);
    let (result, text, _) = decode(&mut decoder, &vec![0x82; 60_000]);
    assert!(result.is_ok() && text.len() <= 64 << 10, "small fields are only cut");
}

/// Encodes the way a sender does: new fields go into the table, known ones are referred to.
fn encode(table: &mut Vec<(String, String)>, fields: &[(String, String)]) -> Vec<u8> {
    let mut block = Vec::new();
    for field in fields {
        if let Some(age) = table.iter().rev().position(|known| known == field).filter(|age| age + 62 < 127) {
            block.push(0x80 | (62 + age) as u8);
            continue;
        }
        block.push(0x40);
        for text in [&field.0, &field.1] {
            block.push(text.len() as u8);
            block.extend_from_slice(text.as_bytes());
        }
        table.push(field.clone());
    }
    block
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-d]{1,2}", "[0-9]{0,3}"), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever block a capture begins with, and whichever is lost: a field that is told is the one that was sent, in its order, and
    /// told and unknown ones together are all.
    #[test]
    fn nothing_is_guessed(blocks in prop::collection::vec(fields(), 1..12), first in 0_usize..6, lost in 0_usize..12) {
        let (mut table, mut decoder) = (Vec::new(), Decoder::new(first == 0));
        for (n, fields) in blocks.iter().enumerate() {
            let block = encode(&mut table, fields);
            if n < first {
                continue;
            }
            if n == lost {
                decoder.lost();
                continue;
            }
            let (result, text, unknown) = decode(&mut decoder, &block);
            prop_assert_eq!(result, Ok(()));
            let mut sent = fields.iter().map(|(name, value)| format!("{name}: {value}"));
            let told: Vec<&str> = text.split_terminator('|').collect();
            prop_assert!(told.iter().all(|line| sent.any(|field| field == *line)), "{text} of {fields:?}");
            prop_assert_eq!(told.len() + unknown as usize, fields.len());
            if n < lost && first == 0 {
                prop_assert_eq!(unknown, 0);
            }
        }
    }

    #[test]
    fn nothing_panics(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8), known in any::<bool>()) {
        let mut decoder = Decoder::new(known);
        for block in blocks {
            let _ = decode(&mut decoder, &block);
        }
    }
}
