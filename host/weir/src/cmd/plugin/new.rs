//! `weir plugin new`: a folder with a project that builds and whose tests pass at once. It holds a copy of the SDK, so that neither
//! a registry nor a checkout is needed.

mod example;
mod fixture;
mod name;
mod project;
mod sdk;

use std::fs;
use std::io;
use std::path::Path;

use self::example::Example;
use self::name::Name;
use self::project::Project;
use super::print;
use crate::cli::plugin::{Language, NewArgs};
use crate::failure::Failure;

pub(super) fn run(arguments: &NewArgs) -> Result<(), Failure> {
    let name = Name::new(&arguments.name).map_err(Failure::usage)?;
    let sdk = arguments.sdk.as_deref().map(sdk_folder).transpose()?;
    let folder = Path::new(name.text());
    require_free(folder)?;
    let example = Example::of(arguments.hook);
    let project = match arguments.lang {
        Language::Rust => project::rust(&name, example, sdk.as_deref()),
        Language::Go => project::go(&name, example, sdk.as_deref()),
    };
    write(&project, folder).map_err(|(path, error)| {
        Failure::runtime(format_args!(
            "can not write {path}: {error}; remove {} and try again",
            folder.display()
        ))
    })?;
    print::out(&project.next_steps(&name));
    Ok(())
}

/// As it has to stand in a project that lies elsewhere.
fn sdk_folder(folder: &Path) -> Result<String, Failure> {
    let failed =
        |why: &str| Failure::runtime(format_args!("the SDK in {}: {why}; check the path", folder.display()));
    let path = folder.canonicalize().map_err(|error| failed(&error.to_string()))?;
    path.into_os_string().into_string().map_err(|_| failed("its path is not UTF-8"))
}

/// Nothing that somebody has is written over.
fn require_free(folder: &Path) -> Result<(), Failure> {
    let refused = |why: &str| {
        Err(Failure::runtime(format_args!("{} {why}; choose another name or remove it", folder.display())))
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => refused("is there and is not empty"),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => refused("is there and is no folder"),
        Err(error) => refused(&format!("can not be looked into ({error})")),
    }
}

fn write(project: &Project, folder: &Path) -> Result<(), (String, io::Error)> {
    for (path, content) in &project.files {
        let file = folder.join(path);
        let failed = |error| (file.display().to_string(), error);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&file, content).map_err(failed)?;
    }
    Ok(())
}
