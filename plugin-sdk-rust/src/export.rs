//! The exports of `weir:plugin/parser@0.1.0` in the canonical ABI, and the allocator entry that the host calls to place
//! arguments. Hooks are in `export/hooks.rs`.
//!
//! Takes: addresses from the host. Gives: addresses of lists that stay valid until the next call.
#![allow(unsafe_code)] // the border itself: addresses become slices here and nowhere else

use std::alloc::{self, Layout};
use std::cell::UnsafeCell;

use crate::abi;
use crate::instance::Instance;
use crate::manifest::Manifest;
use crate::parser::{Parser, Probe, Sender, Transport};

mod hooks;
mod panic;

pub use hooks::{HookArea, about, observe, wanted};

/// State of the one instance that this module is.
#[derive(Debug)]
pub struct Global<T>(UnsafeCell<Option<T>>);

// SAFETY: a guest has one thread and the host never calls into it again before a call returned.
unsafe impl<T> Sync for Global<T> {}

impl<T> Default for Global<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Global<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    fn with<R>(&self, init: impl FnOnce() -> T, f: impl FnOnce(&mut T) -> R) -> R {
        let init = || {
            panic::report();
            init()
        };
        // SAFETY: see `Sync` above; `f` can not come here again, since it never calls an export.
        f(unsafe { &mut *self.0.get() }.get_or_insert_with(init))
    }
}

/// Result area of `process`: address and length of five lists.
#[derive(Debug, Default)]
#[repr(C)]
pub struct ReturnArea([u32; 10]);

/// Owned argument list of the canonical ABI: freed when dropped.
struct Arguments<T> {
    address: *mut T,
    count: usize,
}

impl<T> Arguments<T> {
    fn as_slice(&self) -> &[T] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: the host wrote `count` records at an address that `cabi_realloc` gave it for this size and alignment, and
        // every bit pattern is a value of these plain-integer records.
        unsafe { std::slice::from_raw_parts(self.address, self.count) }
    }
}

impl<T> Drop for Arguments<T> {
    fn drop(&mut self) {
        if let (true, Ok(layout)) = (self.count > 0, Layout::array::<T>(self.count)) {
            // SAFETY: allocated by `cabi_realloc` with the same size and alignment; ownership came with the call.
            unsafe { alloc::dealloc(self.address.cast(), layout) }
        }
    }
}

/// `cabi_realloc`: where the host puts arguments.
///
/// # Safety
/// `old` must come from an earlier call with `old_size` and `align`, or `old_size` must be 0.
pub unsafe fn realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if new_size == 0 {
        return align as *mut u8;
    }
    let Ok(layout) = Layout::from_size_align(if old_size == 0 { new_size } else { old_size }, align) else {
        core::arch::wasm32::unreachable()
    };
    let address = if old_size == 0 {
        // SAFETY: the size is not 0.
        unsafe { alloc::alloc(layout) }
    } else {
        // SAFETY: by the contract of this function.
        unsafe { alloc::realloc(old, layout, new_size) }
    };
    if address.is_null() { core::arch::wasm32::unreachable() } else { address }
}

/// `process`.
///
/// # Safety
/// Every address must come from [`realloc`] and hold as many records as said; they are freed here.
pub unsafe fn process<P: Parser>(
    state: &'static Global<(Instance<P>, ReturnArea)>,
    arena: (*mut u8, usize),
    flows: (*mut abi::Flow, usize),
    events: (*mut abi::StreamEvent, usize),
) -> *const ReturnArea {
    let arena = Arguments { address: arena.0, count: arena.1 };
    let flows = Arguments { address: flows.0, count: flows.1 };
    let events = Arguments { address: events.0, count: events.1 };
    state.with(Default::default, |(instance, area)| {
        let lists = instance.process(arena.as_slice(), flows.as_slice(), events.as_slice());
        lists.place();
        *area = ReturnArea([
            lists.messages().as_ptr() as u32,
            lists.messages().len() as u32,
            lists.fields().as_ptr() as u32,
            lists.fields().len() as u32,
            lists.attributes().as_ptr() as u32,
            lists.attributes().len() as u32,
            lists.progress().as_ptr() as u32,
            lists.progress().len() as u32,
            lists.pieces().as_ptr() as u32,
            lists.pieces().len() as u32,
        ]);
        std::ptr::from_ref(area)
    })
}

