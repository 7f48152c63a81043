//! Links of the book: what they lead to is there.

use crate::page::{folder, names};

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for name in names() {
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = folder().join(if file.is_empty() { name.as_str() } else { file });
            assert!(target.exists(), "{name}: {link}");
            if !heading.is_empty() {
                let target = std::fs::read_to_string(target).unwrap();
                assert!(
                    target.lines().any(|line| anchor(line) == Some(heading.to_owned())),
                    "{name}: {link}"
                );
            }
        }
    }
    assert!(count > 30, "{count} links");
}

/// As GitHub makes it of a heading.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?.to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}
