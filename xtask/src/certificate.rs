//! A key and a certificate that signs itself, for servers of the bench and of other kernels. Takes a folder. Gives both files' paths.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::command;

pub(crate) struct Certificate {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
}

/// Has openssl write both into the folder; good for two days.
pub(crate) fn make(folder: &Path) -> Result<Certificate> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-batch",
    ]);
    openssl.args(["-days", "2", "-subj", "/CN=localhost", "-keyout"]).arg(&key).arg("-out").arg(&certificate);
    command::run(openssl.stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(Certificate { key, certificate })
}