/// `check`.
///
/// # Safety
/// `payload` must come from [`realloc`]; it is freed here.
#[allow(clippy::too_many_arguments)] // the flattened record of the canonical ABI
pub unsafe fn check<P: Parser>(
    payload: (*mut u8, usize),
    transport: u32,
    source_port: u32,
    destination_port: u32,
    from_start: u32,
    client_known: u32,
    from_client: u32,
) -> u32 {
    let payload = Arguments { address: payload.0, count: payload.1 };
    let sender = match (client_known != 0, from_client != 0) {
        (false, _) => None,
        (true, true) => Some(Sender::Client),
        (true, false) => Some(Sender::Server),
    };
    let probe = Probe {
        transport: Transport::from_raw(transport as u8),
        source_port: source_port as u16,
        destination_port: destination_port as u16,
        from_start: from_start != 0,
        sender,
    };
    P::check(payload.as_slice(), &probe) as u32
}

/// `describe`: writes the manifest as the canonical ABI wants it; the memory is never given back, it is called once.
pub fn describe(manifest: &Manifest) -> *const u32 {
    panic::report();
    let text = |t: &str| [t.as_ptr() as u32, t.len() as u32];
    let leak = |words: Vec<u32>| words.leak().as_ptr() as u32;
    let protocols: Vec<u32> = manifest.protocols.iter().flat_map(|p| text(p)).collect();
    let mut signatures = Vec::new();
    for signature in &manifest.signatures {
        let any_of: Vec<u32> = signature
            .any_of
            .iter()
            .flat_map(|bytes| {
                let bytes = bytes.clone().leak();
                [bytes.as_ptr() as u32, bytes.len() as u32]
            })
            .collect();
        let ports = signature.ports.clone().leak();
        // record signature: transport u8 at 0, offset at 4, any-of at 8, ports at 16
        signatures.extend([
            signature.transport as u32,
            signature.offset,
            leak(any_of),
            signature.any_of.len() as u32,
        ]);
        signatures.extend([ports.as_ptr() as u32, ports.len() as u32]);
    }
    let mut words = Vec::new();
    words.extend(text(manifest.name));
    words.extend(text(manifest.version));
    words.extend([leak(protocols), manifest.protocols.len() as u32]);
    words.extend([leak(signatures), manifest.signatures.len() as u32]);
    words.leak().as_ptr()
}

/// Writes the export that places arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! export_memory {
    () => {
        #[allow(unsafe_code)] // exported names are unsafe attributes
        const _: () = {
            #[unsafe(export_name = "cabi_realloc")]
            unsafe extern "C" fn cabi_realloc(
                old: *mut u8,
                old_size: usize,
                align: usize,
                size: usize,
            ) -> *mut u8 {
                // SAFETY: the canonical ABI promises what `realloc` asks for.
                unsafe { $crate::export::realloc(old, old_size, align, size) }
            }
        };
    };
}

/// Writes the exports of one parser.
#[doc(hidden)]
#[macro_export]
macro_rules! export_parser {
    ($parser:ty) => {
        #[allow(unsafe_code)] // exported names are unsafe attributes
        const _: () = {
            use $crate::abi;
            use $crate::export::{self, Global, ReturnArea};
            use $crate::instance::Instance;

            static STATE: Global<(Instance<$parser>, ReturnArea)> = Global::new();

            #[unsafe(export_name = "weir:plugin/parser@0.1.0#describe")]
            extern "C" fn describe() -> *const u32 {
                export::describe(&<$parser as $crate::Parser>::manifest())
            }

            #[unsafe(export_name = "weir:plugin/parser@0.1.0#check")]
            unsafe extern "C" fn check(
                payload: *mut u8,
                length: usize,
                transport: u32,
                source_port: u32,
                destination_port: u32,
                from_start: u32,
                client_known: u32,
                from_client: u32,
            ) -> u32 {
                // SAFETY: the canonical ABI hands over a list that `cabi_realloc` placed.
                unsafe {
                    export::check::<$parser>(
                        (payload, length),
                        transport,
                        source_port,
                        destination_port,
                        from_start,
                        client_known,
                        from_client,
                    )
                }
            }

            #[unsafe(export_name = "weir:plugin/parser@0.1.0#process")]
            unsafe extern "C" fn process(
                arena: *mut u8,
                arena_length: usize,
                flows: *mut abi::Flow,
                flow_count: usize,
                events: *mut abi::StreamEvent,
                event_count: usize,
            ) -> *const ReturnArea {
                // SAFETY: the canonical ABI hands over lists that `cabi_realloc` placed.
                unsafe {
                    export::process::<$parser>(
                        &STATE,
                        (arena, arena_length),
                        (flows, flow_count),
                        (events, event_count),
                    )
                }
            }
        };
    };
}
