//! Takes: the text of a YAML file. Gives: a tree whose nodes know their line. Does not do: types, names of keys.
//!
//! What a configuration has no use for is refused: aliases (a few lines can stand for gigabytes), several documents, the same
//! key twice.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::ConfigError;

/// Nested deeper than any configuration; a bound for recursion.
const DEPTH: usize = 16;

/// A node of the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A text or number; `plain` without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Keys in the order of the file.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) key: String,
    pub(crate) value: Node,
}

impl Node {
    /// Says nothing: the value of `key:` with nothing behind it.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }
}

/// Reads a document; none: the file is empty or has only comments.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, ConfigError> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    let mut document = None;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (Event::DocumentStart(_), span) if document.is_some() => {
                return Err(ConfigError::new(line(span), "a second document begins; put all of it into one"));
            }
            (Event::DocumentStart(_), _) => {
                let first = reader.next()?;
                document = Some(reader.node(first, 0)?);
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ConfigError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                Err(ConfigError::new(error.marker().line(), format!("not YAML: {}", error.info())))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span), depth: usize) -> Result<Node, ConfigError> {
        let line = line(span);
        if depth > DEPTH {
            return Err(ConfigError::new(line, format!("nested more than {DEPTH} deep")));
        }
        let content = match event {
            Event::Scalar(text, style, ..) => {
                Content::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => Content::Sequence(self.sequence(depth)?),
            Event::MappingStart(..) => Content::Mapping(self.mapping(depth)?),
            Event::Alias(_) => return Err(ConfigError::new(line, "an alias (`*name`); write the value out")),
            _ => return Err(ConfigError::new(line, "not YAML: a value is missing")),
        };
        Ok(Node { line, content })
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Node>, ConfigError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, ConfigError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (line, key) = match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), span) => (line(span), key.into_owned()),
                (_, span) => return Err(ConfigError::new(line(span), "a key that is not a text")),
            };
            if let Some(first) = entries.iter().find(|e| e.key == key) {
                let first = first.line;
                return Err(ConfigError::new(line, format!("key `{key}` stands in line {first} already")));
            }
            let value = self.next()?;
            entries.push(Entry { line, key, value: self.node(value, depth + 1)? });
        }
    }
}

fn line(span: Span) -> usize {
    span.start.line()
}
