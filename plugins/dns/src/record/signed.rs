//! Records of DNSSEC and of keys that DNS publishes.
//!
//! Source: RFC 4034 (DNSKEY, RRSIG, NSEC, DS), RFC 5155 (NSEC3), RFC 6698 (TLSA), RFC 4255 (SSHFP).

use super::encode::{push_base32hex, push_base64, push_hex};
use super::text::Writer;
use crate::header::{Trouble, u32_at};
use crate::kinds::push_type;

pub(super) fn ds(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    writer.number16()?;
    for _ in 0..2 {
        writer.space();
        writer.number8()?;
    }
    writer.space();
    writer.hex();
    Ok(())
}

pub(super) fn dnskey(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    writer.number16()?;
    for _ in 0..2 {
        writer.space();
        writer.number8()?;
    }
    writer.space();
    base64(writer);
    Ok(())
}

pub(super) fn tlsa(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..3 {
        writer.number8()?;
        writer.space();
    }
    writer.hex();
    Ok(())
}

pub(super) fn sshfp(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..2 {
        writer.number8()?;
        writer.space();
    }
    writer.hex();
    Ok(())
}

pub(super) fn rrsig(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    let covered = writer.word()?;
    push_type(covered, writer.text);
    for _ in 0..2 {
        writer.space();
        writer.number8()?;
    }
    writer.space();
    writer.number32()?;
    for _ in 0..2 {
        writer.space();
        let seconds = u32_at(writer.take(4)?, 0)?;
        push_time(seconds, writer.text);
    }
    writer.space();
    writer.number16()?;
    writer.space();
    writer.name()?;
    writer.space();
    base64(writer);
    Ok(())
}

pub(super) fn nsec(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    writer.name()?;
    types(writer)
}

pub(super) fn nsec3(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    nsec3param(writer)?;
    writer.space();
    let length = usize::from(writer.byte()?);
    let hash = writer.take(length)?;
    push_base32hex(hash, writer.text);
    types(writer)
}

pub(super) fn nsec3param(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    for _ in 0..2 {
        writer.number8()?;
        writer.space();
    }
    writer.number16()?;
    writer.space();
    let length = usize::from(writer.byte()?);
    let salt = writer.take(length)?;
    if salt.is_empty() {
        writer.text.push(b'-');
    }
    push_hex(salt, writer.text);
    Ok(())
}

fn base64(writer: &mut Writer<'_, '_>) {
    let data = writer.rest();
    push_base64(data, writer.text);
}

/// RFC 4034 section 4.1.2: windows of 256 types, a bit each.
fn types(writer: &mut Writer<'_, '_>) -> Result<(), Trouble> {
    while !writer.is_empty() {
        let window = u16::from(writer.byte()?);
        let length = usize::from(writer.byte()?);
        for (byte, bits) in (0_u16..).zip(writer.take(length)?) {
            for bit in (0..8).filter(|bit| bits & 0x80 >> bit != 0) {
                writer.space();
                push_type(window << 8 | (byte << 3 | bit) & 0xff, writer.text);
            }
        }
    }
    Ok(())
}

/// `YYYYMMDDHHmmSS` (RFC 4034 section 3.2) of seconds since 1970.
fn push_time(seconds: u32, text: &mut Vec<u8>) {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March on, so that the leap day is the last one; 719468 days from there to 1970.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u32::from(month <= 2);
    let numbers = [(year, 4), (month, 2), (day, 2), (rest / 3600, 2), (rest / 60 % 60, 2), (rest % 60, 2)];
    for (number, digits) in numbers {
        for place in (0..digits).rev() {
            text.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::push_time;

    #[test]
    fn dates() {
        for (seconds, wanted) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (1_704_067_199, "20231231235959"),
            (1_709_251_200, "20240301000000"),
            (u32::MAX, "21060207062815"),
        ] {
            let mut text = Vec::new();
            push_time(seconds, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), wanted);
        }
    }
}
