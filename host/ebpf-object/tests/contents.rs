//! What is in the object: without a kernel, so on every machine that has one.

#![allow(clippy::unwrap_used)] // a test that can not go on fails

use object::{Object, ObjectSection, ObjectSymbol};

/// A program, and the section that says what it is attached to.
const PROGRAMS: &[(&str, &str)] = &[
    ("find_loader", "tp_btf/sys_exit"),
    ("go_read", "uprobe"),
    ("go_return", "uprobe"),
    ("go_write", "uprobe"),
    ("inet_sock_set_state", "tp_btf/inet_sock_set_state"),
    ("sched_process_exec", "tp_btf/sched_process_exec"),
    ("sock_recv_length", "tp_btf/sock_recv_length"),
    ("sock_send_length", "tp_btf/sock_send_length"),
    ("ssl_free", "uprobe"),
    ("ssl_handshake", "uprobe"),
    ("ssl_read", "uprobe"),
    ("ssl_read_ex", "uprobe"),
    ("ssl_return", "uretprobe"),
    ("ssl_write", "uprobe"),
    ("ssl_write_ex", "uprobe"),
    ("ssl_write_flags", "uprobe"),
    ("sys_exit", "tp_btf/sys_exit"),
    ("vm_mmap_pgoff", "fexit/vm_mmap_pgoff"),
];

/// Those that the loader takes, and what it sets.
const PLACES: &[(&str, &str)] = &[
    ("CGROUPS", "maps"),
    ("COUNTERS", "maps"),
    ("GO_PROCESSES", "maps"),
    ("LANES", "maps"),
    ("LOADER", "maps"),
    ("MAPPED", "maps"),
    ("OFFSETS", ".rodata"),
    ("PORTS", "maps"),
    ("PROCESSES", "maps"),
    ("RECORDS", "maps"),
    ("SETTINGS", ".rodata"),
    ("UNWANTED", "maps"),
];

fn section_of<'a>(file: &'a object::File<'a>, symbol: &str) -> Option<&'a str> {
    let symbol = file.symbols().find(|found| found.name() == Ok(symbol) && found.is_global())?;
    file.section_by_index(symbol.section_index()?).ok()?.name().ok()
}

#[test]
fn the_object_holds_its_programs_maps_and_types() {
    let bytes = match weir_ebpf_object::object() {
        Ok(bytes) => bytes,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let file = object::File::parse(bytes).unwrap();
    for (symbol, section) in PROGRAMS.iter().chain(PLACES) {
        assert_eq!(section_of(&file, symbol), Some(*section), "{symbol}");
    }
    // Without types no offsets and no BTF programs, without a licence that it knows the kernel lends no helpers.
    for (section, least) in [(".BTF", 100), (".BTF.ext", 32), ("license", 4)] {
        let size = file.section_by_name(section).map(|section| section.size());
        assert!(size.is_some_and(|size| size >= least), "{section}: {size:?}");
    }
    let licence = file.section_by_name("license").unwrap().data().unwrap();
    assert_eq!(licence, b"Dual MIT/GPL\0");
}
