//! The exports of `weir:plugin/identity@0.1.0` and of the three hooks in the canonical ABI.
//!
//! Takes: addresses from the host. Gives: addresses of lists that stay valid until the next call.

use super::{Arguments, Global, panic};
use crate::abi;
use crate::hook::{Batch, Hook};

/// Result area of `observe`: address and length of three lists.
#[derive(Debug, Default)]
#[repr(C)]
pub struct HookArea([u32; 6]);

/// `describe` of `identity`; the memory is never given back, it is called once.
pub fn about(name: &'static str, version: &'static str) -> *const u32 {
    panic::report();
    let words = [name.as_ptr() as u32, name.len() as u32, version.as_ptr() as u32, version.len() as u32];
    words.to_vec().leak().as_ptr()
}

/// `wanted`; the memory is never given back, it is called once.
pub fn wanted<H: Hook>() -> *const abi::Interest {
    panic::report();
    let interest = H::wanted();
    let protocols: Vec<u32> = interest
        .protocols
        .iter()
        .flat_map(|name| {
            let name = name.clone().leak();
            [name.as_ptr() as u32, name.len() as u32]
        })
        .collect();
    let record = abi::Interest {
        protocols: protocols.leak().as_ptr() as u32,
        protocol_count: interest.protocols.len() as u32,
        requests: u8::from(interest.requests),
        responses: u8::from(interest.responses),
        head: u8::from(interest.head),
        body_limit: interest.body_limit,
        required: u8::from(interest.required),
        ..abi::Interest::default()
    };
    Box::leak(Box::new(record))
}

/// `observe`.
///
/// # Safety
/// Every address must come from [`realloc`](super::realloc) and hold as many records as said; they are freed here.
pub unsafe fn observe<H: Hook>(
    state: &'static Global<(Batch<H>, HookArea)>,
    arena: (*mut u8, usize),
    subjects: (*mut abi::Subject, usize),
    fields: (*mut abi::Field, usize),
    attributes: (*mut abi::KnownAttribute, usize),
) -> *const HookArea {
    let arena = Arguments { address: arena.0, count: arena.1 };
    let subjects = Arguments { address: subjects.0, count: subjects.1 };
    let fields = Arguments { address: fields.0, count: fields.1 };
    let attributes = Arguments { address: attributes.0, count: attributes.1 };
    state.with(Default::default, |(batch, area)| {
        let patches =
            batch.observe(arena.as_slice(), subjects.as_slice(), fields.as_slice(), attributes.as_slice());
        patches.place();
        *area = HookArea([
            patches.patches().as_ptr() as u32,
            patches.patches().len() as u32,
            patches.fields().as_ptr() as u32,
            patches.fields().len() as u32,
            patches.attributes().as_ptr() as u32,
            patches.attributes().len() as u32,
        ]);
        std::ptr::from_ref(area)
    })
}

/// Writes the export that says who a plugin without a parser is.
#[doc(hidden)]
#[macro_export]
macro_rules! export_identity {
    ($name:expr, $version:expr) => {
        #[allow(unsafe_code)] // exported names are unsafe attributes
        const _: () = {
            #[unsafe(export_name = "weir:plugin/identity@0.1.0#describe")]
            extern "C" fn describe() -> *const u32 {
                $crate::export::about($name, $version)
            }
        };
    };
}

/// Writes the exports of one hook.
#[doc(hidden)]
#[macro_export]
macro_rules! export_hook {
    (http_hook, $hook:ty) => {
        $crate::export_hook!(@ $crate::hook::Http<$hook>,
            "weir:plugin/http-hook@0.1.0#wanted", "weir:plugin/http-hook@0.1.0#observe");
    };
    (message_hook, $hook:ty) => {
        $crate::export_hook!(@ $crate::hook::Message<$hook>,
            "weir:plugin/message-hook@0.1.0#wanted", "weir:plugin/message-hook@0.1.0#observe");
    };
    (session_hook, $hook:ty) => {
        $crate::export_hook!(@ $crate::hook::Session<$hook>,
            "weir:plugin/session-hook@0.1.0#wanted", "weir:plugin/session-hook@0.1.0#observe");
    };
    (@ $hook:ty, $wanted:literal, $observe:literal) => {
        #[allow(unsafe_code)] // exported names are unsafe attributes
        const _: () = {
            use $crate::abi;
            use $crate::export::{self, Global, HookArea};
            use $crate::hook::Batch;

            static STATE: Global<(Batch<$hook>, HookArea)> = Global::new();

            #[unsafe(export_name = $wanted)]
            extern "C" fn wanted() -> *const abi::Interest {
                export::wanted::<$hook>()
            }

            #[unsafe(export_name = $observe)]
            #[allow(clippy::too_many_arguments)] // the flattened lists of the canonical ABI
            unsafe extern "C" fn observe(
                arena: *mut u8,
                arena_length: usize,
                subjects: *mut abi::Subject,
                subject_count: usize,
                fields: *mut abi::Field,
                field_count: usize,
                attributes: *mut abi::KnownAttribute,
                attribute_count: usize,
            ) -> *const HookArea {
                // SAFETY: the canonical ABI hands over lists that `cabi_realloc` placed.
                unsafe {
                    export::observe::<$hook>(
                        &STATE,
                        (arena, arena_length),
                        (subjects, subject_count),
                        (fields, field_count),
                        (attributes, attribute_count),
                    )
                }
            }
        };
    };
}
