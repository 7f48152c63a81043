//! The rules of `parser.wit` for manifests. Takes: what a guest said. Gives: nothing, or the first rule that it breaks.

use weir_pipeline::parse::parser::{Manifest, Signature};

use crate::guest::Printable;
use crate::load_error::LoadError;

/// Longest text in a manifest: names go into every request log.
pub(crate) const MANIFEST_TEXT: usize = 64;
/// Longest list in a manifest. All signatures of all plugins become one matcher.
pub(crate) const MANIFEST_LIST: usize = 256;
/// Longest alternative of a signature, as `parser.wit` says.
const ALTERNATIVE_BYTES: usize = 16;
/// How far into the first bytes a signature may look: deeper ones would make the host wait for a second segment.
const SIGNATURE_REACH: u32 = 1024;

/// `parses`: a plugin that has only hooks names no protocol.
pub(crate) fn check(manifest: &Manifest, parses: bool) -> Result<(), LoadError> {
    first_fault(manifest, parses).map_or(Ok(()), |fault| Err(LoadError::Manifest(fault)))
}

fn first_fault(manifest: &Manifest, parses: bool) -> Option<String> {
    let Manifest { name, version, protocols, signatures } = manifest;
    if !is_name(name) {
        return Some(format!(
            "the name `{}` must be 1 to {MANIFEST_TEXT} lower-case letters, digits and dashes, and begin with a letter",
            Printable(name.as_bytes())
        ));
    }
    if !is_version(version) {
        return Some(format!("the version `{}` is not like `1.2.3`", Printable(version.as_bytes())));
    }
    if parses && protocols.is_empty() {
        return Some("it names no protocol".into());
    }
    // A message names its protocol with one byte.
    if protocols.len() > MANIFEST_LIST || signatures.len() > MANIFEST_LIST {
        return Some(format!("more than {MANIFEST_LIST} protocols or signatures"));
    }
    for (index, protocol) in protocols.iter().enumerate() {
        if !is_protocol(protocol) {
            let printable = Printable(protocol.as_bytes());
            return Some(format!(
                "the protocol `{printable}` must be 1 to {MANIFEST_TEXT} visible ASCII characters"
            ));
        }
        if protocols[..index].iter().any(|other| other.eq_ignore_ascii_case(protocol)) {
            return Some(format!("the protocol `{protocol}` stands there twice"));
        }
    }
    let bad = |(index, signature)| Some(format!("signature {index}: {}", signature_fault(signature)?));
    signatures.iter().enumerate().find_map(bad)
}

fn signature_fault(signature: &Signature) -> Option<String> {
    let Signature { offset, any_of, ports, .. } = signature;
    if *offset > SIGNATURE_REACH {
        return Some(format!("offset {offset} is beyond {SIGNATURE_REACH}"));
    }
    if any_of.len() > MANIFEST_LIST || ports.len() > MANIFEST_LIST {
        return Some(format!("more than {MANIFEST_LIST} alternatives or ports"));
    }
    let wrong = any_of.iter().find(|bytes| bytes.is_empty() || bytes.len() > ALTERNATIVE_BYTES)?;
    Some(format!("an alternative of {} bytes; 1 to {ALTERNATIVE_BYTES} are allowed", wrong.len()))
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.len() <= MANIFEST_TEXT
        && name.bytes().all(fits)
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}

fn is_protocol(name: &str) -> bool {
    (1..=MANIFEST_TEXT).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

/// Three numbers, and a suffix behind `-` or `+` (Semantic Versioning 2.0.0, 2, 9 and 10).
fn is_version(version: &str) -> bool {
    let end = version.find(['-', '+']).unwrap_or(version.len());
    let (numbers, suffix) = version.split_at(end);
    let is_number =
        |text: &str| !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
    version.len() <= MANIFEST_TEXT
        && numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && (suffix.is_empty() || suffix.len() > 1)
        && suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use weir_pipeline::decode::Transport;

    use super::*;

    fn good() -> Manifest {
        let signature = Signature {
            transport: Transport::Tcp,
            offset: 0,
            any_of: vec![b"GET ".to_vec()],
            ports: vec![80],
        };
        Manifest {
            name: "http".into(),
            version: "1.2.3".into(),
            protocols: vec!["HTTP".into()],
            signatures: vec![signature],
        }
    }

    fn refused(change: impl FnOnce(&mut Manifest)) -> String {
        let mut manifest = good();
        change(&mut manifest);
        first_fault(&manifest, true).expect("it must be refused")
    }

    #[test]
    fn a_good_one_passes() {
        assert_eq!(first_fault(&good(), true), None);
        for version in ["0.0.0", "1.2.3-rc.1", "1.2.3+build.5", "10.20.30"] {
            assert!(is_version(version), "{version}");
        }
    }

    #[test]
    fn names() {
        for name in ["", "Http", "1http", "-http", "http_1", "h ttp", "http\n", "höttp", &"h".repeat(65)] {
            assert!(refused(|m| m.name = name.into()).starts_with("the name"), "{name}");
        }
    }

    #[test]
    fn versions() {
        for version in
            ["", "1", "1.2", "1.2.3.4", "1.2.x", "v1.2.3", "1.2.3-", "1..3", "1.2.3 ", "1.2.\u{663}"]
        {
            assert!(refused(|m| m.version = version.into()).starts_with("the version"), "{version}");
        }
    }

    #[test]
    fn protocols() {
        assert_eq!(refused(|m| m.protocols.clear()), "it names no protocol");
        assert!(refused(|m| m.protocols = vec!["a b".into()]).contains("visible"));
        assert!(refused(|m| m.protocols = vec!["HTTP".into(), "http".into()]).contains("twice"));
        let many = (0..257).map(|n| format!("p{n}").into()).collect();
        assert!(refused(|m| m.protocols = many).starts_with("more than"));
    }

    #[test]
    fn signatures() {
        let first = |m: &mut Manifest| m.signatures[0].clone();
        let with = |change: fn(&mut Signature)| {
            refused(|m| {
                let mut signature = first(m);
                change(&mut signature);
                m.signatures.push(signature);
            })
        };
        assert!(with(|s| s.any_of.push(vec![0; 17])).starts_with("signature 1: an alternative of 17 bytes"));
        assert!(with(|s| s.any_of.push(vec![])).contains("of 0 bytes"));
        assert!(with(|s| s.offset = 1025).contains("offset"));
        assert!(with(|s| s.ports = vec![1; 257]).contains("more than"));
    }
}
