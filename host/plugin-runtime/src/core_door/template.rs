//! A compiled core module that has the right imports and exports. Takes: bytes. Gives: instances of it.

use wasmtime::{ExternType, FuncType, Instance, InstancePre, Module, Store, ValType};

use super::CoreDoor;
use super::imports::is_allowed;
use crate::guest::HostState;
use crate::load_error::LoadError;
use crate::runtime::Shared;

const REALLOC: &str = "cabi_realloc";
const DESCRIBE: &str = "weir:plugin/parser@0.1.0#describe";
const CHECK: &str = "weir:plugin/parser@0.1.0#check";
const PROCESS: &str = "weir:plugin/parser@0.1.0#process";
const POST_CHECK: &str = "cabi_post_weir:plugin/parser@0.1.0#check";
const POST_PROCESS: &str = "cabi_post_weir:plugin/parser@0.1.0#process";
/// A reactor's start, called once before anything else.
const INITIALIZE: &str = "_initialize";

/// Exported functions: name, how many `i32` they take and give, whether they must be there.
const EXPORTS: [(&str, usize, usize, bool); 7] = [
    (REALLOC, 4, 1, true),
    (DESCRIBE, 0, 1, true),
    (CHECK, 8, 1, true),
    (PROCESS, 6, 1, true),
    (POST_CHECK, 1, 0, false),
    (POST_PROCESS, 1, 0, false),
    (INITIALIZE, 0, 0, false),
];

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
        Ok(CoreDoor {
            memory: memory(instance, store)?,
            realloc: instance.get_typed_func(&mut *store, REALLOC)?,
            describe: instance.get_typed_func(&mut *store, DESCRIBE)?,
            check: instance.get_typed_func(&mut *store, CHECK)?,
            process: instance.get_typed_func(&mut *store, PROCESS)?,
            post_process: instance.get_typed_func(&mut *store, POST_PROCESS).ok(),
            post_check: instance.get_typed_func(&mut *store, POST_CHECK).ok(),
        })
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
    for (name, takes, gives, needed) in EXPORTS {
        match module.get_export(name) {
            None if needed => return Err(LoadError::MissingExport(name.into())),
            None => {}
            Some(ExternType::Func(found)) if is_i32s(&found, takes, gives) => {}
            Some(other) => {
                let expected = format!("a function ({takes} x i32) -> ({gives} x i32)");
                return Err(LoadError::WrongType { name: name.into(), expected, found: type_name(&other) });
            }
        }
    }
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
