//! Takes: the signatures that plugins declare. Gives: for first bytes, the plugins worth asking, in one look.

use crate::decode::Transport;
use crate::parse::parser::Signature;

/// A set of parsers by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParserSet(u64);

/// As many parsers as a [`ParserSet`] can hold: a bit each. DeepFlow ships about thirty protocols.
pub const PARSERS: usize = 64;

impl ParserSet {
    /// Nobody.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The parser of that index is in it.
    #[must_use]
    pub fn contains(self, parser: usize) -> bool {
        parser < PARSERS && self.0 & 1 << parser != 0
    }

    /// Adds a parser.
    pub fn insert(&mut self, parser: usize) {
        self.0 |= 1 << (parser % PARSERS);
    }

    /// Takes a parser out.
    pub fn remove(&mut self, parser: usize) {
        self.0 &= !(1 << (parser % PARSERS));
    }

    /// Indices in the order of registration.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..PARSERS).filter(move |parser| self.contains(*parser))
    }
}

/// The compiled signatures of one worker.
#[derive(Debug, Default)]
pub struct Signatures {
    /// By transport, then one entry an offset.
    groups: [Vec<Group>; 2],
}

/// Signatures that look at the same offset.
#[derive(Debug)]
struct Group {
    offset: usize,
    /// By the byte at `offset`: what to compare further.
    by_first: Box<[Vec<Pattern>; 256]>,
    /// Signatures that fit every byte.
    any: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    parser: usize,
    bytes: Vec<u8>,
    ports: Vec<u16>,
}

/// Who is worth asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// A signature fits.
    pub fit: ParserSet,
    /// A signature might fit when more bytes are there.
    pub undecided: ParserSet,
}

impl Signatures {
    /// Compiles the signatures of all parsers, which are numbered in the order given.
    pub fn new<'a>(parsers: impl IntoIterator<Item = &'a [Signature]>) -> Self {
        let mut compiled = Self::default();
        for (parser, signatures) in parsers.into_iter().take(PARSERS).enumerate() {
            for signature in signatures {
                compiled.add(parser, signature);
            }
        }
        compiled
    }

    fn add(&mut self, parser: usize, signature: &Signature) {
        let groups = &mut self.groups[signature.transport as usize];
        let offset = signature.offset as usize;
        let index = groups.iter().position(|g| g.offset == offset).unwrap_or_else(|| {
            groups.push(Group { offset, by_first: Box::new([const { Vec::new() }; 256]), any: Vec::new() });
            groups.len() - 1
        });
        let group = &mut groups[index];
        let ports = signature.ports.clone();
        if signature.any_of.is_empty() {
            group.any.push(Pattern { parser, bytes: Vec::new(), ports: ports.clone() });
        }
        for bytes in &signature.any_of {
            let pattern = Pattern { parser, bytes: bytes.clone(), ports: ports.clone() };
            match bytes.first() {
                Some(first) => group.by_first[usize::from(*first)].push(pattern),
                None => group.any.push(pattern),
            }
        }
    }

    /// The parsers that a payload may belong to.
    #[must_use]
    pub fn candidates(&self, transport: Transport, payload: &[u8], ports: [u16; 2]) -> Candidates {
        let mut found = Candidates::default();
        for group in &self.groups[transport as usize] {
            let rest = payload.get(group.offset..).unwrap_or_default();
            let Some(first) = rest.first() else {
                group.by_first.iter().flatten().for_each(|p| found.undecided.insert(p.parser));
                group.any.iter().for_each(|p| found.undecided.insert(p.parser));
                continue;
            };
            for pattern in group.by_first[usize::from(*first)].iter().chain(&group.any) {
                if !pattern.ports.is_empty() && !ports.iter().any(|port| pattern.ports.contains(port)) {
                    continue;
                }
                if rest.starts_with(&pattern.bytes) {
                    found.fit.insert(pattern.parser);
                } else if pattern.bytes.starts_with(rest) {
                    found.undecided.insert(pattern.parser);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(offset: u32, any_of: &[&[u8]], ports: &[u16]) -> Vec<Signature> {
        let any_of = any_of.iter().map(|bytes| bytes.to_vec()).collect();
        vec![Signature { transport: Transport::Tcp, offset, any_of, ports: ports.to_vec() }]
    }

    fn fit(signatures: &Signatures, payload: &[u8], port: u16) -> (Vec<usize>, Vec<usize>) {
        let found = signatures.candidates(Transport::Tcp, payload, [40_000, port]);
        (found.fit.iter().collect(), found.undecided.iter().collect())
    }

    #[test]
    fn finds_by_bytes_and_offset() {
        let declared = [signature(0, &[b"GET ", b"PUT "], &[]), signature(3, &[&[0, 10]], &[])];
        let signatures = Signatures::new(declared.iter().map(Vec::as_slice));
        assert_eq!(fit(&signatures, b"GET / ", 80), (vec![0], vec![]));
        assert_eq!(fit(&signatures, &[74, 0, 0, 0, 10, 53], 80), (vec![1], vec![]));
        assert_eq!(fit(&signatures, b"XYZ / ", 80), (vec![], vec![]));
        assert_eq!(fit(&signatures, b"GE", 80), (vec![], vec![0, 1]), "both may still fit");
        assert!(signatures.candidates(Transport::Udp, b"GET / ", [1, 2]).fit.is_empty());
    }

    #[test]
    fn ports_narrow_but_never_decide() {
        let declared = [signature(0, &[b"A"], &[53]), signature(0, &[], &[])];
        let signatures = Signatures::new(declared.iter().map(Vec::as_slice));
        assert_eq!(fit(&signatures, b"AB", 53).0, [0, 1]);
        assert_eq!(fit(&signatures, b"AB", 54).0, [1]);
        assert_eq!(fit(&signatures, b"BB", 53).0, [1]);
    }
}
