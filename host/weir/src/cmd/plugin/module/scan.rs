//! One pass over the sections of a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range as Bytes;

use rustc_demangle::demangle;
use wasmparser::{
    CustomSectionReader, Data, DataKind, Encoding, ExternalKind, FuncType, KnownCustom, Name, Operator,
    Parser, Payload, Result, TypeRef,
};

use super::{FUNCTIONS, FileContent, Function, Item, LISTED, Module, Range, Section, shown};

/// Bytes of a page when a memory does not say otherwise.
const PAGE: u64 = 1 << 16;

/// Bytes of a mangled name that are looked at.
const MANGLED: usize = 1024;

/// A module while it is read.
#[derive(Default)]
struct Open {
    module: Module,
    types: Vec<FuncType>,
    /// By function, imported ones first: its type.
    functions: Vec<u32>,
    /// By function: where its code is counted from.
    imported: u32,
    seen: u32,
    largest: BinaryHeap<Reverse<(u64, u32)>>,
}

/// What encloses what is being read: a module, or a component.
type Stack = Vec<Option<Open>>;

pub(super) fn read(wasm: &[u8]) -> FileContent {
    let mut content = FileContent { kind: "not WebAssembly", ..FileContent::default() };
    let mut stack = Stack::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Err(error) = payload.and_then(|payload| take(payload, &mut content, &mut stack)) {
            content.unreadable = Some(shown(&error.to_string()));
            break;
        }
    }
    content.modules.extend(stack.into_iter().flatten().map(Open::close));
    content
}

fn take(payload: Payload<'_>, content: &mut FileContent, stack: &mut Stack) -> Result<()> {
    match payload {
        Payload::Version { encoding, range, .. } => {
            let is_module = encoding == Encoding::Module;
            if stack.is_empty() {
                content.kind = if is_module { "core module" } else { "component" };
            }
            let module = Module { bytes: range.start as u64, ..Module::default() };
            stack.push(is_module.then(|| Open { module, ..Open::default() }));
        }
        Payload::End(end) => {
            if let Some(Some(mut open)) = stack.pop() {
                open.module.bytes = (end as u64).saturating_sub(open.module.bytes);
                content.modules.push(open.close());
            }
        }
        Payload::ComponentImportSection(imports) if stack.len() == 1 => {
            for import in imports {
                let import = import?;
                let kind = format!("{:?}", import.ty.kind()).to_lowercase();
                push(&mut content.component_imports, None, import.name.name, kind);
            }
        }
        Payload::ComponentExportSection(exports) if stack.len() == 1 => {
            for export in exports {
                let export = export?;
                let kind = format!("{:?}", export.kind).to_lowercase();
                push(&mut content.component_exports, None, export.name.name, kind);
            }
        }
        payload => {
            if let Some(Some(open)) = stack.last_mut() {
                open.take(payload)?;
            }
        }
    }
    Ok(())
}

/// `false`: the list is full.
fn push(list: &mut Vec<Item>, module: Option<&str>, name: &str, kind: String) -> bool {
    let fits = list.len() < LISTED;
    if fits {
        list.push(Item { module: module.map(shown), name: shown(name), kind });
    }
    fits
}

