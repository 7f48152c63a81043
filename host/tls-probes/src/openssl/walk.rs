//! A function that hands its arguments on -> whom to.
//!
//! Takes: its bytes (x86-64), what its arguments mean. Gives: the direct calls that get the same arguments and a pointer to a length, each
//! with the argument that this is. Does not do: anything but follow registers; the first instruction that it does not know ends it with
//! nothing, so what it gives was never guessed.
//!
//! Each path is followed to its first call: behind that, registers are somebody else's. The number of instructions has a limit.

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use crate::limits;

/// What a function gets (System V ABI, x86-64: RDI, RSI, RDX, RCX, R8), and where it has the length from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arguments {
    /// `(object, buffer, int)`: the length is a variable of its own.
    Plain,
    /// `(object, buffer, size_t, size_t *)`
    Length,
    /// `(object, buffer, size_t, uint64_t, size_t *)`
    FlagsLength,
}

/// Which argument points to the length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LengthAt {
    Fourth,
    /// Flags are before it.
    Fifth,
}

/// Such a call, or a jump as the last thing that the function does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Handed {
    pub(super) target: u64,
    pub(super) length: LengthAt,
}

/// What a register is known to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Value {
    Other,
    Zero,
    Object,
    Buffer,
    Count,
    /// The count, made longer.
    Widened,
    Flags,
    /// The pointer that the function was given.
    Length,
    /// So many bytes from where the stack pointer was at the entry.
    Stack(i64),
}

const RCX: usize = 1;
const RDX: usize = 2;
const RSP: usize = 4;
const RSI: usize = 6;
const RDI: usize = 7;
const R8: usize = 8;

type Registers = [Value; 16];

/// What comes after an instruction.
enum Next {
    Following,
    /// Or there, too.
    Branch(u64),
    Jump(u64),
    Call(u64),
    /// The path is over, or goes where nobody can tell.
    End,
}

/// Each call once. None: the function does what is not known here.
pub(super) fn handed_on(address: u64, body: &[u8], arguments: Arguments) -> Option<Vec<Handed>> {
    let end = address.checked_add(body.len() as u64)?;
    let mut decoder = Decoder::with_ip(64, body, address, DecoderOptions::NONE);
    let mut paths = vec![(address, at_entry(arguments))];
    let mut found = Vec::new();
    let mut steps = 0;
    while let Some((begin, mut registers)) = paths.pop() {
        let mut at = begin;
        loop {
            steps += 1;
            if steps > limits::WRAPPER_STEPS {
                return None;
            }
            decoder.set_position(usize::try_from(at.checked_sub(address)?).ok()?).ok()?;
            decoder.set_ip(at);
            let instruction = decoder.decode();
            let next = step(&instruction, &mut registers)?;
            at = instruction.next_ip();
            match next {
                Next::Following if at < end => {}
                // Code does not run over its end.
                Next::Following => return None,
                Next::Branch(target) => {
                    // Outside: a part that is seldom run, and was moved away.
                    if (address..end).contains(&target) {
                        paths.push((target, registers));
                    }
                }
                Next::Jump(target) if (address..end).contains(&target) => at = target,
                Next::Jump(target) => {
                    note(&mut found, arguments, &registers, target, true);
                    break;
                }
                Next::Call(target) => {
                    // What a plain function returns depends on what it was given: it must look at that.
                    let is_looked_at = arguments != Arguments::Plain || tests_result(&mut decoder);
                    if is_looked_at {
                        note(&mut found, arguments, &registers, target, false);
                    }
                    break;
                }
                Next::End => break,
            }
        }
    }
    Some(found)
}

/// Direct calls and jumps that leave a function, in whatever order. None: it can not be decoded.
pub(super) fn leaves_to(address: u64, body: &[u8]) -> Option<Vec<u64>> {
    let end = address.checked_add(body.len() as u64)?;
    let mut decoder = Decoder::with_ip(64, body, address, DecoderOptions::NONE);
    let mut targets = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return None;
        }
        let target = instruction.near_branch_target();
        if instruction.op0_kind() == OpKind::NearBranch64 && !(address..end).contains(&target) {
            targets.push(target);
        }
    }
    Some(targets)
}

fn at_entry(arguments: Arguments) -> Registers {
    let mut registers = [Value::Other; 16];
    (registers[RDI], registers[RSI], registers[RDX]) = (Value::Object, Value::Buffer, Value::Count);
    match arguments {
        Arguments::Plain => {}
        Arguments::Length => registers[RCX] = Value::Length,
        Arguments::FlagsLength => (registers[RCX], registers[R8]) = (Value::Flags, Value::Length),
    }
    registers[RSP] = Value::Stack(0);
    registers
}

/// Adds a call, where the arguments are right.
fn note(found: &mut Vec<Handed>, arguments: Arguments, registers: &Registers, target: u64, is_last: bool) {
    let Value::Stack(stack) = registers[RSP] else { return };
    let is_count = match arguments {
        Arguments::Plain => matches!(registers[RDX], Value::Count | Value::Widened),
        Arguments::Length | Arguments::FlagsLength => registers[RDX] == Value::Count,
    };
    if registers[RDI] != Value::Object || registers[RSI] != Value::Buffer || !is_count {
        return;
    }
    // The last jump leaves the stack as the function found it; a variable of its own would be gone.
    if is_last && stack != 0 {
        return;
    }
    let is_length = |register: usize| match (arguments, registers[register]) {
        (Arguments::Plain, Value::Stack(at)) => (stack..=-8).contains(&at),
        (Arguments::Length | Arguments::FlagsLength, value) => value == Value::Length,
        _ => false,
    };
    let is_flags = matches!(registers[RCX], Value::Zero | Value::Flags);
    let length = match (is_length(RCX), is_length(R8)) {
        (true, false) => LengthAt::Fourth,
        (false, true) if is_flags => LengthAt::Fifth,
        _ => return,
    };
    let handed = Handed { target, length };
    if !found.contains(&handed) {
        found.push(handed);
    }
}

