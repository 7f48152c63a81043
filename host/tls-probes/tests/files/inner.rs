//! Libraries whose functions of the interface hand over to one below: what compilers write, and what somebody could.

use weir_tls_probes::{At, Function, examine};

use crate::forgery::{AARCH64, BASE, FIRST, Sym, X86_64, elf, part, symbols};

/// Each function has so many bytes.
const SLOT: u64 = 64;

/// Where they are. What has no name comes last.
const NAMES: [&str; 8] = [
    "SSL_read",
    "SSL_read_ex",
    "SSL_write",
    "SSL_write_ex",
    "SSL_peek",
    "SSL_shutdown",
    "SSL_write_ex2",
    "SSL_CTX_set_custom_verify",
];
const READ: usize = 0;
const READ_EX: usize = 1;
const WRITE: usize = 2;
const WRITE_EX: usize = 3;
const PEEK: usize = 4;
const SHUTDOWN: usize = 5;
const WRITE_EX2: usize = 6;
const BORING: usize = 7;
const READS: usize = 8;
const WRITES: usize = 9;
const PEEKS: usize = 10;
const SLOTS: usize = 11;

const ENDBR64: &[u8] = &[0xf3, 0x0f, 0x1e, 0xfa];
const SUB_RSP_24: &[u8] = &[0x48, 0x83, 0xec, 0x18];
const SUB_RSP_8: &[u8] = &[0x48, 0x83, 0xec, 0x08];
/// `mov %fs:0x28,%rax; mov %rax,0x8(%rsp); xor %eax,%eax`
const GUARD: &[u8] = &[0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0, 0x48, 0x89, 0x44, 0x24, 0x08, 0x31, 0xc0];
/// `test %edx,%edx; js`, without how far.
const TEST_EDX: &[u8] = &[0x85, 0xd2, 0x78];
const MOV_RSP_RCX: &[u8] = &[0x48, 0x89, 0xe1];
const MOV_RSP_R8: &[u8] = &[0x49, 0x89, 0xe0];
const MOV_RCX_R8: &[u8] = &[0x49, 0x89, 0xc8];
const XOR_ECX: &[u8] = &[0x31, 0xc9];
const MOVSLQ_RDX: &[u8] = &[0x48, 0x63, 0xd2];
/// `test %eax,%eax; cmovg (%rsp),%eax; add $0x18,%rsp; ret`
const RESULT: &[u8] = &[0x85, 0xc0, 0x0f, 0x4f, 0x04, 0x24, 0x48, 0x83, 0xc4, 0x18, 0xc3];
/// `xor %edx,%edx; test %eax,%eax; cmovs %edx,%eax; add $0x8,%rsp; ret`
const EX_RESULT: &[u8] = &[0x31, 0xd2, 0x85, 0xc0, 0x0f, 0x48, 0xc2, 0x48, 0x83, 0xc4, 0x08, 0xc3];
/// `push %r13; push %rbx; ret`
const WORK: &[u8] = &[0x41, 0x55, 0x53, 0xc3];

fn address(slot: usize) -> u64 {
    BASE + FIRST + SLOT * slot as u64
}

fn offset(slot: usize) -> u64 {
    FIRST + SLOT * slot as u64
}

/// A function in its place.
struct Code {
    address: u64,
    bytes: Vec<u8>,
}

impl Code {
    fn at(slot: usize) -> Self {
        Self { address: address(slot), bytes: Vec::new() }
    }

