//! Records that say where a service is.
//!
//! Source: RFC 2782 (SRV), RFC 3403 (NAPTR), RFC 9460 (SVCB, HTTPS), RFC 7553 (URI), RFC 8659 (CAA).

use super::text::Writer;
use crate::header::Trouble;
use crate::kinds::push_number;

pub(super) fn srv(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..3 {
        writer.number16()?;
        writer.space();
    }
    writer.name()
}

pub(super) fn naptr(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..2 {
        writer.number16()?;
        writer.space();
    }
    for _ in 0..3 {
        writer.string()?;
        writer.space();
    }
    writer.name()
}

pub(super) fn uri(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..2 {
        writer.number16()?;
        writer.space();
    }
    let target = writer.rest();
    writer.quoted(target);
    Ok(())
}

pub(super) fn caa(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    writer.number8()?;
    writer.space();
    let length = usize::from(writer.byte()?);
    let tag = writer.take(length)?;
    if !tag.iter().all(u8::is_ascii_alphanumeric) {
        return Err(Trouble::Wrong);
    }
    writer.text.extend_from_slice(tag);
    writer.space();
    let value = writer.rest();
    writer.quoted(value);
    Ok(())
}

pub(super) fn svcb(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    writer.number16()?;
    writer.space();
    writer.name()?;
    while !writer.is_empty() {
        writer.space();
        let (key, length) = (writer.word()?, usize::from(writer.word()?));
        let end = writer.at + length;
        if end > writer.end {
            return Err(Trouble::Wrong);
        }
        let outer = std::mem::replace(&mut writer.end, end);
        parameter(writer, key)?;
        writer.at = end;
        writer.end = outer;
    }
    Ok(())
}

/// One parameter; its value is all that the writer has left.
fn parameter(writer: &mut Writer<'_, '_>, key: u16) -> Result<(), Trouble> {
    match key {
        0 => keys(writer),
        1 => alpn(writer),
        2 => {
            writer.text.extend_from_slice(b"no-default-alpn");
            Ok(())
        }
        3 => {
            writer.text.extend_from_slice(b"port=");
            writer.number16()
        }
        4 => list(writer, b"ipv4hint=", Writer::ipv4),
        5 => {
            writer.text.extend_from_slice(b"ech=");
            let value = writer.rest();
            super::encode::push_base64(value, writer.text);
            Ok(())
        }
        6 => list(writer, b"ipv6hint=", Writer::ipv6),
        7 => {
            writer.text.extend_from_slice(b"dohpath=");
            let value = writer.rest();
            writer.quoted(value);
            Ok(())
        }
        _ => {
            push_key(writer, key);
            if !writer.is_empty() {
                writer.text.push(b'=');
                let value = writer.rest();
                writer.quoted(value);
            }
            Ok(())
        }
    }
}

fn list<'m, 't>(
    writer: &mut Writer<'m, 't>,
    name: &[u8],
    item: fn(&mut Writer<'m, 't>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    writer.text.extend_from_slice(name);
    item(writer)?;
    while !writer.is_empty() {
        writer.text.push(b',');
        item(writer)?;
    }
    Ok(())
}

fn keys(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    list(writer, b"mandatory=", |writer| {
        let key = writer.word()?;
        push_key(writer, key);
        Ok(())
    })
}

fn push_key(writer: &mut Writer<'_, '_>, key: u16) {
    const NAMES: [&str; 8] =
        ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"];
    match NAMES.get(usize::from(key)) {
        Some(name) => writer.text.extend_from_slice(name.as_bytes()),
        None => {
            writer.text.extend_from_slice(b"key");
            push_number(u32::from(key), writer.text);
        }
    }
}

fn alpn(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    list(writer, b"alpn=\"", |writer| {
        let length = usize::from(writer.byte()?);
        let id = writer.take(length)?;
        let plain = |b: &u8| matches!(b, b'!'..=b'~') && !matches!(b, b'"' | b'\\' | b',');
        if !id.iter().all(plain) {
            return Err(Trouble::Wrong);
        }
        writer.text.extend_from_slice(id);
        Ok(())
    })?;
    writer.text.push(b'"');
    Ok(())
}
