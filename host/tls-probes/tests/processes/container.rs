//! Processes in mount namespaces of their own, as in containers.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::program::{Folder, Program, Watch, appeared, libssl, skip};

/// A program in a new mount namespace, after `prepare` ran there. None: it is not allowed; that was said.
fn contained(prepare: &str, library: &str) -> Option<Program> {
    let script = format!("{{ {prepare}; }} && echo ready && LD_PRELOAD={library} exec cat");
    let mut command = Command::new("unshare");
    let mut program = Program::start(command.args(["-m", "--propagation", "private", "sh", "-c", &script]));
    if program.hear() != "ready" {
        return skip(&format!("this can not be done in a mount namespace: {prepare}"));
    }
    assert_eq!(program.ask("up"), "up");
    Some(program)
}

#[test]
fn a_library_that_only_a_container_has_is_found() {
    let Some(libssl) = libssl() else { return };
    let folder = Folder::new("container");
    let place = folder.0.display();
    let prepare = format!("mount -t tmpfs t {place} && cp {} {place}/libssl.so.3", libssl.display());
    let inside = format!("{place}/libssl.so.3");
    let Some(program) = contained(&prepare, &inside) else { return };
    assert!(!Path::new(&inside).exists(), "it is to be there for the container alone");
    let mut watch = Watch::new("/proc".as_ref());
    let changes = watch.scan(Duration::ZERO);
    let target = changes.appeared.iter().find(|target| target.name == Path::new(&inside)).unwrap();
    assert_eq!(watch.processes_of(target.id), [program.pid()]);
    assert_eq!(std::fs::read(target.attach_path()).unwrap(), std::fs::read(libssl).unwrap());
    let id = target.id;
    drop(program);
    assert!(watch.scan(Duration::ZERO).gone.contains(&id));
    // It can still be detached from: the file is open as long as the target is held.
    assert!(changes.appeared.iter().any(|target| target.id == id && target.attach_path().exists()));
}

#[test]
fn containers_of_one_image_share_a_target() {
    let folder = Folder::new("image");
    let Some(library) = folder.libssl() else { return };
    let [image, empty, merged] = ["image", "empty", "merged"].map(|name| folder.0.join(name));
    for path in [&image, &empty, &merged] {
        std::fs::create_dir(path).unwrap();
    }
    let below = image.join("libssl.so.3");
    std::fs::rename(library, &below).unwrap();
    let (image, empty, place) = (image.display(), empty.display(), merged.display());
    let prepare = format!("mount -t overlay o -o lowerdir={image}:{empty} {place}");
    let inside = merged.join("libssl.so.3");
    let Some(first) = contained(&prepare, inside.to_str().unwrap()) else { return };
    let Some(second) = contained(&prepare, inside.to_str().unwrap()) else { return };
    let mut watch = Watch::new("/proc".as_ref());
    let changes = watch.scan(Duration::ZERO);
    let id = appeared(&changes, &File::open(&below).unwrap()).unwrap();
    let mut pids = vec![first.pid(), second.pid()];
    pids.sort_unstable();
    assert_eq!(watch.processes_of(id), pids);
    assert_eq!(changes.appeared.iter().filter(|target| target.name == inside).count(), 1);
}
