//! Every limit of the pipeline with the reason for its number. What a limit throws away is counted in
//! [`stats`](crate::stats).

/// Limits of one worker. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tracked flows. One without a parser takes about 250 bytes, one that a parser follows about 1.2 KB, host and guest
    /// together (2 KB at most while it is idle): 120 MB for the default when all are followed and idle.
    pub flows: usize,
    /// Bytes that wait out of order in one direction: more than a usual receive window of one lost segment in flight.
    pub out_of_order_direction: usize,
    /// The same for all flows together: a bound that a flood of holes can not pass.
    pub out_of_order_total: usize,
    /// Bytes of one direction that a parser may leave unread: twice the largest message head that built-in parsers accept.
    pub unread: usize,
    /// Requests of one connection that wait for their answers: pipelining clients send tens, not thousands.
    pub pending: usize,
    /// Bytes of a text in a request log; contract of the product.
    pub text: usize,
    /// Bytes of heads and bodies that sessions hold for hooks, all together: a thousand requests in flight with 64 KiB each.
    pub payload_bytes: usize,
    /// Bytes that are put together for one parser call: half of a usual second-level cache, some 50 full segments.
    pub batch_bytes: usize,
    /// Events of one parser call: behind 128 the cost of a call is below 2 % of the cost of its events.
    pub batch_events: usize,
    /// Payloads of one direction that are compared with signatures before a flow is left alone: protocols begin with what
    /// tells them.
    pub payloads: u32,
    /// The same where the server's address and port are known to speak a protocol, or the capture joined in the middle: a
    /// message may begin only behind a body of some 20 MB. A comparison costs some ten nanoseconds.
    pub payloads_joined: u32,
    /// Payloads of one direction that a parser is asked about: calls of guests are dearer than comparisons.
    pub questions: u32,
    /// Bytes of one direction that are kept while a parser wants to see more before it decides.
    pub probe_bytes: usize,
    /// Server endpoints whose protocol is remembered.
    pub endpoints: usize,
    /// Violations in a row, without a message between, after which a parser loses a connection.
    pub violations: u32,
    /// A handshake that got no further, or a flow without payload. RFC 9293's retransmissions end in about that time.
    pub half_open_timeout: u64,
    /// A TCP flow without segments: longer than usual keep-alive intervals.
    pub tcp_timeout: u64,
    /// A UDP flow without datagrams: RFC 4787 asks two minutes of a translator.
    pub udp_timeout: u64,
    /// A closed TCP flow: late segments must not open it again; twice the usual maximum segment lifetime in practice.
    pub closed_timeout: u64,
    /// A TCP request without an answer.
    pub tcp_response_timeout: u64,
    /// A UDP request without an answer: resolvers give up after 5 s a try.
    pub udp_response_timeout: u64,
}

/// A second in nanoseconds.
pub const SECOND: u64 = 1_000_000_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: 100_000,
            out_of_order_direction: 512 << 10,
            out_of_order_total: 32 << 20,
            unread: 128 << 10,
            pending: 512,
            text: 4096,
            payload_bytes: 64 << 20,
            batch_bytes: 64 << 10,
            batch_events: 128,
            payloads: 6,
            payloads_joined: 16_384,
            questions: 128,
            probe_bytes: 4096,
            endpoints: 4096,
            violations: 16,
            half_open_timeout: 30 * SECOND,
            tcp_timeout: 2 * 3600 * SECOND,
            udp_timeout: 120 * SECOND,
            closed_timeout: 30 * SECOND,
            tcp_response_timeout: 120 * SECOND,
            udp_response_timeout: 15 * SECOND,
        }
    }
}

impl Limits {
    /// The share of one of `workers` workers: limits that bound all memory are divided.
    #[must_use]
    pub fn share(&self, workers: usize) -> Self {
        let share = |limit: usize| (limit / workers.max(1)).max(1);
        Self {
            flows: share(self.flows),
            out_of_order_total: share(self.out_of_order_total),
            payload_bytes: share(self.payload_bytes),
            ..self.clone()
        }
    }

    /// What is left of limits that bound memory when there is room for so many sixteenths only; at least a sixteenth.
    #[must_use]
    pub fn sixteenths(&self, parts: u8) -> Self {
        let parts = usize::from(parts.clamp(1, 16));
        let scale = |limit: usize| (limit / 16).saturating_mul(parts).max(limit.min(16)).min(limit);
        Self {
            flows: scale(self.flows),
            out_of_order_total: scale(self.out_of_order_total),
            payload_bytes: scale(self.payload_bytes),
            pending: scale(self.pending),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteenths_bound_memory_and_never_come_to_nothing() {
        let limits = Limits { pending: 5, ..Limits::default() };
        let half = limits.sixteenths(8);
        assert_eq!((half.flows, half.pending, half.text), (50_000, 5, limits.text));
        assert_eq!(limits.sixteenths(0).flows, 6250);
        assert!(limits.sixteenths(16).flows == limits.flows && limits.sixteenths(200).flows == limits.flows);
        assert_eq!(Limits { flows: 1, ..limits }.sixteenths(3).flows, 1);
    }
}
