//! A compiled core module that has the right imports and exports. Takes: bytes. Gives: instances of it.

use wasmtime::{
    ExternType, FuncType, Instance, InstancePre, Module, Store, TypedFunc, ValType, WasmParams, WasmResults,
};

use super::hooks::HookExports;
use super::imports::is_allowed;
use super::{CoreDoor, ParserExports};
use crate::guest::HostState;
use crate::load_error::LoadError;
use crate::runtime::Shared;

const REALLOC: &str = "cabi_realloc";
/// A reactor's start, called once before anything else.
const INITIALIZE: &str = "_initialize";

/// Functions that belong together: all that are needed are there, or none.
struct Group {
    interface: &'static str,
    /// Name, how many `i32` it takes and gives. Each may have a `cabi_post_` of its own.
    functions: &'static [(&'static str, usize, usize)],
}

const PARSER: Group =
    Group { interface: "parser", functions: &[("describe", 0, 1), ("check", 8, 1), ("process", 6, 1)] };
const IDENTITY: Group = Group { interface: "identity", functions: &[("describe", 0, 1)] };
/// In the order of [`HookKind`].
const HOOKS: [Group; 3] = [hook("http-hook"), hook("message-hook"), hook("session-hook")];

const fn hook(interface: &'static str) -> Group {
    Group { interface, functions: &[("wanted", 0, 1), ("observe", 8, 1)] }
}

fn export_name(interface: &str, function: &str) -> String {
    format!("weir:plugin/{interface}@0.1.0#{function}")
}

impl Group {
    fn is_there(&self, module: &Module) -> bool {
        self.functions
            .iter()
            .any(|(name, ..)| module.get_export(&export_name(self.interface, name)).is_some())
    }

    fn check(&self, module: &Module) -> Result<(), LoadError> {
        for (function, takes, gives) in self.functions {
            let name = export_name(self.interface, function);
            check_function(module, &name, (*takes, *gives), true)?;
            check_function(module, &format!("cabi_post_{name}"), (1, 0), false)?;
        }
        Ok(())
    }
}

/// What instances are made from.
pub(crate) struct CoreTemplate {
    pre: InstancePre<HostState>,
}

impl CoreTemplate {
    pub(crate) fn new(runtime: &Shared, module: &Module) -> Result<Self, LoadError> {
        check_imports(module)?;
        check_exports(module)?;
        check_memory(module, runtime.limits.memory as u64)?;
        let pre = runtime.core_imports.linker().instantiate_pre(module);
        Ok(Self { pre: pre.map_err(|e| LoadError::invalid(&e))? })
    }

    pub(crate) fn open(&self, store: &mut Store<HostState>) -> wasmtime::Result<CoreDoor> {
        let instance = self.pre.instantiate(&mut *store)?;
        if let Some(initialize) = instance.get_func(&mut *store, INITIALIZE) {
            initialize.call(&mut *store, &[], &mut [])?;
        }
        let mut exports = Exports { instance, store };
        let parser = match exports.find(&PARSER, "process") {
            None => None,
            Some(process) => Some(ParserExports {
                process: process?,
                post_process: exports.post(&PARSER, "process"),
                describe: exports.get(&PARSER, "describe")?,
                check: exports.get(&PARSER, "check")?,
                post_check: exports.post(&PARSER, "check"),
            }),
        };
        let mut hooks = [None, None, None];
        for (group, hook) in HOOKS.iter().zip(&mut hooks) {
            if let Some(observe) = exports.find(group, "observe") {
                let wanted = exports.get(group, "wanted")?;
                *hook = Some(HookExports {
                    wanted,
                    observe: observe?,
                    post_observe: exports.post(group, "observe"),
                });
            }
        }
        Ok(CoreDoor {
            realloc: exports.function(REALLOC)?,
            identity: exports.find(&IDENTITY, "describe").transpose()?,
            parser,
            hooks,
            memory: memory(instance, store)?,
        })
    }
}

/// Finds the functions of one instance.
struct Exports<'a> {
    instance: Instance,
    store: &'a mut Store<HostState>,
}

