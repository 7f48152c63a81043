//! `weir plugin inspect`: what a file is made of, also when the host refuses it.

use crate::program::{Folder, weir};
use crate::support::{bad_plugin, echo};

#[test]
fn sections_types_and_the_largest_functions() {
    let run = weir(["plugin", "inspect", &echo()]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    for words in [
        "the host takes it",
        "  names        yes\n",
        "  lines        no: traps do not tell lines\n",
        "  weir:plugin/parser@0.1.0#process: func (i32, i32, i32, i32, i32, i32) -> i32\n",
        "custom sections\n",
        "  name\n",
        "largest functions\n",
        // Demangled, and without the hash.
        "<echo::Echo as weir_plugin_sdk::parser::Parser>::parse\n",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
    let json = weir(["plugin", "inspect", "--format", "jsonl", &echo()]);
    let [facts] = json.logs().try_into().unwrap();
    let module = &facts["modules"][0];
    assert_eq!(module["has_names"], true);
    let sizes: Vec<u64> = module["largest_functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes.len(), 20);
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    assert!(module["code_bytes"].as_u64().unwrap() >= sizes.iter().sum());
}

#[test]
fn what_is_refused_is_shown_as_well() {
    let folder = Folder::new("tools_inspect");
    let run = weir(["plugin", "inspect", &bad_plugin(&folder, "huge-memory")]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("refused: it wants 134217728 bytes"), "{}", run.stdout);
    assert!(run.stdout.contains("memory       128 MiB at first"), "{}", run.stdout);
    assert!(run.stdout.contains("cabi_realloc: func (i32, i32, i32, i32) -> i32"), "{}", run.stdout);
}

#[test]
fn garbage_is_read_as_far_as_it_goes() {
    let folder = Folder::new("tools_garbage");
    let wasm = std::fs::read(echo()).unwrap();
    for (name, bytes) in [
        ("text", b"#!/bin/sh\n".as_slice()),
        ("empty", b""),
        ("magic", b"\0asm"),
        ("half", &wasm[..wasm.len() / 2]),
    ] {
        let run = weir(["plugin", "inspect", &folder.file(name, bytes)]);
        assert_eq!(run.status, 1, "{name}");
        assert!(run.stdout.contains("refused: "), "{name}: {}", run.stdout);
        assert_eq!(run.stderr.lines().count(), 1, "{name}: {}", run.stderr);
    }
    let half = weir(["plugin", "inspect", &folder.path("half")]).stdout;
    assert!(half.contains("the rest can not be read") && half.contains("#process"), "{half}");
}
