//! What a search must make of files that are odd on purpose.

use std::time::{Duration, Instant};

use weir_tls_probes::{
    At, Examined, Flavour, Function, GoLibrary, GoroutineIdOffset, Library, Missing, WhyMissing, WhyNot,
    examine,
};

use crate::forgery::{
    AARCH64, BASE, FIRST, Layout, Part, Sym, X86_64, build_info, elf, function_table, part, symbols,
};

const NOP: u8 = 0x90;
const RET: u8 = 0xc3;

fn found(file: &[u8]) -> Examined {
    examine(&file).unwrap().unwrap()
}

fn places(found: &Examined, function: Function, at: At) -> Vec<u64> {
    found
        .probes
        .iter()
        .filter(|probe| (probe.function, probe.at) == (function, at))
        .map(|p| p.file_offset)
        .collect()
}

/// A program with functions of these names, each of 16 bytes, in one table of symbols.
fn with_symbols(names: &[u8], at: &[u32], section: u16) -> Vec<u8> {
    let syms: Vec<_> =
        at.iter().zip(0..).map(|(name, index)| Sym(*name, section, BASE + FIRST + 16 * index, 16)).collect();
    let [table, strings] = symbols(2, &syms, names);
    elf(X86_64, &[part(".text", [NOP; 64]), table, strings])
}

#[test]
fn a_name_is_found_at_the_end_of_another() {
    let found = found(&with_symbols(b"\0my_SSL_read\0SSL_write\0", &[4, 13], 1));
    assert_eq!(found.library, Library::OpenSsl { flavour: Flavour::OpenSsl });
    assert_eq!(places(&found, Function::SslRead, At::Entry), [FIRST]);
    assert_eq!(places(&found, Function::SslRead, At::Return), [FIRST]);
    assert_eq!(places(&found, Function::SslWrite, At::Entry), [FIRST + 16]);
    let missing = Missing { function: Function::SslReadEx, why: WhyMissing::NoSuchFunction };
    assert!(found.missing.contains(&missing));
    // The longer name is another function.
    assert_eq!(examine(&&with_symbols(b"\0my_SSL_read\0SSL_write\0", &[1, 13], 1)[..]), Ok(None));
}

#[test]
fn the_flavour_is_told_by_what_one_alone_has() {
    for (mark, flavour) in [
        ("SSL_CTX_set_custom_verify", Flavour::BoringSsl),
        ("SSL_CTX_use_certificate_chain_mem", Flavour::LibreSsl),
        ("SSL_CTX_new", Flavour::OpenSsl),
    ] {
        let names = format!("\0SSL_read\0SSL_write\0{mark}\0");
        let found = found(&with_symbols(names.as_bytes(), &[1, 10, 20], 1));
        assert_eq!(found.library, Library::OpenSsl { flavour });
    }
}

#[test]
fn users_of_the_library_are_no_library() {
    let names = b"\0SSL_read\0SSL_write\0";
    assert_eq!(examine(&&with_symbols(names, &[1, 10], 0)[..]), Ok(None));
    assert_eq!(examine(&&with_symbols(names, &[1], 1)[..]), Ok(None));
    assert_eq!(examine(&&with_symbols(names, &[], 1)[..]), Ok(None));
}

#[test]
fn functions_outside_of_the_code_are_refused() {
    let [table, strings] =
        symbols(2, &[Sym(1, 1, 7, 16), Sym(10, 1, u64::MAX, 16)], b"\0SSL_read\0SSL_write\0");
    let file = elf(X86_64, &[part(".text", [NOP; 64]), table, strings]);
    assert!(matches!(examine(&&file[..]), Err(WhyNot::NoProbes(_))));
}

/// A stripped Go program: `other`, then Read, Write and Close.
fn go_program(machine: u16, layout: Layout, version: &str, bodies: [&[u8]; 3]) -> Vec<u8> {
    let names = ["crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write", "crypto/tls.(*Conn).Close"];
    let mut functions = vec![("main.other", 16)];
    functions.extend(names.iter().zip(bodies).map(|(name, body)| (*name, body.len() as u64)));
    let text = [&[NOP; 16][..], bodies[0], bodies[1], bodies[2]].concat();
    let table = function_table(layout, BASE + FIRST, &functions);
    elf(
        machine,
        &[part(".text", text), part(".gopclntab", table), part(".go.buildinfo", build_info(version))],
    )
}

fn go(found: &Examined) -> &GoLibrary {
    let Library::Go(go) = &found.library else { panic!("{:?}", found.library) };
    go
}

#[test]
fn every_layout_of_the_function_table_gives_the_same() {
    let bodies: [&[u8]; 3] = [&[NOP, RET, NOP, 0xc2, 8, 0], &[RET; 5], &[NOP, RET]];
    for (layout, version, registers) in [
        (Layout::Go116, "go1.16.15", false),
        (Layout::Go118, "go1.19.8", true),
        (Layout::Go120, "go1.27.3", true),
    ] {
        let found = found(&go_program(X86_64, layout, version, bodies));
        let begin = FIRST + 16;
        assert_eq!(places(&found, Function::GoTlsRead, At::Entry), [begin], "{layout:?}");
        assert_eq!(places(&found, Function::GoTlsRead, At::Ret), [begin + 1, begin + 3]);
        assert_eq!(places(&found, Function::GoTlsWrite, At::Ret), [6, 7, 8, 9, 10].map(|at| begin + at));
        assert_eq!(places(&found, Function::GoTlsClose, At::Entry), [begin + 11]);
        assert_eq!((go(&found).version.as_str(), go(&found).register_abi), (version, registers));
        assert_eq!(found.missing, []);
    }
}

