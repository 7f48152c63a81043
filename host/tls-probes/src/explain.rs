//! Why a process is seen, or is not: for a person who asks.
//!
//! Takes: a process id. Gives: what was found in the files it maps, and hints at TLS that can not be probed. Reads every file anew, so it is
//! not for loops.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::elf::Elf;
use crate::examine::{Examined, examine_with};
use crate::source::Reader;
use crate::target::{At, Library, NotUsable, WhyNot};
use crate::watcher::{Opener, is_named_ssl, mapped_files};

/// Libraries that are not probed, by the beginning of their file names.
const OTHERS: [(&str, &str); 8] = [
    ("libgnutls", "GnuTLS"),
    ("libjvm", "Java, whose TLS is compiled at run time"),
    ("libmbedtls", "Mbed TLS"),
    ("libnss3", "NSS"),
    ("libs2n", "s2n-tls"),
    ("libssl3", "NSS"),
    ("libwolfssl", "wolfSSL"),
    ("libcoreclr", ".NET, which loads OpenSSL when it needs it"),
];

/// Texts that a program with a TLS library linked in holds.
const TEXTS: [(&[u8], &str); 5] = [
    (b"/rustls-0.", "rustls"),
    (b"OpenSSL 1.", "OpenSSL, linked in without symbols"),
    (b"OpenSSL 3.", "OpenSSL, linked in without symbols"),
    (b"BoringSSL", "BoringSSL, linked in without symbols"),
    (b"GnuTLS", "GnuTLS"),
];

/// What there is to say of a process.
#[derive(Debug, Default)]
pub struct Explanation {
    /// Files that can be probed.
    pub found: Vec<(PathBuf, Examined)>,
    /// Files that look so and can not be.
    pub not_usable: Vec<NotUsable>,
    /// Files with TLS that is not known how to probe, and what it seems to be.
    pub others: Vec<(PathBuf, &'static str)>,
    /// Files that were looked at.
    pub files: usize,
}

/// Looks at one process.
///
/// # Errors
/// There is no such process, or it may not be looked into.
pub fn explain(proc_root: &Path, pid: u32) -> io::Result<Explanation> {
    let mut opener = Opener::new(proc_root.to_owned());
    let mut explanation = Explanation::default();
    for file in mapped_files(proc_root, pid)? {
        let refuse = |why| NotUsable { name: file.path.clone(), pid, why };
        let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(id) = opener.identify(pid, &file) else {
            if is_named_ssl(&file.path) {
                explanation.not_usable.push(refuse(WhyNot::Open(io::ErrorKind::NotFound)));
            }
            continue;
        };
        explanation.files += 1;
        let opened = match opener.open(pid, &file, id) {
            Ok(opened) => opened,
            Err(why) => {
                explanation.not_usable.push(refuse(why));
                continue;
            }
        };
        let reader = Reader::new(&opened);
        match examine_with(&reader) {
            Ok(Some(examined)) => explanation.found.push((file.path.clone(), examined)),
            Err(why) if why != WhyNot::NotElf => explanation.not_usable.push(refuse(why)),
            Ok(None) | Err(_) => {
                let known = OTHERS.iter().find(|(begin, _)| name.starts_with(begin)).map(|(_, what)| *what);
                // A library is known by its name; what is linked into a program is known by the texts it brought.
                let text = || (!name.contains(".so")).then(|| texts(&Reader::new(&opened))).flatten();
                if let Some(what) = known.or_else(text) {
                    explanation.others.push((file.path.clone(), what));
                } else if is_named_ssl(&file.path) {
                    explanation.not_usable.push(refuse(WhyNot::NoSslFunctions));
                }
            }
        }
    }
    Ok(explanation)
}

fn texts(reader: &Reader<'_>) -> Option<&'static str> {
    let search = aho_corasick::AhoCorasick::new(TEXTS.iter().map(|(text, _)| text)).ok()?;
    let elf = Elf::read(reader).ok()?;
    let section = elf.section(&[".rodata"])?;
    let mut found = None;
    let longest = TEXTS.iter().map(|(text, _)| text.len()).max()?;
    let looked = reader.pieces(section.offset, section.size, longest, |_, piece| {
        found = search.find(piece).and_then(|found| TEXTS.get(found.pattern().as_usize()));
        Ok(found.is_none())
    });
    looked.ok()?;
    found.map(|(_, what)| *what)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, examined) in &self.found {
            let entries = examined.probes.iter().filter(|probe| probe.at == At::Entry).count();
            write!(f, "seen: {}: ", path.display())?;
            match &examined.library {
                Library::OpenSsl { flavour } => write!(f, "{flavour:?}")?,
                Library::Go(go) => write!(f, "Go crypto/tls of {}", go.version)?,
            }
            writeln!(f, ", {entries} functions")?;
            for missing in &examined.missing {
                writeln!(f, "  without {}: {}", missing.function, missing.why)?;
            }
        }
        for file in &self.not_usable {
            writeln!(f, "not seen: {file}")?;
        }
        for (path, what) in &self.others {
            writeln!(f, "not seen: {}: {what}", path.display())?;
        }
        if self.found.is_empty() && self.not_usable.is_empty() && self.others.is_empty() {
            writeln!(f, "not seen: none of its {} files has a TLS library that is known", self.files)?;
        }
        Ok(())
    }
}
