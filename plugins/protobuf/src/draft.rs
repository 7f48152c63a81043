//! Messages that are put together by hand, for tests.

/// A message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft(pub(crate) Vec<u8>);

impl Draft {
    pub(crate) fn varint(mut self, number: u32, value: u64) -> Self {
        self.tag(number, 0);
        self.number(value);
        self
    }

    pub(crate) fn fixed64(mut self, number: u32, value: u64) -> Self {
        self.tag(number, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn fixed32(mut self, number: u32, value: u32) -> Self {
        self.tag(number, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, number: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.tag(number, 2);
        self.number(bytes.as_ref().len() as u64);
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub(crate) fn message(self, number: u32, message: Self) -> Self {
        self.bytes(number, message.0)
    }

    pub(crate) fn group(mut self, number: u32, message: &Self) -> Self {
        self.tag(number, 3);
        self.0.extend_from_slice(&message.0);
        self.tag(number, 4);
        self
    }

    pub(crate) fn entry(self, number: u32, key: &str, value: &str) -> Self {
        self.message(number, Self::default().bytes(1, key).bytes(2, value))
    }

    /// What a tag and a length say need not be so.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn tag(&mut self, number: u32, wire_type: u64) {
        self.number(u64::from(number) << 3 | wire_type);
    }

    fn number(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
