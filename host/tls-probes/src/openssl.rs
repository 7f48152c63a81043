//! OpenSSL's functions in a library or a program.
//!
//! Takes: an ELF file. Gives: probes at the functions that are defined in it. Does not do: stripped programs that have OpenSSL linked in;
//! without names there is nothing to tell its functions by.

use crate::elf::{Elf, Symbol, Symbols};
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

/// None: it has none of them.
pub(crate) fn find(elf: &Elf<'_>) -> Result<Option<Found>, WhyNot> {
    let names =
        FUNCTIONS.iter().map(|(function, _)| function.name()).chain(MARKS.iter().map(|(name, _)| *name));
    let Some(search) = Symbols::new(names) else { return Ok(None) };
    let symbols = search.find(elf)?;
    let defined = |name: usize| symbols.iter().filter(move |symbol| symbol.name == name);
    // Both: a program that has a function `SSL_read` of its own is not meant.
    if [0, 1].iter().any(|name| defined(*name).next().is_none()) {
        return Ok(None);
    }
    let mut found = Found::new(Library::OpenSsl { flavour: flavour(&symbols) });
    for (name, (function, wanted)) in FUNCTIONS.iter().enumerate() {
        let mut why = Some(WhyMissing::NoSuchFunction);
        for symbol in defined(name) {
            let Some(file_offset) = elf.code_offset(symbol.address) else {
                why = Some(WhyMissing::OutsideOfCode);
                continue;
            };
            why = None;
            let probes = wanted.iter().map(|at| Probe { function: *function, at: *at, file_offset });
            found.probes.extend(probes);
        }
        found.missing.extend(why.map(|why| Missing { function: *function, why }));
    }
    let useful = |probe: &Probe| matches!(probe.function, Function::SslRead | Function::SslWrite);
    if !found.probes.iter().any(useful) {
        return Err(WhyNot::NoProbes("SSL_read and SSL_write are outside of the code in the file"));
    }
    Ok(Some(found))
}

fn flavour(symbols: &[Symbol]) -> Flavour {
    let mark = |name: usize| symbols.iter().any(|symbol| symbol.name == FUNCTIONS.len() + name);
    let known = MARKS.iter().enumerate().find(|(name, _)| mark(*name));
    known.map_or(Flavour::OpenSsl, |(_, (_, flavour))| *flavour)
}
