//! Calls of hooks. Takes: subjects. Gives: checked patches.

use wasmtime::{Store, TypedFunc};
use weir_pipeline::hooks::hook::{HookKind, Interest, Patches, Subjects};
use weir_pipeline::parse::parser::PluginFault;

use super::layout::{field, known_attribute, subject};
use super::{CoreDoor, Post, decode, describe, encode};
use crate::checks::Checks;
use crate::fault;
use crate::guest::HostState;

/// `observe`: address and length of arena, subjects, fields and attributes -> address of three lists.
type Observe = TypedFunc<(u32, u32, u32, u32, u32, u32, u32, u32), u32>;

/// Alignment of `field`.
const FIELD_ALIGN: u32 = 8;

/// What a hook exports.
pub(super) struct HookExports {
    pub(super) wanted: TypedFunc<(), u32>,
    pub(super) observe: Observe,
    pub(super) post_observe: Option<Post>,
}

impl CoreDoor {
    /// What a hook wants to be shown; none: there is no such hook.
    pub(crate) fn interest(
        &self,
        store: &mut Store<HostState>,
        kind: HookKind,
    ) -> Result<Option<Interest>, PluginFault> {
        let Some(hook) = &self.hooks[kind as usize] else { return Ok(None) };
        let area = hook.wanted.call(&mut *store, ());
        let area = area.map_err(|error| fault::of_call(&error, store.data(), "wanted"))?;
        describe::read_interest(self.memory.data(&*store), area).map(Some)
    }

    /// Fills `patches`; what stands there after a fault is of no use.
    pub(crate) fn observe(
        &self,
        store: &mut Store<HostState>,
        kind: HookKind,
        shown: &Subjects,
        patches: &mut Patches,
        checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        let Some(hook) = &self.hooks[kind as usize] else { return Ok(()) };
        let fail = |error: &wasmtime::Error, store: &Store<HostState>| {
            Err(fault::of_call(error, store.data(), "observe"))
        };
        let Subjects { arena, subjects, fields, attributes } = shown;
        let arena = self.place(store, arena.len(), 1, 1, |memory| memory.copy_from_slice(arena))?;
        let subjects_at = self.place(store, subjects.len(), subject::SIZE, subject::ALIGN, |memory| {
            encode::subjects(subjects, memory);
        })?;
        let fields = self.place(store, fields.len(), field::SIZE, FIELD_ALIGN, |memory| {
            encode::fields(fields, memory);
        })?;
        let (count, align) = (attributes.len(), known_attribute::ALIGN);
        let attributes = self.place(store, count, known_attribute::SIZE, align, |memory| {
            encode::known_attributes(attributes, memory);
        })?;
        let arguments = (
            arena.address,
            arena.count,
            subjects_at.address,
            subjects_at.count,
            fields.address,
            fields.count,
            attributes.address,
            attributes.count,
        );
        let area = match hook.observe.call(&mut *store, arguments) {
            Ok(area) => area,
            Err(error) => return fail(&error, store),
        };
        decode::read_patches(self.memory.data(&*store), area, subjects.len(), checks, patches)?;
        match hook.post_observe.as_ref().map(|post| post.call(&mut *store, area)) {
            Some(Err(error)) => fail(&error, store),
            _ => Ok(()),
        }
    }
}
