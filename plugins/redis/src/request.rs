//! Client to server: commands.
//!
//! Takes: bytes in order. Gives: a message a command. A command that does not end in one input is kept as a draft of what
//! will be told; of a long one only the head is read, the rest is counted down and stepped over.

use weir_plugin_sdk::prelude::*;

use crate::check;
use crate::command::{self, Effect};
use crate::conversation::Conversation;
use crate::draft::Draft;
use crate::inline;
use crate::wire::{self, Length, MAX_BULK, MAX_COUNT, MAX_LINE, Trouble};

/// No command has a longer name; a longer first word is something else.
const MAX_NAME: usize = 128;

/// The client's direction.
#[derive(Debug)]
pub(crate) struct Requests {
    state: State,
    /// The next byte is known to begin a command.
    synced: bool,
    /// The client sent a command as an array: inline commands are not expected any more.
    arrays: bool,
    /// What comes before this position belongs to a command that was told already.
    skip_to: u64,
    /// Behind a loss: so many beginnings have to prove right.
    doubt: u8,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    /// Nothing is told yet.
    Drafting(Box<Draft>),
    /// The message was begun; so many words are to come.
    Counting { left: u32, kind: Kind },
}

impl Requests {
    pub(crate) fn new(from_start: bool) -> Self {
        Self { state: State::Between, synced: from_start, arrays: false, skip_to: 0, doubt: 0 }
    }

    pub(crate) fn parse(
        &mut self,
        input: Input<'_>,
        output: &mut Output<'_>,
        conversation: &mut Conversation,
    ) -> Step {
        if input.position < self.skip_to {
            return Step::Consumed(self.skip_to - input.position);
        }
        let step = match std::mem::take(&mut self.state) {
            State::Between => self.command(input, output, conversation),
            State::Drafting(draft) => self.words(draft, 0, input, output, conversation),
            State::Counting { left, kind } => self.count(left, kind, input, output),
        };
        if step == Step::Violation {
            self.lose(input.position, output, conversation);
        }
        step
    }

    fn command(
        &mut self,
        input: Input<'_>,
        output: &mut Output<'_>,
        conversation: &mut Conversation,
    ) -> Step {
        let bytes = input.bytes;
        if !self.synced
            && let Some(step) = self.search(input, conversation)
        {
            return step;
        }
        if bytes.first() != Some(&b'*') {
            return self.inline(input, output, conversation);
        }
        let (count, taken) = match wire::number(bytes.get(1..).unwrap_or_default()) {
            Ok(found) => found,
            Err(trouble) => return trouble.behind(1).step(),
        };
        let at = taken + 1;
        match u64::try_from(count) {
            // The server passes over an empty one without a word.
            Err(_) | Ok(0) => Step::Consumed(at as u64),
            Ok(words) if words <= MAX_COUNT => {
                self.arrays = true;
                let draft = Draft::new(input.position, words as u32);
                self.words(draft, at, input, output, conversation)
            }
            Ok(_) => Step::Violation,
        }
    }

    /// Whether a command begins here; what to do with the bytes where none does for certain.
    fn search(&mut self, input: Input<'_>, conversation: &mut Conversation) -> Option<Step> {
        let all = Some(Step::Consumed(input.bytes.len() as u64));
        let turns = &mut conversation.turns;
        if self.doubt > 0 && !turns.may_begin(input.direction, input.position) {
            return all;
        }
        match check::commands(input.bytes, self.arrays) {
            Ok(()) if self.doubt > 1 => {
                self.doubt -= 1;
                all
            }
            Ok(()) => {
                self.synced = true;
                self.doubt = 0;
                None
            }
            Err(Trouble::Wrong) if self.doubt > 0 => {
                turns.proved_wrong();
                self.doubt = turns.doubt(Direction::ClientToServer);
                all
            }
            Err(trouble) => Some(trouble.step()),
        }
    }

    /// Reads words from `at` on.
    fn words(
        &mut self,
        mut draft: Box<Draft>,
        at: usize,
        input: Input<'_>,
        output: &mut Output<'_>,
        conversation: &mut Conversation,
    ) -> Step {
        let mut at = at as u64;
        while draft.left > 0 {
            let rest = usize::try_from(at).ok().and_then(|at| input.bytes.get(at..)).unwrap_or_default();
            match word(&mut draft, rest) {
                Ok(taken) => at += taken,
                Err(Trouble::Wrong) => {
                    draft.recycle();
                    return Step::Violation;
                }
                Err(Trouble::Short(_)) if draft.is_full() => {
                    let left = draft.left;
                    let kind = tell(&draft, Part::Begin, 0, output, conversation);
                    draft.recycle();
                    self.state = State::Counting { left, kind };
                    return Step::Consumed(at);
                }
                Err(trouble) => {
                    self.state = State::Drafting(draft);
                    return if at > 0 { Step::Consumed(at) } else { trouble.step() };
                }
            }
        }
        let end = input.position.saturating_add(at);
        tell(&draft, Part::Whole, end, output, conversation);
        self.finish(draft, Step::Consumed(at))
    }

    fn finish(&mut self, draft: Box<Draft>, step: Step) -> Step {
        let replicates =
            draft.word(0).eq_ignore_ascii_case(b"REPLCONF") && draft.word(1).eq_ignore_ascii_case(b"ACK");
        draft.recycle();
        if replicates { Step::Finished } else { step }
    }

