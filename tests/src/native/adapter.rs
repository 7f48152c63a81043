//! One parser of the SDK behind the pipeline's trait.
//!
//! Takes: batches of one thread. Gives: outcomes. Knows neither `weir` nor the sandbox, so the fuzz targets use this file too.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};
use weir_plugin_sdk::abi;
use weir_plugin_sdk::instance::Instance;
use weir_plugin_sdk::parser::Parser;

use super::convert;

thread_local! {
    /// Parsers are written for one thread (the SDK shares lists by `Rc`), as a guest has only one. So each stays in the thread that
    /// made it, and what may move is its number.
    static INSTANCES: RefCell<Vec<Option<Box<dyn Any>>>> = const { RefCell::new(Vec::new()) };
}

/// A parser of the SDK as the pipeline wants it. To be called in the thread that made it.
pub(super) struct Native<P> {
    manifest: Arc<Manifest>,
    /// Index into the thread's instances.
    number: usize,
    flows: Vec<abi::Flow>,
    events: Vec<abi::StreamEvent>,
    parser: PhantomData<fn() -> P>,
}

impl<P: Parser> Native<P> {
    pub(super) fn new() -> Self {
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
