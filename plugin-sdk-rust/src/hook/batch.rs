//! Takes: the four lists of one call. Gives: patches, by asking one hook for each subject.

use super::{Action, HttpHook, Interest, MessageHook, Patch, Patches, SessionHook, Subject};
use crate::abi;
use crate::parser::Direction;

/// One of the three hooks, as the SDK drives it: [`Http`], [`Message`] and [`Session`] make one of an author's type.
pub trait Hook: 'static {
    /// See [`HttpHook::wanted`].
    fn wanted() -> Interest;

    /// See [`HttpHook::new`].
    fn new() -> Self;

    /// One subject.
    fn observe(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action;
}

/// An [`HttpHook`].
#[derive(Debug)]
pub struct Http<H>(pub H);

/// A [`MessageHook`].
#[derive(Debug)]
pub struct Message<H>(pub H);

/// A [`SessionHook`].
#[derive(Debug)]
pub struct Session<H>(pub H);

impl<H: HttpHook> Hook for Http<H> {
    fn wanted() -> Interest {
        H::wanted()
    }
    fn new() -> Self {
        Self(H::new())
    }
    #[inline]
    fn observe(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        match subject.direction() {
            Direction::ClientToServer => self.0.request(subject, patch),
            Direction::ServerToClient => self.0.response(subject, patch),
        }
    }
}

impl<H: MessageHook> Hook for Message<H> {
    fn wanted() -> Interest {
        H::wanted()
    }
    fn new() -> Self {
        Self(H::new())
    }
    #[inline]
    fn observe(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        self.0.message(subject, patch)
    }
}

impl<H: SessionHook> Hook for Session<H> {
    fn wanted() -> Interest {
        H::wanted()
    }
    fn new() -> Self {
        Self(H::new())
    }
    #[inline]
    fn observe(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        self.0.session(subject, patch)
    }
}

/// One hook of one plugin instance, and the lists that its answers are put in.
#[derive(Debug)]
pub struct Batch<H> {
    hook: H,
    patches: Patches,
}

impl<H: Hook> Default for Batch<H> {
    fn default() -> Self {
        Self { hook: H::new(), patches: Patches::default() }
    }
}

impl<H: Hook> Batch<H> {
    /// Deals with one call. A subject that claims more fields or attributes than there are gets those that are there.
    pub fn observe(
        &mut self,
        arena: &[u8],
        subjects: &[abi::Subject],
        mut fields: &[abi::Field],
        mut attributes: &[abi::KnownAttribute],
    ) -> &mut Patches {
        self.patches.clear();
        for (index, record) in subjects.iter().enumerate() {
            let subject = Subject {
                arena,
                record,
                fields: take(&mut fields, record.fields),
                attributes: take(&mut attributes, record.attributes),
            };
            let mut patch = Patch::new(arena, &mut self.patches, index as u32);
            let action = self.hook.observe(&subject, &mut patch);
            patch.finish(action);
        }
        &mut self.patches
    }
}

#[inline]
fn take<'a, T>(list: &mut &'a [T], count: u16) -> &'a [T] {
    let (front, rest) = list.split_at(usize::from(count).min(list.len()));
    *list = rest;
    front
}
