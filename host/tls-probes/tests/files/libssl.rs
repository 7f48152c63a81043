//! The OpenSSL library of this machine, against what binutils say of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use weir_tls_probes::{At, Examined, Flavour, Function, Library, examine};

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
        assert_ne!(probe.at, At::Ret);
        // What has no symbol is looked at below. Behind ENDBR64 is four bytes further.
        if let Some(address) = address(&symbols, probe.function.name()) {
            let begin = offset(&segments, address);
            assert!([begin, begin + 4].contains(&probe.file_offset), "{}", probe.function);
        }
    }
    let entries = probes.iter().filter(|probe| probe.at == At::Entry).count();
    let inner = |function: &Function| probes.iter().filter(|probe| probe.function == *function).count() / 2;
    let inner: usize =
        [Function::SslReadInternal, Function::SslWriteInternal, Function::SslWriteInternalFlags]
            .iter()
            .map(inner)
            .sum();
    assert_eq!((entries, probes.len() - entries), (12 - inner, 7 - inner));
}

/// Addresses that a function calls, as `objdump` prints them.
fn calls(path: &Path, function: &str) -> Option<Vec<u64>> {
    let Ok(output) = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn", &format!("--disassemble={function}")])
        .arg(path)
        .output()
    else {
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: there is no objdump");
        eprintln!("skipped: there is no objdump (Debian: binutils)");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let calls = text.lines().filter_map(|line| line.split_once("\tcall ")).map(|(_, call)| call);
    Some(calls.filter_map(|call| call.split_ascii_whitespace().next()).map(hex).collect())
}

#[test]
fn the_function_below_is_the_one_that_objdump_sees_called() {
    let Some(path) = libssl() else { return };
    let Some(segments) = readelf(&["-W", "-l"], &path) else { return };
    let found = examine(&File::open(&path).unwrap()).unwrap().unwrap();
    for (inner, callers) in [
        (Function::SslReadInternal, ["SSL_read", "SSL_read_ex"]),
        (Function::SslWriteInternal, ["SSL_write", "SSL_write_ex"]),
        (Function::SslWriteInternalFlags, ["SSL_write", "SSL_write_ex2"]),
    ] {
        for probe in found.probes.iter().filter(|probe| probe.function == inner) {
            for caller in callers {
                let Some(calls) = calls(&path, caller) else { return };
                let mut begins = calls.iter().map(|address| offset(&segments, *address));
                let is_called = begins.any(|begin| [begin, begin + 4].contains(&probe.file_offset));
                assert!(is_called, "{inner} of {caller}: {calls:x?}");
            }
            let Some(peeked) = calls(&path, "SSL_peek") else { return };
            assert!(peeked.iter().all(|address| offset(&segments, *address) != probe.file_offset));
        }
    }
    // Debian 12, which this was measured on.
    if std::fs::read_to_string("/etc/debian_version").is_ok_and(|version| version.starts_with("12")) {
        for function in [Function::SslReadInternal, Function::SslWriteInternal] {
            assert!(found.probes.iter().any(|probe| probe.function == function), "{function}");
        }
    }
}
