//! Takes: nodes of the file and texts of the command line. Gives: values of the agent's options, or what is wrong with them.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use tracing::Level;

use super::{AgentConfig, Share};
use crate::cli::{Format, THREADS_MAX};
use crate::group_config::read::unknown;
use crate::group_config::yaml::{Content, Node};
use crate::group_config::{ConfigError, Text};

/// How the agent says what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

/// Bytes of one call that may be captured: less tells no protocol, more does not fit into a record of the kernel's programs.
pub(crate) const CALL_BYTES: RangeInclusive<i64> = 64..=65_536;

/// A number with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds));
    match number.filter(|&number| number > 0) {
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        None => Err("give a number with its unit: `500ms`, `30s`, `5m`, `1h`".into()),
    }
}

/// Where this machine alone can reach the agent.
pub(crate) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let wrong = "give an address and a port: `127.0.0.1:9090`, `[::1]:9090`";
    let address: SocketAddr = text.parse().map_err(|_| wrong.to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err("only loopback addresses are listened on: counters tell who talks to whom, and nobody asks for a password; listen on \
         127.0.0.1 or [::1] and let something that does ask forward to it"
        .into())
}

/// A level of the log.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    let known = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let found = known.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "give one of `error`, `warn`, `info`, `debug`, `trace`".to_owned())
}

type Read<T> = Result<T, ConfigError>;

pub(super) fn texts(node: &Node, key: &str, _: &Path) -> Read<Vec<String>> {
    Ok(node.texts(key)?.into_iter().map(|text| text.text).collect())
}

pub(super) fn text(node: &Node, key: &str, _: &Path) -> Read<Option<String>> {
    Ok(Some(node.text(key)?.text))
}

pub(super) fn truth(node: &Node, key: &str, _: &Path) -> Read<bool> {
    node.truth(key)
}

pub(super) fn path(node: &Node, key: &str, folder: &Path) -> Read<Option<PathBuf>> {
    Ok(Some(folder.join(node.text(key)?.text)))
}

pub(super) fn paths(node: &Node, key: &str, folder: &Path) -> Read<Vec<PathBuf>> {
    Ok(node.texts(key)?.into_iter().map(|text| folder.join(text.text)).collect())
}

pub(super) fn processes(node: &Node, key: &str, _: &Path) -> Read<Vec<u32>> {
    numbers(node, key, "give numbers of processes")
}

pub(super) fn ports(node: &Node, key: &str, _: &Path) -> Read<Vec<u16>> {
    let ports = numbers::<NonZeroU16>(node, key, "give ports from 1 to 65535")?;
    Ok(ports.into_iter().map(NonZeroU16::get).collect())
}

fn numbers<T: FromStr>(node: &Node, key: &str, wrong: &str) -> Read<Vec<T>> {
    let number = |text: Text| {
        let message = || format!("`{key}`: `{}`: {wrong}", text.text);
        text.text.parse().map_err(|_| ConfigError::new(text.line, message()))
    };
    node.texts(key)?.into_iter().map(number).collect()
}

pub(super) fn call_bytes(node: &Node, key: &str, _: &Path) -> Read<u32> {
    let size = u32::try_from(node.size(key)?).ok().filter(|size| CALL_BYTES.contains(&i64::from(*size)));
    let wrong = || format!("`{key}`: give {} to {} bytes", CALL_BYTES.start(), CALL_BYTES.end());
    size.ok_or_else(|| ConfigError::new(node.line, wrong()))
}

pub(super) fn threads(node: &Node, key: &str, _: &Path) -> Read<u16> {
    let wrong = || format!("give a number from 1 to {THREADS_MAX}");
    node.parsed(key, |text| {
        let number = text.parse::<u16>().ok();
        number.filter(|number| (1..=THREADS_MAX).contains(&i64::from(*number))).ok_or_else(wrong)
    })
}

pub(super) fn time(node: &Node, key: &str, _: &Path) -> Read<Option<Duration>> {
    node.parsed(key, duration).map(Some)
}

pub(super) fn format(node: &Node, key: &str, _: &Path) -> Read<Format> {
    // YAML takes the word for nothing; here it is the name of a format.
    match &node.content {
        Content::Scalar { text, .. } if text == "null" => Ok(Format::Null),
        _ if node.is_null() => Ok(AgentConfig::default().format),
        _ => choice(node, key),
    }
}

pub(super) fn log_format(node: &Node, key: &str, _: &Path) -> Read<LogFormat> {
    choice(node, key)
}

pub(super) fn log_level(node: &Node, key: &str, _: &Path) -> Read<Option<Level>> {
    node.parsed(key, level).map(Some)
}

pub(super) fn address(node: &Node, key: &str, _: &Path) -> Read<Option<SocketAddr>> {
    node.parsed(key, loopback).map(Some)
}

pub(super) fn limits(node: &Node, key: &str, _: &Path) -> Read<Share> {
    let mut share = Share::default();
    for entry in node.mapping(key)? {
        match entry.key.as_str() {
            known if entry.value.is_null() && LIMITS.contains(&known) => {}
            "cpu" => share.cpu = Some(entry.value.parsed("cpu", cores)?),
            "memory" => share.memory = Some(entry.value.size("memory")? as u64),
            _ => return Err(unknown(entry.line, "key of limits", &entry.key, LIMITS)),
        }
    }
    Ok(share)
}

const LIMITS: [&str; 2] = ["cpu", "memory"];

/// Below a hundredth of a core the clock's own steps would decide.
fn cores(text: &str) -> Result<f64, String> {
    let cores = text.parse::<f64>().ok().filter(|cores| (0.01..=1024.0).contains(cores));
    cores.ok_or_else(|| "give a number of cores from 0.01 on: `0.5`, `2`".to_owned())
}

fn choice<T: ValueEnum>(node: &Node, key: &str) -> Read<T> {
    let text = node.text(key)?;
    T::from_str(&text.text, false).map_err(|_| {
        let names: Vec<_> = T::value_variants().iter().filter_map(T::to_possible_value).collect();
        let names = names.iter().map(PossibleValue::get_name);
        unknown(text.line, key, &text.text, names)
    })
}
