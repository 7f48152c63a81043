//! Which Go made a program: the build information that every program of Go 1.13 and newer carries (package debug/buildinfo).

use crate::elf::Elf;
use crate::limits;
use crate::source::u64_at;
use crate::target::WhyNot;

/// What a program says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Version {
    /// `go1.27.3`, `devel go1.28-0123abcd Mon ...`; empty when it says nothing.
    pub(crate) text: String,
    /// The numbers of a release.
    pub(crate) release: Option<(u32, u32)>,
    /// Built from between two releases.
    pub(crate) devel: bool,
}

/// It begins with a magic text, the size of a pointer and flags.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const FLAGS_AT: usize = 15;
const HEADER_BYTES: usize = 32;
const FLAG_BIG_ENDIAN: u8 = 1;
const FLAG_INLINE: u8 = 2;

impl Version {
    /// Empty when the program does not say it.
    pub(crate) fn read(elf: &Elf<'_>) -> Result<Self, WhyNot> {
        let Some(section) = elf.section(&[".go.buildinfo"]) else { return Ok(Self::default()) };
        let length = section.size.min(HEADER_BYTES as u64 + 10 + limits::GO_VERSION_BYTES);
        let bytes = elf.reader.range(section.offset, length, length)?;
        let (Some(flags), true) = (bytes.get(FLAGS_AT), bytes.starts_with(MAGIC)) else {
            return Ok(Self::default());
        };
        let text = if flags & FLAG_INLINE != 0 {
            inline(bytes.get(HEADER_BYTES..).unwrap_or_default())
        } else if flags & FLAG_BIG_ENDIAN == 0 {
            // Before Go 1.18: a pointer to a string, which is a pointer and a length.
            behind_pointer(elf, section.address)?
        } else {
            None
        };
        Ok(text.map(Self::parse).unwrap_or_default())
    }

    fn parse(text: String) -> Self {
        let mut release = None;
        if let Some((_, numbers)) = text.split_once("go") {
            let mut numbers = numbers.split(|c: char| !c.is_ascii_digit());
            let mut number = || numbers.next().and_then(|number| number.parse().ok());
            release = number().zip(number());
        }
        Self { devel: text.starts_with("devel"), release, text }
    }

    /// Go 1.17 release notes (amd64), Go 1.18 release notes (arm64). A program that does not say its version is taken for a newer one.
    pub(crate) fn has_register_abi(&self, arm: bool) -> bool {
        self.release.is_none_or(|release| release >= if arm { (1, 18) } else { (1, 17) })
    }
}

/// A length (unsigned LEB128) and so many bytes.
fn inline(bytes: &[u8]) -> Option<String> {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let begin = at + 1;
            return text(bytes.get(begin..begin.checked_add(length)?)?);
        }
    }
    None
}

fn behind_pointer(elf: &Elf<'_>, section: u64) -> Result<Option<String>, WhyNot> {
    let field = |at: u64, add: u64| at.checked_add(add).ok_or(WhyNot::Broken("build information"));
    let Some(string) = elf.pointer_at(field(section, 16)?)? else { return Ok(None) };
    let Some(data) = elf.pointer_at(string)? else { return Ok(None) };
    let length = u64_at(&elf.bytes_at(field(string, 8)?, 8, 8)?, 0).unwrap_or_default();
    Ok(text(&elf.bytes_at(data, length, limits::GO_VERSION_BYTES)?))
}

/// What can stand in a log.
fn text(bytes: &[u8]) -> Option<String> {
    let fits = bytes.len() as u64 <= limits::GO_VERSION_BYTES
        && bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    String::from_utf8(bytes.to_vec()).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_what_programs_say() {
        let release = |text: &str| Version::parse(text.into()).release;
        assert_eq!(release("go1.27.3"), Some((1, 27)));
        assert_eq!(release("go1.28rc1 X:jsonv2"), Some((1, 28)));
        assert_eq!(release("devel go1.29-7d1f7b2f Mon Nov 2"), Some((1, 29)));
        assert!(Version::parse("devel go1.29-7d".into()).devel);
        assert_eq!(release("go1"), None);
        assert_eq!(release("unknown"), None);
        assert_eq!(release("go1.99999999999999999999"), None);
    }

    #[test]
    fn lengths_that_lie_give_nothing() {
        assert_eq!(inline(b"\x04go1.").as_deref(), Some("go1."));
        assert_eq!(inline(b"\x05go1."), None);
        assert_eq!(inline(b"\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(inline(b""), None);
        assert_eq!(inline(b"\x02\x1b["), None);
    }
}
