//! What a probe at a function's beginning costs.
//!
//! Takes: its first bytes (x86-64). Gives: where a probe is cheap and sees what it would see at the first byte. Does not do: places
//! behind an instruction that moves the stack: a uretprobe takes the address of the return from where the stack pointer is.
//!
//! The kernel emulates few instructions (arch/x86/kernel/uprobes.c). Any other one that a probe is at runs out of line under the trap
//! flag: a second exception, and many times the cost.

/// Bytes of a function that are looked at: ENDBR64, and an instruction that is emulated.
pub(super) const BYTES: u64 = 16;

/// What functions begin with that are built with `-fcf-protection`. It is not emulated.
const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// How many bytes behind the first one; none: a probe is not cheap.
pub(super) fn cheap(code: &[u8]) -> Option<u64> {
    let (skipped, rest) = match code.strip_prefix(&ENDBR64) {
        Some(rest) => (ENDBR64.len() as u64, rest),
        None => (0, code),
    };
    (is_push(rest) || is_nop_or_jump(rest)).then_some(skipped)
}

/// Where a function does that saves registers first, as one with work to do.
pub(super) fn cheap_push(code: &[u8]) -> Option<u64> {
    is_push(code.strip_prefix(&ENDBR64).unwrap_or(code)).then(|| cheap(code)).flatten()
}

/// `PUSH r64`, with a REX prefix for the upper eight registers and no other one.
fn is_push(code: &[u8]) -> bool {
    matches!(code, [0x50..=0x57, ..] | [0x41, 0x50..=0x57, ..])
}

/// `NOP` of one byte, `JMP rel8`, `JMP rel32`.
fn is_nop_or_jump(code: &[u8]) -> bool {
    matches!(code, [0x90, ..] | [0xeb, _, ..] | [0xe9, _, _, _, _, ..])
}
