//! Takes: bytes. Gives: the head of a frame and the texts in its body, or how many bytes are missing.

use weir_plugin_sdk::payload::{Reader, Shortage};

/// Every frame begins with it.
pub(crate) const MAGIC: &[u8] = b"LDG1";
/// Magic, type, length, id.
pub(crate) const HEAD_LENGTH: u32 = 17;
/// No transaction is that long; a longer one is a length that was misread.
const BODY_LIMIT: u32 = 16 << 20;

#[derive(Clone, Copy)]
pub(crate) enum Sort {
    Request,
    Response,
}

#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) sort: Sort,
    /// Of the body.
    pub(crate) length: u32,
    /// A response has that of its request.
    pub(crate) id: u64,
}

impl Head {
    /// `None`: no frame begins like this, however it goes on.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Shortage> {
        let same = reader.rest().iter().zip(MAGIC).all(|(here, magic)| here == magic);
        if !same {
            return Ok(None);
        }
        reader.take(MAGIC.len())?;
        let sort = match reader.u8()? {
            1 => Sort::Request,
            2 => Sort::Response,
            _ => return Ok(None),
        };
        let length = reader.u32()?;
        let id = reader.u64()?;
        Ok((length <= BODY_LIMIT).then_some(Self { sort, length, id }))
    }
}

pub(crate) enum Body<'a> {
    Request { operation: &'a [u8], transaction: &'a [u8] },
    Response { status: u16, text: &'a [u8] },
}

impl<'a> Body<'a> {
    /// `Err`: so long a body has to be at least.
    pub(crate) fn read(sort: Sort, bytes: &'a [u8]) -> Result<Self, u32> {
        let mut reader = Reader::new(bytes);
        let body = match sort {
            Sort::Request => text(&mut reader)
                .and_then(|operation| Ok(Self::Request { operation, transaction: text(&mut reader)? })),
            Sort::Response => {
                reader.u16().and_then(|status| Ok(Self::Response { status, text: text(&mut reader)? }))
            }
        };
        body.map_err(|Shortage(missing)| (bytes.len() + missing) as u32)
    }
}

/// A byte with the length in front.
fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Shortage> {
    let length = reader.u8()?;
    reader.take(usize::from(length))
}
