//! Takes: stream ids. Gives: what is known of the streams that are on their way. Bounded: the one that was silent longest goes first.

use weir_plugin_sdk::host;
use weir_plugin_sdk::prelude::*;

use crate::body::Body;

/// Streams that are followed at once: as many requests as the host lets wait on one connection. Servers allow 100 to 256.
const LIMIT: usize = 512;

/// Streams that ended early and on which the other side may still have sent: those of a round trip.
const RESET_LIMIT: usize = 64;

/// What is spoken on a stream. The numbers are those of the manifest, but for `Unsure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http2,
    Grpc,
    Triple,
    /// The content type is hidden: HTTP/2 for sure, and maybe gRPC.
    #[default]
    Unsure,
}

impl Protocol {
    /// Place in the manifest.
    pub(crate) fn index(self) -> u8 {
        match self {
            Self::Http2 | Self::Unsure => 0,
            Self::Grpc => 1,
            Self::Triple => 2,
        }
    }

    pub(crate) fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Triple)
    }
}

/// What the streams of a connection speak. Those of a gRPC channel all speak gRPC, so where a stream hides it, the others tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usual {
    protocol: Protocol,
    is_mixed: bool,
}

impl Usual {
    /// What a stream speaks: what it says itself, else what all others do, where that is gRPC.
    pub(crate) fn settle(&mut self, said: Protocol) -> Protocol {
        if said == Protocol::Unsure {
            return if self.protocol.is_grpc() && !self.is_mixed { self.protocol } else { said };
        }
        self.is_mixed |= self.protocol != Protocol::Unsure && self.protocol != said;
        self.protocol = said;
        said
    }
}

/// How far a message of a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not seen.
    #[default]
    Unseen,
    Begun,
    Ended,
}

/// One message of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Half {
    pub(crate) progress: Progress,
    /// Bytes of its frames.
    pub(crate) bytes: u64,
    /// Its first DATA frame was seen.
    pub(crate) has_data: bool,
    pub(crate) body: Body,
}

/// A stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stream {
    pub(crate) id: u32,
    touched: u64,
    /// The server promised it: nobody asked.
    pub(crate) is_push: bool,
    pub(crate) protocol: Protocol,
    /// `:status`, as long as it is not told.
    pub(crate) untold_code: Option<u16>,
    /// By direction.
    pub(crate) halves: [Half; 2],
    /// When frames were lost that may have been its last ones, nanoseconds; 0: never.
    pub(crate) doubted: u64,
}

impl Stream {
    pub(crate) fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    pub(crate) fn half(&mut self, direction: Direction) -> &mut Half {
        &mut self.halves[direction.index()]
    }

    pub(crate) fn progress(&self, direction: Direction) -> Progress {
        self.halves[direction.index()].progress
    }

    /// How its messages of a direction are told.
    pub(crate) fn kind(&self, direction: Direction) -> Kind {
        match (self.is_push, direction) {
            (true, _) => Kind::OneWay,
            (false, Direction::ClientToServer) => Kind::Request,
            (false, Direction::ServerToClient) => Kind::Response,
        }
    }
}

/// The streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// By id.
    streams: Vec<Stream>,
    /// The latest few that were reset, oldest first.
    reset: Vec<u32>,
    clock: u64,
    /// The highest id of a request.
    pub(crate) last_request: u32,
}

impl Streams {
    /// The stream of that id, touched.
    #[inline]
    pub(crate) fn find(&mut self, id: u32) -> Option<&mut Stream> {
        let at = self.place(id).ok()?;
        self.clock += 1;
        let stream = self.streams.get_mut(at)?;
        stream.touched = self.clock;
        Some(stream)
    }

    pub(crate) fn holds(&self, id: u32) -> bool {
        self.place(id).is_ok()
    }

    /// Was reset a moment ago.
    pub(crate) fn was_reset(&self, id: u32) -> bool {
        self.reset.contains(&id)
    }

    /// Adds a stream, or gives the one that is there; another one that had to go for it.
    pub(crate) fn insert(&mut self, stream: Stream) -> (Option<&mut Stream>, Option<Stream>) {
        let mut dropped = None;
        if self.streams.len() >= LIMIT && !self.holds(stream.id) {
            host::count("streams-dropped", 1);
            let oldest = self.streams.iter().enumerate().min_by_key(|(_, stream)| stream.touched);
            dropped = oldest.map(|(at, _)| at).map(|at| self.streams.remove(at));
        }
        self.clock += 1;
        let at = match self.place(stream.id) {
            Ok(at) => at,
            Err(at) => {
                self.streams.insert(at, Stream { touched: self.clock, ..stream });
                at
            }
        };
        (self.streams.get_mut(at), dropped)
    }

    pub(crate) fn remove(&mut self, id: u32) {
        if let Ok(at) = self.place(id) {
            self.streams.remove(at);
        }
    }

    /// Takes a stream out on which the other side may still send.
    pub(crate) fn reset(&mut self, id: u32) {
        self.remove(id);
        if self.reset.len() >= RESET_LIMIT {
            self.reset.remove(0);
        }
        self.reset.push(id);
    }

    /// Takes all streams out that fit.
    pub(crate) fn take(&mut self, fits: impl Fn(&Stream) -> bool) -> Vec<Stream> {
        self.streams.extract_if(.., |stream| fits(stream)).collect()
    }

    /// The stream is the one that comes behind the last request: ids ascend, so no other request lies between (RFC 9113 section
    /// 5.1.1).
    pub(crate) fn is_next_request(&self, id: u32) -> bool {
        match self.last_request {
            0 => id == 1,
            last => id == last.saturating_add(2),
        }
    }

    /// How far the answer of this stream is, where it is a call of gRPC and no other stream can have anything sent by the server.
    pub(crate) fn only_call(&self, id: u32) -> Option<Progress> {
        match (self.streams.as_slice(), self.reset.is_empty()) {
            ([stream], true) if stream.id == id && stream.protocol.is_grpc() => {
                Some(stream.progress(Direction::ServerToClient))
            }
            _ => None,
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.streams.iter_mut()
    }

    #[inline]
    fn place(&self, id: u32) -> Result<usize, usize> {
        match self.streams.last() {
            Some(last) if last.id == id => Ok(self.streams.len() - 1),
            Some(last) if last.id > id => self.streams.binary_search_by_key(&id, |stream| stream.id),
            _ => Err(self.streams.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(id: u32) -> Stream {
        Stream { id, ..Stream::default() }
    }

    #[test]
    fn the_longest_silent_one_goes() {
        let mut streams = Streams::default();
        for id in 0..LIMIT as u32 {
            assert!(streams.insert(stream(2 * id + 1)).1.is_none());
        }
        streams.find(1);
        let (_, dropped) = streams.insert(stream(2));
        assert_eq!(dropped.map(|s| s.id), Some(3));
        assert!(streams.holds(1) && streams.holds(2) && !streams.holds(3));
        assert!(streams.insert(stream(2)).1.is_none(), "it is there");
    }

    #[test]
    fn resets_are_remembered_for_a_while() {
        let mut streams = Streams::default();
        for id in 1..=100 {
            streams.insert(stream(id));
            streams.reset(id);
        }
        assert!(
            streams.was_reset(100) && streams.was_reset(37) && !streams.was_reset(36) && !streams.holds(100)
        );
    }
}