impl Open {
    fn take(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for kind in types.into_iter_err_on_gc_types() {
                    self.types.push(kind?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    self.import(import.module, import.name, import.ty);
                }
            }
            Payload::FunctionSection(functions) => {
                self.module.functions = u64::from(functions.count());
                for kind in functions {
                    self.functions.push(kind?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    self.module.memories.push(pages(memory));
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?.ty;
                    self.module.tables.push(Range { initial: table.initial, maximum: table.maximum });
                }
            }
            Payload::GlobalSection(globals) => self.module.globals = u64::from(globals.count()),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let kind = self.kind(export.kind, export.index);
                    let listed = push(&mut self.module.exports, None, export.name, kind);
                    self.module.unlisted += u64::from(!listed);
                }
            }
            Payload::CodeSectionStart { size, .. } => self.module.code_bytes = u64::from(size),
            Payload::CodeSectionEntry(body) => self.function(&body.range()),
            Payload::DataSection(segments) => {
                for segment in segments {
                    self.data(&segment?);
                }
            }
            Payload::CustomSection(section) => self.custom(&section),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, kind: TypeRef) {
        let text = match kind {
            TypeRef::Func(kind) | TypeRef::FuncExact(kind) => {
                self.functions.push(kind);
                self.imported += 1;
                self.signature(kind)
            }
            TypeRef::Memory(memory) => {
                self.module.memories.push(pages(memory));
                "memory".to_owned()
            }
            TypeRef::Table(_) => "table".to_owned(),
            TypeRef::Global(global) => format!("global {}", global.content_type),
            TypeRef::Tag(_) => "tag".to_owned(),
        };
        let listed = push(&mut self.module.imports, Some(module), name, text);
        self.module.unlisted += u64::from(!listed);
    }

    fn kind(&self, kind: ExternalKind, index: u32) -> String {
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => self
                .functions
                .get(index as usize)
                .map_or_else(|| "func".to_owned(), |kind| self.signature(*kind)),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    fn signature(&self, kind: u32) -> String {
        let Some(kind) = self.types.get(kind as usize) else { return "func".to_owned() };
        let list = |types: &[wasmparser::ValType]| {
            types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let results = match kind.results() {
            [] => String::new(),
            [one] => format!(" -> {one}"),
            many => format!(" -> ({})", list(many)),
        };
        shown(&format!("func ({}){results}", list(kind.params())))
    }

    fn function(&mut self, range: &Bytes<usize>) {
        let index = self.imported.saturating_add(self.seen);
        self.seen += 1;
        self.largest.push(Reverse((range.len() as u64, index)));
        if self.largest.len() > FUNCTIONS {
            self.largest.pop();
        }
    }

    fn data(&mut self, segment: &Data<'_>) {
        self.module.data_segments += 1;
        let length = segment.data.len() as u64;
        self.module.data_bytes += length;
        let DataKind::Active { offset_expr, .. } = &segment.kind else { return };
        if let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() {
            let start = u64::from(value as u32);
            let (low, high) = self.module.data_addresses.unwrap_or((start, start));
            self.module.data_addresses = Some((low.min(start), high.max(start + length)));
        }
    }

    fn custom(&mut self, section: &CustomSectionReader<'_>) {
        self.module.has_lines |= section.name() == ".debug_line";
        if self.module.custom_sections.len() < LISTED {
            let bytes = section.data().len() as u64;
            self.module.custom_sections.push(Section { name: shown(section.name()), bytes });
        }
        if let KnownCustom::Name(names) = section.as_known() {
            // A broken name section costs the names and nothing else (core specification, 7.4).
            for name in names.into_iter().map_while(Result::ok) {
                let Name::Function(functions) = name else { continue };
                self.module.has_names = true;
                self.list_largest();
                for naming in functions.into_iter().map_while(Result::ok) {
                    let named = self.module.largest_functions.iter_mut().find(|f| f.index == naming.index);
                    if let Some(function) = named {
                        let name = &naming.name[..naming.name.floor_char_boundary(MANGLED)];
                        function.name = Some(shown(&format!("{:#}", demangle(name))));
                    }
                }
            }
        }
    }

    /// The largest first. Nothing when they are listed already.
    fn list_largest(&mut self) {
        let largest = std::mem::take(&mut self.largest).into_sorted_vec();
        self.module.largest_functions.extend(largest.into_iter().map(|Reverse((bytes, index))| Function {
            index,
            name: None,
            bytes,
        }));
    }

    fn close(mut self) -> Module {
        self.list_largest();
        self.module
    }
}

fn pages(memory: wasmparser::MemoryType) -> Range {
    let page = memory.page_size_log2.map_or(PAGE, |bits| 1u64.checked_shl(bits).unwrap_or(PAGE));
    Range {
        initial: memory.initial.saturating_mul(page),
        maximum: memory.maximum.map(|pages| pages.saturating_mul(page)),
    }
}