    /// Counts down the words of a command that was begun.
    fn count(&mut self, mut left: u32, kind: Kind, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let mut at: u64 = 0;
        while left > 0 {
            let rest = usize::try_from(at).ok().and_then(|at| input.bytes.get(at..)).unwrap_or_default();
            match skip_word(rest) {
                Ok(taken) => at += taken,
                Err(trouble) => {
                    self.state = State::Counting { left, kind };
                    return match trouble {
                        Trouble::Short(_) if at > 0 => Step::Consumed(at),
                        trouble => trouble.step(),
                    };
                }
            }
            left -= 1;
        }
        output.end(kind, at);
        Step::Consumed(at)
    }

    fn inline(&mut self, input: Input<'_>, output: &mut Output<'_>, conversation: &mut Conversation) -> Step {
        let window = input.bytes.get(..MAX_LINE).unwrap_or(input.bytes);
        let Some(end) = window.iter().position(|b| *b == b'\n') else {
            let hopeless = window.len() == MAX_LINE || !inline::could_be(window, self.arrays);
            return if hopeless { Step::Violation } else { Step::NeedMore };
        };
        let line = window.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let length = end as u64 + 1;
        if line.iter().all(|b| *b == b' ') {
            return Step::Consumed(length); // the server passes over it as well
        }
        if !inline::could_be(line, self.arrays) {
            return Step::Violation;
        }
        let draft = inline::draft(line, input.position);
        tell(&draft, Part::Whole, input.position + length, output, conversation);
        self.finish(draft, Step::Consumed(length))
    }

    /// Tells what a cut command still says, and finds out whether the next one's place is known.
    pub(crate) fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>, conversation: &mut Conversation) {
        let after = gap.position.saturating_add(gap.bytes);
        if let State::Drafting(draft) = &mut self.state {
            let mut draft = std::mem::replace(draft, Draft::new(0, 0));
            self.state = State::Between;
            let unread_at = gap.position - gap.unread.len() as u64;
            // The last word's length says where the command ends.
            let end = cut_word(&mut draft, gap.unread).map(|taken| unread_at.saturating_add(taken));
            // A bare name says too little: without its key a command is as good as lost.
            if draft.words() - draft.left > 1 {
                match (end, draft.left) {
                    (Some(end), 0) => {
                        tell(&draft, Part::Whole, end, output, conversation);
                    }
                    (Some(_), left) => {
                        let kind = tell(&draft, Part::Begin, 0, output, conversation);
                        self.state = State::Counting { left, kind };
                    }
                    (None, _) => {
                        tell(&draft, Part::Whole, gap.position, output, conversation);
                    }
                }
                self.skip_to = end.unwrap_or_default();
            }
            draft.recycle();
        }
        if self.skip_to < after {
            // A command that was begun does not end before the gap, and the next reply is its own.
            self.lose(after, output, conversation);
        }
    }

    /// Ends what was begun; the next command has to be searched.
    fn lose(&mut self, position: u64, output: &mut Output<'_>, conversation: &mut Conversation) {
        if let State::Counting { kind, .. } = std::mem::take(&mut self.state) {
            output.spanning(kind, Part::End, position, position);
        }
        if self.synced || self.doubt == 0 {
            self.doubt = conversation.turns.doubt(Direction::ClientToServer);
        }
        self.synced = false;
        conversation.lost();
    }
}

/// The next word of a command; gives how many bytes it takes.
fn word(draft: &mut Draft, bytes: &[u8]) -> Result<u64, Trouble> {
    match bytes.first() {
        Some(b'$') => {}
        Some(_) => return Err(Trouble::Wrong),
        None => return Err(Trouble::Short(1)),
    }
    let is_name = draft.is_empty();
    if is_name
        && matches!(wire::length(bytes.get(1..).unwrap_or_default(), MAX_NAME as u64), Err(Trouble::Wrong))
    {
        return Err(Trouble::Wrong);
    }
    let wanted = if is_name { MAX_NAME } else { draft.room() };
    let (Some(bulk), total) = wire::bulk(bytes, wanted)? else { return Err(Trouble::Wrong) };
    draft.push(bulk.head);
    Ok(total)
}

/// What is there of a word that was cut; gives how long it would have been.
fn cut_word(draft: &mut Draft, bytes: &[u8]) -> Option<u64> {
    let (b'$', rest) = bytes.split_first()? else { return None };
    let (Length::Known(size), taken) = wire::length(rest, MAX_BULK).ok()? else { return None };
    if draft.is_empty() {
        return None;
    }
    draft.push(rest.get(taken..)?);
    Some(taken as u64 + 1 + size + 2)
}

fn skip_word(bytes: &[u8]) -> Result<u64, Trouble> {
    let (kind, rest) = bytes.split_first().ok_or(Trouble::Short(1))?;
    if *kind != b'$' {
        return Err(Trouble::Wrong);
    }
    match wire::length(rest, MAX_BULK).map_err(|t| t.behind(1))? {
        (Length::Known(size), taken) => {
            let total = taken as u64 + 1 + size + 2;
            wire::crlf_behind(bytes, total)?;
            Ok(total)
        }
        _ => Err(Trouble::Wrong),
    }
}

/// Tells the command; `end` is a position.
fn tell(
    draft: &Draft,
    part: Part,
    end: u64,
    output: &mut Output<'_>,
    conversation: &mut Conversation,
) -> Kind {
    let mut upper = [0; MAX_NAME];
    let word = draft.word(0);
    let name = match upper.get_mut(..word.len()) {
        Some(name) => {
            name.copy_from_slice(word);
            name.make_ascii_uppercase();
            &*name
        }
        None => word,
    };
    let effect = command::effect(name, draft);
    if effect == Effect::Replicates {
        return Kind::OneWay; // the stream of a replica: nothing to tell of
    }
    let kind = conversation.command(effect);
    output
        .spanning(kind, part, draft.start, end)
        .text(Field::RequestType, name)
        .text(Field::RequestResource, draft.text());
    kind
}
