//! What is written is understood; what is not understood is refused where it stands.

use std::path::Path;

use super::{ConfigError, GroupConfig, Text};

fn texts(list: &Option<Vec<Text>>) -> Vec<&str> {
    list.iter().flatten().map(|t| t.text.as_str()).collect()
}

fn from_text(yaml: &str) -> Result<GroupConfig, ConfigError> {
    GroupConfig::from_text(yaml, Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn refused(yaml: &str) -> String {
    from_text(yaml).expect_err(yaml).to_string()
}

#[test]
fn what_is_empty_changes_nothing() {
    for yaml in ["", "# nothing\n", "---\n", "wasm-plugins:\nlimits:\n", "{}"] {
        let config = from_text(yaml).unwrap();
        assert!(config.wasm_plugins.is_none() && config.protocols.is_none(), "{yaml:?}");
        assert_eq!(config.limits.flows, weir_pipeline::limits::Limits::default().flows);
    }
}

#[test]
fn plugins_are_named_in_each_of_deepflows_ways() {
    for yaml in [
        "wasm-plugins: [a, b]",
        "wasm-plugins:\n  - a\n  - b\n",
        "static_config:\n  wasm-plugins: [a, b]",
        "plugins:\n  wasm_plugins: ['a', \"b\"]",
    ] {
        assert_eq!(texts(&from_text(yaml).unwrap().wasm_plugins), ["a", "b"], "{yaml}");
    }
    assert_eq!(texts(&from_text("wasm-plugins: one").unwrap().wasm_plugins), ["one"]);
    assert_eq!(from_text("wasm-plugins: []").unwrap().wasm_plugins, Some(vec![]));
}

#[test]
fn everything_at_once() {
    let config = from_text(
        "l7-protocol-enabled: [HTTP, Custom]
trace-id-headers: [traceparent, x-my-trace]
span-id-headers: [x-my-span]
plugin-config:
  http: {max: 5, words: yes please}
  mine:
limits:
  flows: 1000
  text: 8KiB
  questions: 3
timeouts:
  tcp-response: 1500ms
  udp: 2m
",
    )
    .unwrap();
    assert_eq!(texts(&config.protocols), ["HTTP", "Custom"]);
    assert_eq!(texts(&config.trace_id_headers), ["traceparent", "x-my-trace"]);
    assert_eq!(texts(&config.span_id_headers), ["x-my-span"]);
    assert_eq!(config.plugin_config["http"].values["max"], "5");
    assert_eq!(config.plugin_config["http"].values["words"], "yes please");
    assert_eq!((config.plugin_config["mine"].line, config.plugin_config["mine"].values.len()), (6, 0));
    assert_eq!((config.limits.flows, config.limits.text, config.limits.questions), (1000, 8192, 3));
    assert_eq!(config.limits.tcp_response_timeout, 1_500_000_000);
    assert_eq!(config.limits.udp_timeout, 120_000_000_000);
}

#[test]
fn unknown_keys_are_refused_with_line_and_nearest_name() {
    assert_eq!(
        refused("# a comment\nwasm_plugin: [a]"),
        "line 2: unknown key `wasm_plugin`; the nearest valid name is `wasm-plugins`"
    );
    assert_eq!(
        refused("limits:\n  flows: 1\n  flow: 1\n"),
        "line 3: unknown key of limits `flow`; the nearest valid name is `flows`"
    );
    assert_eq!(
        refused("static_config:\n  wasm_plugins: [a]"),
        "line 2: unknown key `wasm_plugins`; the nearest valid name is `wasm-plugins`"
    );
}

#[test]
fn wrong_types_are_refused_with_what_is_there() {
    for (yaml, error) in [
        ("wasm-plugins: {a: b}", "line 1: `wasm-plugins` must be a list (`[a, b]`), found a mapping"),
        ("\nwasm-plugins: [[a]]", "line 2: `wasm-plugins` must be a text, found a list"),
        ("l7-protocol-enabled:\n- HTTP\n-\n", "line 3: `l7-protocol-enabled` must be a text, found nothing"),
        ("limits: 5", "line 1: `limits` must be a mapping (`key: value` lines), found `5`"),
        ("limits: {flows: many}", "line 1: `flows` must be a whole number above 0, found `many`"),
        ("limits: {flows: 0}", "line 1: `flows` must be a whole number above 0, found `0`"),
        ("limits: {flows: -1}", "line 1: `flows` must be a whole number above 0, found `-1`"),
        ("limits: {flows: 1.5}", "line 1: `flows` must be a whole number above 0, found `1.5`"),
        (
            "limits: {flows: 99999999999999999999}",
            "line 1: `flows` must be a whole number above 0, found `99999999999999999999`",
        ),
        ("limits: {questions: 4294967296}", "line 1: the number is too large"),
        (
            "limits: {text: 99999999999GiB}",
            "line 1: `text` must be a size in bytes (`65536`, `64KiB`), found `99999999999GiB`",
        ),
        (
            "timeouts: {tcp: 10}",
            "line 1: `tcp` must be a duration with its unit (`500ms`, `15s`, `2m`, `1h`), found `10`",
        ),
        (
            "timeouts: {tcp: 10d}",
            "line 1: `tcp` must be a duration with its unit (`500ms`, `15s`, `2m`, `1h`), found `10d`",
        ),
        ("- a", "line 1: `the file` must be a mapping (`key: value` lines), found a list"),
    ] {
        assert_eq!(refused(yaml), error);
    }
}

#[test]
fn what_a_configuration_has_no_use_for_is_refused() {
    assert!(refused("a: &x [1]\nwasm-plugins: *x").starts_with("line 2: an alias"));
    assert!(refused("limits: {}\n---\nlimits: {}").starts_with("line 2: a second document"));
    assert_eq!(refused("limits: {}\nlimits: {}"), "line 2: key `limits` stands in line 1 already");
    assert_eq!(
        refused("wasm-plugins: [a]\nplugins: {wasm_plugins: [a]}"),
        "line 2: `wasm_plugins` is there a second time; keep one of them"
    );
    assert!(
        refused(&format!("limits: {}1{}", "[".repeat(20), "]".repeat(20)))
            .contains("nested more than 16 deep")
    );
    assert!(!refused(&"[".repeat(100_000)).is_empty());
    assert!(refused("? [a]\n: b").contains("a key that is not a text"));
}

#[test]
fn broken_yaml_is_refused_with_its_line() {
    for yaml in ["limits: {}\nwasm-plugins: [a\n", "a: b: c", "\"", "limits: {}\n\t x: 1", "%", "a: 'b"] {
        let ConfigError { line, message } = from_text(yaml).expect_err(yaml);
        assert!((1..=3).contains(&line) && !message.is_empty(), "{yaml:?}: {line} {message}");
    }
}

/// The page shows every key with its default: it is read, and changes nothing.
#[test]
fn the_page_tells_the_defaults() {
    let page = include_str!("../../../../docs/group-configuration.md");
    let yaml = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (shown, default) = (from_text(yaml).unwrap(), GroupConfig::default());
    assert_eq!(format!("{shown:?}"), format!("{default:?}"));
    for key in super::KEYS.iter().filter(|key| !["static_config", "plugins"].contains(key)) {
        assert!(yaml.contains(&format!("{key}:")), "{key}");
    }
    let keys = |section: &str| {
        let start = yaml.find(section).unwrap() + section.len();
        yaml[start..].lines().skip(1).take_while(|line| line.starts_with(' ')).count()
    };
    assert_eq!((keys("limits:"), keys("timeouts:")), (12, 6), "a key of a section is missing on the page");
}

#[test]
fn settings_with_structure_become_json() {
    let config = from_text(
        r#"plugin-config:
  mine:
    plain: 1.10
    rules:
      - {field: 3.20, count: 7, on: true, text: "7", nothing: }
    schema: {file: tests/fixtures/settings.txt}
    schemas: [{file: tests/fixtures/settings.txt}, 08]
    binary: {file: tests/fixtures/settings.bin}
"#,
    )
    .unwrap();
    let values = &config.plugin_config["mine"].values;
    assert_eq!(values["plain"], "1.10");
    assert_eq!(values["rules"], r#"[{"field":"3.20","count":7,"on":true,"text":"7","nothing":null}]"#);
    assert_eq!(values["schema"], "what the file says\n");
    assert_eq!(values["schemas"], r#"["what the file says\n","08"]"#);
    assert_eq!(values["binary"], "/wD+Cg==");
    let missing = refused("plugin-config:\n  mine:\n    schema: {file: nowhere.proto}\n");
    assert!(
        missing.starts_with("line 3: can not read the file ") && missing.contains("nowhere.proto"),
        "{missing}"
    );
}
