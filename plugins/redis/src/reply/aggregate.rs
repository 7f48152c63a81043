//! Replies that hold other values, and what looks like them: pushes and answers to subscriptions.

use weir_plugin_sdk::prelude::*;

use super::{Replies, Scene, State};
use crate::conversation::Confirmation;
use crate::nesting::Nesting;
use crate::push::{self, Push};
use crate::wire::{self, Length, MAX_COUNT, Trouble};

impl Replies {
    pub(super) fn aggregate(&mut self, scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
        let bytes = scene.input.bytes;
        let kind = bytes.first().copied().unwrap_or_default();
        let (length, taken) = wire::length(scene.rest(), MAX_COUNT).map_err(|t| t.behind(1))?;
        let head = taken + 1;
        let count = match length {
            Length::Known(count) => count,
            Length::Null => 0,
            Length::Streamed => {
                let message = if kind == b'>' { Kind::OneWay } else { Kind::Response };
                return self.nested(scene, message, Nesting::of(1), 0, None);
            }
        };
        let marked = kind == b'>';
        if self.joined && bytes.get(head..).is_some_and(|rest| rest.starts_with(b"$8\r\nREPLCONF\r\n")) {
            return Ok(Step::Finished); // a replica speaks, or is spoken to
        }
        // In RESP2 a push is an array like any other: a few names give it away where one is possible at all.
        if marked || (kind == b'*' && matches!(count, 3 | 4) && scene.conversation.may_push()) {
            let push =
                push::read(count, bytes.get(head..).unwrap_or_default()).map_err(|t| t.behind(head))?;
            return self.push(scene, marked, count, head, push);
        }
        let elements = if kind == b'%' { count * 2 } else { count };
        self.nested(scene, Kind::Response, Nesting::of(elements), head, None)
    }

    fn push(
        &mut self,
        scene: &mut Scene<'_, '_, '_>,
        marked: bool,
        count: u64,
        head: usize,
        push: Push<'_>,
    ) -> Result<Step, Trouble> {
        match push {
            Push::Message { name, channel, payload, total } => {
                let length = head as u64 + total;
                scene
                    .tell(Kind::OneWay, Part::Whole, length)
                    .text(Field::RequestType, name)
                    .text(Field::RequestResource, channel.head)
                    .text(Field::ResponseResult, payload.head);
                Ok(Step::Consumed(length))
            }
            Push::Notice { name, notice, total } => {
                let length = head as u64 + total;
                match scene.conversation.notice(notice) {
                    Confirmation::Whole => {
                        scene.tell(Kind::Response, Part::Whole, length).status(Status::Ok);
                    }
                    Confirmation::First => {
                        scene.tell(Kind::Response, Part::Begin, 0).status(Status::Ok);
                    }
                    Confirmation::Middle => {}
                    Confirmation::Last => {
                        scene.tell(Kind::Response, Part::End, length);
                    }
                    Confirmation::Unasked => {
                        scene.tell(Kind::OneWay, Part::Whole, length).text(Field::RequestType, name);
                    }
                }
                Ok(Step::Consumed(length))
            }
            Push::Other { name: Some(name @ (b"message" | b"pmessage" | b"smessage")) } => {
                self.nested(scene, Kind::OneWay, Nesting::of(count), head, Some((name, None)))
            }
            Push::Other { name } if marked => {
                self.nested(scene, Kind::OneWay, Nesting::of(count), head, name.map(|name| (name, None)))
            }
            Push::Invalidation { name, key } if marked => {
                self.nested(scene, Kind::OneWay, Nesting::of(count), head, Some((name, key)))
            }
            _ => self.nested(scene, Kind::Response, Nesting::of(count), head, None),
        }
    }

    /// What the head of an aggregate that was cut off still says; gives how long it would have been, as far as that is known.
    pub(super) fn cut(&mut self, scene: &mut Scene<'_, '_, '_>) -> Option<u64> {
        let (&kind, rest) = scene.input.bytes.split_first()?;
        let (Length::Known(count), taken) = wire::length(rest, MAX_COUNT).ok()? else { return None };
        let elements = rest.get(taken..)?;
        let head = taken + 1;
        let may_be_push = kind == b'>' || (kind == b'*' && scene.conversation.may_push());
        let step = match push::read_cut(count, elements) {
            Some(push) if may_be_push => self.push(scene, kind == b'>', count, head, push),
            // What it is will not be known any more.
            _ if kind == b'>' => return None,
            _ => {
                let elements = if kind == b'%' { count * 2 } else { count };
                self.nested(scene, Kind::Response, Nesting::of(elements), head, None)
            }
        };
        match step {
            Ok(Step::Consumed(length)) => Some(length),
            _ => None,
        }
    }

    /// Something to count down from `head` on; `what`: name and subject of a push.
    fn nested(
        &mut self,
        scene: &mut Scene<'_, '_, '_>,
        kind: Kind,
        mut nesting: Nesting,
        head: usize,
        what: Option<(&[u8], Option<&[u8]>)>,
    ) -> Result<Step, Trouble> {
        let walked = nesting.walk(scene.input.bytes.get(head..).unwrap_or_default());
        let length = head as u64 + walked.bytes;
        let part = match walked.stopped {
            None => Part::Whole,
            Some(Trouble::Wrong) => return Err(Trouble::Wrong),
            Some(short) if length == 0 => return Err(short),
            Some(_) => {
                self.state = State::Within(nesting, kind);
                Part::Begin
            }
        };
        let mut message = match kind {
            Kind::Response => scene.response(part, length),
            _ => scene.tell(kind, part, length),
        };
        if kind == Kind::Response {
            message.status(Status::Ok);
        }
        if let Some((name, subject)) = what {
            message.text(Field::RequestType, name);
            if let Some(subject) = subject {
                message.text(Field::RequestResource, subject);
            }
        }
        Ok(Step::Consumed(length))
    }
}
