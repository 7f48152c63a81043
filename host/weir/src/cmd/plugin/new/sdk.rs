//! The sources of the SDKs, as they were when this binary was built.

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// Folder of the copy inside of a project.
pub(super) const FOLDER: &str = "weir-plugin-sdk";
