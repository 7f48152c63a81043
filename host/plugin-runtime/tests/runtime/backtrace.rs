//! What an author is shown of a guest that broke: every function, with its line where the module tells lines.

use weir_pipeline::parse::parser::FaultKind;
use weir_plugin_runtime::{CodeCache, Limits, PluginConfig, Runtime, take_backtrace};

use crate::guests::with;
use crate::support::{evil, guest_wasm, instance, runtime};

fn functions() -> Vec<String> {
    take_backtrace().into_iter().map(|frame| frame.function).collect()
}

#[test]
fn the_innermost_function_comes_first_and_once() {
    for runtime in [runtime(), Runtime::for_authors(Limits::default(), &CodeCache::Off).unwrap()] {
        let fault = evil().send(&mut instance(&runtime, &guest_wasm("trap-in-process"))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Trap);
        assert!(fault.detail.ends_with("in `innermost`"), "{fault}");
        assert_eq!(functions(), ["innermost", "process"]);
        assert_eq!(functions(), [""; 0], "it was taken");
    }
}

#[test]
fn functions_of_the_runtime_are_known_as_such() {
    let names = ["core::panicking::panic_fmt", "runtime.gopanic", "main.Parse", "core_business"];
    let calls: String =
        (1..names.len()).map(|n| format!("(func ${} (call ${}))", names[n], names[n - 1])).collect();
    let text = with(&format!(
        r#"
;;; import
;;; text
(func ${} unreachable) {calls}
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (call ${}) (i32.const 0))"#,
        names[0], names[3]
    ));
    let wasm = wat::parse_str(text).unwrap();
    let fault = evil().send(&mut instance(&runtime(), &wasm)).unwrap_err();
    assert!(fault.detail.ends_with("in `main.Parse`"), "{fault}");
    let told: Vec<_> = take_backtrace().into_iter().map(|frame| (frame.function, frame.is_runtime)).collect();
    let wanted = [true, true, false, false].iter().zip(names).map(|(is, name)| (name.to_owned(), *is));
    assert_eq!(told, wanted.chain([("process".to_owned(), false)]).collect::<Vec<_>>());
}

#[test]
fn endless_recursion_is_not_told_endlessly() {
    let fault = evil().send(&mut instance(&runtime(), &guest_wasm("recursion"))).unwrap_err();
    let functions = functions();
    assert!((2..100).contains(&functions.len()), "{fault}: {} functions", functions.len());
}

/// A wrong answer has no place: the trap before it must not lend it its own.
#[test]
fn an_answer_that_is_refused_has_no_backtrace() {
    let runtime = runtime();
    evil().send(&mut instance(&runtime, &guest_wasm("trap-in-process"))).unwrap_err();
    let mut liar =
        runtime.load(&guest_wasm("realloc-outside")).unwrap().instantiate(PluginConfig::default()).unwrap();
    let fault = evil().send(&mut liar).unwrap_err();
    assert_eq!((fault.kind, functions()), (FaultKind::BadAnswer, vec![]), "{fault}");
}

#[test]
fn functions_without_names_have_numbers() {
    let wasm = without_names(&guest_wasm("trap-in-process"));
    let fault = evil().send(&mut instance(&runtime(), &wasm)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Trap, "{fault}");
    assert!(functions().iter().all(|name| name.starts_with("function ")));
}

/// Custom sections (number 0) left out.
fn without_names(wasm: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (wasm[..8].to_vec(), &wasm[8..]);
    while let Some(&id) = rest.first() {
        let (mut length, mut shift, mut at) = (0usize, 0, 1);
        loop {
            length |= usize::from(rest[at] & 0x7f) << shift;
            (shift, at) = (shift + 7, at + 1);
            if rest[at - 1] & 0x80 == 0 {
                break;
            }
        }
        if id != 0 {
            kept.extend_from_slice(&rest[..at + length]);
        }
        rest = &rest[at + length..];
    }
    kept
}
