use super::*;

fn read(text: &str) -> Result<AgentConfig, String> {
    AgentConfig::from_text(text, Path::new("/etc/weir")).map_err(|error| error.to_string())
}

const EXAMPLE: &str = include_str!("../../../../../deploy/agent.yaml");

/// Lines that are keys behind a `#` without a space.
fn commented() -> String {
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
    let key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase()) || line.starts_with("  ");
    lines.filter(key).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_example_has_every_key_with_its_default() {
    let text = commented();
    assert_eq!(read(&text), Ok(AgentConfig::default()), "{text}");
    let told: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    let told: Vec<&str> = told.iter().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(told, known);
}

#[test]
fn the_example_captures_everything_as_it_is() {
    let expected =
        AgentConfig { interfaces: vec!["any".into()], format: Format::Jsonl, ..AgentConfig::default() };
    assert_eq!(read(EXAMPLE), Ok(expected));
}

#[test]
fn docs_have_a_row_for_every_key_and_whether_it_is_live() {
    let docs = include_str!("../../../../../docs/agent-configuration.md");
    for key in KEYS {
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{}` |", key.name)));
        let row = row.unwrap_or_else(|| panic!("{} is missing", key.name));
        assert_eq!(row.ends_with("| yes |"), key.live, "{row}");
    }
}

#[test]
fn every_key_is_read() {
    let text = "interfaces: [eth0, 'veth*']\nsyscalls: true\ntls: true\npid: [1, 2]\ncomm: nginx\ncgroup: [/sys/fs/cgroup/a]\nport: [80]\ncall-bytes: 4KiB\n\
                bpf: tcp port 80\npromiscuous: true\nnetns: 4711\nthreads: 4\nduration: 90s\n\
                format: null\nstats: true\ngroup-config: group.yaml\nplugins: [a.wasm, /b.wasm]\n\
                metrics-listen: '[::1]:9090'\nlog-level: debug\nlog-format: json\nlimits: {cpu: 1.5, memory: 512MiB}\n";
    let config = read(text).unwrap();
    let expected = AgentConfig {
        interfaces: vec!["eth0".into(), "veth*".into()],
        calls: Calls {
            syscalls: true,
            tls: true,
            pid: vec![1, 2],
            comm: vec!["nginx".into()],
            cgroup: vec!["/sys/fs/cgroup/a".into()],
            port: vec![80],
            call_bytes: 4096,
            at_calls: false,
        },
        bpf: Some("tcp port 80".into()),
        promiscuous: true,
        netns: Some("4711".into()),
        threads: 4,
        duration: Some(Duration::from_secs(90)),
        format: Format::Null,
        stats: true,
        group_config: Some("/etc/weir/group.yaml".into()),
        plugins: vec!["/etc/weir/a.wasm".into(), "/b.wasm".into()],
        metrics_listen: Some("[::1]:9090".parse().unwrap()),
        log_level: Some(tracing::Level::DEBUG),
        log_format: LogFormat::Json,
        limits: Share { cpu: Some(1.5), memory: Some(512 << 20) },
    };
    assert_eq!(config, expected);
    assert_eq!(read("format: 'null'").unwrap().format, Format::Null);
    assert_eq!(read("format:\nbpf: null\nplugins: ~\n"), Ok(AgentConfig::default()));
    assert_eq!(read("interfaces: lo").unwrap().interfaces, ["lo"]);
    let restart = AgentConfig::default().needs_restart(&config);
    assert!(restart.contains(&"interfaces") && restart.contains(&"threads"), "{restart:?}");
    assert!(!restart.contains(&"limits") && !restart.contains(&"plugins"), "{restart:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_was_meant() {
    for (text, words) in [
        ("interface: [lo]", "line 1: unknown key `interface`; the nearest valid name is `interfaces`"),
        ("bpf: tcp\n\nthreads: 0", "line 3: `threads`: `0`: give a number from 1 to 64"),
        ("port: [80, 0]", "`port`: `0`: give ports from 1 to 65535"),
        ("pid: nginx", "give numbers of processes"),
        ("call-bytes: 63", "give 64 to 65536 bytes"),
        ("threads: many", "from 1 to 64"),
        ("promiscuous: yes", "line 1: `promiscuous` must be `true` or `false`, found `yes`"),
        ("format: jsn", "unknown format `jsn`; the nearest valid name is `jsonl`"),
        ("log-level: loud", "`error`, `warn`"),
        ("log-format: xml", "unknown log-format `xml`"),
        ("duration: 5", "`500ms`, `30s`"),
        ("metrics-listen: 0.0.0.0:9090", "only loopback addresses"),
        ("metrics-listen: '[::]:9090'", "only loopback addresses"),
        ("metrics-listen: 9090", "`127.0.0.1:9090`"),
        ("limits: {cpus: 1}", "unknown key of limits `cpus`; the nearest valid name is `cpu`"),
        ("limits: {cpu: 0}", "number of cores"),
        ("limits: {cpu: NaN}", "number of cores"),
        ("limits: {memory: much}", "a size in bytes"),
        ("limits: 3", "`limits` must be a mapping"),
        ("interfaces: {a: b}", "`interfaces` must be a list"),
        ("bpf: [tcp]", "`bpf` must be a text"),
        ("stats: true\nstats: false", "line 2: key `stats` stands in line 1 already"),
        ("- a", "the file"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn durations_have_a_unit() {
    for (text, milliseconds) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000)] {
        assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
    }
    for text in ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "5d", "99999999999999999999s", "9999999999999999h"]
    {
        assert!(duration(text).is_err(), "{text}");
    }
}
