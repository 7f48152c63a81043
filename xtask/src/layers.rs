//! Which crate of the workspace may use which, and which crate alone may use a dangerous dependency.
//!
//! Takes: `cargo metadata`. Gives: an error that names every edge that no rule allows. Looks at what is shipped and built,
//! not at dev-dependencies: a test may play any part.

mod metadata;

use anyhow::{Result, bail};

use metadata::{Package, packages};

/// A crate, and the crates of the workspace that it may use.
type Rule = (&'static str, &'static [&'static str]);

/// The data path, from its end to its beginning: nobody uses what comes after it but the binary.
const RULES: &[Rule] = &[
    ("weir-request-log", &[]),
    ("weir-pipeline", &["weir-request-log"]),
    ("weir-capture", &["weir-pipeline", "weir-ebpf-common", "weir-ebpf-object", "weir-tls-probes"]),
    ("weir-tls-probes", &[]),
    ("weir-plugin-runtime", &["weir-pipeline"]),
    ("weir-sinks", &["weir-request-log"]),
    ("weir-red", &["weir-request-log"]),
    // Plugins reach it as Wasm, by its build script, not as crates.
    ("weir-builtin-plugins", &[]),
    // Programs of the kernel reach it as an object, by its build script, not as a crate.
    ("weir-ebpf-object", &["weir-ebpf-build"]),
    ("weir-ebpf-build", &[]),
    ("weir-ebpf-common", &[]),
    ("weir-ebpf-program", &["weir-ebpf-common"]),
    ("weir", HOST),
    ("weir-plugin-sdk", &[]),
    ("echo", SDK),
    ("ledger", SDK),
    ("look", SDK),
    ("weir-plugin-dns", SDK),
    ("weir-plugin-http", SDK),
    ("weir-plugin-http2", SDK),
    ("weir-plugin-json-status", SDK),
    ("weir-plugin-mysql", SDK),
    ("weir-plugin-protobuf", SDK),
    ("weir-plugin-redact", SDK),
    ("weir-plugin-redis", SDK),
    ("weir-plugin-sample", SDK),
    ("weir-plugin-transaction-id", SDK),
    ("xtask", &["weir-ebpf-build"]),
];

/// What plugins may know of Weir.
const SDK: &[&str] = &["weir-plugin-sdk"];

/// What the binary is made of.
const HOST: &[&str] = &[
    "weir-request-log",
    "weir-pipeline",
    "weir-capture",
    "weir-tls-probes",
    "weir-plugin-runtime",
    "weir-sinks",
    "weir-red",
    "weir-builtin-plugins",
    "weir-ebpf-object",
];

/// Play the outsider, so they may use anything of the workspace.
const FREE: &[&str] = &["weir-tests"];

/// Dependencies with a power that one crate keeps for all.
const KEPT: &[Rule] = &[
    ("wasmtime", &["weir-plugin-runtime"]),
    ("wasmtime-wasi", &["weir-plugin-runtime"]),
    // System calls without a safe crate around them have one place.
    ("libc", &["weir-capture"]),
    // It loads into the kernel; the shared types say by it that any bytes make them.
    ("aya", &["weir-capture", "weir-ebpf-common"]),
    // What the kernel runs is small: nothing but the helpers.
    ("aya-ebpf", &["weir-ebpf-program"]),
    ("signal-hook", &["weir"]),
    // The middle of the path has no I/O and no clock, so async begins behind it.
    ("tokio", &["weir", "weir-sinks"]),
];

/// Fails with all edges that are not allowed.
pub(crate) fn run() -> Result<()> {
    let packages = packages()?;
    let broken = violations(&packages);
    if !broken.is_empty() {
        bail!("crates use what they must not (rules: xtask/src/layers.rs):\n  {}", broken.join("\n  "));
    }
    println!("{} crates keep to their layers", packages.len());
    Ok(())
}

fn violations(packages: &[Package]) -> Vec<String> {
    let members: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut broken = Vec::new();
    for package in packages.iter().filter(|package| !FREE.contains(&package.name.as_str())) {
        let Some(allowed) = rule(RULES, &package.name) else {
            broken.push(format!("{} has no rule", package.name));
            continue;
        };
        for used in package.used() {
            let kept_from_it =
                rule(KEPT, used).is_some_and(|keepers| !keepers.contains(&package.name.as_str()));
            if (members.contains(&used) && !allowed.contains(&used)) || kept_from_it {
                broken.push(format!("{} -> {used}", package.name));
            }
        }
    }
    broken
}

fn rule(rules: &[Rule], name: &str) -> Option<&'static [&'static str]> {
    rules.iter().find(|(of, _)| *of == name).map(|(_, may)| *may)
}

#[cfg(test)]
mod tests {
    use super::metadata::parse;
    use super::violations;

    fn broken(name: &str, dependency: &str, kind: &str) -> Vec<String> {
        let text = format!(
            r#"{{"packages":[{{"name":"{name}","dependencies":[{{"name":"{dependency}","kind":{kind}}}]}},
                {{"name":"weir-sinks","dependencies":[]}}]}}"#
        );
        violations(&parse(&text).unwrap())
    }

    #[test]
    fn an_unlisted_edge_is_named() {
        assert_eq!(broken("weir-pipeline", "weir-sinks", "null"), ["weir-pipeline -> weir-sinks"]);
        assert_eq!(broken("weir-plugin-dns", "weir-sinks", "\"build\""), ["weir-plugin-dns -> weir-sinks"]);
        assert_eq!(broken("weir-pipeline", "wasmtime", "null"), ["weir-pipeline -> wasmtime"]);
        assert_eq!(broken("weir-ebpf-program", "weir-sinks", "null"), ["weir-ebpf-program -> weir-sinks"]);
    }

    #[test]
    fn a_crate_without_a_rule_is_named() {
        assert_eq!(broken("weir-surprise", "serde", "null"), ["weir-surprise has no rule"]);
    }

    #[test]
    fn listed_edges_tests_and_strangers_pass() {
        assert!(broken("weir", "weir-sinks", "null").is_empty());
        assert!(broken("weir-pipeline", "weir-sinks", "\"dev\"").is_empty());
        assert!(broken("weir-tests", "weir-sinks", "null").is_empty());
        assert!(broken("weir-pipeline", "serde", "null").is_empty());
    }
}
