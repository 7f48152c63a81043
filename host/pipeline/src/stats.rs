//! Counters of one worker: what went through each stage, and every drop with its stage and reason.
//!
//! Plain numbers owned by the worker; merged when somebody asks.

macro_rules! counters {
    ($($field:ident, $stage:literal, $reason:literal, $doc:literal;)*) => {
        /// Counters of one worker.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $(#[doc = $doc] pub $field: u64,)*
        }

        impl Stats {
            /// Adds the counters of another worker.
            pub fn merge(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }

            /// All counters: stage, name, value.
            pub fn lines(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$(($stage, $reason, self.$field)),*].into_iter()
            }
        }
    };
}

counters! {
    segments, "flow", "segments", "Segments and datagrams that came in.";
    payload_bytes, "flow", "payload-bytes", "Their payload.";
    flows, "flow", "opened", "Flows that were opened.";
    flows_joined, "flow", "joined-in-the-middle", "TCP flows whose beginning was not captured.";
    flows_evicted_half_open, "flow", "evicted-half-open", "Flows without payload that made room for new ones.";
    flows_evicted, "flow", "evicted", "Flows with payload that made room for new ones, the longest idle first.";
    cpu_limit, "flow", "cpu-limit", "TCP connections that were refused as they began, because the agent had used its CPU time.";
    cpu_limit_segments, "flow", "cpu-limit-segments", "Their segments with payload or SYN, and datagrams.";
    cpu_limit_given_up, "flow", "cpu-limit-given-up", "Flows with payload that were given up for that, when refusing new ones was not enough.";
    memory_limit, "flow", "memory-limit", "TCP connections that were refused as they began, because the agent had used its memory.";
    memory_limit_segments, "flow", "memory-limit-segments", "Their segments with payload or SYN, and datagrams.";
    flows_timed_out, "flow", "timed-out", "Flows that ended by silence.";
    stray_segments, "flow", "stray", "Segments without payload of no known flow, or behind its end.";
    resets_ignored, "flow", "reset-out-of-window", "RST segments whose sequence number can not be meant.";
    retransmitted_bytes, "reassembly", "retransmitted-bytes", "Bytes that came again.";
    out_of_order, "reassembly", "out-of-order", "Segments that waited for earlier ones.";
    gaps, "reassembly", "gaps", "Holes that were given up.";
    gap_bytes, "reassembly", "gap-bytes", "Bytes in those holes.";
    gaps_acknowledged, "reassembly", "gaps-acknowledged", "Holes whose bytes the receiver had: lost by the capture alone.";
    out_of_order_limit, "reassembly", "out-of-order-limit", "Holes given up because too many bytes waited behind them.";
    cut_bytes, "reassembly", "cut-bytes", "Payload bytes beyond the capture's snap length.";
    checks, "inference", "checks", "Questions to parsers whose bytes these are.";
    flows_claimed, "inference", "claimed", "Flows that a parser took.";
    flows_unclaimed, "inference", "unclaimed", "Flows that no parser wanted.";
    sockets_unwanted, "inference", "unwanted-sockets", "Connections whose system calls need not be captured any more.";
    unclaimed_bytes, "inference", "unclaimed-bytes", "Payload of flows that no parser follows.";
    batches, "parse", "batches", "Calls of parsers.";
    events, "parse", "events", "Events in those calls.";
    parsed_bytes, "parse", "bytes", "Payload bytes that parsers saw.";
    stepped_over_bytes, "parse", "stepped-over-bytes", "Payload bytes that parsers did not want to see.";
    given_again_bytes, "parse", "given-again-bytes", "Bytes that were shown twice because more had to come.";
    violations, "parse", "violations", "Bytes that were not of the protocol.";
    violation_limit, "parse", "violation-limit", "Connections a parser lost after too many violations.";
    unread_limit, "parse", "unread-limit", "Messages given up because the parser left too much unread.";
    faults, "parse", "plugin-faults", "Calls that ended in a fault of the plugin.";
    messages, "parse", "messages", "Messages that parsers told.";
    messages_misplaced, "parse", "misplaced-messages", "Messages of connections that are not open, or ends without beginnings.";
    sessions_paired, "session", "paired", "Requests with their response.";
    sessions_one_way, "session", "one-way", "Messages that stand alone by nature.";
    sessions_unanswered, "session", "unanswered", "Requests whose response was not seen.";
    sessions_timed_out, "session", "timed-out", "Requests without response within the limit.";
    sessions_orphan, "session", "response-alone", "Responses whose request was not seen.";
    sessions_before_capture, "session", "request-before-capture", "Responses to requests before the capture began; not told.";
    sessions_late, "session", "late-response", "Responses to requests that were told before, as timed out or to make room; not told.";
    pending_limit, "session", "pending-limit", "Requests told unanswered because too many waited.";
    payloads_too_many, "hooks", "payloads-too-many", "Payloads that no hook saw because the session had too many.";
    payloads_no_room, "hooks", "payloads-no-room", "Pieces of bodies that were cut because sessions held too many bytes.";
    hook_calls, "hooks", "calls", "Calls of hooks.";
    hook_subjects, "hooks", "subjects", "Messages and sessions in those calls.";
    hook_faults, "hooks", "plugin-faults", "Calls that ended in a fault of the plugin.";
    hook_dropped, "hooks", "dropped", "Sessions that a hook dropped.";
    hook_unseen, "hooks", "dropped-unseen", "Sessions that were dropped because a required hook broke.";
    logs, "request-log", "told", "Request logs that were told.";
}
