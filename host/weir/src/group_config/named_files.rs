//! Takes: the file of a group configuration. Gives: the files that it names (`{file: PATH}` under `plugin-config`), to look after
//! them. Does not do: refuse anything; what is not understood names no file.

use std::path::{Path, PathBuf};

use super::read_file;
use super::settings::FILE;
use super::yaml::{Content, Node, parse};

/// More than any configuration names; each costs a look whenever something changes.
const FILES: usize = 256;

/// The files, whether they are there or not.
pub(crate) fn named_files(config: &Path) -> Vec<PathBuf> {
    let folder = config.parent().unwrap_or(Path::new(""));
    let mut names = Vec::new();
    if let Ok(text) = read_file(config)
        && let Ok(Some(root)) = parse(&text)
        && let Content::Mapping(entries) = &root.content
    {
        let sections = entries.iter().filter(|entry| entry.key == "plugin-config");
        sections.for_each(|section| walk(&section.value, folder, &mut names));
    }
    names
}

/// The reader of YAML bounds how deep it goes.
fn walk(node: &Node, folder: &Path, names: &mut Vec<PathBuf>) {
    match &node.content {
        Content::Sequence(items) => items.iter().for_each(|item| walk(item, folder, names)),
        Content::Mapping(entries) => {
            if let [only] = entries.as_slice()
                && only.key == FILE
                && let Content::Scalar { text, .. } = &only.value.content
                && names.len() < FILES
            {
                names.push(folder.join(text));
            }
            entries.iter().for_each(|entry| walk(&entry.value, folder, names));
        }
        Content::Scalar { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_at_any_depth_and_from_the_folder_on() {
        let folder = std::env::temp_dir().join(format!("weir-named-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("group.yaml");
        let text = "plugin-config:\n  a: {schema: {file: x.proto}}\n  b: {list: [{file: /y}, {file: z, more: 1}]}\n\
                    limits: {file: no}\n";
        std::fs::write(&config, text).unwrap();
        assert_eq!(named_files(&config), [folder.join("x.proto"), PathBuf::from("/y")]);
        std::fs::write(&config, "a: [").unwrap();
        assert!(named_files(&config).is_empty() && named_files(Path::new("/no/such")).is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
