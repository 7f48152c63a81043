//! Numbers for guests that insist on random ones. Takes nothing, gives the same stream to every instance: what a plugin
//! tells must not differ from run to run. (SplitMix64; public domain, by Sebastiano Vigna.)

pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x5745_4952) // any number does
    }
}

impl Random {
    pub(crate) fn fill(&mut self, into: &mut [u8]) {
        for piece in into.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            piece.copy_from_slice(&bytes[..piece.len()]);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
