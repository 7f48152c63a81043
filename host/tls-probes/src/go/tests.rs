//! Real Go programs, built by the project's Go: found as Go's own tools find them, with symbols and without.
//!
//! `cargo xtask test` says in `WEIR_GO` which Go it is; any release since 1.17 may stand there.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::examine::{Examined, examine};
use crate::source::{ReadAt, Reader};
use crate::target::{GoroutineIdOffset, Http2Hooks, Role, WhyNoHttp2};

/// Has TLS and HTTP/2, both as a client and as a server.
const PROGRAM: &str = r#"package main

import (
	"crypto/tls"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		if c, err := tls.Dial("tcp", os.Args[1], nil); err == nil {
			c.Close()
		}
		http.Get(os.Args[1])
		http.ListenAndServeTLS(os.Args[1], "", "", nil)
	}
}
"#;

struct Go {
    program: PathBuf,
    folder: PathBuf,
}

impl Go {
    /// None: there is none; that was said.
    fn new(test: &str) -> Option<Self> {
        let named = std::env::var_os("WEIR_GO").map(PathBuf::from);
        let program = named.clone().unwrap_or_else(|| "go".into());
        if Command::new(&program).arg("version").output().is_err() {
            assert!(named.is_none(), "WEIR_GO names no Go");
            assert!(std::env::var_os("CI").is_none(), "CI must run this test: run `cargo xtask test`");
            eprintln!("skipped: there is no Go on the path, and WEIR_GO does not name one");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("weir-tls-probes-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.go"), PROGRAM).unwrap();
        std::fs::write(folder.join("go.mod"), "module probed\n\ngo 1.17\n").unwrap();
        Some(Self { program, folder })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let settings = [("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOWORK", "off"), ("GOFLAGS", "")];
        command.envs(settings).env("CGO_ENABLED", "0").current_dir(&self.folder);
        command
    }