impl Exports<'_> {
    fn function<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> wasmtime::Result<TypedFunc<P, R>> {
        self.instance.get_typed_func(&mut *self.store, name)
    }

    fn get<P: WasmParams, R: WasmResults>(
        &mut self,
        group: &Group,
        function: &str,
    ) -> wasmtime::Result<TypedFunc<P, R>> {
        self.function(&export_name(group.interface, function))
    }

    /// None when there is no such function; its type was checked when the module was compiled.
    fn find<P: WasmParams, R: WasmResults>(
        &mut self,
        group: &Group,
        function: &str,
    ) -> Option<wasmtime::Result<TypedFunc<P, R>>> {
        let name = export_name(group.interface, function);
        self.instance.get_func(&mut *self.store, &name)?;
        Some(self.function(&name))
    }

    fn post(&mut self, group: &Group, function: &str) -> Option<TypedFunc<u32, ()>> {
        self.function(&format!("cabi_post_{}", export_name(group.interface, function))).ok()
    }
}

fn memory(instance: Instance, store: &mut Store<HostState>) -> wasmtime::Result<wasmtime::Memory> {
    instance.get_memory(store, "memory").ok_or_else(|| wasmtime::Error::msg("it exports no memory"))
}

fn check_imports(module: &Module) -> Result<(), LoadError> {
    let strange = module.imports().find(|import| !is_allowed(import.module(), import.name()));
    strange.map_or(Ok(()), |import| Err(LoadError::import(import.module(), import.name())))
}

fn check_exports(module: &Module) -> Result<(), LoadError> {
    if module.get_export("_start").is_some() {
        return Err(LoadError::Command);
    }
    check_function(module, REALLOC, (4, 1), true)?;
    check_function(module, INITIALIZE, (0, 0), false)?;
    let mut hooks = HOOKS.iter().filter(|group| group.is_there(module)).peekable();
    // Without any hook it can only be meant to be a parser.
    if PARSER.is_there(module) || hooks.peek().is_none() {
        PARSER.check(module)?;
    } else {
        IDENTITY.check(module)?;
    }
    hooks.try_for_each(|group| group.check(module))?;
    Ok(())
}

/// It exports a memory that is not too large from the start.
pub(crate) fn check_memory(module: &Module, limit: u64) -> Result<(), LoadError> {
    match module.get_export("memory") {
        None => Err(LoadError::MissingExport("memory".into())),
        Some(ExternType::Memory(memory)) => {
            let wanted = memory.minimum().saturating_mul(memory.page_size());
            if wanted > limit { Err(LoadError::Memory { wanted, limit }) } else { Ok(()) }
        }
        Some(other) => Err(LoadError::WrongType {
            name: "memory".into(),
            expected: "a memory".into(),
            found: type_name(&other),
        }),
    }
}

fn check_function(
    module: &Module,
    name: &str,
    (takes, gives): (usize, usize),
    needed: bool,
) -> Result<(), LoadError> {
    match module.get_export(name) {
        None if needed => Err(LoadError::MissingExport(name.into())),
        None => Ok(()),
        Some(ExternType::Func(found)) if is_i32s(&found, takes, gives) => Ok(()),
        Some(other) => {
            let expected = format!("a function ({takes} x i32) -> ({gives} x i32)");
            Err(LoadError::WrongType { name: name.into(), expected, found: type_name(&other) })
        }
    }
}

pub(crate) fn is_i32s(function: &FuncType, takes: usize, gives: usize) -> bool {
    let is_i32 = |t: ValType| t.is_i32();
    (function.params().len(), function.results().len()) == (takes, gives)
        && function.params().all(is_i32)
        && function.results().all(is_i32)
}

pub(crate) fn type_name(found: &ExternType) -> String {
    match found {
        ExternType::Func(function) => {
            let names = |types: &mut dyn Iterator<Item = ValType>| {
                types.map(|t| t.to_string()).collect::<Vec<_>>().join(" ")
            };
            format!("a function ({}) -> ({})", names(&mut function.params()), names(&mut function.results()))
        }
        ExternType::Global(_) => "a global".into(),
        ExternType::Memory(_) => "a memory".into(),
        ExternType::Table(_) => "a table".into(),
        ExternType::Tag(_) => "a tag".into(),
    }
}
