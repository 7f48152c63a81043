//! The servers that are observed, each with a fresh folder for its files, on 127.0.0.1 of the bench's namespace.
//!
//! Takes: a kind. Gives: one that listens. Reads no configuration of the machine.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Bench;
use super::process::Process;
use super::space::Core;
use crate::certificate::{self, Certificate};
use crate::{command, servers};

/// Any port will do: the namespace is the bench's own.
const PORT: u16 = 8081;

/// Bytes of the page that Debian's nginx comes with.
const PAGE: usize = 612;

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    /// As Debian configures it: a page from a file, with an access log.
    NginxPage,
    NginxTls,
    Redis,
    MariaDb,
}

/// One that listens.
pub(super) struct Server {
    pub(super) process: Process,
    /// 127.0.0.1 and the port.
    pub(super) port: u16,
    /// How the agent is told of this server alone.
    pub(super) which: Vec<String>,
}

impl Kind {
    /// Programs that it is made of.
    pub(super) const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Nginx | Self::NginxPage => &["nginx"],
            Self::NginxTls => &["nginx", "openssl"],
            Self::Redis => &["redis-server"],
            Self::MariaDb => &["mariadb-install-db", "mariadbd"],
        }
    }

    /// Starts it.
    pub(super) fn start(self, bench: &Bench<'_>, core: Core) -> Result<Server> {
        let folder = bench.scratch.join("server");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        match self {
            Self::Nginx | Self::NginxPage | Self::NginxTls => self.nginx(bench, core, &folder),
            Self::Redis => redis(bench, core, &folder),
            Self::MariaDb => mariadb(bench, core, &folder),
        }
    }

    /// One process, which is its own worker.
    fn nginx(self, bench: &Bench<'_>, core: Core, folder: &Path) -> Result<Server> {
        let root = folder.display();
        let (log, answer) = if self == Self::NginxPage {
            fs::write(folder.join("index.html"), [b'x'; PAGE])?;
            (format!("{root}/access.log"), format!("root {root}; sendfile on; tcp_nopush on;"))
        } else {
            ("off".to_owned(), "location / { return 200 \"hello world\\n\"; }".to_owned())
        };
        let tls = if self == Self::NginxTls { certificate(folder)? } else { String::new() };
        let listen = if self == Self::NginxTls { " ssl" } else { "" };
        let file = folder.join("nginx.conf");
        let text = format!(
            "daemon off; master_process off; user root; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log {log}; keepalive_requests 1000000000; {tls}\n\
             client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;\n\
             uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
             server {{ listen 127.0.0.1:{PORT}{listen}; {answer} }} }}\n"
        );
        fs::write(&file, text)?;
        let (program, which) = own_name(folder, "nginx", "bench-nginx")?;
        let mut command = bench.space.command(core, program);
        command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(file);
        listening(&mut command, folder, which)
    }
}

fn redis(bench: &Bench<'_>, core: Core, folder: &Path) -> Result<Server> {
    let (program, which) = own_name(folder, "redis-server", "bench-redis")?;
    let mut command = bench.space.command(core, program);
    command.args([
        "--bind",
        "127.0.0.1",
        "--port",
        &PORT.to_string(),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
    ]);
    listening(command.arg(folder), folder, which)
}

/// Without a file of options, users or a disk that is waited for: what is measured is the path of a query.
fn mariadb(bench: &Bench<'_>, core: Core, folder: &Path) -> Result<Server> {
    let data = folder.join("data");
    let mut install = Command::new("mariadb-install-db");
    install
        .arg("--no-defaults")
        .arg(option("--datadir", &data))
        .arg("--user=root")
        .arg("--auth-root-authentication-method=normal");
    install.stdout(Stdio::null()).stderr(File::create(folder.join("install.log"))?);
    command::run(&mut install)?;
    let mut command = bench.space.command(core, servers::path("mariadbd").context("no mariadbd")?);
    command.arg("--no-defaults").arg(option("--datadir", &data));
    // A socket's path has 107 bytes at most; this one is relative to the data.
    command.args(["--user=root", "--skip-grant-tables", "--bind-address=127.0.0.1", "--socket=socket"]);
    command.arg(format!("--port={PORT}"));
    let mut server = listening(&mut command, folder, Vec::new())?;
    // Its threads have names of their own.
    server.which = vec!["--pid".into(), server.process.id().to_string()];
    Ok(server)
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    [OsStr::new(name), OsStr::new("="), path.as_os_str()].into_iter().collect()
}

fn listening(command: &mut Command, folder: &Path, which: Vec<String>) -> Result<Server> {
    let log = folder.join("output");
    let file = File::create(&log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let mut process = Process::start("the server", command)?;
    let said = || fs::read_to_string(&log).unwrap_or_default();
    process.until("it listened", |process| process.listens(PORT)).with_context(said)?;
    Ok(Server { process, port: PORT, which })
}

/// The program under another name, which no other process of the machine has, and how the agent is told of it.
pub(super) fn own_name(folder: &Path, program: &str, name: &str) -> Result<(PathBuf, Vec<String>)> {
    let path = servers::path(program).with_context(|| format!("no {program}"))?;
    let link = folder.join(name);
    std::os::unix::fs::symlink(path, &link)?;
    Ok((link, vec!["--comm".into(), name.into()]))
}

/// Makes one; gives nginx's directives.
fn certificate(folder: &Path) -> Result<String> {
    let Certificate { key, certificate } = certificate::make(folder)?;
    Ok(format!("ssl_certificate {}; ssl_certificate_key {};", certificate.display(), key.display()))
}
