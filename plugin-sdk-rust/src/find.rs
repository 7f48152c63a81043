//! Takes: bytes. Gives: where one of them stands first. The crate `memchr` where it can be had; a copy of the SDK inside of a project
//! (`weir plugin new`) stands alone and uses what is here.

#[cfg(feature = "memchr")]
pub(crate) use memchr::{memchr, memchr2};

#[cfg(not(feature = "memchr"))]
pub(crate) use alone::{memchr, memchr2};

#[cfg(any(test, not(feature = "memchr")))]
mod alone {
    /// Compared at once: the compiler makes a vector of them.
    const LANE: usize = 16;

    pub(crate) fn memchr(needle: u8, haystack: &[u8]) -> Option<usize> {
        find(haystack, |byte| byte == needle)
    }

    pub(crate) fn memchr2(one: u8, two: u8, haystack: &[u8]) -> Option<usize> {
        find(haystack, |byte| (byte == one) | (byte == two))
    }

    #[inline(always)]
    fn find(haystack: &[u8], is: impl Fn(u8) -> bool) -> Option<usize> {
        let (lanes, _) = haystack.as_chunks::<LANE>();
        let found = lanes.iter().position(|lane| lane.iter().fold(false, |found, byte| found | is(*byte)));
        let start = found.unwrap_or(lanes.len()) * LANE;
        let place = haystack.get(start..)?.iter().position(|byte| is(*byte))?;
        Some(start + place)
    }
}

#[cfg(test)]
mod tests {
    use super::alone;

    #[test]
    fn the_first_one_wherever_it_stands() {
        for length in 0..70 {
            assert_eq!(alone::memchr(b'x', &vec![b'.'; length]), None);
            for first in 0..length {
                let mut bytes = vec![b'.'; length];
                for place in (first..length).step_by(3) {
                    bytes[place] = if place % 2 == 0 { b'x' } else { b'y' };
                }
                assert_eq!(alone::memchr2(b'x', b'y', &bytes), Some(first));
                assert_eq!(alone::memchr(b'x', &bytes), bytes.iter().position(|byte| *byte == b'x'));
            }
        }
    }
}
