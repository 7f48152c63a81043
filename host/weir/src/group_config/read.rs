//! Takes: nodes. Gives: values of the wanted type, or an error that says what stands there instead.

use super::ConfigError;
use super::yaml::{Content, Entry, Node};
use crate::nearest::nearest;

/// Milliseconds to hours, in nanoseconds.
const DURATIONS: [(&str, u64); 4] =
    [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

/// Bytes: powers of 1000 and of 1024.
const SIZES: [(&str, u64); 6] = [
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl Node {
    /// The entries of a mapping whose key is called `name`.
    pub(crate) fn mapping(&self, name: &str) -> Result<&[Entry], ConfigError> {
        match &self.content {
            Content::Mapping(entries) => Ok(entries),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.wrong(name, "a mapping (`key: value` lines)")),
        }
    }

    /// A list of texts. One text alone is a list of one.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<Text>, ConfigError> {
        match &self.content {
            Content::Sequence(items) => items.iter().map(|item| item.text(name)).collect(),
            _ if self.is_null() => Ok(Vec::new()),
            Content::Scalar { .. } => Ok(vec![self.text(name)?]),
            Content::Mapping(_) => Err(self.wrong(name, "a list (`[a, b]`)")),
        }
    }

    /// A text or number, as it stands there.
    pub(crate) fn text(&self, name: &str) -> Result<Text, ConfigError> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => {
                Ok(Text { line: self.line, text: text.clone() })
            }
            _ => Err(self.wrong(name, "a text")),
        }
    }

    /// A whole number above 0, with a unit of `units` or without.
    fn number(&self, name: &str, units: &[(&str, u64)], wanted: &str) -> Result<u64, ConfigError> {
        let Content::Scalar { text, .. } = &self.content else { return Err(self.wrong(name, wanted)) };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim();
        let factor = match units.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)) {
            Some((_, factor)) => *factor,
            None if unit.is_empty() => 1,
            None => return Err(self.wrong(name, wanted)),
        };
        let value = number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).filter(|&n| n > 0);
        value.ok_or_else(|| self.wrong(name, wanted))
    }

    /// How many.
    pub(crate) fn count(&self, name: &str) -> Result<usize, ConfigError> {
        const WANTED: &str = "a whole number above 0";
        usize::try_from(self.number(name, &[], WANTED)?).map_err(|_| self.wrong(name, WANTED))
    }

    /// Bytes.
    pub(crate) fn size(&self, name: &str) -> Result<usize, ConfigError> {
        const WANTED: &str = "a size in bytes (`65536`, `64KiB`)";
        usize::try_from(self.number(name, &SIZES, WANTED)?).map_err(|_| self.wrong(name, WANTED))
    }

    /// Nanoseconds. A unit must stand there: DeepFlow's keys have seconds in one place and milliseconds in another.
    pub(crate) fn duration(&self, name: &str) -> Result<u64, ConfigError> {
        const WANTED: &str = "a duration with its unit (`500ms`, `15s`, `2m`, `1h`)";
        match &self.content {
            Content::Scalar { text, .. } if text.ends_with(|c: char| c.is_ascii_alphabetic()) => {
                self.number(name, &DURATIONS, WANTED)
            }
            _ => Err(self.wrong(name, WANTED)),
        }
    }

    /// `true` or `false`.
    #[cfg(target_os = "linux")]
    pub(crate) fn truth(&self, name: &str) -> Result<bool, ConfigError> {
        match &self.content {
            Content::Scalar { text, plain: true } if text == "true" => Ok(true),
            Content::Scalar { text, plain: true } if text == "false" => Ok(false),
            _ => Err(self.wrong(name, "`true` or `false`")),
        }
    }

    /// What `read` makes of a text; it says what is wrong with one that it can not use.
    #[cfg(target_os = "linux")]
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let Text { line, text } = self.text(name)?;
        read(&text).map_err(|wrong| ConfigError::new(line, format!("`{name}`: `{text}`: {wrong}")))
    }

    fn wrong(&self, name: &str, wanted: &str) -> ConfigError {
        let found = match &self.content {
            _ if self.is_null() => "nothing".to_owned(),
            Content::Scalar { text, .. } => format!("`{text}`"),
            Content::Sequence(_) => "a list".to_owned(),
            Content::Mapping(_) => "a mapping".to_owned(),
        };
        ConfigError::new(self.line, format!("`{name}` must be {wanted}, found {found}"))
    }
}

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Counted from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

/// A name that is not one of `valid`.
pub(crate) fn unknown<'a>(
    line: usize,
    what: &str,
    name: &str,
    valid: impl IntoIterator<Item = &'a str>,
) -> ConfigError {
    let hint =
        nearest(name, valid).map_or_else(String::new, |n| format!("; the nearest valid name is `{n}`"));
    ConfigError::new(line, format!("unknown {what} `{name}`{hint}"))
}
