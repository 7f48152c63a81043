//! Sockets whose bytes nobody wants. Takes verdicts, gives the list to whoever tells the capture to leave them alone. Bounded.

use crate::decode::Transport;

/// Sockets that wait to be told. When more come in one burst, the rest goes on being captured, which costs time and nothing else.
const MOST: usize = 4096;

/// What to leave alone.
#[derive(Debug, Default)]
pub(crate) struct Unwanted(Vec<u64>);

impl Unwanted {
    /// Nobody wants what this socket carries; true when it will be told. `socket`: 0 for packets. A socket of UDP may speak with many others,
    /// so what one of them says must not silence all.
    pub(crate) fn add(&mut self, socket: u64, transport: Transport) -> bool {
        let tell = socket != 0 && transport == Transport::Tcp && self.0.len() < MOST;
        if tell {
            self.0.push(socket);
        }
        tell
    }

    /// All since the last time.
    pub(crate) fn take(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_knows_connections_alone() {
        let mut unwanted = Unwanted::default();
        assert!(!unwanted.add(0, Transport::Tcp) && !unwanted.add(7, Transport::Udp));
        let told = (1..100_000).filter(|n| unwanted.add(*n, Transport::Tcp)).count();
        assert_eq!((told, unwanted.take().len(), unwanted.take().len()), (MOST, MOST, 0));
        assert!(unwanted.add(9, Transport::Tcp));
    }
}
