//! Where a function returns.
//!
//! Takes: the bytes of one function. Gives: offsets of its RET instructions. Only for Go: its compiler writes no data between
//! instructions (jump tables are in .rodata) and ends a function by RET, never by a jump into another one that would return for it.

use iced_x86::{Code, Decoder, DecoderOptions};

use crate::elf::Machine;
use crate::limits;
use crate::target::WhyMissing;

/// Offsets in bytes from the beginning of the function.
pub(crate) fn returns(machine: Machine, function: &[u8]) -> Result<Vec<u64>, WhyMissing> {
    let returns = match machine {
        Machine::Aarch64 => aarch64(function),
        Machine::X86_64 => x86_64(function)?,
    };
    if returns.is_empty() || returns.len() > limits::RETURNS {
        return Err(WhyMissing::Returns(returns.len()));
    }
    Ok(returns)
}

/// One instruction after the other. When one can not be decoded, or the last one does not end where the function does, then it is not
/// what the tables say, and a probe in the midst of an instruction would end the program.
fn x86_64(function: &[u8]) -> Result<Vec<u64>, WhyMissing> {
    let mut decoder = Decoder::with_ip(64, function, 0, DecoderOptions::NONE);
    let mut returns = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return Err(WhyMissing::Instructions);
        }
        if matches!(instruction.code(), Code::Retnq | Code::Retnq_imm16) {
            returns.push(instruction.ip());
        }
    }
    Ok(returns)
}

/// `RET Xn` (Arm Architecture Reference Manual, C6.2: 1101011001011111000000nnnnn00000); every instruction has four bytes.
fn aarch64(function: &[u8]) -> Vec<u64> {
    let words = function.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap_or_default()));
    words
        .zip((0..).step_by(4))
        .filter(|(word, _)| word & 0xffff_fc1f == 0xd65f_0000)
        .map(|(_, at)| at)
        .collect()
}
