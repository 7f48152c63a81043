//! Permission for the loader to hand these types to the kernel as bytes.

use crate::{Offsets, Settings};

// SAFETY: `repr(C)`, words alone, no padding.
unsafe impl aya::Pod for Offsets {}

// SAFETY: as above.
unsafe impl aya::Pod for Settings {}