#[test]
fn goroutine_ids_are_where_the_release_has_them() {
    let offset = |version: &str| {
        let file = go_program(X86_64, Layout::Go120, version, [&[RET], &[RET], &[RET]]);
        go(&found(&file)).layout.goroutine_id
    };
    assert_eq!(offset("go1.22.1"), GoroutineIdOffset::Known(152));
    assert_eq!(offset("go1.23rc1"), GoroutineIdOffset::Known(160));
    assert_eq!(offset("go1.24.11 X:nocoverageredesign"), GoroutineIdOffset::Known(160));
    assert_eq!(offset("go1.25"), GoroutineIdOffset::Known(152));
    assert_eq!(offset("go1.99"), GoroutineIdOffset::Assumed(152));
    assert_eq!(offset("devel go1.24-0123abcd"), GoroutineIdOffset::Assumed(160));
    assert_eq!(offset("unknown"), GoroutineIdOffset::Assumed(152));
}

#[test]
fn arm_returns_are_words() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let (ret, nop) = (0xd65f_03c0, 0xd503_201f);
    let body = words(&[nop, ret, nop, ret]);
    let file = go_program(AARCH64, Layout::Go118, "go1.17.1", [&body, &body, &body]);
    let found = found(&file);
    let begin = FIRST + 16;
    assert_eq!(places(&found, Function::GoTlsRead, At::Ret), [begin + 4, begin + 12]);
    assert!(!go(&found).register_abi, "on arm64 since Go 1.18");
}

#[test]
fn what_is_no_code_gets_no_probe() {
    let many = [RET; 129];
    // 06 is no instruction in 64-bit mode; e8 wants four bytes more.
    for (body, why) in [
        (&[NOP, 0x06, RET][..], WhyMissing::Instructions),
        (&[RET, 0xe8, 0][..], WhyMissing::Instructions),
        (&[NOP; 4][..], WhyMissing::Returns(0)),
        (&many[..], WhyMissing::Returns(129)),
        (&[][..], WhyMissing::Length(0)),
    ] {
        let found = found(&go_program(X86_64, Layout::Go120, "go1.27", [body, &[RET], &[RET]]));
        assert_eq!(found.missing, [Missing { function: Function::GoTlsRead, why }]);
        assert!(places(&found, Function::GoTlsRead, At::Entry).is_empty());
    }
    let refused = go_program(X86_64, Layout::Go120, "go1.27", [&[NOP], &[NOP], &[NOP]]);
    assert!(matches!(examine(&&refused[..]), Err(WhyNot::NoProbes(_))));
}

#[test]
fn old_and_unknown_function_tables_are_named() {
    let file = |magic: u32| {
        let mut table = function_table(Layout::Go116, BASE, &[]);
        table[..4].copy_from_slice(&magic.to_le_bytes());
        elf(X86_64, &[part(".text", [NOP; 16]), part(".gopclntab", table)])
    };
    assert_eq!(examine(&&file(0xffff_fffb)[..]), Err(WhyNot::OldGo));
    assert_eq!(examine(&&file(0xffff_fff7)[..]), Err(WhyNot::NoGoFunctions));
}

/// Refused, and soon: whoever writes a file must not choose how long it takes.
fn refused_soon(what: &str, parts: &[Part]) {
    let file = elf(X86_64, parts);
    let begin = Instant::now();
    let result = examine(&&file[..]);
    let took = begin.elapsed();
    assert!(result.as_ref().is_ok_and(Option::is_none) || result.is_err(), "{what}: {result:?}");
    assert!(took < Duration::from_secs(5), "{what} took {took:?}");
}

#[test]
fn numbers_that_lie_cost_little() {
    let [table, strings] = symbols(2, &[Sym(1, 1, BASE, 16)], &b"SSL_read\0".repeat(4_000_000));
    refused_soon("a name millions of times", &[part(".text", [NOP; 16]), table, strings]);
    let functions: Vec<_> = std::iter::repeat_n(("crypto/tls.(*Conn).Read", 1), 100_000).collect();
    let table = function_table(Layout::Go120, BASE, &functions);
    refused_soon(
        "a function a hundred thousand times",
        &[part(".text", [NOP; 16]), part(".gopclntab", table)],
    );
    let words = [
        (0, u64::MAX),
        (0, 1 << 22),
        (3, u64::MAX),
        (3, 0),
        (4, u64::MAX - 8),
        (7, u64::MAX),
        (7, 0),
        (2, u64::MAX),
    ];
    for (word, number) in words {
        let mut table = function_table(Layout::Go120, BASE, &[("crypto/tls.(*Conn).Read", 1)]);
        table[8 + 8 * word..][..8].copy_from_slice(&number.to_le_bytes());
        table.resize(table.len() + (64 << 20), 0xff);
        refused_soon("a header", &[part(".text", [NOP; 16]), part(".gopclntab", table)]);
    }
}

#[test]
fn a_record_far_from_the_last_one_does_not_read_the_file_again_and_again() {
    // Each record is a window away from the one before it, back and forth.
    let functions: Vec<_> = std::iter::repeat_n(("main.other", 1), 100_000).collect();
    let mut table = function_table(Layout::Go120, BASE, &functions);
    let index = u64::from_le_bytes(table[8 + 56..][..8].try_into().unwrap()) as usize;
    for function in 0..functions.len() {
        let far = if function % 2 == 0 { 1_000_000_u32 } else { 60_000_000 };
        table[index + 8 * function + 4..][..4].copy_from_slice(&far.to_le_bytes());
    }
    table.resize(table.len() + (64 << 20), 0);
    refused_soon("records far apart", &[part(".text", [NOP; 16]), part(".gopclntab", table)]);
}
