//! Takes: texts and numbers of one record. Gives: them back in order. Does not cut or clean them.
//!
//! All texts of a record lie in one buffer that is used again for the next record, so a record costs no allocation.

/// Fields that hold a text or a number, in the order in which they are printed. The names are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // docs/request-log.md explains each
pub enum Field {
    Version,
    BizProtocol,
    RequestType,
    RequestDomain,
    RequestResource,
    Endpoint,
    RequestId,
    ResponseCode,
    ResponseException,
    ResponseResult,
    TraceId,
    SpanId,
    ParentSpanId,
    XRequestId,
    XRequestId1,
    HttpProxyClient,
}

impl Field {
    /// The name as it stands in a request log.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::BizProtocol => "biz_protocol",
            Self::RequestType => "request_type",
            Self::RequestDomain => "request_domain",
            Self::RequestResource => "request_resource",
            Self::Endpoint => "endpoint",
            Self::RequestId => "request_id",
            Self::ResponseCode => "response_code",
            Self::ResponseException => "response_exception",
            Self::ResponseResult => "response_result",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::XRequestId => "x_request_id",
            Self::XRequestId1 => "x_request_id_1",
            Self::HttpProxyClient => "http_proxy_client",
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(i64),
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the buffer.
    Text {
        /// Of its first byte.
        start: u32,
        /// Behind its last byte.
        end: u32,
    },
    /// Here.
    Number(i64),
}

/// The fields and attributes of one record.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    buffer: String,
    fields: Vec<(Field, Stored)>,
    attributes: Vec<(Stored, Stored)>,
}

impl Fields {
    /// Forgets everything but the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.fields.clear();
        self.attributes.clear();
    }

    /// Nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.attributes.is_empty()
    }

    /// Sets a field; the last value set wins.
    #[inline]
    pub fn set(&mut self, field: Field, value: Value<'_>) {
        let stored = self.store(value);
        match self.fields.iter_mut().find(|(f, _)| *f == field) {
            Some(slot) => slot.1 = stored,
            None => self.fields.push((field, stored)),
        }
    }

    /// Removes a field.
    pub fn remove(&mut self, field: Field) {
        self.fields.retain(|(f, _)| *f != field);
    }

    /// Sets an attribute in place of all that have its key; an empty text removes them.
    pub fn set_attribute(&mut self, key: &str, value: Value<'_>) {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.retain(|(k, _)| self.load(*k) != Value::Text(key));
        self.attributes = attributes;
        if value != Value::Text("") {
            self.add_attribute(key, value);
        }
    }

    /// Adds an attribute.
    pub fn add_attribute(&mut self, key: &str, value: Value<'_>) {
        let key = self.store(Value::Text(key));
        let value = self.store(value);
        self.attributes.push((key, value));
    }

    /// The value of a field.
    #[must_use]
    #[inline]
    pub fn value(&self, field: Field) -> Option<Value<'_>> {
        self.fields.iter().find(|(f, _)| *f == field).map(|(_, v)| self.load(*v))
    }

    /// The value of a field that holds a text.
    #[must_use]
    #[inline]
    pub fn text(&self, field: Field) -> Option<&str> {
        match self.value(field)? {
            Value::Text(text) => Some(text),
            Value::Number(_) => None,
        }
    }

    /// All fields that are set, in the order of their setting.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (Field, Value<'_>)> {
        self.fields.iter().map(|(f, v)| (*f, self.load(*v)))
    }

    /// The buffer that holds all texts, also those that were replaced: for who copies many records.
    #[must_use]
    #[inline]
    pub fn buffer(&self) -> &str {
        &self.buffer
    }

    /// All fields with the places of their values in [`Fields::buffer`].
    #[inline]
    pub fn stored(&self) -> &[(Field, Stored)] {
        &self.fields
    }

    /// All attributes, the same: key and value.
    #[inline]
    pub fn stored_attributes(&self) -> &[(Stored, Stored)] {
        &self.attributes
    }

    /// All attributes in the order of their adding.
    #[inline]
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&str, Value<'_>)> {
        self.attributes.iter().map(|(k, v)| match self.load(*k) {
            Value::Text(key) => (key, self.load(*v)),
            Value::Number(_) => ("", self.load(*v)),
        })
    }

    /// Sets all fields and adds all attributes of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (field, value) in other.iter() {
            self.set(field, value);
        }
        for (key, value) in other.attributes() {
            self.add_attribute(key, value);
        }
    }

    #[inline]
    fn store(&mut self, value: Value<'_>) -> Stored {
        match value {
            Value::Number(number) => Stored::Number(number),
            Value::Text(text) => {
                let start = self.buffer.len() as u32;
                self.buffer.push_str(text);
                Stored::Text { start, end: self.buffer.len() as u32 }
            }
        }
    }

    #[inline]
    fn load(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Number(number) => Value::Number(number),
            Stored::Text { start, end } => Value::Text(&self.buffer[start as usize..end as usize]),
        }
    }
}
