//! Files that change in the ways in which editors, deployments and Kubernetes change them; nobody sends a signal.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

/// What the kernel tells is read within this time, also on a busy machine; unasked it is looked each 5 s only.
const SOON: Duration = Duration::from_millis(3500);

struct Watched {
    agent: Agent,
    reloads: usize,
}

impl Watched {
    fn start(space: &Space, folder: &Folder, config: &str) -> Self {
        let mut agent = Agent::start(space, folder, "a", &["-i", "lo", "--group-config", config]);
        agent.says("capturing lo");
        // Somewhat longer than the threads need that look after files.
        std::thread::sleep(Duration::from_millis(300));
        Self { agent, reloads: 0 }
    }

    fn reloads(&mut self, why: &str) {
        let began = Instant::now();
        self.reloads += 1;
        until(why, || self.agent.stderr().matches("reloaded").count() >= self.reloads);
        assert!(began.elapsed() < SOON, "{why}: nobody told of it");
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(self.agent.stderr().matches("reloaded").count(), self.reloads, "{why}: once");
    }
}

fn text(header: &str) -> String {
    format!("trace-id-headers: [{header}]\n")
}

#[test]
fn written_renamed_over_deleted_and_back_again() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-files");
    let config = folder.file("group.yaml", text("a"));
    let mut watched = Watched::start(&space, &folder, &config);
    folder.file("group.yaml", text("b"));
    watched.reloads("written");
    fs::rename(folder.file("group.yaml~", text("c")), &config).unwrap();
    watched.reloads("renamed over");
    fs::remove_file(&config).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    folder.file("group.yaml", text("d"));
    watched.reloads("deleted and back");
    // Many small writes are one change.
    (0..20).for_each(|n| {
        folder.file("group.yaml", text(&format!("e{n}")));
        std::thread::sleep(Duration::from_millis(10));
    });
    watched.reloads("written again and again");
    watched.agent.end("TERM").accounts();
}

#[test]
fn links_that_are_swapped() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-links");
    let at = |name: &str| folder.path(name);
    let version = |name: &str, header: &str| {
        fs::create_dir_all(at(name)).unwrap();
        fs::write(Path::new(&at(name)).join("group.yaml"), text(header)).unwrap();
    };
    version("..1", "a");
    symlink("..1", at("..data")).unwrap();
    symlink("..data/group.yaml", at("group.yaml")).unwrap();
    let mut watched = Watched::start(&space, &folder, &at("group.yaml"));
    for (number, header) in [("..2", "b"), ("..3", "c")] {
        // As the kubelet does it, and the old version goes away.
        version(number, header);
        let old = fs::read_link(at("..data")).unwrap();
        symlink(number, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        fs::remove_dir_all(at(old.to_str().unwrap())).unwrap();
        watched.reloads(number);
    }
    watched.agent.end("TERM").accounts();
}

#[test]
fn files_that_the_group_configuration_names() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-named");
    fs::create_dir_all(folder.path("schemas")).unwrap();
    folder.file("schemas/one", "a");
    folder.file("schemas/two", "a");
    let names = |name: &str| format!("plugin-config: {{http: {{x: {{file: schemas/{name}}}}}}}\n");
    let config = folder.file("group.yaml", names("one"));
    let mut watched = Watched::start(&space, &folder, &config);
    folder.file("schemas/two", "b");
    folder.file("schemas/one", "b");
    watched.reloads("a file that is named");
    folder.file("group.yaml", names("two"));
    watched.reloads("another one is named");
    folder.file("schemas/two", "c");
    watched.reloads("that one");
    // One that is not there yet is waited for.
    folder.file("group.yaml", names("three"));
    watched.reloads("not reloaded: it is missing");
    watched.agent.says("schemas/three");
    folder.file("schemas/three", "a");
    watched.reloads("there it is");
    assert!(!watched.agent.stderr().contains("panicked"));
    watched.agent.end("TERM").accounts();
}