    fn then(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn branch(mut self, code: u8, target: u64) -> Self {
        self.bytes.push(code);
        let next = self.address + self.bytes.len() as u64 + 4;
        self.bytes.extend((target.wrapping_sub(next) as u32).to_le_bytes());
        self
    }

    fn call(self, target: u64) -> Self {
        self.branch(0xe8, target)
    }

    fn jump(self, target: u64) -> Self {
        self.branch(0xe9, target)
    }
}

/// What a compiler makes of `SSL_read(object, buffer, int)`.
fn plain(slot: usize, pointer: &[u8], target: usize) -> Vec<u8> {
    let call = 5;
    let to_the_last_byte = pointer.len() + MOVSLQ_RDX.len() + call + RESULT.len() - 1;
    let code = Code::at(slot).then(SUB_RSP_24).then(GUARD).then(TEST_EDX).then(&[to_the_last_byte as u8]);
    let code = code.then(pointer).then(MOVSLQ_RDX);
    code.call(address(target)).then(RESULT).bytes
}

/// What it makes of `SSL_read_ex(object, buffer, size, pointer)`.
fn ex(slot: usize, target: usize) -> Vec<u8> {
    Code::at(slot).then(SUB_RSP_8).call(address(target)).then(EX_RESULT).bytes
}

#[derive(Clone)]
struct Library {
    machine: u16,
    functions: Vec<Vec<u8>>,
    /// Their lengths, where the table of symbols lies.
    lengths: Vec<Option<u64>>,
    /// More symbols: names, slots.
    more: Vec<(usize, usize)>,
}

impl Library {
    /// OpenSSL 1.1.1 and 3.0, as Debian 11 and 12 have it.
    fn new() -> Self {
        let mut functions = vec![Vec::new(); SLOTS];
        functions[READ] = plain(READ, MOV_RSP_RCX, READS);
        functions[READ_EX] = ex(READ_EX, READS);
        functions[WRITE] = plain(WRITE, MOV_RSP_RCX, WRITES);
        functions[WRITE_EX] = ex(WRITE_EX, WRITES);
        functions[PEEK] = plain(PEEK, MOV_RSP_RCX, PEEKS);
        functions[SHUTDOWN] = WORK.to_vec();
        for work in [READS, WRITES, PEEKS] {
            functions[work] = WORK.to_vec();
        }
        Self { machine: X86_64, functions, lengths: vec![None; SLOTS], more: Vec::new() }
    }

    /// OpenSSL 3.3 and newer, as wheels of Python have it: flags are before the pointer.
    fn with_flags() -> Self {
        let mut library = Self::new();
        let pointer = [XOR_ECX, MOV_RSP_R8].concat();
        library.functions[WRITE] = plain(WRITE, &pointer, WRITES);
        library.functions[WRITE_EX2] = ex(WRITE_EX2, WRITES);
        library.functions[WRITE_EX] =
            Code::at(WRITE_EX).then(MOV_RCX_R8).then(XOR_ECX).jump(address(WRITE_EX2)).bytes;
        library
    }

    fn with(mut self, slot: usize, code: impl Into<Vec<u8>>) -> Self {
        self.functions[slot] = code.into();
        self
    }

    fn file(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (slot, code) in self.functions.iter().enumerate() {
            assert!(code.len() as u64 <= SLOT || slot + 1 == SLOTS, "slot {slot}");
            text.resize(slot * SLOT as usize, 0xcc);
            text.extend(code);
        }
        text.resize(SLOTS * SLOT as usize, 0xcc);
        let (mut names, mut at) = (vec![0], Vec::new());
        for name in NAMES {
            at.push(names.len() as u32);
            names.extend([name.as_bytes(), &[0]].concat());
        }
        let defined = (0..NAMES.len()).filter(|slot| !self.functions[*slot].is_empty());
        let syms: Vec<_> = defined
            .map(|slot| (slot, slot))
            .chain(self.more.iter().copied())
            .map(|(name, slot)| {
                let length = self.lengths[slot].unwrap_or(self.functions[slot].len() as u64);
                Sym(at[name], 1, address(slot), length)
            })
            .collect();
        let [table, strings] = symbols(2, &syms, &names);
        // Behind the symbols, so that the numbers of sections stay.
        elf(self.machine, &[part(".text", text), table, strings, part(".plt", [0xcc; 64])])
    }

