//! Where the bytes come from: a file or a pipe, decompressed when it is gzip. Takes a reader, gives a reader. Does not
//! do: capture formats.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// RFC 1952, 2.3.1.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How much compressed data is decompressed at once: what a broken gzip file loses before the broken place is at most what this
/// much expands to.
const GZIP_PIECE: usize = 16 << 10;

type Reader = Box<dyn Read + Send>;

/// The first bytes and the rest.
type Whole = Chain<Cursor<Vec<u8>>, Reader>;

/// The bytes of a capture.
pub(crate) enum Source {
    Plain(Reader),
    Gzip(Box<MultiGzDecoder<BufReader<Whole>>>),
}

impl Source {
    /// Gives the source and its first bytes: `head` of them, or fewer when there are no more.
    pub(crate) fn new(mut reader: Reader, head: usize) -> (Self, io::Result<Vec<u8>>) {
        let first = match read_head(&mut reader, head) {
            Ok(first) if first.starts_with(&GZIP_MAGIC) => first,
            plain => return (Self::Plain(reader), plain),
        };
        let whole = BufReader::with_capacity(GZIP_PIECE, Cursor::new(first).chain(reader));
        let mut decoder = Box::new(MultiGzDecoder::new(whole));
        let first = read_head(&mut decoder, head);
        (Self::Gzip(decoder), first)
    }

    /// Whether it is decompressed on the way.
    pub(crate) fn gzip(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }

    /// As `Read::read`, but goes on after a signal.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match self {
                Self::Plain(reader) => reader.read(into),
                Self::Gzip(decoder) => decoder.read(into),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

/// Opens a file; a folder opens too on Linux and fails at the first read only.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn read_head(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(length);
    reader.take(length as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Gives bytes in pieces of 1, 2, 3 … bytes, as a slow pipe does.
pub(crate) struct Dripping {
    data: Cursor<Vec<u8>>,
    piece: usize,
}

impl Dripping {
    pub(crate) fn new(data: Vec<u8>) -> Self {
        Self { data: Cursor::new(data), piece: 0 }
    }
}

impl Read for Dripping {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.piece += 1;
        let room = into.len().min(self.piece);
        self.data.read(&mut into[..room])
    }
}
