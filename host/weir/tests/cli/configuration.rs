//! Plugins and the group configuration: what they change, and how what is wrong is refused.

use crate::capture::Capture;
use crate::program::{Folder, Run, weir};

/// A plugin file: one of the built-in ones. Where `l7-protocol-enabled` has `Custom` but not its protocol, it does not meet the one
/// that is built in.
fn plugin(folder: &Folder, name: &str) -> String {
    let http = weir_builtin_plugins::all().iter().find(|plugin| plugin.name == "http").unwrap();
    folder.file(name, http.wasm)
}

fn with_config(folder: &Folder, yaml: &str, more: &[&str]) -> Run {
    let (capture, config) = (folder.file("a.pcap", Capture::http(1, 3)), folder.file("group.yaml", yaml));
    let arguments = ["replay", &capture, "--format", "jsonl", "--group-config", &config];
    weir(arguments.iter().chain(more))
}

fn refused(folder: &Folder, yaml: &str, more: &[&str]) -> String {
    let run = with_config(folder, yaml, more);
    assert_eq!(run.status, 2, "{}", run.stderr);
    let line = run.refusal();
    assert!(line.starts_with("group configuration: ") && line.contains("group.yaml line "), "{line}");
    line.to_owned()
}

#[test]
fn protocols_are_chosen_in_any_case() {
    let folder = Folder::new("protocols");
    for (yaml, logs) in
        [("l7-protocol-enabled: [http]", 3), ("l7-protocol-enabled: [MySQL, Redis]", 0), ("{}", 3)]
    {
        let run = with_config(&folder, yaml, &[]);
        assert_eq!((run.status, run.logs().len()), (0, logs), "{yaml}: {}", run.stderr);
    }
}

#[test]
fn a_protocol_that_only_deepflow_parses_is_noted() {
    let folder = Folder::new("noted");
    let run = with_config(&folder, "l7-protocol-enabled: [HTTP, Dubbo]", &[]);
    assert_eq!((run.status, run.logs().len()), (0, 3));
    assert!(run.stderr.starts_with("weir: note: l7-protocol-enabled names Dubbo, which no plugin parses\n"));
}

#[test]
fn a_users_plugin_works_and_is_named_in_the_logs() {
    let folder = Folder::new("users_plugin");
    let file = plugin(&folder, "my-http.wasm");
    for yaml in [
        "l7-protocol-enabled: [Custom]",
        "l7-protocol-enabled: [custom]\nwasm-plugins: [my-http]",
        "l7-protocol-enabled: [Custom]\nstatic_config: {wasm-plugins: [http]}",
    ] {
        let run = with_config(&folder, yaml, &["--plugin", &file]);
        assert_eq!((run.status, run.logs().len()), (0, 3), "{yaml}: {}", run.stderr);
    }
    let run = with_config(&folder, "l7-protocol-enabled: [Custom]\nwasm-plugins: []", &["--plugin", &file]);
    assert_eq!((run.status, run.logs().len()), (0, 0), "{}", run.stderr);
}

#[test]
fn two_plugins_that_claim_one_name_are_refused() {
    let folder = Folder::new("conflict");
    let (file, capture) = (plugin(&folder, "my-http.wasm"), folder.file("a.pcap", Capture::http(1, 1)));
    let run = weir(["replay", &capture, "--plugin", &file]);
    assert_eq!(run.status, 1);
    assert_eq!(
        run.refusal(),
        format!(
            "plugin: {file}: plugin name `http` is claimed by the plugins `http` ({file}) and `http` (built in); choose another name"
        )
    );
    // The names say nothing about two copies, so the files do; the last one given has no part in it.
    let copy = plugin(&folder, "copy.wasm");
    let mysql = weir_builtin_plugins::all().iter().find(|plugin| plugin.name == "mysql").unwrap();
    let mysql = folder.file("my-mysql.wasm", mysql.wasm);
    let files = ["--plugin", &file, "--plugin", &copy, "--plugin", &mysql];
    let run = weir(["replay", &capture].iter().copied().chain(files));
    assert_eq!(
        run.refusal(),
        format!(
            "plugin: {copy}: plugin name `http` is claimed by the plugins `http` ({file}) and `http` ({copy}); give only one of them"
        )
    );
    let run = weir(["replay", &capture, "--plugin", &file, "--plugin", &mysql]);
    assert!(run.refusal().starts_with(&format!("plugin: {file}: ")), "{}", run.stderr);
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let folder = Folder::new("unknown");
    let file = plugin(&folder, "my-http.wasm");
    let more = ["--plugin", file.as_str()];
    for (yaml, line, words) in [
        ("\nwasm-plugin: [x]", 2, "`wasm-plugins`"),
        (
            "l7-protocol-enabled:\n  - HTTP\n  - MySLQ\n",
            3,
            "unknown protocol `MySLQ`; the nearest valid name is `MySQL`",
        ),
        ("wasm-plugins: [my-htp]", 1, "no plugin is called `my-htp`; the nearest name is `my-http`"),
        ("plugin-config: {htp: {a: b}}", 1, "no plugin is called `htp`; the nearest is `http`"),
        ("limits: {flowz: 1}", 1, "`flows`"),
    ] {
        let refusal = refused(&folder, yaml, &more);
        assert!(refusal.contains(&format!("line {line}: ")) && refusal.contains(words), "{refusal}");
    }
    let refusal = refused(&folder, "wasm-plugins: [mine]", &[]);
    assert!(refusal.contains("give its file with `--plugin mine.wasm`"), "{refusal}");
}

#[test]
fn wrong_types_and_broken_yaml_are_refused() {
    let folder = Folder::new("types");
    for (yaml, words) in [
        ("l7-protocol-enabled: {HTTP: on}", "must be a list"),
        ("limits: {flows: lots}", "must be a whole number"),
        ("timeouts: {tcp: 5}", "with its unit"),
        ("wasm-plugins: [", "not YAML"),
    ] {
        let refusal = refused(&folder, yaml, &[]);
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn limits_and_timeouts_reach_the_pipeline() {
    let folder = Folder::new("limits");
    let run = with_config(&folder, "limits: {text: 4}", &[]);
    assert_eq!(run.logs()[0]["request_resource"], "/200", "{}", run.stdout);
}

#[test]
fn a_configuration_that_can_not_be_read() {
    let folder = Folder::new("no_config");
    let capture = folder.file("a.pcap", Capture::http(1, 1));
    for path in [folder.path("nothing.yaml"), folder.path("."), folder.file("latin.yaml", b"a: \xff\n")] {
        let run = weir(["replay", &capture, "--group-config", &path]);
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert!(run.refusal().starts_with("group configuration: can not read "), "{}", run.stderr);
    }
}

#[test]
fn what_is_not_a_plugin() {
    let folder = Folder::new("not_a_plugin");
    let capture = folder.file("a.pcap", Capture::http(1, 1));
    for (path, words) in [
        (folder.path("nothing.wasm"), "can not read"),
        (folder.path("."), "can not read"),
        (folder.file("text.wasm", "not wasm"), "not a WebAssembly file"),
        (folder.file("empty.wasm", ""), "not a WebAssembly file"),
        (folder.file("module.wasm", b"\0asm\x01\0\0\0"), "not a plugin"),
        (folder.file("broken.wasm", b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff"), "not valid WebAssembly"),
    ] {
        let run = weir(["replay", &capture, "--plugin", &path]);
        assert_eq!(run.status, 1, "{}", run.stderr);
        let line = run.refusal();
        assert!(line.starts_with("plugin: ") && line.contains(&path) && line.contains(words), "{line}");
    }
}
