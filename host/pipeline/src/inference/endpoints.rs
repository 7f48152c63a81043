//! Takes: verdicts. Gives: what a server endpoint spoke before, so that later connections ask the right parser first and have
//! more patience. Bounded: the oldest half is forgotten when it is full.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::decode::{Address, Transport};

/// Address and port of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) port: u16,
    pub(crate) transport: Transport,
    /// Inside of TLS: what a server speaks there says nothing of the ciphertext on the same port.
    pub(crate) inside_tls: bool,
}

/// What server endpoints spoke.
#[derive(Debug)]
pub(crate) struct Endpoints {
    known: HashMap<Endpoint, Known, RandomState>,
    capacity: usize,
    clock: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    parser: u8,
    used: u64,
}

impl Endpoints {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { known: HashMap::default(), capacity: capacity.max(2), clock: 0 }
    }

    /// Another bound; what is too much is forgotten as others come.
    pub(crate) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(2);
    }

    /// The parser that the endpoint's last connection went to.
    pub(crate) fn parser(&self, endpoint: &Endpoint) -> Option<usize> {
        self.known.get(endpoint).map(|known| usize::from(known.parser))
    }

    /// Another parser stands for this one from now on, or none does.
    pub(crate) fn rename(&mut self, parser: usize, successor: Option<usize>) {
        let (parser, successor) = (parser as u8, successor.map(|slot| slot as u8));
        self.known.retain(|_, known| known.parser != parser || successor.is_some());
        for known in self.known.values_mut().filter(|known| known.parser == parser) {
            known.parser = successor.unwrap_or(parser);
        }
    }

    /// A connection to the endpoint went to this parser.
    pub(crate) fn remember(&mut self, endpoint: Endpoint, parser: usize) {
        self.clock += 1;
        let known = Known { parser: parser as u8, used: self.clock };
        if self.known.insert(endpoint, known).is_none() && self.known.len() > self.capacity {
            let mut ages: Vec<u64> = self.known.values().map(|k| k.used).collect();
            let middle = (ages.len() - 1).saturating_sub(self.capacity / 2);
            let (_, median, _) = ages.select_nth_unstable(middle);
            let median = *median;
            self.known.retain(|_, k| k.used > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_bounded_and_keeps_the_latest() {
        let mut endpoints = Endpoints::new(100);
        let endpoint = |n: u32| Endpoint {
            address: Address::v4(n.to_be_bytes()),
            port: 80,
            transport: Transport::Tcp,
            inside_tls: false,
        };
        for n in 0..10_000 {
            endpoints.remember(endpoint(n), 3);
            assert!(endpoints.known.len() <= 100);
        }
        assert_eq!(endpoints.parser(&endpoint(9_999)), Some(3));
        assert_eq!(endpoints.parser(&endpoint(0)), None);
    }
}
