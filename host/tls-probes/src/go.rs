//! Go's `crypto/tls` in a program.
//!
//! Takes: an ELF file. Gives: the Go version, where its structures keep what a probe needs, and probes at the entry and at each RET of the
//! functions. Does not do: Go before 1.16 without symbols, plugins (`-buildmode=plugin`), gccgo, TinyGo.
//!
//! Why RET instructions: Go moves stacks, and a uretprobe writes a return address into a stack that is then copied elsewhere. The program
//! would end with "unexpected return pc".

mod debug_info;
mod function_table;
mod http2;
mod layout;
#[cfg(test)]
mod tests;
mod version;

use self::version::Version;
use crate::disassembly;
use crate::elf::{Elf, Machine, Symbol, Symbols};
use crate::examine::Found;
use crate::limits;
use crate::target::{At, Function, GoLibrary, Library, Missing, Probe, WhyMissing, WhyNot};

/// Sections that only Go's linker makes.
const SECTIONS: [&str; 4] = [".go.buildinfo", ".gopclntab", ".data.rel.ro.gopclntab", ".note.go.buildid"];

/// What is wanted of `crypto/tls`.
const TLS: [(&str, Function, Ends); 3] = [
    ("crypto/tls.(*Conn).Read", Function::GoTlsRead, Ends::Both),
    ("crypto/tls.(*Conn).Write", Function::GoTlsWrite, Ends::Both),
    ("crypto/tls.(*Conn).Close", Function::GoTlsClose, Ends::Entry),
];

/// Where code begins; every Go program that has symbols has this one.
const TEXT: &str = "runtime.text";
/// The first of the methods in the table by which a `*net.TCPConn` is a `net.Conn`.
const TCP_CLOSE: &str = "net.(*TCPConn).Close";

/// Which ends of a function are probed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ends {
    Both,
    Entry,
}

/// None: no Go program, or one without what is wanted.
pub(crate) fn find(elf: &Elf<'_>) -> Result<Option<Found>, WhyNot> {
    if elf.section(&SECTIONS).is_none() {
        return Ok(None);
    }
    let wanted = || TLS.iter().chain(http2::FUNCTIONS);
    let names = wanted().map(|(name, ..)| *name).chain([TCP_CLOSE, TEXT]);
    let Some(search) = Symbols::new(names) else { return Ok(None) };
    let tcp_close = TLS.len() + http2::FUNCTIONS.len();
    let text = tcp_close + 1;
    let mut symbols = search.find(elf)?;
    if !symbols.iter().any(|symbol| symbol.name == text) {
        symbols = function_table::find(elf, &search)?;
    }
    let version = Version::read(elf)?;
    let (mut probes, mut http2, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = Vec::new();
    for (name, (text, function, ends)) in wanted().enumerate() {
        let place = if name < TLS.len() { &mut probes } else { &mut http2 };
        let before = place.len();
        let result = probe(elf, &symbols, name, *function, *ends, place);
        found.extend(place.iter().skip(before).map(|probe| (*text, *probe)));
        // Of the HTTP/2 functions a program has one set at most, so what it has not is no news.
        if let Err(why) = result
            && (name < TLS.len() || why != WhyMissing::NoSuchFunction)
        {
            missing.push(Missing { function: *function, why });
        }
    }
    if probes.is_empty() && http2.is_empty() {
        let unusable = missing.iter().any(|missing| missing.why != WhyMissing::NoSuchFunction);
        return if unusable {
            Err(WhyNot::NoProbes("its Go functions are not what they should be"))
        } else {
            Ok(None)
        };
    }
    let tcp_close = symbols.iter().find(|symbol| symbol.name == tcp_close);
    let library = GoLibrary {
        register_abi: version.has_register_abi(elf.machine == Machine::Aarch64),
        layout: layout::layout(elf, &version),
        http2_hooks: http2::hooks(elf, &version, &found),
        version: version.text,
        tcp_close: tcp_close.and_then(|symbol| elf.code_offset(symbol.address)),
        http2,
    };
    Ok(Some(Found { library: Library::Go(library), probes, missing }))
}

/// Adds the probes of one function.
fn probe(
    elf: &Elf<'_>,
    symbols: &[Symbol],
    name: usize,
    function: Function,
    ends: Ends,
    probes: &mut Vec<Probe>,
) -> Result<(), WhyMissing> {
    let symbol = symbols.iter().find(|symbol| symbol.name == name).ok_or(WhyMissing::NoSuchFunction)?;
    let begin = elf.code_offset(symbol.address).ok_or(WhyMissing::OutsideOfCode)?;
    if symbol.size == 0 || symbol.size > limits::FUNCTION_BYTES {
        return Err(WhyMissing::Length(symbol.size));
    }
    let body = elf.bytes_at(symbol.address, symbol.size, limits::FUNCTION_BYTES);
    // Read even where only the entry is wanted: it proves that the address is one of an instruction.
    let returns = disassembly::returns(elf.machine, &body.map_err(|_| WhyMissing::OutsideOfCode)?)?;
    probes.push(Probe { function, at: At::Entry, file_offset: begin });
    if ends == Ends::Both {
        probes.extend(returns.iter().map(|at| Probe { function, at: At::Ret, file_offset: begin + at }));
    }
    Ok(())
}
