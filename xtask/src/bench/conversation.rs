//! One TCP connection over IPv4 that plays by the rules: sequence numbers, acknowledgements, checksums.
//!
//! Takes: who says what. Gives: Ethernet frames. Loses and reorders nothing.

use anyhow::Result;

use super::pcap::CaptureWriter;

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// An open or half-open connection.
pub(super) struct Conversation {
    ends: [End; 2],
}

struct End {
    address: [u8; 4],
    port: u16,
    /// Of the next byte it sends.
    sequence: u32,
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

const ETHERNET: usize = 14;
const IP: usize = 20;
const TCP: usize = 20;

impl Conversation {
    /// Ends with different starts of their sequence numbers, one of them soon past zero.
    pub(super) fn new(client: ([u8; 4], u16), server: ([u8; 4], u16), seed: u32) -> Self {
        let end = |(address, port), sequence| End { address, port, sequence };
        Self {
            ends: [
                end(client, seed.wrapping_mul(0x9e37_79b9)),
                end(server, 0_u32.wrapping_sub(seed % 100_000)),
            ],
        }
    }

    /// The client's first segment.
    pub(super) fn syn(&mut self, to: &mut CaptureWriter) -> Result<()> {
        self.segment(to, Side::Client, SYN, &[])
    }

    /// The three segments that open a connection.
    pub(super) fn open(&mut self, to: &mut CaptureWriter) -> Result<()> {
        self.syn(to)?;
        self.segment(to, Side::Server, SYN | ACK, &[])?;
        self.acknowledge(to, Side::Client)
    }

    /// A segment with payload.
    pub(super) fn send(&mut self, to: &mut CaptureWriter, side: Side, payload: &[u8]) -> Result<()> {
        self.segment(to, side, PSH | ACK, payload)
    }

    /// A segment without payload.
    pub(super) fn acknowledge(&mut self, to: &mut CaptureWriter, side: Side) -> Result<()> {
        self.segment(to, side, ACK, &[])
    }

    /// Both sides say that they are done.
    pub(super) fn close(&mut self, to: &mut CaptureWriter) -> Result<()> {
        self.segment(to, Side::Client, FIN | ACK, &[])?;
        self.segment(to, Side::Server, FIN | ACK, &[])?;
        self.acknowledge(to, Side::Client)
    }

    fn segment(&mut self, to: &mut CaptureWriter, side: Side, flags: u8, payload: &[u8]) -> Result<()> {
        let (sender, receiver) = match side {
            Side::Client => (&self.ends[0], &self.ends[1]),
            Side::Server => (&self.ends[1], &self.ends[0]),
        };
        let mut frame = [0; ETHERNET + IP + TCP + 1460];
        let length = ETHERNET + IP + TCP + payload.len();
        let frame = &mut frame[..length];
        ethernet(frame, side);
        ip(&mut frame[ETHERNET..], sender, receiver)?;
        let acknowledged = if flags & ACK == 0 { 0 } else { receiver.sequence };
        tcp(&mut frame[ETHERNET + IP..], sender, receiver, acknowledged, flags, payload);
        let spent = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let sender = &mut self.ends[usize::from(side == Side::Server)];
        sender.sequence = sender.sequence.wrapping_add(spent);
        to.frame(frame)
    }
}

fn ethernet(frame: &mut [u8], side: Side) {
    let (client, server) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (source, destination) = if side == Side::Client { (client, server) } else { (server, client) };
    frame[..6].copy_from_slice(&destination);
    frame[6..12].copy_from_slice(&source);
    frame[12..14].copy_from_slice(&0x0800_u16.to_be_bytes());
}

fn ip(packet: &mut [u8], sender: &End, receiver: &End) -> Result<()> {
    let length = u16::try_from(packet.len())?;
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet[6] = 0x40; // do not fragment
    packet[8] = 64;
    packet[9] = 6;
    packet[12..16].copy_from_slice(&sender.address);
    packet[16..20].copy_from_slice(&receiver.address);
    let sum = checksum(0, &packet[..IP]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    Ok(())
}

fn tcp(segment: &mut [u8], sender: &End, receiver: &End, acknowledged: u32, flags: u8, payload: &[u8]) {
    segment[..2].copy_from_slice(&sender.port.to_be_bytes());
    segment[2..4].copy_from_slice(&receiver.port.to_be_bytes());
    segment[4..8].copy_from_slice(&sender.sequence.to_be_bytes());
    segment[8..12].copy_from_slice(&acknowledged.to_be_bytes());
    segment[12] = 0x50;
    segment[13] = flags;
    segment[14..16].copy_from_slice(&0xfff0_u16.to_be_bytes());
    segment[TCP..].copy_from_slice(payload);
    let pseudo = sum(&sender.address) + sum(&receiver.address) + 6 + segment.len() as u64;
    let sum = checksum(pseudo, segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
}

/// Of 16-bit words, big-endian (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let (words, last) = bytes.as_chunks::<2>();
    let words: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    words + last.first().map_or(0, |byte| u64::from(*byte) << 8)
}

fn checksum(start: u64, bytes: &[u8]) -> u16 {
    let mut sum = start + sum(bytes);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn checksum_is_the_one_of_the_rfc() {
        // RFC 1071, section 3: the sum of these is ddf2.
        assert_eq!(checksum(0, &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(0, &[0xff]), !0xff00);
    }
}
