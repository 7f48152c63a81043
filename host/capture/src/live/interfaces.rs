//! Which interfaces there are, and which are wanted. Takes patterns and the system's list. Does not do: capturing.

use std::io;

use super::kernel;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    /// No other one of the same namespace has it, now or later.
    pub(super) index: u32,
    /// ARPHRD_* of Linux.
    pub(super) kind: u16,
}

/// ARPHRD_ETHER.
const ETHERNET: u16 = 1;

/// ARPHRD_LOOPBACK: frames look like those of Ethernet.
const LOOPBACK: u16 = 772;

impl Interface {
    /// Frames begin with an Ethernet header. Of all others the kernel takes the header away, so they begin with IP.
    pub(super) fn is_ethernet(&self) -> bool {
        matches!(self.kind, ETHERNET | LOOPBACK)
    }

    /// What leaves comes in again.
    pub(super) fn is_loopback(&self) -> bool {
        self.kind == LOOPBACK
    }
}

/// All interfaces of the network namespace.
pub(super) fn all() -> io::Result<Vec<Interface>> {
    kernel::interfaces()
}

/// A name, or a pattern of names: `*` is any letters, `?` one.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
}

impl Pattern {
    /// `any` is all interfaces, as in tcpdump.
    pub(super) fn new(text: &str) -> Self {
        Self { text: if text == "any" { "*" } else { text }.to_owned() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Matches only one name.
    pub(super) fn is_name(&self) -> bool {
        !self.text.contains(['*', '?'])
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        matches(self.text.as_bytes(), name.as_bytes())
    }

    pub(super) fn matches_any(&self, interfaces: &[Interface]) -> bool {
        interfaces.iter().any(|interface| self.matches(&interface.name))
    }
}

/// Goes back to the last `*` only, so that it takes no more than pattern times name.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when the letters behind a star do not fit.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(n) {
        match (pattern.get(p), retry) {
            (Some(b'*'), _) => {
                p += 1;
                retry = Some((p, n));
            }
            (Some(wanted), _) if *wanted == b'?' || wanted == letter => {
                p += 1;
                n += 1;
            }
            (_, Some((behind, from))) => {
                p = behind;
                n = from + 1;
                retry = Some((behind, n));
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("eth0", "eth0", true),
            ("eth0", "eth01", false),
            ("eth0", "eth", false),
            ("eth*", "eth0", true),
            ("eth*", "eth", true),
            ("eth*", "veth0", false),
            ("*eth?", "veth0", true),
            ("*eth?", "vethe", true),
            ("*eth?", "eth", false),
            ("*a*b", "aaab", true),
            ("*a*b", "aaba", false),
            ("any", "wlan0", true),
            ("", "eth0", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn only_names_must_be_there() {
        assert!(Pattern::new("eth0").is_name() && !Pattern::new("eth*").is_name());
        assert!(!Pattern::new("eth?").is_name() && !Pattern::new("any").is_name());
    }

    #[test]
    fn a_long_name_and_many_stars_end_soon() {
        let name = "a".repeat(10_000);
        assert!(!Pattern::new(&format!("{}b", "*a".repeat(200))).matches(&name));
    }

    #[test]
    fn the_loopback_interface_is_listed() {
        let all = all().unwrap();
        assert!(all.iter().any(|i| i.is_loopback() && i.is_ethernet()), "{all:?}");
    }
}
