//! One worker's counts since it handed them over. Takes records, gives tallies to the [`Board`]. Holds no lock.

use weir_request_log::{RequestLog, SessionType};

use crate::KEYS;
use crate::board::Board;
use crate::key::Key;
use crate::keyed::Keyed;
use crate::tally::Tally;

/// Keys that stay when there was no more room. The quarter that leaves makes room for new ones, so that a flood of names keeps no busy
/// endpoint out for long: it finds room within a few hand-overs, and being busy, keeps it.
const KEPT: usize = KEYS - KEYS / 4;

/// Counts of one worker.
#[derive(Debug, Default)]
pub struct Tallies {
    keys: Keyed<Entry>,
    /// What there was no room for.
    other: Tally,
    /// Places that were counted at.
    touched: Vec<u32>,
    /// Responses whose request was not seen: they have no place among requests.
    responses_alone: u64,
    scratch: Key,
}

#[derive(Debug, Default)]
struct Entry {
    tally: Tally,
    /// Requests, of which those before each hand-over count half.
    worth: u64,
}

impl Tallies {
    /// Counts a record.
    #[inline]
    pub fn count(&mut self, log: &RequestLog) {
        if log.session_type == SessionType::Response {
            self.responses_alone += 1;
            return;
        }
        self.scratch.set(log);
        let place = self.keys.place(&self.scratch, KEYS);
        let Some((place, slot)) = place.and_then(|place| Some((place, self.keys.slot_mut(place)?))) else {
            self.other.count(log);
            return;
        };
        if slot.value.tally.counts.requests == 0 {
            self.touched.push(place as u32);
        }
        slot.value.tally.count(log);
    }

    /// Adds everything that was counted to the board, and begins anew; known keys keep their memory.
    pub fn hand_over(&mut self, board: &mut Board) {
        for slot in self.keys.slots_mut() {
            slot.value.worth = slot.value.worth / 2 + slot.value.tally.counts.requests;
        }
        for place in self.touched.drain(..) {
            if let Some(slot) = self.keys.slot_mut(place as usize) {
                board.add(&slot.key, &slot.value.tally);
                slot.value.tally.clear();
            }
        }
        board.add_other(&self.other);
        self.other.clear();
        board.responses_alone += std::mem::take(&mut self.responses_alone);
        if self.keys.len() >= KEYS {
            self.keys.keep_best(KEPT, |entry| entry.worth);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use weir_request_log::{Field, Fields, RequestLog, SessionType, Status, Value};

    pub(crate) fn log(protocol: &str, resource: &str) -> RequestLog {
        let mut fields = Fields::default();
        fields.set(Field::RequestResource, Value::Text(resource));
        RequestLog {
            start_time: 1_763_731_625_012_345_678,
            end_time: 1_763_731_626_000_001_999,
            response_duration: Some(1_000_000),
            l7_protocol: Arc::from(protocol),
            session_type: SessionType::Session,
            client: "10.0.0.1:51234".parse().unwrap(),
            server: "10.0.0.2:80".parse().unwrap(),
            flow_id: 7,
            status: Status::Ok,
            request_length: Some(100),
            response_length: Some(1000),
            fields,
            ..RequestLog::empty()
        }
    }
}