    /// Where the probes are that see what is read and written.
    fn probes(&self) -> Vec<(Function, At, u64)> {
        let found = examine(&&self.file()[..]).unwrap().unwrap();
        let mut probes: Vec<_> =
            found.probes.iter().map(|probe| (probe.function, probe.at, probe.file_offset)).collect();
        probes.retain(|(function, ..)| *function != Function::SslShutdown);
        probes.sort_unstable();
        probes
    }
}

fn both(function: Function, place: u64) -> [(Function, At, u64); 2] {
    [(function, At::Entry, place), (function, At::Return, place)]
}

fn sorted(all: &[[(Function, At, u64); 2]]) -> Vec<(Function, At, u64)> {
    let mut all = all.concat();
    all.sort_unstable();
    all
}

fn public(slots: [Function; 2], at: [usize; 2]) -> [[(Function, At, u64); 2]; 2] {
    [both(slots[0], offset(at[0])), both(slots[1], offset(at[1]))]
}

fn public_reads() -> [[(Function, At, u64); 2]; 2] {
    public([Function::SslRead, Function::SslReadEx], [READ, READ_EX])
}

fn public_writes() -> [[(Function, At, u64); 2]; 2] {
    public([Function::SslWrite, Function::SslWriteEx], [WRITE, WRITE_EX])
}

fn with_endbr64(mut library: Library) -> Library {
    for slot in 0..SLOTS {
        if !library.functions[slot].is_empty() {
            // Branches are relative to where they are.
            let old = std::mem::take(&mut library.functions[slot]);
            let mut code = [ENDBR64, &old].concat();
            for at in 0..code.len().saturating_sub(4) {
                let is_branch = code[at] == 0xe8 || code[at] == 0xe9;
                let length = i32::from_le_bytes(code[at + 1..at + 5].try_into().unwrap());
                // No other byte of these functions looks so.
                if is_branch && length.unsigned_abs() < 2048 {
                    code[at + 1..at + 5].copy_from_slice(&(length - 4).to_le_bytes());
                }
            }
            library.functions[slot] = code;
        }
    }
    library
}

#[test]
fn one_function_below_both_forms_is_probed_instead() {
    let reads = both(Function::SslReadInternal, offset(READS));
    let writes = both(Function::SslWriteInternal, offset(WRITES));
    let with_flags = both(Function::SslWriteInternalFlags, offset(WRITES));
    assert_eq!(Library::new().probes(), sorted(&[reads, writes]));
    assert_eq!(Library::with_flags().probes(), sorted(&[reads, with_flags]));
    // The pointer is elsewhere in the frame; the check of the length comes first, or none.
    for pointer in [[0x48, 0x8d, 0x4c, 0x24, 0x08], [0x48, 0x8d, 0x4c, 0x24, 0x10]] {
        assert_eq!(
            Library::new().with(READ, plain(READ, &pointer, READS)).probes(),
            sorted(&[reads, writes])
        );
    }
    let short = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX).call(address(READS)).then(RESULT);
    assert_eq!(Library::new().with(READ, short.bytes).probes(), sorted(&[reads, writes]));
}

#[test]
fn functions_that_begin_with_endbr64_are_probed_behind_it() {
    let reads = both(Function::SslReadInternal, offset(READS) + 4);
    let writes = both(Function::SslWriteInternalFlags, offset(WRITES) + 4);
    let library = with_endbr64(Library::with_flags());
    assert_eq!(library.probes(), sorted(&[reads, writes]));
    // `SSL_write_ex` goes to `SSL_write_ex2` through the table for the loader, as in Debian 13.
    let file = library.file();
    let plt = (0..file.len() - 64).rev().find(|at| file[*at..*at + 64] == [0xcc; 64]).unwrap() as u64;
    assert!(plt > offset(SLOTS), "the section behind the text");
    let through = Code::at(WRITE_EX).then(ENDBR64).then(MOV_RCX_R8).then(XOR_ECX).jump(BASE + plt);
    assert_eq!(library.clone().with(WRITE_EX, through.bytes).probes(), sorted(&[reads, writes]));
    // Elsewhere: nobody knows what it does.
    let elsewhere = Code::at(WRITE_EX).then(ENDBR64).then(MOV_RCX_R8).then(XOR_ECX).jump(address(SHUTDOWN));
    let [plain, ex] = public_writes();
    assert_eq!(library.with(WRITE_EX, elsewhere.bytes).probes(), sorted(&[reads, plain, ex]));
}

