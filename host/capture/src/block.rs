//! A filled read buffer with the places of its frames. Takes nothing by itself: [`crate::CaptureFile::fill`] fills it.
//! Gives frames, to one thread or, behind an `Arc`, to many. Does not do: reading, decoding.

use weir_pipeline::captured::{Frame, LinkType};

/// Bytes of a capture file and the frames in them. Its memory is used again when it is filled again.
#[derive(Debug, Default)]
pub struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<FrameAt>,
}

/// Where a frame stands in a [`Block`].
#[derive(Clone, Copy, Debug)]
pub struct FrameAt {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// Of the first captured byte.
    pub offset: u32,
    /// How many bytes were captured.
    pub length: u32,
    /// How many bytes were on the wire; never less than `length`.
    pub wire_length: u32,
    /// What the first byte belongs to.
    pub link: LinkType,
}

impl Block {
    /// The frames in the order of the file.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = Frame<'_>> + Clone {
        self.frames.iter().map(|at| self.frame(at))
    }

    /// The frame at a place of this block. A place of another block gives wrong bytes, or none.
    #[must_use]
    #[inline]
    pub fn frame(&self, at: &FrameAt) -> Frame<'_> {
        let start = at.offset as usize;
        let bytes = self.bytes.get(start..start + at.length as usize).unwrap_or_default();
        Frame { time: at.time, link: at.link, bytes, wire_length: at.wire_length }
    }

    /// The places of the frames, in the order of the file.
    #[must_use]
    pub fn positions(&self) -> &[FrameAt] {
        &self.frames
    }

    /// Takes all frames out; the memory stays.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
    }

    /// What the offsets of [`FrameAt`] point into.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
