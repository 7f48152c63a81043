//! The built-in parsers linked into the process behind the pipeline's trait: what a replay costs without the sandbox.
//!
//! Takes: batches. Gives: outcomes, made from the SDK's lists the same way as the runtime makes them from a guest's memory, but
//! without its checks. Does not do: limits, deadlines, faults. For measuring and comparing only.

mod convert;

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use weir::Failure;
use weir::replay::ParserFactory;
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};
use weir_plugin_sdk::abi;
use weir_plugin_sdk::instance::Instance;
use weir_plugin_sdk::parser::Parser;

thread_local! {
    /// Parsers are written for one thread (the SDK shares lists by `Rc`), as a guest has only one. So each stays in the thread that
    /// made it, and what may move is its number.
    static INSTANCES: RefCell<Vec<Option<Box<dyn Any>>>> = const { RefCell::new(Vec::new()) };
}

/// The parsers of `plugins/`, linked natively.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeParsers;

impl ParserFactory for NativeParsers {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        Ok(vec![
            Box::new(Native::<weir_plugin_dns::Dns>::new()),
            Box::new(Native::<weir_plugin_http::Http>::new()),
            Box::new(Native::<weir_plugin_mysql::MySql>::new()),
            Box::new(Native::<weir_plugin_redis::Redis>::new()),
        ])
    }
}

/// A parser of the SDK as the pipeline wants it. To be called in the thread that made it.
struct Native<P> {
    manifest: Arc<Manifest>,
    /// Index into the thread's instances.
    number: usize,
    flows: Vec<abi::Flow>,
    events: Vec<abi::StreamEvent>,
    parser: PhantomData<fn() -> P>,
}

impl<P: Parser> Native<P> {
    fn new() -> Self {
        let number = INSTANCES.with_borrow_mut(|instances| {
            instances.push(Some(Box::new(Instance::<P>::default())));
            instances.len() - 1
        });
        let manifest = Arc::new(convert::manifest(&P::manifest()));
        Self { manifest, number, flows: Vec::new(), events: Vec::new(), parser: PhantomData }
    }
}

impl<P> Drop for Native<P> {
    fn drop(&mut self) {
        // A thread that ends may have dropped its instances before.
        let _ = INSTANCES.try_with(|instances| {
            if let Some(slot) = instances.borrow_mut().get_mut(self.number) {
                *slot = None;
            }
        });
    }
}

impl<P: Parser> ProtocolParser for Native<P> {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        Ok(convert::verdict(P::check(payload, &convert::probe(probe))))
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        self.flows.clear();
        self.flows.extend(flows.iter().map(convert::flow));
        self.events.clear();
        self.events.extend(events.iter().map(convert::event));
        INSTANCES.with_borrow_mut(|instances| {
            let slot = instances.get_mut(self.number).and_then(Option::as_mut);
            let instance = slot.and_then(|instance| instance.downcast_mut::<Instance<P>>());
            let instance = instance.expect("a native parser is called in the thread that made it");
            convert::outcome(instance.process(arena, &self.flows, &self.events), outcome);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
