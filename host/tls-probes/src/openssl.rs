//! OpenSSL's functions in a library or a program.
//!
//! Takes: an ELF file. Gives: probes at the functions that are defined in it; where those of reading or writing are dear to probe, at the
//! one that they call. Does not do: stripped programs that have OpenSSL linked in; without names there is nothing to tell its functions by.

mod entry;
mod inner;
mod walk;

use self::inner::{Inner, Interface};
use self::walk::LengthAt;
use crate::elf::{Elf, Machine, Symbol, Symbols};
use crate::examine::Found;
use crate::target::{At, Flavour, Function, Library, Missing, Probe, WhyMissing, WhyNot};

/// Who calls for a probe where. A handshake's return says that it is done; what the others return is not needed.
const FUNCTIONS: [(Function, &[At]); 12] = [
    (Function::SslRead, &[At::Entry, At::Return]),
    (Function::SslWrite, &[At::Entry, At::Return]),
    (Function::SslReadEx, &[At::Entry, At::Return]),
    (Function::SslWriteEx, &[At::Entry, At::Return]),
    (Function::SslDoHandshake, &[At::Entry, At::Return]),
    (Function::SslConnect, &[At::Entry, At::Return]),
    (Function::SslAccept, &[At::Entry, At::Return]),
    (Function::SslSetFd, &[At::Entry]),
    (Function::SslSetReadFd, &[At::Entry]),
    (Function::SslSetWriteFd, &[At::Entry]),
    (Function::SslFree, &[At::Entry]),
    (Function::SslShutdown, &[At::Entry]),
];

/// A function that only BoringSSL has (its ssl.h), then one that only LibreSSL has (SSL_CTX_use_certificate(3) there).
const MARKS: [(&str, Flavour); 2] = [
    ("SSL_CTX_set_custom_verify", Flavour::BoringSsl),
    ("SSL_CTX_use_certificate_chain_mem", Flavour::LibreSsl),
];

/// Functions that are not probed: they say what those that are probed do.
const OTHERS: [&str; 3] = ["SSL_write_ex2", "SSL_peek", "SSL_peek_ex"];

/// None: it has none of them.
pub(crate) fn find(elf: &Elf<'_>) -> Result<Option<Found>, WhyNot> {
    let names =
        FUNCTIONS.iter().map(|(function, _)| function.name()).chain(MARKS.iter().map(|(name, _)| *name));
    let names = names.chain(OTHERS);
    let Some(search) = Symbols::new(names) else { return Ok(None) };
    let symbols = search.find(elf)?;
    let defined = |name: usize| symbols.iter().filter(move |symbol| symbol.name == name);
    // Both: a program that has a function `SSL_read` of its own is not meant.
    if [0, 1].iter().any(|name| defined(*name).next().is_none()) {
        return Ok(None);
    }
    let flavour = flavour(&symbols);
    let mut found = Found::new(Library::OpenSsl { flavour });
    for (name, (function, wanted)) in FUNCTIONS.iter().enumerate() {
        let mut why = Some(WhyMissing::NoSuchFunction);
        for symbol in defined(name) {
            let Some(begin) = elf.code_offset(symbol.address) else {
                why = Some(WhyMissing::OutsideOfCode);
                continue;
            };
            why = None;
            let file_offset = begin + cheap(elf, symbol.address).unwrap_or(0);
            let probes = wanted.iter().map(|at| Probe { function: *function, at: *at, file_offset });
            found.probes.extend(probes);
        }
        found.missing.extend(why.map(|why| Missing { function: *function, why }));
    }
    let useful = |probe: &Probe| matches!(probe.function, Function::SslRead | Function::SslWrite);
    if !found.probes.iter().any(useful) {
        return Err(WhyNot::NoProbes("SSL_read and SSL_write are outside of the code in the file"));
    }
    if flavour == Flavour::OpenSsl {
        prefer_inner(elf, &symbols, &mut found.probes);
    }
    Ok(Some(found))
}

/// How many bytes behind the beginning of a function a probe is cheap. None: nowhere.
fn cheap(elf: &Elf<'_>, address: u64) -> Option<u64> {
    let code = elf.bytes_at(address, entry::BYTES, entry::BYTES).ok()?;
    (elf.machine == Machine::X86_64).then(|| entry::cheap(&code)).flatten()
}

/// Probes what reads or writes by the function that both forms call, where one of them is dear to probe.
fn prefer_inner(elf: &Elf<'_>, symbols: &[Symbol], probes: &mut Vec<Probe>) {
    let of = |wanted: usize| symbols.iter().filter(move |symbol| symbol.name == wanted);
    let one = |name: &str| match of(index(name)?).collect::<Vec<_>>()[..] {
        [symbol] => Some(*symbol),
        _ => None,
    };
    let [write_ex2, peek, peek_ex] = OTHERS;
    let is_dear = |functions: [Function; 2]| {
        let mut all = functions.iter().filter_map(|function| index(function.name())).flat_map(of);
        all.any(|symbol| cheap(elf, symbol.address).is_none())
    };
    let reading = [Function::SslRead, Function::SslReadEx];
    let writing = [Function::SslWrite, Function::SslWriteEx];
    let (are_reads_dear, are_writes_dear) = (is_dear(reading), is_dear(writing));
    if !are_reads_dear && !are_writes_dear {
        return;
    }
    let interface = Interface {
        elf,
        symbols,
        read: one(Function::SslRead.name()),
        read_ex: one(Function::SslReadEx.name()),
        write: one(Function::SslWrite.name()),
        write_ex: one(Function::SslWriteEx.name()),
        write_ex2: one(write_ex2),
        peeks: [peek, peek_ex].iter().filter_map(|name| index(name)).flat_map(of).copied().collect(),
    };
    let (reads, writes) = interface.inner();
    let mut replace = |old: [Function; 2], new: Function, inner: Inner| {
        probes.retain(|probe| !old.contains(&probe.function));
        let of = |at| Probe { function: new, at, file_offset: inner.file_offset };
        probes.extend([At::Entry, At::Return].map(of));
    };
    if let Some(inner) = reads.filter(|_| are_reads_dear) {
        replace(reading, Function::SslReadInternal, inner);
    }
    if let Some(inner) = writes.filter(|_| are_writes_dear) {
        let function = match inner.length {
            LengthAt::Fourth => Function::SslWriteInternal,
            LengthAt::Fifth => Function::SslWriteInternalFlags,
        };
        replace(writing, function, inner);
    }
}

/// Which of the names that are looked for.
fn index(name: &str) -> Option<usize> {
    let functions = FUNCTIONS.iter().map(|(function, _)| function.name());
    functions.chain(MARKS.iter().map(|(name, _)| *name)).chain(OTHERS).position(|other| other == name)
}

fn flavour(symbols: &[Symbol]) -> Flavour {
    let mark = |name: usize| symbols.iter().any(|symbol| symbol.name == FUNCTIONS.len() + name);
    let known = MARKS.iter().enumerate().find(|(name, _)| mark(*name));
    known.map_or(Flavour::OpenSsl, |(_, (_, flavour))| *flavour)
}
