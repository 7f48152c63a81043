//! What is refused before anything is captured: one line, and what to do.

use crate::program::{Run, weir};
use crate::space::Space;

fn refused(arguments: &[&str], status: i32, words: &[&str]) {
    let run = weir(["agent"].iter().chain(arguments));
    assert_eq!(run.status, status, "{}", run.stderr);
    let line = run.refusal();
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[test]
fn an_interface_that_is_not_there() {
    refused(&["-i", "lp"], 2, &["no interface `lp`", "nearest name is `lo`", "there are: "]);
}

#[test]
fn wrong_arguments() {
    refused(&[], 2, &["--interface <IFACE>"]);
    refused(&["-i", "lo", "--duration", "5"], 2, &["`500ms`, `30s`"]);
    refused(&["-i", "lo", "--threads", "0"], 2, &["0 is not in 1..=64"]);
    refused(&["-i", "lo", "--netns", "/dev/null"], 1, &["network namespace /dev/null"]);
    refused(&["-i", "lo", "--netns", "/no/such"], 1, &["network namespace /no/such", "process id or a path"]);
}

#[test]
fn a_filter_that_is_none() {
    let Some(_libpcap) = Space::new(&["tcpdump"]) else { return };
    refused(
        &["-i", "lo", "--bpf", "tcp prot 80"],
        2,
        &["--bpf", "tcp prot 80", "syntax error", "pcap-filter(7)"],
    );
    refused(&["-i", "lo", "--bpf", "vlan 5"], 2, &["takes the tag out"]);
}

#[test]
fn without_the_privilege_the_capability_is_named() {
    let Some(space) = Space::new(&["setpriv"]) else { return };
    let nobody = ["--reuid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
    let mut command = space.command("setpriv");
    command.args(nobody).arg(env!("CARGO_BIN_EXE_weir")).args(["agent", "-i", "lo"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.status, 1, "{}", run.stderr);
    for words in ["CAP_NET_RAW", "sudo setcap cap_net_raw+ep /", "AmbientCapabilities=CAP_NET_RAW"] {
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
}

#[test]
fn files_that_are_wrong() {
    let Some(space) = Space::new(&[]) else { return };
    for (arguments, status, words) in [
        (["--plugin", "/no/such.wasm"], 1, "can not read /no/such.wasm"),
        (["--group-config", "/no/such.yaml"], 1, "can not read /no/such.yaml"),
    ] {
        let mut command = space.command(env!("CARGO_BIN_EXE_weir"));
        let run = Run::of(command.args(["agent", "-i", "lo"]).args(arguments).output().unwrap());
        assert_eq!(run.status, status);
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
}
