//! The page on limits has the numbers of the code.

use weir_pipeline::limits::{Limits as Pipeline, SECOND};
use weir_plugin_runtime::Limits as Runtime;

use crate::page::folder;

#[test]
fn limits_are_those_of_the_code() {
    let page = std::fs::read_to_string(folder().join("limits.md")).unwrap();
    let (runtime, pipeline) = (Runtime::default(), Pipeline::default());
    for (what, number) in [
        ("CPU time of one call", format!("{} ms", runtime.deadline.as_millis())),
        ("memory", bytes(runtime.memory)),
        ("table elements", grouped(runtime.table_elements)),
        ("size of the `.wasm` file", bytes(runtime.wasm_bytes)),
        ("messages of one answer", grouped(runtime.messages)),
        ("fields of one answer", grouped(runtime.fields)),
        ("attributes of one answer", grouped(runtime.attributes)),
        ("pieces of heads and bodies of one answer", grouped(runtime.pieces)),
        ("texts that the plugin built, in one answer", bytes(runtime.owned_bytes)),
        ("bytes put together for one call", bytes(pipeline.batch_bytes)),
        ("events of one call", grouped(pipeline.batch_events)),
        ("bytes left unread in one direction", bytes(pipeline.unread)),
        ("payloads compared with signatures", format!("{} of one direction", pipeline.payloads)),
        ("the same, joined in the middle or at a known server", grouped(pipeline.payloads_joined as usize)),
        ("questions to `check` about one direction", grouped(pipeline.questions as usize)),
        ("bytes kept for a `check` that says `NeedMore`", pipeline.probe_bytes.to_string()),
        ("violations in a row, no message between", grouped(pipeline.violations as usize)),
        ("requests of a connection that wait for answers", grouped(pipeline.pending)),
        ("a text in a request log", format!("{} bytes", pipeline.text)),
        ("a TCP request without answer", format!("{} s", pipeline.tcp_response_timeout / SECOND)),
        ("a UDP request without answer", format!("{} s", pipeline.udp_response_timeout / SECOND)),
        ("heads and bodies of all sessions of a process", bytes(pipeline.payload_bytes)),
    ] {
        let row = format!("| {what} | {number} |");
        assert!(page.lines().any(|line| line.starts_with(&row)), "limits.md has no row\n{row}");
    }
    let Runtime { faults, fault_window, first_quarantine, longest_quarantine, .. } = runtime;
    let window = fault_window.as_secs();
    let first = first_quarantine.as_secs();
    for words in [
        format!("After {faults} faults within {window} s"),
        format!("no calls for {first} s"),
        format!("at most {} s", longest_quarantine.as_secs()),
    ] {
        assert!(page.contains(&words), "limits.md does not say: {words}");
    }
}

fn bytes(number: usize) -> String {
    if number.is_multiple_of(1 << 20) {
        format!("{} MiB", number >> 20)
    } else {
        format!("{} KiB", number >> 10)
    }
}

fn grouped(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1000),
    }
}
