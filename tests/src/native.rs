//! The built-in parsers linked into the process behind the pipeline's trait: what a replay costs without the sandbox.
//!
//! Takes: batches. Gives: outcomes, made from the SDK's lists the same way as the runtime makes them from a guest's memory, but
//! without its checks. Does not do: limits, deadlines, faults. For measuring and comparing only.

mod adapter;
mod convert;

use weir::Failure;
use weir::replay::PluginFactory;
use weir_pipeline::parse::parser::ProtocolParser;

use adapter::Native;

/// The parsers of `plugins/`, linked natively.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeParsers;

impl PluginFactory for NativeParsers {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        Ok(vec![
            Box::new(Native::<weir_plugin_dns::Dns>::new()),
            Box::new(Native::<weir_plugin_http::Http>::new()),
            Box::new(Native::<weir_plugin_http2::Http2>::new()),
            Box::new(Native::<weir_plugin_mysql::MySql>::new()),
            Box::new(Native::<weir_plugin_redis::Redis>::new()),
        ])
    }
}

#[cfg(test)]
mod tests;
