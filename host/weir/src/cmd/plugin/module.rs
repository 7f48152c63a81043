//! Takes: the bytes of a WebAssembly file. Gives: what stands in it: imports, exports, memory, functions by size, sections. Does
//! not do: judge it (the host's loader does), run it, or trust it: what can not be read ends the list, and lists are cut.

mod scan;

use serde::Serialize;

/// Imports and exports that are listed: Go has some twenty, components a few hundred.
const LISTED: usize = 400;

/// Functions that are listed: those that make a module large.
const FUNCTIONS: usize = 20;

/// Characters of a name that are shown.
const NAME: usize = 160;

/// What stands in a file.
#[derive(Debug, Default, Serialize)]
pub(super) struct FileContent {
    /// `core module`, `component`, or `not WebAssembly`.
    pub(super) kind: &'static str,
    /// Of a component.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) component_imports: Vec<Item>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) component_exports: Vec<Item>,
    /// The core modules; a component may hold several.
    pub(super) modules: Vec<Module>,
    /// Where reading had to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unreadable: Option<String>,
}

/// One core module.
#[derive(Debug, Default, Serialize)]
pub(super) struct Module {
    pub(super) bytes: u64,
    pub(super) imports: Vec<Item>,
    pub(super) exports: Vec<Item>,
    /// Imports and exports beyond what is listed.
    pub(super) unlisted: u64,
    pub(super) memories: Vec<Range>,
    pub(super) tables: Vec<Range>,
    pub(super) functions: u64,
    pub(super) code_bytes: u64,
    pub(super) largest_functions: Vec<Function>,
    pub(super) globals: u64,
    pub(super) data_segments: u64,
    pub(super) data_bytes: u64,
    /// Addresses of memory that the data segments fill, where they are constant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_addresses: Option<(u64, u64)>,
    pub(super) custom_sections: Vec<Section>,
    /// Functions have names, so a trap can tell where it happened.
    pub(super) has_names: bool,
    /// There is debug information, so a trap can tell the line.
    pub(super) has_lines: bool,
}

/// An import or export.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) module: Option<String>,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// How large a memory (bytes) or table (elements) is at first, and may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) initial: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<u64>,
}

/// A function and the size of its code.
#[derive(Debug, Serialize)]
pub(super) struct Function {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) bytes: u64,
}

/// A custom section.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Reads a file as far as it can be read.
pub(super) fn read(wasm: &[u8]) -> FileContent {
    scan::read(wasm)
}

impl FileContent {
    /// The module with the most code: in a component the author's, and not one of the adapters.
    pub(super) fn main(&self) -> Option<&Module> {
        self.modules.iter().max_by_key(|module| module.code_bytes)
    }
}

/// Names come from strangers: cut, and harmless on a terminal.
fn shown(name: &str) -> String {
    name.chars().take(NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> FileContent {
        read(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn a_module_is_told_whole() {
        let content = of(r#"(module
            (import "env" "f" (func (param i32 i64) (result f32)))
            (memory (export "memory") 2 5)
            (table 3 funcref)
            (global i32 (i32.const 1))
            (func $small (export "small"))
            (func $large (export "large") (param i32) (result i32) (i32.add (local.get 0) (i32.const 100000)))
            (data (i32.const 16) "abcd")
            (data (i32.const 100) "xy"))"#);
        assert_eq!((content.kind, content.modules.len(), &content.unreadable), ("core module", 1, &None));
        let module = content.main().unwrap();
        assert_eq!(module.imports[0].kind, "func (i32, i64) -> f32");
        assert_eq!(module.memories, [Range { initial: 2 << 16, maximum: Some(5 << 16) }]);
        assert_eq!(module.tables, [Range { initial: 3, maximum: None }]);
        assert_eq!((module.functions, module.globals), (2, 1));
        let names: Vec<_> = module.largest_functions.iter().map(|f| f.name.as_deref()).collect();
        assert_eq!(names, [Some("large"), Some("small")]);
        assert_eq!((module.data_bytes, module.data_addresses), (6, Some((16, 102))));
        assert!(module.has_names && !module.has_lines);
        let large = module.exports.iter().find(|e| e.name == "large").unwrap();
        assert_eq!(large.kind, "func (i32) -> i32");
    }

    #[test]
    fn a_component_is_told_with_the_modules_inside() {
        let content = of(r#"(component
            (import "host" (instance))
            (core module (memory 1) (func (export "f")))
            (core module (func (param i32) (drop (local.get 0)) (drop (i32.const 1)))))"#);
        assert_eq!((content.kind, content.modules.len()), ("component", 2), "{content:?}");
        assert_eq!(content.component_imports[0].name, "host");
        assert_eq!(content.modules[0].exports[0].name, "f");
        assert!(content.main().unwrap().memories.is_empty(), "the larger one is the author's");
        assert!(content.modules.iter().all(|module| module.bytes > 8 && module.bytes < 100), "{content:?}");
    }

    #[test]
    fn garbage_ends_the_list() {
        let whole = wat::parse_str("(module (memory 1) (func (export \"f\")))").unwrap();
        for end in 0..whole.len() {
            let content = read(&whole[..end]);
            assert!(content.unreadable.is_some() || content.modules.len() == 1, "{end}: {content:?}");
        }
        let mut state = 1u64;
        for round in 0..2000 {
            let mut bytes = whole.clone();
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
            let at = 8 + (state >> 33) as usize % (bytes.len() - 8);
            bytes[at] = (state >> 24) as u8;
            let _ = read(&bytes);
        }
        assert_eq!(read(b"not wasm").kind, "not WebAssembly");
    }

    #[test]
    fn names_do_nothing_to_a_terminal() {
        let content = of("(module (func (export \"a\\1b[2Jb\")))");
        assert_eq!(content.modules[0].exports[0].name, "a\u{fffd}[2Jb");
    }
}