#[test]
fn functions_that_are_cheap_themselves_are_probed_themselves() {
    let mut library = Library::new();
    for slot in [READ, READ_EX, WRITE, WRITE_EX] {
        // `push %rbp; mov %rsp,%rbp`, as with frame pointers
        library.functions[slot] = [&[0x55, 0x48, 0x89, 0xe5], WORK].concat();
    }
    let [read, read_ex] = public_reads();
    let [write, write_ex] = public_writes();
    assert_eq!(library.probes(), sorted(&[read, read_ex, write, write_ex]));
    let behind =
        |[begin, end]: [(Function, At, u64); 2]| [(begin.0, begin.1, begin.2 + 4), (end.0, end.1, end.2 + 4)];
    assert_eq!(
        with_endbr64(library.clone()).probes(),
        sorted(&[behind(read), behind(read_ex), behind(write), behind(write_ex)])
    );
    // On ARM nothing is known to be cheap, and nothing is dear.
    library.machine = AARCH64;
    assert_eq!(with_endbr64(library).probes(), sorted(&[read, read_ex, write, write_ex]));
}

/// `SSL_read` with something before the call.
fn with_before(before: &[u8]) -> Library {
    let code = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX).then(MOVSLQ_RDX).then(before);
    Library::new().with(READ, code.call(address(READS)).then(RESULT).bytes)
}

fn reads_stay_public(what: &str, library: &Library) {
    let [read, read_ex] = public_reads();
    let writes = both(Function::SslWriteInternal, offset(WRITES));
    assert_eq!(library.probes(), sorted(&[read, read_ex, writes]), "{what}");
}

#[test]
fn arguments_that_are_not_handed_on_as_they_came_are_refused() {
    for (what, before) in [
        ("nothing in the way", &[0x90][..]),
        ("another object: mov %rsi,%rdi", &[0x48, 0x89, 0xf7]),
        ("another buffer: lea 1(%rsi),%rsi", &[0x48, 0x8d, 0x76, 0x01]),
        ("another count: mov $1,%edx", &[0xba, 1, 0, 0, 0]),
        ("a length of nobody: xor %ecx,%ecx", XOR_ECX),
        ("half of a pointer: mov %ecx,%ecx", &[0x89, 0xc9]),
        ("the address of the return: lea 0x18(%rsp),%rcx", &[0x48, 0x8d, 0x4c, 0x24, 0x18]),
        ("below the frame: lea -8(%rsp),%rcx", &[0x48, 0x8d, 0x4c, 0x24, 0xf8]),
        ("anywhere in the frame: lea (%rsp,%rax),%rcx", &[0x48, 0x8d, 0x0c, 0x04]),
        ("two pointers: mov %rsp,%r8", MOV_RSP_R8),
        ("flags that are none: mov %rsp,%r8; mov $1,%ecx", &[0x49, 0x89, 0xe0, 0xb9, 1, 0, 0, 0]),
        ("flags of reading: mov %rsp,%r8; xor %ecx,%ecx", &[0x49, 0x89, 0xe0, 0x31, 0xc9]),
        ("another stack: mov %rdi,%rsp", &[0x48, 0x89, 0xfc]),
        ("an unknown stack: and $-16,%rsp", &[0x48, 0x83, 0xe4, 0xf0]),
        ("what is not known: cpuid", &[0x0f, 0xa2]),
        ("a part of a register: mov $1,%dl", &[0xb2, 1]),
        ("another call: call *%rax", &[0xff, 0xd0]),
        ("its end: ret", &[0xc3]),
        ("no instruction", &[0x06]),
        ("for ever: jmp .", &[0xeb, 0xfe]),
        ("for ever, with branches: je .; js .-2", &[0x74, 0xfe, 0x78, 0xfc]),
    ] {
        let library = with_before(before);
        if what.starts_with("nothing") {
            let reads = both(Function::SslReadInternal, offset(READS));
            let writes = both(Function::SslWriteInternal, offset(WRITES));
            assert_eq!(library.probes(), sorted(&[reads, writes]), "{what}");
        } else {
            reads_stay_public(what, &library);
        }
    }
}

