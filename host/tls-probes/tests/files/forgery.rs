//! ELF files made by hand: what no compiler at hand writes.

/// Where the file is loaded: address = this + offset.
pub(crate) const BASE: u64 = 0x40_0000;

/// The first section begins here, so its address is known before anything else is.
pub(crate) const FIRST: u64 = 128;

pub(crate) const X86_64: u16 = 62;
pub(crate) const AARCH64: u16 = 183;

const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;

/// A section to be.
pub(crate) struct Part {
    name: &'static str,
    kind: u32,
    link: u32,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn part(name: &'static str, bytes: impl Into<Vec<u8>>) -> Part {
    Part { name, kind: PROGBITS, link: 0, bytes: bytes.into() }
}

/// A symbol: where its name is in the strings, its section (0: imported), address, length.
pub(crate) struct Sym(pub(crate) u32, pub(crate) u16, pub(crate) u64, pub(crate) u64);

/// A symbol table and its strings, which become sections `index` and `index + 1`.
pub(crate) fn symbols(index: u32, symbols: &[Sym], strings: &[u8]) -> [Part; 2] {
    let mut bytes = vec![0; 24];
    for Sym(name, section, address, size) in symbols {
        bytes.extend(name.to_le_bytes());
        bytes.extend([0x12, 0]); // global, function
        bytes.extend(section.to_le_bytes());
        bytes.extend(address.to_le_bytes());
        bytes.extend(size.to_le_bytes());
    }
    [
        Part { name: ".symtab", kind: SYMTAB, link: index + 1, bytes },
        Part { name: ".strtab", kind: STRTAB, link: 0, bytes: strings.to_vec() },
    ]
}

/// The file: one segment of code that is all of it, the parts, a table of sections.
pub(crate) fn elf(machine: u16, parts: &[Part]) -> Vec<u8> {
    let mut names = vec![0];
    let mut file = vec![0; FIRST as usize];
    let mut headers = vec![0; 64];
    let table = Part { name: ".shstrtab", kind: STRTAB, link: 0, bytes: Vec::new() };
    for part in parts.iter().chain([&table]) {
        file.resize(file.len().next_multiple_of(16), 0);
        let name = names.len() as u32;
        names.extend([part.name.as_bytes(), &[0]].concat());
        let bytes = if part.name == table.name { &names } else { &part.bytes };
        let offset = file.len() as u64;
        headers.extend([name, part.kind].iter().flat_map(|word| word.to_le_bytes()));
        headers.extend(
            [2, BASE + offset, offset, bytes.len() as u64].iter().flat_map(|word| word.to_le_bytes()),
        );
        headers.extend([part.link, 0].iter().flat_map(|word| word.to_le_bytes()));
        headers.extend([16_u64, 0].iter().flat_map(|word| word.to_le_bytes()));
        file.extend(bytes);
    }
    let section_table = file.len() as u64;
    file.extend(headers);
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    header.extend([2, machine].iter().flat_map(|word| word.to_le_bytes()));
    header.extend(1_u32.to_le_bytes());
    header.extend([BASE, 64, section_table].iter().flat_map(|word: &u64| word.to_le_bytes()));
    header.extend(0_u32.to_le_bytes());
    let count = parts.len() as u16 + 2;
    header.extend([64, 56, 1, 64, count, count - 1].iter().flat_map(|word: &u16| word.to_le_bytes()));
    header.extend([1_u32, 5].iter().flat_map(|word| word.to_le_bytes()));
    let size = file.len() as u64;
    header.extend([0, BASE, BASE, size, size, 0x1000].iter().flat_map(|word: &u64| word.to_le_bytes()));
    file[..header.len()].copy_from_slice(&header);
    file
}

/// Layouts of Go's function table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    Go116,
    Go118,
    Go120,
}

/// A function table of functions that begin at `text` and follow each other: name, length.
pub(crate) fn function_table(layout: Layout, text: u64, functions: &[(&str, u64)]) -> Vec<u8> {
    let old = layout == Layout::Go116;
    let (mut names, mut name_at) = (vec![0_u8; 4], Vec::new());
    for (name, _) in functions {
        name_at.push(names.len() as u32);
        names.extend([name.as_bytes(), &[0]].concat());
    }
    names.resize(names.len().next_multiple_of(8), 0);
    let (mut index, mut records) = (Vec::new(), Vec::new());
    let index_length = (functions.len() * 2 + 1) * if old { 8 } else { 4 };
    let word = |index: &mut Vec<u8>, number: u64| {
        index.extend(if old {
            number.to_le_bytes().to_vec()
        } else {
            (number as u32).to_le_bytes().to_vec()
        });
    };
    let mut address = if old { text } else { 0 };
    for ((_, length), name) in functions.iter().zip(&name_at) {
        word(&mut index, address);
        word(&mut index, (index_length + records.len()) as u64);
        word(&mut records, address);
        records.extend(name.to_le_bytes());
        records.extend([0; 36]);
        address += length;
    }
    word(&mut index, address);
    let magic: u32 = match layout {
        Layout::Go116 => 0xffff_fffa,
        Layout::Go118 => 0xffff_fff0,
        Layout::Go120 => 0xffff_fff1,
    };
    let words = if old { 7 } else { 8 };
    let (begin, end) = (8 + 8 * words, 8 + 8 * words + names.len() as u64);
    let mut header = vec![functions.len() as u64, 0];
    if !old {
        header.push(text);
    }
    header.extend([begin, end, end, end, end]);
    let mut table = magic.to_le_bytes().to_vec();
    table.extend([0, 0, 1, 8]);
    table.extend(header.iter().flat_map(|word| word.to_le_bytes()));
    [table, names, index, records].concat()
}

/// Build information with the version in it, as since Go 1.18.
pub(crate) fn build_info(version: &str) -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    bytes.push(version.len() as u8);
    bytes.extend(version.as_bytes());
    bytes.push(0);
    bytes
}
