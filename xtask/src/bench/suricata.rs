//! Suricata's configuration for the comparison: HTTP only, its JSON log only, room for all connections.
//!
//! Takes: a folder for logs. Gives: YAML. Limits are lifted where the defaults would make it log less than it could.

use std::path::Path;

/// Name of its log file.
pub(super) const LOG: &str = "eve.json";

/// The whole file.
pub(super) fn configuration(folder: &Path) -> String {
    TEMPLATE.replace("FOLDER", &folder.to_string_lossy()).replace("LOG", LOG)
}

/// `detect` is off with the engine's own switch: no rules are compared. Stream depth 0 means that long connections are
/// logged to their end; memory limits are far above what the capture needs.
const TEMPLATE: &str = "%YAML 1.1
---
default-log-dir: FOLDER
stats:
  enabled: no
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: LOG
      types:
        - http:
            extended: yes
logging:
  default-log-level: error
  outputs:
    - console:
        enabled: yes
app-layer:
  protocols:
    http:
      enabled: yes
      libhtp:
        default-config:
          personality: IDS
          request-body-limit: 1kb
          response-body-limit: 1kb
flow:
  memcap: 4gb
  hash-size: 1048576
  prealloc: 10000
stream:
  memcap: 4gb
  checksum-validation: no
  midstream: false
  inline: no
  reassembly:
    memcap: 4gb
    depth: 0
host:
  memcap: 64mb
defrag:
  memcap: 64mb
detect:
  profile: low
max-pending-packets: 1024
";
