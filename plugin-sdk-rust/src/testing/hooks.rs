//! Takes: made-up subjects. Gives: what a hook changes of them, readable.

use std::ops::Range;

use crate::abi::{self, value_case};
use crate::hook::{Action, Batch, Hook, Patches, SessionStatus, SessionType};
use crate::message::{Field, Status};
use crate::parser::{Direction, Transport};

/// What a field or attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Vec<u8>),
    /// A number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A message or session to show to a hook.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // as in `hook::Subject`
pub struct Subject {
    pub protocol: String,
    pub direction: Direction,
    pub session_type: SessionType,
    pub transport: Transport,
    pub status: SessionStatus,
    pub flow_id: u64,
    pub time: u64,
    pub duration: u64,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    pub cut: bool,
    pub fields: Vec<(Field, Value)>,
    pub attributes: Vec<(String, Value)>,
}

impl Subject {
    /// A request of that protocol.
    #[must_use]
    pub fn request(protocol: &str) -> Self {
        Self {
            protocol: protocol.to_owned(),
            direction: Direction::ClientToServer,
            session_type: SessionType::Session,
            transport: Transport::Tcp,
            status: SessionStatus::Unknown,
            flow_id: 1,
            time: 1_700_000_000_000_000_000,
            duration: 0,
            head: Vec::new(),
            body: Vec::new(),
            cut: false,
            fields: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// A response of that protocol.
    #[must_use]
    pub fn response(protocol: &str) -> Self {
        Self { direction: Direction::ServerToClient, ..Self::request(protocol) }
    }

    /// A session of that protocol.
    #[must_use]
    pub fn session(protocol: &str) -> Self {
        Self::request(protocol)
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.push((key.to_owned(), value.into()));
        self
    }

    /// Sets how it went.
    #[must_use]
    pub fn status(mut self, status: SessionStatus) -> Self {
        self.status = status;
        self
    }

    /// Sets the head.
    #[must_use]
    pub fn head(mut self, lines: impl AsRef<[u8]>) -> Self {
        self.head = lines.as_ref().to_vec();
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.body = bytes.as_ref().to_vec();
        self
    }

    /// The body is longer than what is here.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

/// What a hook changed of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// What happens to it.
    pub action: Action,
    /// `None`: as it was.
    pub status: Status,
    /// In the order they were set; numbers as text.
    pub fields: Vec<(Field, String)>,
    /// In the order they were set; numbers as text.
    pub attributes: Vec<(String, String)>,
}

impl Patched {
    /// Nothing was changed.
    #[must_use]
    pub fn nothing() -> Self {
        Self { action: Action::Next, status: Status::None, fields: Vec::new(), attributes: Vec::new() }
    }

    /// The first value that was set.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.fields.iter().find(|(f, _)| *f == field).map(|(_, v)| v.as_str())
    }

    /// The first value that was set.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// Shows subjects to a new hook, in one call: `observe::<hook::Http<MyHook>>(&[..])`. One answer for each subject.
#[must_use]
pub fn observe<H: Hook>(subjects: &[Subject]) -> Vec<Patched> {
    Hooks::<H>::default().observe(subjects)
}

/// A hook that is shown subjects, call by call.
#[derive(Debug)]
pub struct Hooks<H>(Batch<H>);

impl<H: Hook> Default for Hooks<H> {
    fn default() -> Self {
        Self(Batch::default())
    }
}

impl<H: Hook> Hooks<H> {
    /// One call. One answer for each subject.
    ///
    /// # Panics
    /// When the SDK's answer is not what the contract says.
    pub fn observe(&mut self, subjects: &[Subject]) -> Vec<Patched> {
        let mut call = Call::default();
        for subject in subjects {
            call.add(subject);
        }
        let patches = self.0.observe(&call.arena, &call.subjects, &call.fields, &call.attributes);
        read(patches, &call.arena, subjects.len())
    }
}

/// The lists of one call.
#[derive(Default)]
struct Call {
    arena: Vec<u8>,
    subjects: Vec<abi::Subject>,
    fields: Vec<abi::Field>,
    attributes: Vec<abi::KnownAttribute>,
}

impl Call {
    fn add(&mut self, subject: &Subject) {
        for (name, value) in &subject.fields {
            let (name, value) = (*name as u8, self.value(value));
            self.fields.push(abi::Field { name, value, ..abi::Field::default() });
        }
        for (key, value) in &subject.attributes {
            let (key, value) = (self.slice(key.as_bytes()), self.value(value));
            self.attributes.push(abi::KnownAttribute { key, value });
        }
        let record = abi::Subject {
            protocol: self.slice(subject.protocol.as_bytes()),
            client: super::endpoint(1, 40_000),
            server: super::endpoint(2, 80),
            flow_id: subject.flow_id,
            time: subject.time,
            duration: subject.duration,
            head: self.slice(&subject.head),
            body: self.slice(&subject.body),
            fields: subject.fields.len() as u16,
            attributes: subject.attributes.len() as u16,
            transport: subject.transport as u8,
            direction: subject.direction as u8,
            status: subject.status as u8,
            session_type: subject.session_type as u8,
            cut: u8::from(subject.cut),
            ..abi::Subject::default()
        };
        self.subjects.push(record);
    }

    fn slice(&mut self, bytes: &[u8]) -> abi::Slice {
        let offset = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        abi::Slice { offset, length: bytes.len() as u32 }
    }

    fn value(&mut self, value: &Value) -> abi::Value {
        match value {
            Value::Text(text) => {
                let slice = self.slice(text);
                let bits = u64::from(slice.offset) | u64::from(slice.length) << 32;
                abi::Value { case: value_case::SLICE, bits, ..abi::Value::default() }
            }
            Value::Number(number) => crate::text::number(*number),
        }
    }
}

fn read(patches: &Patches, arena: &[u8], count: usize) -> Vec<Patched> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let text = |value: &abi::Value| {
        let offset = value.bits as u32 as usize;
        let range: Range<usize> = offset..offset + (value.bits >> 32) as usize;
        match value.case {
            value_case::SLICE => lossy(&arena[range]),
            value_case::OWNED => lossy(&patches.owned()[range]),
            _ => (value.bits as i64).to_string(),
        }
    };
    let mut told = vec![Patched::nothing(); count];
    let (mut fields, mut attributes) = (patches.fields().iter(), patches.attributes().iter());
    let mut next = 0;
    for patch in patches.patches() {
        let index = patch.subject as usize;
        assert!(index >= next && index < count, "patches ascend by subject");
        next = index + 1;
        told[index] = Patched {
            action: [Action::Next, Action::Stop, Action::Drop][usize::from(patch.action)],
            status: [Status::None, Status::Ok, Status::ClientError, Status::ServerError]
                [usize::from(patch.status)],
            fields: fields
                .by_ref()
                .take(usize::from(patch.fields))
                .map(|f| (Field::ALL[usize::from(f.name)], text(&f.value)))
                .collect(),
            attributes: attributes
                .by_ref()
                .take(usize::from(patch.attributes))
                .map(|a| {
                    let key = a.key as usize..(a.key + a.key_length) as usize;
                    (lossy(&patches.owned()[key]), text(&a.value))
                })
                .collect(),
        };
    }
    assert!(fields.next().is_none() && attributes.next().is_none(), "every change belongs to a patch");
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook;
    use crate::prelude::{FieldValue, HttpHook, Interest, Patch, Subject as View};

    struct Probe(u32);

    impl HttpHook for Probe {
        fn wanted() -> Interest {
            Interest::both()
        }
        fn new() -> Self {
            Self(0)
        }
        fn request(&mut self, subject: &View<'_>, patch: &mut Patch<'_>) -> Action {
            self.0 += 1;
            assert_eq!(subject.number(Field::ResponseCode), None);
            patch
                .trace_id(subject.header("X-Order").unwrap_or_default())
                .trace_id("second")
                .remove(Field::SpanId);
            patch.attribute("calls", self.0.to_string()).attribute("protocol", subject.protocol());
            Action::Stop
        }
        fn response(&mut self, subject: &View<'_>, patch: &mut Patch<'_>) -> Action {
            let keys: Vec<_> = subject.attributes().map(|(key, _)| key).collect();
            let own = subject.number(Field::ResponseCode).map_or(0, |_| 2);
            assert_eq!(keys, [b"k".as_slice(), b"n"][..own], "it sees its own attributes alone");
            assert_eq!(subject.attribute("n"), (own > 0).then_some(FieldValue::Number(5)));
            match subject.number(Field::ResponseCode) {
                Some(200) => Action::Next,
                Some(code) => {
                    assert_eq!(subject.fields().count(), 2, "it sees its own fields alone");
                    patch.number(Field::ResponseCode, code + 1).status(Status::ServerError);
                    patch.text(Field::ResponseResult, subject.body());
                    Action::Next
                }
                None => Action::Drop,
            }
        }
    }

    fn subjects() -> Vec<Subject> {
        let code = |code: i64| {
            Subject::response("HTTP2").field(Field::ResponseCode, code).attribute("k", "v").attribute("n", 5)
        };
        vec![
            Subject::request("HTTP").head("host: a\r\nx-ORDER: 7\r\n"),
            code(200),
            code(404).field(Field::Version, "2").body("gone"),
            Subject::response("gRPC"),
        ]
    }

    #[test]
    fn each_subject_has_its_own_patch() {
        let mut hooks = Hooks::<hook::Http<Probe>>::default();
        for call in 1..3 {
            let told = hooks.observe(&subjects());
            assert_eq!(
                told[0].fields,
                [
                    (Field::TraceId, "7".to_owned()),
                    (Field::TraceId, "second".to_owned()),
                    (Field::SpanId, String::new())
                ]
            );
            assert_eq!(told[0].attribute("calls"), Some(call.to_string().as_str()), "its state is kept");
            assert_eq!(told[0].action, Action::Stop);
            assert_eq!(told[1], Patched::nothing());
            assert_eq!(
                (told[2].text(Field::ResponseCode), told[2].status),
                (Some("405"), Status::ServerError)
            );
            assert_eq!(told[2].text(Field::ResponseResult), Some("gone"));
            assert_eq!(told[3], Patched { action: Action::Drop, ..Patched::nothing() });
        }
    }

    #[test]
    fn records_that_lie_are_no_panic() {
        let lie = abi::Slice { offset: 9, length: u32::MAX };
        let value = abi::Value { case: value_case::SLICE, bits: u64::MAX, ..abi::Value::default() };
        let record = abi::Subject {
            protocol: lie,
            head: lie,
            body: lie,
            fields: 9,
            attributes: 9,
            status: 99,
            session_type: 99,
            direction: 0,
            ..abi::Subject::default()
        };
        let fields = [abi::Field { name: 255, value, ..abi::Field::default() }];
        let attributes = [abi::KnownAttribute { key: lie, value }];
        let mut batch = Batch::<hook::Http<Probe>>::default();
        assert_eq!(batch.observe(b"arena", &[record; 3], &fields, &attributes).patches().len(), 3);
    }
}
