//! Replies that hold one value: told with their text.

use weir_plugin_sdk::prelude::*;

use super::Scene;
use crate::wire::{self, Length, MAX_BULK, TOLD, Trouble};

/// A little more than is told, so that the host, not this plugin, cuts at a character's border.
const TEXT: usize = TOLD + 4;

/// `+OK`
pub(super) fn simple(scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
    let line = wire::line(scene.rest()).map_err(|t| t.behind(1))?;
    let length = line.len() as u64 + 3;
    if is_monitor_line(line) {
        return Ok(Step::Consumed(length)); // a copy of somebody else's command, which has a log of its own
    }
    let replicates =
        scene.conversation.sync_asked && (line.starts_with(b"FULLRESYNC") || line.starts_with(b"CONTINUE"));
    scene.response(Part::Whole, length).status(Status::Ok).text(Field::ResponseResult, line);
    Ok(if replicates { Step::Finished } else { Step::Consumed(length) })
}

/// `-ERR unknown command`
pub(super) fn error(scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
    let line = wire::line(scene.rest()).map_err(|t| t.behind(1))?;
    let length = line.len() as u64 + 3;
    scene.conversation.sync_asked = false;
    scene.response(Part::Whole, length).status(Status::ServerError).text(Field::ResponseException, line);
    Ok(Step::Consumed(length))
}

/// Number, double, big number, boolean, null: the line is the value.
pub(super) fn plain(scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
    let line = wire::line(scene.rest()).map_err(|t| t.behind(1))?;
    let signed = |first: Option<&u8>| matches!(first, Some(b'0'..=b'9' | b'-' | b'+'));
    let fits = match scene.input.bytes.first() {
        Some(b':' | b'(') => {
            signed(line.first())
                && line.iter().skip(1).all(u8::is_ascii_digit)
                && line.last().is_some_and(u8::is_ascii_digit)
        }
        Some(b'#') => matches!(line, b"t" | b"f"),
        Some(b'_') => line.is_empty(),
        _ => signed(line.first()) || line.eq_ignore_ascii_case(b"inf") || line.eq_ignore_ascii_case(b"nan"),
    };
    if !fits {
        return Err(Trouble::Wrong);
    }
    let length = line.len() as u64 + 3;
    let mut message = scene.response(Part::Whole, length);
    message.status(Status::Ok);
    if !line.is_empty() {
        message.text(Field::ResponseResult, line);
    }
    Ok(Step::Consumed(length))
}

/// `$5 hello`, `=9 txt:hello`, `!5 ERR x`
pub(super) fn string(scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
    if scene.conversation.sync_asked && scene.conversation.is_last() {
        return data_set(scene);
    }
    let (bulk, total) = wire::bulk(scene.input.bytes, TEXT)?;
    let kind = scene.input.bytes.first().copied();
    told(scene, kind, bulk.map(|b| b.head), total);
    Ok(Step::Consumed(total))
}

fn told(scene: &mut Scene<'_, '_, '_>, kind: Option<u8>, text: Option<&[u8]>, length: u64) {
    let mut message = scene.response(Part::Whole, length);
    let is_error = kind == Some(b'!');
    message.status(if is_error { Status::ServerError } else { Status::Ok });
    // A verbatim string begins with its format, three letters and a colon.
    let text = text.map(|t| if kind == Some(b'=') { t.get(4..).unwrap_or_default() } else { t });
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        message.text(if is_error { Field::ResponseException } else { Field::ResponseResult }, text);
    }
}

/// The answer to `SYNC`: the length of the data set, or a mark that will end it. What follows is no RESP.
fn data_set(scene: &mut Scene<'_, '_, '_>) -> Result<Step, Trouble> {
    let line = wire::line(scene.rest()).map_err(|t| t.behind(1))?;
    scene.response(Part::Whole, line.len() as u64 + 3).status(Status::Ok);
    Ok(Step::Finished)
}

/// What the head of a reply that was cut off still says; gives how long the reply would have been, when that is known.
pub(super) fn cut(scene: &mut Scene<'_, '_, '_>) -> Option<u64> {
    let (&kind, rest) = scene.input.bytes.split_first()?;
    let seen = scene.input.bytes.len() as u64;
    match kind {
        b'$' | b'=' | b'!' if !scene.conversation.sync_asked => {
            let (Length::Known(size), taken) = wire::length(rest, MAX_BULK).ok()? else { return None };
            let length = taken as u64 + 1 + size + 2;
            let text = rest.get(taken..)?;
            let text = usize::try_from(size).ok().and_then(|size| text.get(..size)).unwrap_or(text);
            told(scene, Some(kind), Some(text), length);
            Some(length)
        }
        // The text may go on, but that it is an error is certain.
        b'-' if rest.len() > 3 => {
            scene
                .response(Part::Whole, seen)
                .status(Status::ServerError)
                .text(Field::ResponseException, rest);
            None
        }
        _ => None,
    }
}

/// `1700000000.123456 [0 127.0.0.1:4711] "SET" "k" "v"`: what `MONITOR` streams.
fn is_monitor_line(line: &[u8]) -> bool {
    // Ten digits of seconds until the year 2286, a point, six digits.
    let Some((time, rest)) = line.split_at_checked(17) else { return false };
    let (seconds, fraction) = time.split_at(10);
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    digits(seconds)
        && fraction.first() == Some(&b'.')
        && digits(fraction.get(1..).unwrap_or_default())
        && rest.starts_with(b" [")
}
