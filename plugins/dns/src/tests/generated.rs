//! Names and answers that a generator makes up.

use proptest::prelude::*;

use super::*;

/// Reads `\DDD` and `\c` back.
fn unescape(text: &str) -> Vec<Vec<u8>> {
    let mut labels = vec![Vec::new()];
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let label = labels.last_mut().expect("one at least");
        match byte {
            b'.' => labels.push(Vec::new()),
            b'\\' => match bytes.next().expect("something behind") {
                digit @ b'0'..=b'9' => {
                    let rest: Vec<u8> = bytes.by_ref().take(2).collect();
                    let number =
                        [digit, rest[0], rest[1]].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
                    label.push(number as u8);
                }
                plain => label.push(plain),
            },
            plain => label.push(plain),
        }
    }
    labels
}

proptest! {
    #[test]
    fn names_can_be_read_back(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..6)) {
        let mut query = Draft::bare(7, 0x0100);
        query.0[5] = 1;
        for label in &labels {
            query.0.push(label.len() as u8);
            query.0.extend(label);
        }
        query.0.extend([0, 0, 1, 0, 1]);
        let harness = datagrams(&[(CLIENT, &query)]);
        let name = harness.messages()[0].text(Field::RequestDomain).expect("a name");
        prop_assert_eq!(unescape(name), labels);
    }

    #[test]
    fn any_bytes_as_records_do_no_harm(
        kinds in prop::collection::vec((0_u16..300, prop::collection::vec(any::<u8>(), 0..60)), 0..8),
        asked in prop::sample::select(vec![1_u16, 16, 65, 255, 252]),
    ) {
        let answer = kinds.iter().fold(Draft::new(7, RESPONSE, "a.b", asked), |d, (kind, data)| d.answer(*kind, data));
        let harness = datagrams(&[(SERVER, &answer)]);
        prop_assert_eq!(harness.messages().len(), 1);
        prop_assert_eq!(harness.messages()[0].text(Field::ResponseCode), Some("0"));
    }
}