    fn run(command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn build(&self, name: &str, arguments: &[&str], cgo: bool) -> PathBuf {
        let path = self.folder.join(name);
        let mut command = self.command();
        command.env("CGO_ENABLED", if cgo { "1" } else { "0" }).args(["build", "-o"]).arg(&path);
        Self::run(command.args(arguments).arg("."));
        path
    }

    /// Addresses of functions, by name.
    fn nm(&self, program: &Path) -> BTreeMap<String, u64> {
        let lines = Self::run(self.command().args(["tool", "nm"]).arg(program));
        let symbol = |line: &str| {
            let (address, rest) = line.trim_start().split_once(' ')?;
            let (_kind, name) = rest.trim_start().split_once(' ')?;
            Some((name.to_owned(), u64::from_str_radix(address, 16).ok()?))
        };
        lines.lines().filter_map(symbol).collect()
    }

    /// Address, bytes and text of each instruction of a function.
    fn disassembled(&self, program: &Path, function: &str) -> Vec<(u64, Vec<u8>, String)> {
        let pattern = format!("^{}$", function.replace('(', "\\(").replace(')', "\\)").replace('*', "\\*"));
        let text = Self::run(self.command().args(["tool", "objdump", "-s", &pattern]).arg(program));
        let instruction = |line: &str| {
            let mut fields = line.trim_start().split('\t').filter(|field| !field.is_empty());
            let (_source, address, bytes) = (fields.next()?, fields.next()?, fields.next()?);
            let address = u64::from_str_radix(address.trim().strip_prefix("0x")?, 16).ok()?;
            let bytes = bytes.trim();
            let bytes =
                (0..bytes.len() / 2).filter_map(|at| u8::from_str_radix(&bytes[2 * at..2 * at + 2], 16).ok());
            Some((address, bytes.collect(), fields.next()?.trim().to_owned()))
        };
        text.lines().filter_map(instruction).collect()
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn examined(path: &Path) -> Examined {
    let found = examine(&File::open(path).unwrap());
    found
        .unwrap_or_else(|why| panic!("{}: {why}", path.display()))
        .unwrap_or_else(|| panic!("{}", path.display()))
}

fn go(examined: &Examined) -> &GoLibrary {
    let Library::Go(go) = &examined.library else { panic!("{:?}", examined.library) };
    go
}

#[test]
fn functions_are_where_gos_own_tools_find_them() {
    let Some(go_program) = Go::new("tools") else { return };
    let path = go_program.build("plain", &[], false);
    let (found, file) = (examined(&path), File::open(&path).unwrap());
    assert_eq!(found.missing, []);
    let addresses = go_program.nm(&path);
    let library = go(&found);
    let mut functions = 0;
    for (name, function, ends) in TLS.iter().chain(http2::FUNCTIONS) {
        let probes: Vec<_> =
            found.probes.iter().chain(&library.http2).filter(|probe| probe.function == *function).collect();
        let Some(address) = addresses.get(*name) else { continue };
        functions += 1;
        let entry = probes.iter().find(|probe| probe.at == At::Entry).unwrap().file_offset;
        let instructions = go_program.disassembled(&path, name);
        assert_eq!(instructions[0].0, *address, "{name}");
        let returns: Vec<u64> = instructions
            .iter()
            .filter(|(_, _, text)| text.starts_with("RET"))
            .map(|(at, ..)| entry + (at - address))
            .collect();
        let told: Vec<u64> =
            probes.iter().filter(|probe| probe.at == At::Ret).map(|probe| probe.file_offset).collect();
        let expected = if *ends == Ends::Both { returns.clone() } else { Vec::new() };
        assert_eq!(told, expected, "{name}");
        assert!(!returns.is_empty(), "{name}");
        for (at, bytes, text) in &instructions {
            let mut there = vec![0; bytes.len()];
            ReadAt::read_at(&file, entry + (at - address), &mut there).unwrap();
            assert_eq!(&there, bytes, "{name}: {text}");
        }
        assert!(probes.iter().all(|probe| probe.at != At::Return), "a uretprobe ends Go programs");
    }
    let read = found.probes.iter().find(|probe| probe.function == Function::GoTlsRead).unwrap();
    let distance = addresses[TCP_CLOSE].wrapping_sub(addresses[TLS[0].0]);
    assert_eq!(library.tcp_close, Some(read.file_offset.wrapping_add(distance)));
    // TLS, and one set of HTTP/2.
    assert_eq!(functions, TLS.len() + 13);
}

#[test]
fn without_symbols_the_same_is_found() {
    let Some(go_program) = Go::new("stripped") else { return };
    let has_c = Command::new("cc").arg("--version").output().is_ok();
    assert!(has_c || std::env::var_os("CI").is_none(), "CI must run this test: there is no cc");
    let pie = "-buildmode=pie";
    let ways: [(&str, &[&str], &str, bool); 4] = [
        ("static", &[], "", false),
        ("static-pie", &[pie], "", false),
        ("linked-by-c", &[], "-linkmode=external", true),
        ("linked-by-c-pie", &[pie], "-linkmode=external", true),
    ];
    for (name, arguments, link, cgo) in ways {
        if cgo && !has_c {
            eprintln!("skipped: {name} needs cc");
            continue;
        }
        let build = |suffix: &str, strip: &str| {
            let flags = format!("-ldflags={link} {strip}");
            go_program.build(&format!("{name}{suffix}"), &[arguments, &[flags.as_str()]].concat(), cgo)
        };
        let (whole, stripped) = (build("", ""), build("-stripped", "-s -w"));
        let (whole, stripped) = (examined(&whole), examined(&stripped));
        assert!(!stripped.probes.is_empty() && !go(&stripped).http2.is_empty(), "{name}");
        assert!(go(&stripped).tcp_close.is_some(), "{name}");
        assert_eq!(whole, stripped, "{name}");
    }
}

#[test]
fn offsets_are_those_of_the_debugging_information() {
    let Some(go_program) = Go::new("offsets") else { return };
    let path = go_program.build("plain", &[], false);
    let found = examined(&path);
    let library = go(&found);
    let file = File::open(&path).unwrap();
    let reader = Reader::new(&file);
    let elf = Elf::read(&reader).unwrap();
    let field = |structure: &str, field: &str| debug_info::field(&elf, structure, field);
    let goid = field("runtime.g", "goid").unwrap();
    assert_eq!(library.layout.goroutine_id, GoroutineIdOffset::Known(goid));
    assert_eq!(field("crypto/tls.Conn", "conn"), Some(library.layout.tls_conn));
    assert_eq!(field("runtime.iface", "data"), Some(library.layout.interface_data));
    // Its name in the runtime was another one until Go 1.21.
    let methods = field("internal/abi.ITab", "Fun").or_else(|| field("runtime.itab", "fun"));
    assert_eq!(methods, Some(library.layout.table_first_method));
    let sysfd = field("net.netFD", "pfd").unwrap() + field("internal/poll.FD", "Sysfd").unwrap();
    assert_eq!(sysfd, library.layout.fd_sysfd);
    assert_eq!(field("runtime.g", "nothing"), None);
    assert_eq!(field("nothing", "goid"), None);
    let said = Go::run(go_program.command().args(["env", "GOVERSION"]));
    assert!(library.version.starts_with(said.trim()), "{} {said}", library.version);
    assert!(library.register_abi);
    // A version that nobody knows yet is asked of the debugging information.
    let newer = Version { release: Some((1, 99)), ..Version::default() };
    assert_eq!(layout::layout(&elf, &newer).goroutine_id, GoroutineIdOffset::Debug(goid));
    let hooks = &library.http2_hooks;
    assert_eq!((&hooks.servers, &hooks.clients), (&Ok(()), &Ok(())));
    let addresses = go_program.nm(&path);
    assert_eq!(field("crypto/tls.Conn", "clientProtocol"), Some(hooks.protocol));
    assert_eq!(field("crypto/tls.Conn", "isClient"), Some(hooks.is_client));
    // Its package was net/http until Go 1.26.
    let http2 = |structure: &str, name: &str| {
        field(&format!("net/http/internal/http2.{structure}"), name)
            .or_else(|| field(&format!("net/http.http2{structure}"), name))
    };
    let name_of = |function: Function| {
        let is_own =
            |(name, of, _): &&(&str, Function, Ends)| *of == function && addresses.contains_key(*name);
        http2::FUNCTIONS.iter().find(is_own).unwrap().0
    };
    assert_eq!(hooks.hooks.len(), 13);
    for hook in &hooks.hooks {
        let entry = library.http2.iter().find(|probe| probe.function == hook.probe.function).unwrap();
        let name = name_of(entry.function);
        let instructions = go_program.disassembled(&path, name);
        let check = hook.probe.file_offset - entry.file_offset;
        let behind = instructions.iter().position(|(at, ..)| at - addresses[name] == check).unwrap();
        assert!(behind <= 3 && instructions[behind - 1].2.starts_with("JBE"), "{name}");
        let connection = match hook.role {
            Role::Server => http2("serverConn", "conn"),
            Role::Client => http2("ClientConn", "tconn"),
        };
        assert_eq!(connection, Some(hook.connection));
        let is_of = |part: &str| name.contains(part);
        assert_eq!(hook.is_indirect, is_of("clientStream)") || is_of("clientConnReadLoop)"), "{name}");
    }
    // What the programs in the kernel rely on.
    for (structure, name, offset) in [
        ("MetaHeadersFrame", "HeadersFrame", 0),
        ("MetaHeadersFrame", "Fields", 8),
        ("FrameHeader", "Flags", 2),
        ("FrameHeader", "StreamID", 8),
        ("stream", "id", 8),
        ("writeResHeaders", "streamID", 0),
        ("writeResHeaders", "httpResCode", 8),
        ("RSTStreamFrame", "ErrCode", 12),
        ("clientConnReadLoop", "cc", 0),
    ] {
        // Its name differs where it is embedded.
        let found = http2(structure, name).or_else(|| http2(structure, &format!("http2{name}")));
        assert_eq!(found, Some(offset), "{structure}.{name}");
    }
    let found: Vec<_> = library.http2.iter().map(|probe| (name_of(probe.function), *probe)).collect();
    let ends = |found: &[(&str, Probe)]| {
        let Http2Hooks { servers, clients, .. } = http2::hooks(&elf, &newer, found);
        [servers, clients]
    };
    assert_eq!(ends(&[]), [Err(WhyNoHttp2::None); 2]);
    let is_of_server = |(name, _): &(&str, Probe)| name.contains("serverConn");
    let (of_servers, of_clients): (Vec<_>, Vec<_>) = found.iter().copied().partition(is_of_server);
    assert_eq!(ends(&of_servers), [Ok(()), Err(WhyNoHttp2::None)]);
    assert_eq!(ends(&of_clients[1..]), [Err(WhyNoHttp2::None), Err(WhyNoHttp2::Functions)]);
    let grpc = |function| ("", Probe { function, ..found[0].1 });
    let client_of_grpc = [&found[..], &[grpc(Function::GoGrpcClientReads)]].concat();
    assert_eq!(ends(&client_of_grpc), [Ok(()), Err(WhyNoHttp2::Grpc)]);
    let server_of_grpc = [&found[..], &[grpc(Function::GoGrpcServerReads)]].concat();
    assert_eq!(ends(&server_of_grpc), [Err(WhyNoHttp2::Grpc), Ok(())]);
    // What debugging information says is what is known.
    assert_eq!(http2::hooks(&elf, &newer, &found), *hooks);
}

#[test]
fn a_go_program_without_tls_is_none() {
    let Some(go_program) = Go::new("none") else { return };
    std::fs::write(go_program.folder.join("main.go"), "package main\n\nfunc main() { println() }\n").unwrap();
    for (name, flags) in [("plain", "-ldflags="), ("stripped", "-ldflags=-s -w")] {
        let path = go_program.build(name, &[flags], false);
        assert_eq!(examine(&File::open(path).unwrap()), Ok(None), "{name}");
    }
}
