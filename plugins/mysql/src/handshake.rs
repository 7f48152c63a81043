//! Takes: the packets of the connection phase. Gives: capabilities, user and schema ("Connection Phase Packets").

use weir_plugin_sdk::prelude::*;

use crate::capability::Capabilities;
use crate::packet::{is_text, lenenc_text};

/// Longest payload of a greeting that is believed: a version text, 60 bytes of fixed fields and a plugin name.
pub(crate) const GREETING: usize = 1024;

/// Payload of a handshake response that is read: user and schema stand in front of the connection attributes, which may be
/// 64 KiB long.
pub(crate) const RESPONSE: usize = 4096;

/// The server's first packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Greeting {
    pub(crate) capabilities: Capabilities,
}

/// `None`: these bytes are no greeting of protocol 9 or 10.
pub(crate) fn greeting(payload: &[u8]) -> Option<Greeting> {
    let mut reader = Reader::new(payload);
    let protocol = reader.u8().ok()?;
    let version = reader.take_until(0).ok()?;
    // Proxies and look-alikes call themselves what they like.
    let version_is_sound =
        (1..=256).contains(&version.len()) && version.iter().all(|b| (b' '..0x7f).contains(b));
    if !version_is_sound {
        return None;
    }
    reader.u32_le().ok()?; // thread id
    match protocol {
        9 => {
            let scramble = reader.take_until(0).ok()?;
            (scramble.len() <= 32 && reader.is_empty()).then(Greeting::default)
        }
        10 => greeting_10(&mut reader),
        _ => None,
    }
}

impl Default for Greeting {
    fn default() -> Self {
        Self { capabilities: Capabilities(0) }
    }
}

fn greeting_10(reader: &mut Reader<'_>) -> Option<Greeting> {
    reader.take(8).ok()?; // first part of the scramble
    if reader.u8().ok()? != 0 {
        return None;
    }
    let mut flags = u64::from(reader.u16_le().ok()?);
    if reader.is_empty() {
        return Some(Greeting { capabilities: Capabilities(flags) });
    }
    reader.take(3).ok()?; // character set, status
    flags |= u64::from(reader.u16_le().ok()?) << 16;
    reader.u8().ok()?; // length of the scramble
    let filler = reader.take(6).ok()?;
    let extended = reader.u32_le().ok()?;
    if filler.iter().any(|b| *b != 0) {
        return None;
    }
    if !Capabilities(flags).has(Capabilities::MYSQL) {
        flags |= u64::from(extended) << 32;
    }
    Some(Greeting { capabilities: Capabilities(flags) })
}

/// The client's first packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    pub(crate) capabilities: Capabilities,
    /// Id of a collation of the character set.
    pub(crate) collation: u16,
    pub(crate) user: &'a [u8],
    pub(crate) schema: Option<&'a [u8]>,
}

/// What the client's first packet is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hello<'a> {
    Login(Login<'a>),
    /// `SSLRequest`: the next byte is TLS.
    Tls,
}

/// `payload` may be cut at [`RESPONSE`] bytes; `length` is the packet's.
pub(crate) fn hello(payload: &[u8], length: usize) -> Option<Hello<'_>> {
    let mut reader = Reader::new(payload);
    let low = u64::from(reader.u16_le().ok()?);
    if !Capabilities(low).has(Capabilities::PROTOCOL_41) {
        return hello_320(low, &mut reader, length);
    }
    let mut flags = low | u64::from(reader.u16_le().ok()?) << 16;
    reader.u32_le().ok()?; // largest packet
    let collation = u16::from(reader.u8().ok()?);
    let filler = reader.take(19).ok()?;
    let extended = reader.u32_le().ok()?;
    if filler.iter().any(|b| *b != 0) {
        return None;
    }
    if !Capabilities(flags).has(Capabilities::MYSQL) {
        flags |= u64::from(extended) << 32;
    }
    let capabilities = Capabilities(flags);
    if length == 32 && capabilities.has(Capabilities::SSL) {
        return Some(Hello::Tls);
    }
    let user = reader.take_until(0).ok()?;
    let schema = schema(capabilities, &mut reader);
    is_text(user).then_some(Hello::Login(Login { capabilities, collation, user, schema }))
}

/// The schema stands behind the answer to the scramble.
fn schema<'a>(capabilities: Capabilities, reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    if capabilities.has(Capabilities::AUTH_LENENC) {
        lenenc_text(reader)?;
    } else if capabilities.has(Capabilities::SECURE_CONNECTION) {
        let length = reader.u8().ok()?;
        reader.take(usize::from(length)).ok()?;
    } else {
        reader.take_until(0).ok()?;
    }
    if !capabilities.has(Capabilities::CONNECT_WITH_DB) {
        return None;
    }
    reader.take_until(0).ok().filter(|schema| !schema.is_empty())
}

/// "HandshakeResponse320": clients before 4.1.
fn hello_320<'a>(flags: u64, reader: &mut Reader<'a>, length: usize) -> Option<Hello<'a>> {
    let capabilities = Capabilities(flags);
    reader.take(3).ok()?; // largest packet
    if length == 5 && capabilities.has(Capabilities::SSL) {
        return Some(Hello::Tls);
    }
    let user = match reader.take_until(0) {
        Ok(user) => user,
        Err(_) => reader.rest(),
    };
    (is_text(user) && length <= RESPONSE).then_some(Hello::Login(Login {
        capabilities,
        collation: 0,
        user,
        schema: None,
    }))
}

/// What `COM_CHANGE_USER` says behind its command byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangeUser<'a> {
    pub(crate) user: &'a [u8],
    pub(crate) schema: Option<&'a [u8]>,
    /// Not there in old clients.
    pub(crate) collation: Option<u16>,
}

pub(crate) fn change_user(argument: &[u8]) -> Option<ChangeUser<'_>> {
    let mut reader = Reader::new(argument);
    let user = reader.take_until(0).ok()?;
    let mut behind = || {
        let length = reader.u8().ok()?;
        reader.take(usize::from(length)).ok()?;
        reader.take_until(0).ok()
    };
    let schema = behind().filter(|schema| !schema.is_empty());
    Some(ChangeUser { user, schema, collation: reader.u16_le().ok() })
}
