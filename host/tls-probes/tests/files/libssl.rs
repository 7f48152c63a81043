//! The OpenSSL library of this machine, against what binutils say of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use weir_tls_probes::{At, Examined, Flavour, Library, examine};

/// None: there is none, or no readelf; that was said.
pub(crate) fn libssl() -> Option<PathBuf> {
    let folders =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib64"];
    let names = ["libssl.so.3", "libssl.so.1.1"];
    let mut paths = folders.iter().flat_map(|folder| names.iter().map(|name| Path::new(folder).join(name)));
    let found = paths.find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: there is no libssl");
        eprintln!("skipped: there is no libssl");
    }
    found
}

fn readelf(arguments: &[&str], file: &Path) -> Option<String> {
    let Ok(output) = Command::new("readelf").args(arguments).arg(file).output() else {
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: there is no readelf");
        eprintln!("skipped: there is no readelf (Debian: binutils)");
        return None;
    };
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// Address of a function, as `readelf --dyn-syms` prints it.
fn address(symbols: &str, function: &str) -> Option<u64> {
    symbols.lines().find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let name = fields.get(7)?.split('@').next()?;
        (name == function && fields[6] != "UND").then(|| hex(fields[1]))
    })
}

/// Offset of an address of code, as `readelf -l` prints the segments.
fn offset(segments: &str, address: u64) -> u64 {
    let code = segments.lines().find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        (fields.first() == Some(&"LOAD") && line.contains(" R E ")).then(|| (hex(fields[1]), hex(fields[2])))
    });
    let (offset, begin) = code.unwrap();
    address - begin + offset
}

#[test]
fn functions_are_where_readelf_sees_them() {
    let Some(path) = libssl() else { return };
    let Some(symbols) = readelf(&["-W", "--dyn-syms"], &path) else { return };
    let Some(segments) = readelf(&["-W", "-l"], &path) else { return };
    let Examined { library, probes, missing } = examine(&File::open(&path).unwrap()).unwrap().unwrap();
    assert_eq!(library, Library::OpenSsl { flavour: Flavour::OpenSsl });
    assert_eq!(missing, []);
    for probe in &probes {
        let address = address(&symbols, probe.function.name()).unwrap();
        assert_eq!(probe.file_offset, offset(&segments, address), "{}", probe.function);
        assert_ne!(probe.at, At::Ret);
    }
    let entries = probes.iter().filter(|probe| probe.at == At::Entry).count();
    assert_eq!((entries, probes.len() - entries), (12, 7));
}
