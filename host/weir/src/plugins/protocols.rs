//! Takes: `l7-protocol-enabled`. Gives: which plugins run. A plugin runs when one of its protocols is on.

use weir_plugin_runtime::Plugin;

use super::Given;
use crate::group_config::{ConfigError, Text};
use crate::nearest::nearest;

/// What the user's plugins add, whatever it is called.
const CUSTOM: &str = "Custom";

/// Protocols that DeepFlow's users may have in their lists. Those that no plugin parses are noted, not refused: a list that
/// works there works here.
const KNOWN: [&str; 32] = [
    "HTTP",
    "HTTP2",
    "Dubbo",
    "gRPC",
    "SofaRPC",
    "FastCGI",
    "bRPC",
    "Tars",
    "Some/IP",
    "ISO8583",
    "Triple",
    "NetSign",
    "MySQL",
    "PostgreSQL",
    "Oracle",
    "DM",
    "Redis",
    "MongoDB",
    "Memcached",
    "Kafka",
    "MQTT",
    "AMQP",
    "OpenWire",
    "NATS",
    "Pulsar",
    "ZMTP",
    "RocketMQ",
    "WebSphereMQ",
    "DNS",
    "TLS",
    "Ping",
    CUSTOM,
];

/// Which protocols are on; none: all.
pub(super) struct Enabled<'a>(Option<&'a [Text]>);

impl<'a> Enabled<'a> {
    pub(super) fn new(
        names: Option<&'a [Text]>,
        built_in: &[Plugin],
        given: &[Given],
        notes: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let parsed: Vec<&str> = built_in
            .iter()
            .chain(given.iter().map(|g| &g.plugin))
            .flat_map(|plugin| plugin.manifest().protocols.iter().map(|p| &**p))
            .collect();
        for Text { line, text } in names.unwrap_or_default() {
            let is = |known: &str| known.eq_ignore_ascii_case(text);
            if parsed.iter().any(|p| is(p)) || is(CUSTOM) {
                continue;
            }
            if !KNOWN.iter().any(|known| is(known)) {
                let hint = nearest(text, KNOWN.iter().chain(&parsed).copied()).unwrap_or(CUSTOM);
                let message = format!("unknown protocol `{text}`; the nearest valid name is `{hint}`");
                return Err(ConfigError::new(*line, message));
            }
            notes.push(format!("l7-protocol-enabled names {text}, which no plugin parses"));
        }
        Ok(Self(names))
    }

    /// Whether a built-in plugin runs.
    pub(super) fn built_in(&self, plugin: &Plugin) -> bool {
        self.0.is_none_or(|names| {
            let protocols = &plugin.manifest().protocols;
            names.iter().any(|name| protocols.iter().any(|p| p.eq_ignore_ascii_case(&name.text)))
        })
    }

    /// Whether a user's plugin runs. One that only has hooks does.
    pub(super) fn given(&self, plugin: &Plugin) -> bool {
        !plugin.parses()
            || self.0.is_none_or(|names| names.iter().any(|name| name.text.eq_ignore_ascii_case(CUSTOM)))
            || self.built_in(plugin)
    }
}
