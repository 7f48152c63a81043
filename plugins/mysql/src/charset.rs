//! Takes: text in the character set of the connection. Gives: UTF-8, where it is known how.
//!
//! The set is named by the handshake (a collation id, "Character Set and Collation") and by `SET NAMES`. Many a client
//! names one and sends UTF-8 all the same: text that is valid UTF-8 stays as it is.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// Bytes of a statement that can be a `SET NAMES`.
const SET_NAMES: usize = 128;

/// The character set of a connection; none where it is UTF-8, binary or not known.
pub(crate) type Charset = Option<&'static Encoding>;

/// `text` in UTF-8.
pub(crate) fn decode(charset: Charset, text: &[u8]) -> Cow<'_, [u8]> {
    let Some(encoding) = charset.filter(|_| std::str::from_utf8(text).is_err()) else {
        return Cow::Borrowed(text);
    };
    Cow::Owned(encoding.decode_without_bom_handling(text).0.into_owned().into_bytes())
}

/// The set that a collation belongs to (`information_schema.COLLATIONS`).
pub(crate) fn by_collation(id: u16) -> Charset {
    Some(match id {
        1 | 84 => encoding_rs::BIG5,
        2 | 9 | 21 | 27 | 77 => encoding_rs::ISO_8859_2,
        5 | 8 | 15 | 31 | 47..=49 | 94 => encoding_rs::WINDOWS_1252,
        7 | 74 => encoding_rs::KOI8_R,
        12 | 91 | 97 | 98 => encoding_rs::EUC_JP,
        13 | 88 | 95 | 96 => encoding_rs::SHIFT_JIS,
        14 | 23 | 50..=52 => encoding_rs::WINDOWS_1251,
        16 | 71 => encoding_rs::ISO_8859_8,
        18 | 89 => encoding_rs::WINDOWS_874,
        19 | 85 => encoding_rs::EUC_KR,
        20 | 41 | 42 | 79 => encoding_rs::ISO_8859_13,
        22 | 75 => encoding_rs::KOI8_U,
        24 | 28 | 86 | 87 | 248..=250 => encoding_rs::GB18030,
        25 | 70 => encoding_rs::ISO_8859_7,
        26 | 34 | 44 | 66 | 99 => encoding_rs::WINDOWS_1250,
        29 | 58 | 59 => encoding_rs::WINDOWS_1257,
        30 | 78 => encoding_rs::WINDOWS_1254,
        57 | 67 => encoding_rs::WINDOWS_1256,
        _ => return None,
    })
}

/// The set of this name ("Supported Character Sets").
fn by_name(name: &[u8]) -> Charset {
    // Any collation of the set.
    let collation = match name.to_ascii_lowercase().as_slice() {
        b"big5" => 1,
        b"latin2" => 9,
        b"latin1" => 8,
        b"koi8r" => 7,
        b"ujis" | b"eucjpms" => 12,
        b"sjis" | b"cp932" => 13,
        b"cp1251" => 51,
        b"hebrew" => 16,
        b"tis620" => 18,
        b"euckr" => 19,
        b"latin7" => 41,
        b"koi8u" => 22,
        b"gb2312" | b"gbk" | b"gb18030" => 28,
        b"greek" => 25,
        b"cp1250" => 26,
        b"cp1257" => 59,
        b"latin5" => 30,
        b"cp1256" => 57,
        _ => return None,
    };
    by_collation(collation)
}

/// The set that a statement changes to: `SET NAMES x`, `SET CHARACTER SET x`.
pub(crate) fn set_by(sql: &[u8]) -> Option<Charset> {
    let begins = sql.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(b"SET "));
    if !begins || sql.len() > SET_NAMES {
        return None;
    }
    let mut words =
        sql.split(|b| b.is_ascii_whitespace() || *b == b';').filter(|word| !word.is_empty()).skip(1);
    let is = |word: Option<&[u8]>, wanted: &[u8]| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    let first = words.next();
    let sets =
        is(first, b"NAMES") || is(first, b"CHARSET") || is(first, b"CHARACTER") && is(words.next(), b"SET");
    let name = words.next().filter(|_| sets)?;
    let unquoted = name.iter().position(|b| !matches!(b, b'\'' | b'"')).map(|at| &name[at..])?;
    Some(by_name(unquoted.trim_ascii_end().strip_suffix(&name[..name.len() - unquoted.len()])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sets() {
        for sql in [
            "SET NAMES gbk",
            "set names 'GBK'",
            "SET  NAMES \"gbk\" COLLATE 'gbk_bin';",
            "SET CHARACTER SET gbk",
        ] {
            assert_eq!(set_by(sql.as_bytes()), Some(Some(encoding_rs::GB18030)), "{sql}");
        }
        for sql in ["SET NAMES utf8mb4", "SET NAMES 'binary'"] {
            assert_eq!(set_by(sql.as_bytes()), Some(None), "{sql}");
        }
        for sql in [
            "SET NAME gbk",
            "SET NAMES",
            "SET NAMES '",
            "SET CHARACTER gbk",
            "SELECT 1",
            "SET a = 'NAMES gbk'",
        ] {
            assert_eq!(set_by(sql.as_bytes()), None, "{sql}");
        }
    }

    #[test]
    fn utf_8_stays_as_it_is() {
        let gbk = by_collation(28);
        assert_eq!(*decode(gbk, b"\xd3\xe0\xb6\xee"), *"余额".as_bytes());
        assert_eq!(*decode(gbk, "余额".as_bytes()), *"余额".as_bytes());
        assert_eq!(*decode(None, b"\xd3\xe0"), *b"\xd3\xe0");
        assert_eq!(*decode(by_collation(8), b"caf\xe9"), *"café".as_bytes());
        assert_eq!(by_collation(45), None);
    }
}
