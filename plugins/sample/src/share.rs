//! A share of all hashes, without floating point: it has to be the same on every machine and in every language.

/// How many hashes of a million are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u32);

const MILLION: u32 = 1_000_000;

impl Share {
    pub(crate) const ALL: Self = Self(MILLION);

    /// A percentage from 0 to 100 with up to four decimals: `10`, `0.5`, `99.9999`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let decimals: u32 = format!("{decimals:0<4}").parse().ok()?;
        let share = whole.parse::<u32>().ok()? * (MILLION / 100) + decimals;
        (share <= MILLION).then_some(Self(share))
    }

    /// This one is kept. The remainder takes all bits of the hash in, its high ones are poor for short texts.
    pub(crate) fn has(self, hash: u64) -> bool {
        hash % u64::from(MILLION) < u64::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn percentages() {
        for (text, share) in [
            ("0", 0),
            ("100", 1_000_000),
            ("100.0000", 1_000_000),
            (" 0.5 ", 5_000),
            ("12.3456", 123_456),
            ("7.", 70_000),
        ] {
            assert_eq!(Share::parse(text), Some(Share(share)), "{text}");
        }
        for text in ["", "-1", "+1", "100.0001", "101", "1e2", "0,5", "0.12345", "ten", "1000", ".5", "1.-2"]
        {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ends() {
        assert!(Share(0).0 == 0 && !Share(0).has(0));
        assert!(Share::ALL.has(u64::MAX) && Share::ALL.has(999_999));
        assert!(Share(1).has(1_000_000) && !Share(1).has(1));
    }
}
