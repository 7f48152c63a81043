//! Servers and tools that tests and the benchmark of live capture run against.
//!
//! Takes: the machine. Gives: it with the missing programs installed from Debian's packages, or an error that names them. Starts
//! nothing.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;

/// A program, or a file by its path, and the package that has it. tcpdump brings libpcap, which compiles filters.
const PROGRAMS: [(&str, &str); 24] = [
    // Sources that a test compiles with the project's Go.
    ("/usr/share/gocode/src/golang.org/x/net/http2/server.go", "golang-golang-x-net-dev"),
    ("curl", "curl"),
    ("dig", "bind9-dnsutils"),
    ("dnsmasq", "dnsmasq-base"),
    ("getent", "libc-bin"),
    ("ip", "iproute2"),
    ("mariadb", "mariadb-client"),
    ("mariadbd", "mariadb-server"),
    ("nginx", "nginx-light"),
    ("openssl", "openssl"),
    ("prlimit", "util-linux"),
    // Its module ctypes loads libraries late, and makes calls that Python has not.
    ("python3", "python3"),
    ("readelf", "binutils"),
    ("redis-benchmark", "redis-tools"),
    ("redis-cli", "redis-tools"),
    ("redis-server", "redis-server"),
    ("script", "bsdutils"),
    ("setpriv", "util-linux"),
    ("sysbench", "sysbench"),
    ("taskset", "util-linux"),
    ("tcpdump", "tcpdump"),
    ("text2pcap", "wireshark-common"),
    ("unshare", "util-linux"),
    ("wrk", "wrk"),
];

/// Installs what is missing of what tests need.
pub(crate) fn run() -> Result<()> {
    need(&PROGRAMS)
}

/// Installs what is missing of these programs, each with its package.
pub(crate) fn need(programs: &[(&str, &str)]) -> Result<()> {
    let mut packages: Vec<_> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    println!("missing: {}", packages.join(" "));
    if !is_there("apt-get") || command::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!(
            "install these packages (`sudo apt-get install {}`), or what your system calls them",
            packages.join(" ")
        );
    }
    // A server that is installed must not be started: tests start their own, in namespaces of their own.
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        command::run(&mut apt)
    };
    apt(&["-qq", "update"])?;
    apt(&[&["-qq", "install", "-y", "--no-install-recommends"], &packages[..]].concat())
}

fn is_there(program: &str) -> bool {
    path(program).is_some()
}

/// Where a program is, if it is installed; servers are in folders that not every user looks into.
pub(crate) fn path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|program| program.is_file())
}
