//! Takes: sessions that are finished, just before they are told. Gives: what shall be changed of them.
//!
//! A hook is a type that implements [`HttpHook`], [`MessageHook`] or [`SessionHook`]; [`register!`](crate::register) exports it. The
//! SDK makes one value an instance and calls it for one subject after the other. Nothing is allocated on the way.

mod batch;
mod head;
mod interest;
mod patch;
mod subject;

pub use batch::{Batch, Hook, Http, Message, Session};
pub use interest::Interest;
pub use patch::{Patch, Patches};
pub use subject::{Attributes, FieldValue, Fields, SessionStatus, SessionType, Subject};

/// What happens to a subject behind this hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// The next plugin has its turn.
    #[default]
    Next = 0,
    /// No further plugin is asked in this hook for this one.
    Stop = 1,
    /// The session is not told, no other hook sees it. The host counts it under the plugin's name.
    Drop = 2,
}

/// Requests and responses of protocols with HTTP's semantics (HTTP, HTTP2, gRPC and Triple when [`Interest`] names none).
pub trait HttpHook: Sized + 'static {
    /// What it wants to be shown. Asked once, when the plugin is loaded.
    fn wanted() -> Interest;

    /// Made once, before the first call: the place to read the configuration.
    fn new() -> Self;

    /// A request.
    fn request(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        let _ = (subject, patch);
        Action::Next
    }

    /// A response. It comes right behind its request.
    fn response(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        let _ = (subject, patch);
        Action::Next
    }
}

/// Payloads of any protocol: HTTP and gRPC bodies, values of message brokers.
pub trait MessageHook: Sized + 'static {
    /// What it wants to be shown. Asked once, when the plugin is loaded.
    fn wanted() -> Interest;

    /// Made once, before the first call: the place to read the configuration.
    fn new() -> Self;

    /// One payload, [`Subject::body`]. A stream gives many for one session.
    fn message(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action;
}

/// Finished records: rewrite, redact, drop, sample.
pub trait SessionHook: Sized + 'static {
    /// What it wants to be shown. Asked once, when the plugin is loaded.
    fn wanted() -> Interest;

    /// Made once, before the first call: the place to read the configuration.
    fn new() -> Self;

    /// One record.
    fn session(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action;
}
