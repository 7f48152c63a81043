//! MariaDB with a general log.

use std::fs;

use crate::agent::until;
use crate::program::Folder;
use crate::server::Server;
use crate::space::Space;

/// A server without grant tables: what is tested are statements, and an empty folder is enough for it.
pub(crate) struct MariaDb {
    _server: Server,
    log: String,
}

/// How a client gets there.
pub(crate) const CLIENT: [&str; 5] = ["--no-defaults", "-h127.0.0.1", "-P3306", "-uroot", "--skip-ssl"];

impl MariaDb {
    pub(crate) fn start(space: &Space, folder: &Folder) -> Self {
        let data = folder.path("mariadb");
        fs::create_dir_all(&data).unwrap();
        let log = format!("{data}/general.log");
        let arguments = [
            "--no-defaults",
            "--user=root",
            "--skip-grant-tables",
            "--bind-address=127.0.0.1",
            "--port=3306",
            "--general-log",
            "--innodb-buffer-pool-size=8M",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
            &format!("--datadir={data}"),
            // In the data folder: the whole path may be longer than a socket's name can be.
            "--socket=s",
            &format!("--pid-file={data}/pid"),
            &format!("--general-log-file={log}"),
        ]
        .map(str::to_owned);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut server = Server::start(space, folder, "mariadbd", "mariadbd", &arguments);
        server.says("ready for connections");
        let mut client = space.command("mariadb");
        client.args(CLIENT).args(["-e", "create database shop"]);
        until("a database", || client.status().unwrap().success());
        Self { _server: server, log }
    }

    /// Command and argument of every line of its log, with the statements of one client after another. Waits for the end of every client: a client
    /// does not wait for the server, so that its `Quit` may be written after the client is gone.
    pub(crate) fn log(&self) -> Vec<(String, String)> {
        until("the end of every client in the server's log", || {
            let entries = self.entries();
            let of = |wanted| entries.iter().filter(|(command, _)| command == wanted).count();
            of("Connect") == of("Quit")
        });
        self.entries()
    }

    fn entries(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(&self.log).unwrap();
        let mut entries = Vec::<(String, String)>::new();
        for line in text.lines() {
            match entry(line) {
                Some(entry) => entries.push(entry),
                // The rest of a statement that has several lines; or the head of the file.
                None => {
                    if let Some((_, argument)) = entries.last_mut() {
                        argument.push('\n');
                        argument.push_str(line);
                    }
                }
            }
        }
        entries
    }
}

/// `[time] TABs spaces id space command TAB argument`.
fn entry(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once('\t')?;
    let (head, argument) = rest.trim_start().split_once('\t')?;
    let (id, command) = head.split_once(' ')?;
    let known = ["Query", "Prepare", "Execute", "Quit", "Connect", "Init DB", "Close stmt", "Ping"];
    let is_entry = id.parse::<u64>().is_ok() && known.contains(&command);
    is_entry.then(|| (command.to_owned(), argument.to_owned()))
}