#[test]
fn functions_that_do_not_agree_are_refused() {
    let call = |target| {
        let code = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX);
        Library::new().with(READ, code.call(target).then(RESULT).bytes)
    };
    reads_stay_public("itself", &call(address(READ)));
    reads_stay_public("a function with a name", &call(address(SHUTDOWN)));
    reads_stay_public("a function that another form does not call", &call(address(WRITES)));
    reads_stay_public("behind the code", &call(BASE + (1 << 20)));
    reads_stay_public("before the code", &call(BASE - 64));
    reads_stay_public("around the end of all addresses", &call(BASE.wrapping_sub(1 << 30)));
    reads_stay_public("not its first instruction", &call(address(READS) + 2));
    let library = Library::new();
    reads_stay_public("the other form calls another one", &library.clone().with(READ_EX, ex(READ_EX, PEEKS)));
    reads_stay_public("it shows bytes too", &library.clone().with(PEEK, plain(PEEK, MOV_RSP_RCX, READS)));
    reads_stay_public("nobody can read what shows bytes", &library.clone().with(PEEK, [0x06, 0xc3]));
    reads_stay_public("the one below is dear too", &library.clone().with(READS, [SUB_RSP_8, WORK].concat()));
    reads_stay_public("no result is looked at", &{
        let code = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX).call(address(READS));
        library.clone().with(READ, code.then(&[0x90; 8]).then(&RESULT[6..]).bytes)
    });
    reads_stay_public("two paths, two functions", &{
        let code = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX).then(&[0x85, 0xd2, 0x78, 0x10]);
        let code = code.call(address(READS)).then(RESULT);
        library.clone().with(READ, code.call(address(PEEKS)).then(RESULT).bytes)
    });
    // The variable is gone when it would be written.
    let gone = Code::at(READ).then(SUB_RSP_24).then(MOV_RSP_RCX).then(&[0x48, 0x83, 0xc4, 0x18]);
    reads_stay_public("a frame that is gone", &library.with(READ, gone.jump(address(READS)).bytes));
}

#[test]
fn lengths_that_lie_are_refused() {
    let whole = Library::new().functions[READ].len() as u64;
    for length in [0, 1, whole - 12, 2049, u64::MAX] {
        let mut library = Library::new();
        library.lengths[READ] = Some(length);
        reads_stay_public("a length", &library);
    }
    let mut twice = Library::new();
    twice.functions[SHUTDOWN] = plain(SHUTDOWN, MOV_RSP_RCX, READS);
    twice.more.push((READ, SHUTDOWN));
    let twice = twice.probes();
    assert!(twice.iter().all(|(function, ..)| *function != Function::SslReadInternal));
    assert_eq!(twice.iter().filter(|(function, ..)| *function == Function::SslRead).count(), 4);
}

#[test]
fn reading_is_never_taken_for_writing() {
    let library = Library::new().with(WRITE, plain(WRITE, MOV_RSP_RCX, READS));
    let library = library.with(WRITE_EX, ex(WRITE_EX, READS));
    let [read, read_ex] = public_reads();
    let [write, write_ex] = public_writes();
    assert_eq!(library.probes(), sorted(&[read, read_ex, write, write_ex]));
    // Another library of the same interface: `SSL_read` there calls `SSL_peek`.
    let boring = Library::new().with(BORING, WORK);
    assert_eq!(boring.probes(), sorted(&[read, read_ex, write, write_ex]));
}

#[test]
fn no_change_of_a_bit_moves_a_probe_elsewhere() {
    for library in [Library::new(), Library::with_flags(), with_endbr64(Library::with_flags())] {
        let usual = library.probes();
        let reads = usual.iter().find(|probe| probe.0 == Function::SslReadInternal).unwrap().2;
        let writes = usual.iter().rfind(|probe| probe.0 > Function::SslWriteEx).unwrap().2;
        for slot in [READ, READ_EX, WRITE, WRITE_EX, PEEK, WRITE_EX2] {
            for bit in 0..library.functions[slot].len() * 8 {
                let mut changed = library.clone();
                changed.functions[slot][bit / 8] ^= 1 << (bit % 8);
                for (function, _, place) in changed.probes() {
                    match function {
                        Function::SslReadInternal => assert_eq!(place, reads, "slot {slot}, bit {bit}"),
                        Function::SslWriteInternal | Function::SslWriteInternalFlags => {
                            assert_eq!(place, writes, "slot {slot}, bit {bit}");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
