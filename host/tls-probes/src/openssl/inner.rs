//! The functions of the library that do what several of its interface share.
//!
//! Takes: where the functions of the interface are. Gives: `ssl_read_internal` and `ssl_write_internal` (ssl/ssl_lib.c of OpenSSL since
//! 1.1.1), which have no symbols, where a probe there is cheap. Does not do: anything where the code is not as expected; then the
//! functions of the interface are probed.
//!
//! `SSL_read` and `SSL_read_ex` have to hand the same function what they got, and the pointer to the length in the same register, and no
//! `SSL_peek` may go there. So two functions that were compiled apart say the same of it.

use super::entry;
use super::walk::{self, Arguments, Handed, LengthAt};
use crate::elf::{Elf, Machine, Symbol};
use crate::limits;

/// What the search needs of the interface. None: it is not there, or twice.
pub(super) struct Interface<'a> {
    pub(super) elf: &'a Elf<'a>,
    /// All that have a name here: none of them is what is looked for.
    pub(super) symbols: &'a [Symbol],
    pub(super) read: Option<Symbol>,
    pub(super) read_ex: Option<Symbol>,
    pub(super) write: Option<Symbol>,
    pub(super) write_ex: Option<Symbol>,
    /// Since OpenSSL 3.3; `SSL_write_ex` calls it.
    pub(super) write_ex2: Option<Symbol>,
    /// Those that show bytes and leave them there.
    pub(super) peeks: Vec<Symbol>,
}

/// A function that can be probed instead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Inner {
    /// Where in the file a probe belongs.
    pub(super) file_offset: u64,
    pub(super) length: LengthAt,
    address: u64,
}

impl Interface<'_> {
    /// What reads, and what writes.
    pub(super) fn inner(&self) -> (Option<Inner>, Option<Inner>) {
        if self.elf.machine != Machine::X86_64 {
            return (None, None);
        }
        let (reads, writes) = (self.reads(), self.writes());
        let is_one = reads.zip(writes).is_some_and(|(reads, writes)| reads.address == writes.address);
        if is_one { (None, None) } else { (reads, writes) }
    }

    fn reads(&self) -> Option<Inner> {
        let inner = self.only(self.read?, Arguments::Plain)?;
        let is_same = self.only(self.read_ex?, Arguments::Length)? == inner;
        // In no release reading has flags.
        (is_same && inner.length == LengthAt::Fourth && !self.is_peeked_at(inner.target)?).then_some(())?;
        self.place(inner)
    }

    fn writes(&self) -> Option<Inner> {
        let inner = self.only(self.write?, Arguments::Plain)?;
        let Some(ex2) = self.write_ex2 else {
            return (self.only(self.write_ex?, Arguments::Length)? == inner)
                .then(|| self.place(inner))
                .flatten();
        };
        let is_same = self.only(ex2, Arguments::FlagsLength)? == inner;
        (is_same && self.goes_to(self.write_ex?, ex2, inner)?).then(|| self.place(inner)).flatten()
    }

    /// Whether `SSL_write_ex` gets there: by itself, or by `SSL_write_ex2`, which may be reached through the table of what the loader
    /// resolves.
    fn goes_to(&self, write_ex: Symbol, ex2: Symbol, inner: Handed) -> Option<bool> {
        let calls = self.handed_on(write_ex, Arguments::Length)?;
        let [call] = calls[..] else { return None };
        let is_ex2 = call.target == ex2.address || self.elf.is_in_section(".plt", call.target);
        Some(call == inner || call.length == LengthAt::Fifth && is_ex2)
    }

    /// The one function that gets the arguments, and may be what is looked for.
    fn only(&self, function: Symbol, arguments: Arguments) -> Option<Handed> {
        let mut calls = self.handed_on(function, arguments)?;
        calls.retain(|call| self.place(*call).is_some());
        match calls[..] {
            [call] => Some(call),
            _ => None,
        }
    }

    /// None: it has a name, or a probe there is not cheap.
    fn place(&self, call: Handed) -> Option<Inner> {
        if self.symbols.iter().any(|symbol| symbol.address == call.target) {
            return None;
        }
        let begin = self.elf.code_offset(call.target)?;
        let code = self.elf.bytes_at(call.target, entry::BYTES, entry::BYTES).ok()?;
        let file_offset = begin.checked_add(entry::cheap_push(&code)?)?;
        Some(Inner { file_offset, length: call.length, address: call.target })
    }

    fn is_peeked_at(&self, target: u64) -> Option<bool> {
        let mut is_peeked_at = false;
        for peek in &self.peeks {
            is_peeked_at |= walk::leaves_to(peek.address, &self.body(*peek)?)?.contains(&target);
        }
        Some(is_peeked_at)
    }

    fn handed_on(&self, function: Symbol, arguments: Arguments) -> Option<Vec<Handed>> {
        walk::handed_on(function.address, &self.body(function)?, arguments)
    }

    fn body(&self, function: Symbol) -> Option<Vec<u8>> {
        self.elf.code_offset(function.address)?;
        self.elf.bytes_at(function.address, function.size, limits::WRAPPER_BYTES).ok()
    }
}
