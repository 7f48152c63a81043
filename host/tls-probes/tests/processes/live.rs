//! Real processes.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use weir_tls_probes::{At, Flavour, Library, examine, explain};

use crate::program::{Folder, Program, Watch, appeared, skip};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_library_is_one_target_for_all_its_processes_until_the_last_ends() {
    let folder = Folder::new("one");
    let Some(library) = folder.libssl() else { return };
    let file = File::open(&library).unwrap();
    let mut watch = Watch::new("/proc".as_ref());
    let mut programs: Vec<_> = (0..5).map(|_| Program::with_library(&library)).collect();
    let changes = watch.scan(SECOND);
    let id = appeared(&changes, &file).unwrap();
    assert_eq!(changes.appeared.iter().filter(|target| target.id == id).count(), 1);
    let mut pids: Vec<_> = programs.iter().map(Program::pid).collect();
    pids.sort_unstable();
    assert_eq!(watch.processes_of(id), pids);

    let target = changes.appeared.iter().find(|target| target.id == id).unwrap();
    assert_eq!(target.library, Library::OpenSsl { flavour: Flavour::OpenSsl });
    assert_eq!(target.name, library);
    // Through the path the same bytes are reached.
    assert_eq!(std::fs::read(target.attach_path()).unwrap(), std::fs::read(&library).unwrap());

    assert_eq!(appeared(&watch.scan(SECOND), &file), None);
    programs.truncate(1);
    let changes = watch.scan(SECOND);
    assert!(!changes.gone.contains(&id));
    assert_eq!(watch.processes_of(id), [programs[0].pid()]);
    programs.clear();
    assert!(watch.scan(SECOND).gone.contains(&id));
    assert!(watch.watcher.targets().all(|target| target.id != id));
    // And anew.
    let _again = Program::with_library(&library);
    assert_eq!(appeared(&watch.scan(SECOND), &file), Some(id));
}

#[test]
fn a_library_that_is_loaded_late_is_found() {
    let folder = Folder::new("late");
    let Some(library) = folder.libssl() else { return };
    let file = File::open(&library).unwrap();
    let loads = "import ctypes, sys\nprint(sys.stdin.readline().strip(), flush=True)\n\
                 ctypes.CDLL(sys.stdin.readline().strip())\nprint('loaded', flush=True)\nsys.stdin.read()";
    if !Command::new("python3").args(["-c", "import ctypes"]).status().is_ok_and(|status| status.success()) {
        return skip("there is no python3 with ctypes").unwrap_or_default();
    }
    let mut program = Program::start(Command::new("python3").args(["-c", loads]));
    assert_eq!(program.ask("up"), "up");
    let mut watch = Watch::new("/proc".as_ref());
    assert_eq!(appeared(&watch.scan(SECOND), &file), None);
    assert_eq!(program.ask(library.to_str().unwrap()), "loaded");
    // A young process is looked at again after a second.
    let id = appeared(&watch.scan(SECOND), &file);
    assert_eq!(id.map(|id| watch.processes_of(id)), Some(vec![program.pid()]));
}

#[test]
fn an_old_process_gets_its_turn() {
    let folder = Folder::new("old");
    let Some(library) = folder.libssl() else { return };
    let file = File::open(&library).unwrap();
    // Only when told to go on does the shell become a program with the library.
    let mut program =
        Program::start(Command::new("sh").args(["-c", "echo up; read line; LD_PRELOAD=\"$line\" exec cat"]));
    assert_eq!(program.hear(), "up");
    let mut watch = Watch::new("/proc".as_ref());
    for _ in 0..8 {
        assert_eq!(appeared(&watch.scan(Duration::from_secs(60)), &file), None);
    }
    program.ask(&format!("{}\nup", library.display()));
    let processes = std::fs::read_dir("/proc").unwrap().count();
    // Everybody's turn comes, 16 at each scan.
    let found = (0..processes / 16 + 2).any(|_| appeared(&watch.scan(SECOND), &file).is_some());
    assert!(found);
}

#[test]
fn a_process_that_executes_another_program_is_looked_at_when_told() {
    let folder = Folder::new("exec");
    let Some(library) = folder.libssl() else { return };
    let file = File::open(&library).unwrap();
    let mut program = Program::start(
        Command::new("sh").env("LD_PRELOAD", &library).args(["-c", "echo up; read line; exec env -i cat"]),
    );
    assert_eq!(program.hear(), "up");
    let mut watch = Watch::new("/proc".as_ref());
    let changes = watch.look_at(program.pid());
    let id = appeared(&changes, &file).unwrap();
    assert_eq!(watch.processes_of(id), [program.pid()]);
    assert_eq!(program.ask("go\nup"), "up");
    assert!(watch.look_at(program.pid()).gone.contains(&id));
    drop(program);
    // Nobody by the id: nothing to tell.
    let changes = watch.look_at(u32::MAX);
    assert!(changes.appeared.is_empty() && changes.gone.is_empty());
}

#[test]
fn a_deleted_library_is_found_and_can_be_attached_to() {
    let folder = Folder::new("deleted");
    let Some(library) = folder.libssl() else { return };
    let file = File::open(&library).unwrap();
    let program = Program::with_library(&library);
    std::fs::remove_file(&library).unwrap();
    std::fs::write(&library, "another file").unwrap();
    if std::fs::read_dir(format!("/proc/{}/map_files", program.pid())).is_err() {
        return skip("files of mappings are for root alone").unwrap_or_default();
    }
    let mut watch = Watch::new("/proc".as_ref());
    let changes = watch.look_at(program.pid());
    let id = appeared(&changes, &file).unwrap();
    let target = changes.appeared.iter().find(|target| target.id == id).unwrap();
    assert_eq!(std::fs::read(target.attach_path()).unwrap().len() as u64, id.size);
}

#[test]
fn a_person_is_told_why() {
    let folder = Folder::new("why");
    let Some(library) = folder.libssl() else { return };
    let program = Program::with_library(&library);
    let text = explain("/proc".as_ref(), program.pid()).unwrap().to_string();
    let probes = examine(&File::open(&library).unwrap()).unwrap().unwrap().probes;
    // Reading and writing are one function each, or two.
    let functions = probes.iter().filter(|probe| probe.at == At::Entry).count();
    assert!([10, 11, 12].contains(&functions), "{probes:?}");
    let seen = format!("seen: {}: OpenSsl, {functions} functions\n", library.display());
    assert!(text.starts_with(&seen), "{text}");
    let plain = Program::start(&mut Command::new("cat"));
    let text = explain("/proc".as_ref(), plain.pid()).unwrap().to_string();
    assert!(text.starts_with("not seen: none of its "), "{text}");
    assert!(explain("/proc".as_ref(), u32::MAX).is_err());
}
