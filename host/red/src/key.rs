//! What is counted together: requests of one type for one endpoint of one server over one protocol. Takes a record, gives its key.

use std::fmt::Write;

use weir_request_log::{Field, RequestLog, Value};

use crate::endpoint::{cut, push_endpoint};

/// Bytes of a protocol's name, a server's and a request type: more than any that was made for people.
const NAME_BYTES: usize = 96;

/// A key. All its texts lie in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key {
    text: String,
    /// Where protocol, server and request type end.
    ends: [u16; 3],
}

impl Key {
    /// Becomes the key of a record.
    pub(crate) fn set(&mut self, log: &RequestLog) {
        let text = &mut self.text;
        text.clear();
        let protocol = log.fields.text(Field::BizProtocol).unwrap_or(&log.l7_protocol);
        text.push_str(cut(protocol, NAME_BYTES));
        let protocol_end = text.len();
        push_server(text, log);
        let server_end = text.len();
        match log.fields.value(Field::RequestType) {
            Some(Value::Text(kind)) => text.push_str(cut(kind, NAME_BYTES)),
            Some(Value::Number(kind)) => {
                // Writing to memory can not fail.
                let _ = write!(text, "{kind}");
            }
            None => {}
        }
        self.ends = [protocol_end, server_end, text.len()].map(|end| end as u16);
        push_endpoint(text, log);
    }

    /// The protocol, by the name that its plugin gives.
    #[must_use]
    pub fn protocol(&self) -> &str {
        self.part(0, self.ends[0])
    }

    /// The server's domain, or its address and port where requests do not name one.
    #[must_use]
    pub fn server(&self) -> &str {
        self.part(self.ends[0], self.ends[1])
    }

    /// Method, command or verb.
    #[must_use]
    pub fn request_type(&self) -> &str {
        self.part(self.ends[1], self.ends[2])
    }

    /// The resource without what differs from request to request.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.text.get(usize::from(self.ends[2])..).unwrap_or_default()
    }

    fn part(&self, start: u16, end: u16) -> &str {
        self.text.get(usize::from(start)..usize::from(end)).unwrap_or_default()
    }
}

/// A name that is asked for (DNS) is not the server's.
fn push_server(text: &mut String, log: &RequestLog) {
    let domain = log.fields.text(Field::RequestDomain).filter(|domain| !domain.is_empty());
    match domain.filter(|domain| log.fields.text(Field::RequestResource) != Some(domain)) {
        Some(domain) => text.push_str(cut(domain, NAME_BYTES)),
        None => {
            let _ = write!(text, "{}", log.server);
        }
    }
}
