//! What is in the object: without a kernel, so on every machine that has one.

#![allow(clippy::unwrap_used)] // a test that can not go on fails

use object::{Object, ObjectSection, ObjectSymbol};

/// A program, and the section that says what it is attached to.
const PROGRAMS: &[(&str, &str)] = &[("sys_exit", "raw_tp/sys_exit")];

const MAPS: &[&str] = &["COUNTERS"];

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
    for (program, section) in PROGRAMS {
        assert_eq!(section_of(&file, program), Some(*section), "{program}");
    }
    for map in MAPS {
        assert_eq!(section_of(&file, map), Some("maps"), "{map}");
    }
    // Without types no offsets and no BTF programs, without a licence that it knows the kernel lends no helpers.
    for (section, least) in [(".BTF", 100), (".BTF.ext", 32), ("license", 4)] {
        let size = file.section_by_name(section).map(|section| section.size());
        assert!(size.is_some_and(|size| size >= least), "{section}: {size:?}");
    }
    let licence = file.section_by_name("license").unwrap().data().unwrap();
    assert_eq!(licence, b"Dual MIT/GPL\0");
}
