//! The programs of `ebpf/program`, compiled for the kernel.
//!
//! Takes nothing. Gives: the object's bytes, or why this build has none. Does not load them.
#![forbid(unsafe_code)]

use std::fmt;

/// Readers of ELF take structures out of the bytes where they lie; 32 is more than any of them asks for.
#[repr(C, align(32))]
struct Aligned<T: ?Sized>(T);

static OBJECT: Result<&Aligned<[u8]>, &str> = include!(concat!(env!("OUT_DIR"), "/object.rs"));

/// This program was built without the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// What was missing when it was built.
    pub reason: &'static str,
}

impl fmt::Display for NotBuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason } = self;
        write!(f, "this weir was built without system-call capture: {reason}")
    }
}

impl std::error::Error for NotBuilt {}

/// The object: ELF with BTF, aligned for every reader.
///
/// # Errors
///
/// This build has none.
pub fn object() -> Result<&'static [u8], NotBuilt> {
    OBJECT.map(|object| &object.0).map_err(|reason| NotBuilt { reason })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_object_is_for_the_kernel_or_its_absence_has_a_reason() {
        match super::object() {
            Ok(object) => {
                // 64 bits, little endian, machine 247 (EM_BPF).
                assert!(object.starts_with(b"\x7fELF\x02\x01"));
                assert_eq!(object.get(18..20), Some(&[247, 0][..]));
                assert_eq!(object.as_ptr().addr() % 32, 0);
                let folder = env!("CARGO_MANIFEST_DIR").as_bytes();
                assert!(
                    !object.windows(folder.len()).any(|part| part == folder),
                    "it names the builder's folder"
                );
            }
            Err(error) => {
                assert!(std::env::var_os("CI").is_none() || error.reason.contains("skip"), "{error}");
                assert!(!error.reason.is_empty() && !error.to_string().contains('\n'));
            }
        }
    }
}
