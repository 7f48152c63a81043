//! Subjects for hooks, and guests whose hooks all do the same.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::hooks::hook::{Hook, HookKind, Patches, SessionType, Slice, Status, Subject, Subjects};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName as F, Value};
use weir_pipeline::parse::parser::PluginFault;
use weir_plugin_runtime::Instance;

use crate::guest::Guest;
use crate::support::{C2S, CLIENT, SERVER, T, bytes};

/// Subjects that are put together piece by piece.
#[derive(Default)]
pub(crate) struct Shown(pub(crate) Subjects);

impl Shown {
    fn slice(&mut self, text: &[u8]) -> Slice {
        let offset = self.0.arena.len() as u32;
        self.0.arena.extend_from_slice(text);
        Slice { offset, length: text.len() as u32 }
    }

    pub(crate) fn add(
        mut self,
        direction: Direction,
        protocol: &str,
        head: &[u8],
        body: &[u8],
        fields: &[(F, &str)],
    ) -> Self {
        for (name, value) in fields {
            let value = match value.parse() {
                Ok(number) => Value::Number(number),
                Err(_) => {
                    let Slice { offset, length } = self.slice(value.as_bytes());
                    Value::Slice { offset, length }
                }
            };
            self.0.fields.push((*name, value));
        }
        let (protocol, head, body) = (self.slice(protocol.as_bytes()), self.slice(head), self.slice(body));
        self.0.subjects.push(Subject {
            protocol,
            client: (Address::v4(CLIENT), 40_000),
            server: (Address::v4(SERVER), 80),
            flow_id: 9,
            time: T,
            duration: 0,
            head,
            body,
            fields: fields.len() as u16,
            attributes: 0,
            transport: Transport::Tcp,
            direction,
            status: Status::Ok,
            session_type: SessionType::Session,
            cut: false,
        });
        self
    }

    pub(crate) fn attribute(mut self, key: &str, value: &str) -> Self {
        let (key, value) = (self.slice(key.as_bytes()), self.slice(value.as_bytes()));
        self.0.attributes.push((key, Value::Slice { offset: value.offset, length: value.length }));
        self.0.subjects.last_mut().unwrap().attributes += 1;
        self
    }

    pub(crate) fn status(mut self, status: Status) -> Self {
        self.0.subjects.last_mut().unwrap().status = status;
        self
    }

    pub(crate) fn observe(&self, kind: HookKind, plugin: &mut Instance) -> Result<Patches, PluginFault> {
        let mut patches = Patches::default();
        plugin.observe(kind, &self.0, &mut patches).map(|()| patches)
    }
}

/// A `GET` whose body is what the mirror answers.
pub(crate) fn get(body: &[u8]) -> Shown {
    let fields = [
        (F::RequestType, "POST"),
        (F::RequestDomain, "shop"),
        (F::RequestResource, "/a?b=c"),
        (F::Version, "1.1"),
    ];
    Shown::default().add(C2S, "HTTP", HEAD, body, &fields)
}

pub(crate) const HEAD: &[u8] =
    b"Host: shop\r\nUSER-agent:  curl/8 \r\nReferer: http://x/:y\r\nReferer: second\r\n";

/// A guest whose hooks all do this.
pub(crate) fn hooks(body: &str) -> Guest {
    Guest { http_request: body.into(), http_response: body.into(), custom: body.into(), ..Guest::default() }
}

pub(crate) fn key_value(key: &str, value: &str) -> Vec<u8> {
    bytes(31, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat())
}
