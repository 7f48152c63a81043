//! Takes: a text with `*` for anything. Says: whether another one fits.

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn has_wildcard(&self) -> bool {
        self.0.contains('*')
    }

    /// Each star takes as little as it can; only the last one is tried again, so the work is at most length by length.
    pub(crate) fn fits(&self, text: &[u8]) -> bool {
        let pattern = self.0.as_bytes();
        let (mut at, mut in_text) = (0, 0);
        let mut retry = None;
        loop {
            match (pattern.get(at), text.get(in_text)) {
                (Some(b'*'), _) => {
                    at += 1;
                    retry = Some((at, in_text));
                }
                (Some(a), Some(b)) if a == b => (at, in_text) = (at + 1, in_text + 1),
                (None, None) => return true,
                _ => {
                    let Some((star, from)) = retry.filter(|(_, from)| *from < text.len()) else {
                        return false;
                    };
                    retry = Some((star, from + 1));
                    (at, in_text) = (star, from + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars() {
        for (pattern, text, fits) in [
            ("Game/Game", "Game/Game", true),
            ("Game/Game", "Game/Games", false),
            ("Game/Game", "g.Game/Game", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("*/Game", "g1235.Game/Game", true),
            ("*/Game", "Game/Gam", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a**", "a", true),
            ("/api/*/x*", "/api/7/x?", true),
            ("", "", true),
            ("", "a", false),
            ("*ab", "aaab", true),
            ("*a*a*a*a*a*b", &"a".repeat(2000), false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
