//! The door to a hook: what every plugin with hooks looks like to the pipeline, sandboxed or native.
//!
//! Takes: subjects over one arena of bytes. Gives: patches, or a [`PluginFault`]. The records are those of `hooks.wit`.

use std::sync::Arc;

use weir_request_log::Transport;
pub use weir_request_log::{SessionType, Status};

use crate::decode::Address;
use crate::parse::event::Direction;
use crate::parse::outcome::{FieldName, MessageStatus, Value};
use crate::parse::parser::PluginFault;

/// One plugin instance of one worker, with the hooks that it has.
pub trait Hook: Send {
    /// `name@version`, as it stands in `plugin` of a request log.
    fn plugin(&self) -> &Arc<str>;

    /// What a hook wants to be shown; none: the plugin has no such hook.
    fn interest(&self, kind: HookKind) -> Option<&Interest>;

    /// Event time is so far now, nanoseconds since 1970.
    fn advance(&mut self, _time: u64) {}

    /// Shows a batch to the hook. `patches` is empty when it is handed in; its memory is used again.
    ///
    /// What comes back is checked: patches ascend by subject and name one that is there, counts match the lists, every range lies
    /// inside of what it refers to. After a fault `patches` is of no use.
    ///
    /// # Errors
    /// The plugin broke; none of the subjects was dealt with.
    fn observe(
        &mut self,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault>;
}

/// Which hook of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HookKind {
    /// Requests and responses with HTTP's semantics.
    Http = 0,
    /// Payloads of any protocol.
    Message = 1,
    /// Finished records.
    Session = 2,
}

impl HookKind {
    /// In the order in which they run.
    pub const ALL: [Self; 3] = [Self::Http, Self::Message, Self::Session];

    /// The word for counters and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Message => "message",
            Self::Session => "session",
        }
    }
}

/// What a hook wants to be shown; `interest` of the WIT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// As in `l7_protocol`, `*` for all; empty: what the kind of hook is for.
    pub protocols: Vec<Box<str>>,
    /// Requests are shown.
    pub requests: bool,
    /// Responses are shown.
    pub responses: bool,
    /// Heads are wanted.
    pub head: bool,
    /// So many bytes of each body.
    pub body_limit: u32,
    /// What could not be shown because the plugin broke is dropped.
    pub required: bool,
}

/// A piece of the arena of a batch of subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Where.
    pub offset: u32,
    /// How long.
    pub length: u32,
}

/// What one call shows.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// All texts and bodies.
    pub arena: Vec<u8>,
    /// A message or a session each.
    pub subjects: Vec<Subject>,
    /// Fields of all subjects, in their order. Values are slices of the arena or numbers.
    pub fields: Vec<(FieldName, Value)>,
    /// Attributes of all subjects, in their order; the same.
    pub attributes: Vec<(Slice, Value)>,
}

impl Subjects {
    /// Empties all lists, keeps their memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.subjects.clear();
        self.fields.clear();
        self.attributes.clear();
    }

    /// Bytes of the arena; nothing when the range is not inside of it.
    #[must_use]
    pub fn bytes(&self, slice: Slice) -> &[u8] {
        let rest = self.arena.get(slice.offset as usize..);
        rest.and_then(|rest| rest.get(..slice.length as usize)).unwrap_or_default()
    }
}

/// A message or a session as the plugins before left it; `subject` of the WIT.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Name of the protocol.
    pub protocol: Slice,
    /// Who asks.
    pub client: (Address, u16),
    /// Who answers.
    pub server: (Address, u16),
    /// Joins the sessions of one flow.
    pub flow_id: u64,
    /// Of the first byte, nanoseconds since 1970.
    pub time: u64,
    /// From the last request byte to the first response byte, nanoseconds; 0 when not known.
    pub duration: u64,
    /// Of the message, when it was wanted.
    pub head: Slice,
    /// Of the message, when it was wanted: unpacked.
    pub body: Slice,
    /// How many entries of `fields`.
    pub fields: u16,
    /// How many entries of `attributes`.
    pub attributes: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// Of the message; for a session client to server.
    pub direction: Direction,
    /// Of the session.
    pub status: Status,
    /// Which halves there are.
    pub session_type: SessionType,
    /// The body is longer than what is here.
    pub cut: bool,
}

/// What one call answers; `patches` of the WIT, checked.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    /// Ascending by subject.
    pub patches: Vec<Patch>,
    /// Fields of all patches, in their order. Slices are of the arena of the subjects, owned ones of `owned`.
    pub fields: Vec<(FieldName, Value)>,
    /// Attributes of all patches, in their order: key (a range of `owned`) and value.
    pub attributes: Vec<(Value, Value)>,
    /// Texts that the guest built.
    pub owned: Vec<u8>,
}

impl Patches {
    /// Empties all lists, keeps their memory.
    pub fn clear(&mut self) {
        self.patches.clear();
        self.fields.clear();
        self.attributes.clear();
        self.owned.clear();
    }
}

/// Changes of one subject; `patch` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Index into the subjects of the call.
    pub subject: u32,
    /// What happens next.
    pub action: Action,
    /// `None` leaves it as it is.
    pub status: MessageStatus,
    /// How many entries of `fields`.
    pub fields: u16,
    /// How many entries of `attributes`.
    pub attributes: u16,
}

/// What happens to a subject behind a hook; `action` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The session is not told.
    Drop,
    /// The next plugin has its turn.
    Next,
    /// No further plugin in this hook.
    Stop,
}
