//! Takes: the path of a file. Gives: every path whose change makes it another file: each link on the way, and the file at its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// Links that are followed; the kernel stops at as many (path_resolution(7)).
const LINKS: usize = 40;

/// The links on the way to a file and what is at its end, whether that is there or not. Absolute, without `.` and `..`.
pub(super) fn places(file: &Path) -> Vec<PathBuf> {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let (mut places, mut here) = (Vec::new(), PathBuf::from("/"));
    let mut rest = names(&whole);
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(name);
        match std::fs::read_link(&next) {
            Ok(target) if places.len() < LINKS => {
                places.push(next);
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                let mut way = names(&target);
                way.append(&mut rest);
                rest = way;
            }
            _ => here = next,
        }
    }
    places.push(here);
    places
}

fn names(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_link_on_the_way_is_a_place() {
        let folder = std::env::temp_dir().join(format!("weir-places-{}", std::process::id()));
        fs::create_dir_all(folder.join("..2026")).unwrap();
        let folder = folder.canonicalize().unwrap();
        fs::write(folder.join("..2026/agent.yaml"), "").unwrap();
        symlink("..2026", folder.join("..data")).unwrap();
        symlink("..data/agent.yaml", folder.join("agent.yaml")).unwrap();
        let expected = ["agent.yaml", "..data", "..2026/agent.yaml"].map(|name| folder.join(name));
        assert_eq!(places(&folder.join("./x/../agent.yaml")), expected);
        symlink(folder.join("loop"), folder.join("loop")).unwrap();
        assert!(places(&folder.join("loop")).len() <= LINKS + 1);
        assert_eq!(places(&folder.join("none/at/all")), [folder.join("none/at/all")]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
