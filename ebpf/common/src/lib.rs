//! What the programs in the kernel and their loader agree on: records, counters, settings, offsets.
//!
//! Takes and gives nothing: types and numbers alone. All types are `repr(C)` without padding, so that no byte of the kernel's
//! stack is handed out and every bit pattern is a value.
#![no_std]

mod counter;
mod go;
mod http2;
mod lane;
mod offsets;
mod record;
mod settings;

pub use counter::Counter;
pub use go::GoLayout;
pub use http2::{ENDS_STREAM, FIELD_NAME, FIELD_VALUE, FIELD_VALUE_AT, FIELDS, FieldPlace, OF_CLIENT};
pub use lane::{LANE_BYTES, LANES, Lane};
pub use offsets::Offsets;
pub use record::{
    CAPTURE_MAX, Event, NAME, PIECE, PIECES, RECORD_SIZES, Record, START, TLS, WAKE_BYTES, WILDCARD,
};
pub use settings::{
    Admission, LISTED, LOADER_BEGUN, LOADER_FOUND, NAMES, PROCESS_OF_OWN_CALL, Settings, UNWANTED_PLACES,
    name_words, unwanted_place,
};

#[cfg(feature = "user")]
mod user;