/// Whether the result of the call before is compared with zero, before another one is made.
fn tests_result(decoder: &mut Decoder<'_>) -> bool {
    const SOON: usize = 4;
    let mut soon = (0..SOON).map(|_| decoder.decode());
    soon.any(|instruction| {
        instruction.code() == Code::Test_rm32_r32
            && (instruction.op0_register(), instruction.op1_register()) == (Register::EAX, Register::EAX)
    })
}

/// What an instruction does to the registers. None: it is not known, or the stack pointer is no more.
fn step(instruction: &Instruction, registers: &mut Registers) -> Option<Next> {
    use Mnemonic as M;
    match instruction.mnemonic() {
        M::Endbr64 | M::Nop | M::Test | M::Cmp => {}
        M::Push => {
            let is_wide = matches!(instruction.code(), Code::Push_r64 | Code::Pushq_imm8 | Code::Pushq_imm32);
            let Value::Stack(at) = registers[RSP] else { return None };
            registers[RSP] = Value::Stack(at.checked_sub(8).filter(|_| is_wide)?);
        }
        M::Mov | M::Movsxd | M::Lea | M::Xor | M::And | M::Or | M::Add | M::Sub => {
            // To memory: no register changes. What is read from there later is nothing that is known.
            if instruction.op0_kind() == OpKind::Register {
                let value = value(instruction, registers)?;
                *registers.get_mut(any_number(instruction.op0_register())?)? = value;
            }
        }
        M::Call | M::Jmp if instruction.op0_kind() != OpKind::NearBranch64 => return Some(Next::End),
        M::Call => return Some(Next::Call(instruction.near_branch_target())),
        M::Jmp => return Some(Next::Jump(instruction.near_branch_target())),
        M::Ja | M::Jae | M::Jb | M::Jbe | M::Je | M::Jne | M::Jg | M::Jge | M::Jl | M::Jle => {
            return Some(Next::Branch(instruction.near_branch_target()));
        }
        M::Js | M::Jns | M::Jo | M::Jno | M::Jp | M::Jnp => {
            return Some(Next::Branch(instruction.near_branch_target()));
        }
        M::Ret | M::Ud2 | M::Int3 | M::Hlt => return Some(Next::End),
        _ => return None,
    }
    matches!(registers[RSP], Value::Stack(_)).then_some(Next::Following)
}

/// What goes into the register that is the first operand.
fn value(instruction: &Instruction, registers: &Registers) -> Option<Value> {
    let (to, from) = (instruction.op0_register(), instruction.op1_register());
    // Registers of 8 and 16 bits are parts of others, and no compiler needs them here.
    any_number(to)?;
    let of = |register: Register| number(register).and_then(|number| registers.get(number)).copied();
    let of_half = |register: Register| half_number(register).and_then(|half| registers.get(half)).copied();
    Some(match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Mov, OpKind::Register) => match (of(from), of_half(from)) {
            (Some(value), _) => value,
            (None, Some(Value::Zero)) => Value::Zero,
            (None, Some(Value::Count)) => Value::Widened,
            _ => Value::Other,
        },
        (Mnemonic::Movsxd, OpKind::Register) if of_half(from) == Some(Value::Count) => Value::Widened,
        (Mnemonic::Mov, OpKind::Immediate32 | OpKind::Immediate32to64) if instruction.immediate32() == 0 => {
            Value::Zero
        }
        (Mnemonic::Xor, OpKind::Register) if to == from => Value::Zero,
        (Mnemonic::Lea, _) => match of(instruction.memory_base()) {
            Some(Value::Stack(at)) if instruction.memory_index() == Register::None && of(to).is_some() => {
                Value::Stack(at.checked_add(instruction.memory_displacement64() as i64)?)
            }
            _ => Value::Other,
        },
        (Mnemonic::Sub | Mnemonic::Add, OpKind::Immediate8to64 | OpKind::Immediate32to64) => match of(to) {
            Some(Value::Stack(at)) if instruction.mnemonic() == Mnemonic::Sub => {
                Value::Stack(at.checked_sub(instruction.immediate(1) as i64)?)
            }
            Some(Value::Stack(at)) => Value::Stack(at.checked_add(instruction.immediate(1) as i64)?),
            _ => Value::Other,
        },
        _ => Value::Other,
    })
}

/// RAX to R15, in the order of their numbers.
fn number(register: Register) -> Option<usize> {
    (register as usize).checked_sub(Register::RAX as usize).filter(|number| *number < 16)
}

/// EAX to R15D. What is written into such a register clears the other half.
fn half_number(register: Register) -> Option<usize> {
    (register as usize).checked_sub(Register::EAX as usize).filter(|number| *number < 16)
}

fn any_number(register: Register) -> Option<usize> {
    number(register).or_else(|| half_number(register))
}
