//! Takes: protocol, direction and resource of a payload. Gives: the tree of all paths to read in it, made once for each method.

use std::collections::HashMap;

use crate::compile::compile;
use crate::kind::Kind;
use crate::plan::{Pick, Tree};
use crate::rules::{Protocols, Rule};
use crate::schema::Schema;

/// Resources remembered. Methods are some hundred; URLs with ids in them would go on for ever, so all are forgotten then.
const RESOURCES: usize = 4096;
/// Longer resources are looked up each time: the host cuts them at 4096 bytes, so those remembered take 2 MiB at most.
const RESOURCE_BYTES: usize = 512;

/// What to do with a payload.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) tree: Tree,
    /// In the order of rules.
    pub(crate) outputs: Vec<Output>,
}

/// A value that a rule wants.
#[derive(Debug)]
pub(crate) struct Output {
    /// Index, of the rules that can be used.
    pub(crate) rule: usize,
    pub(crate) node: usize,
    pub(crate) kind: Kind,
    pub(crate) names: Option<usize>,
    pub(crate) pick: Pick,
}

/// Which rules a plan is made of, and for which message type.
type Recipe = (Vec<usize>, Option<usize>);

/// All plans that were needed so far.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    books: Vec<Book>,
    remembered: usize,
    made: HashMap<Recipe, usize>,
    plans: Vec<Plan>,
}

/// Plans of one protocol by resource: of responses, of requests.
#[derive(Debug)]
struct Book {
    protocol: Vec<u8>,
    resources: [HashMap<Vec<u8>, Option<usize>>; 2],
}

impl Plans {
    /// The plan; `None` when no rule is for it.
    pub(crate) fn find(
        &mut self,
        rules: &[Rule],
        schema: &Schema,
        protocol: &[u8],
        is_request: bool,
        resource: &[u8],
    ) -> Option<&Plan> {
        let resource = normal(protocol, resource);
        let known =
            self.book(protocol).and_then(|book| book.resources[usize::from(is_request)].get(resource));
        let index = match known {
            Some(index) => *index,
            None => self.remember(rules, schema, protocol, is_request, resource),
        };
        self.plans.get(index?)
    }

    fn book(&self, protocol: &[u8]) -> Option<&Book> {
        self.books.iter().find(|book| book.protocol == protocol)
    }

    fn remember(
        &mut self,
        rules: &[Rule],
        schema: &Schema,
        protocol: &[u8],
        is_request: bool,
        resource: &[u8],
    ) -> Option<usize> {
        if self.remembered >= RESOURCES {
            *self = Self::default();
        }
        let index = self.made(rules, schema, protocol, is_request, resource);
        if resource.len() <= RESOURCE_BYTES {
            let book = self.books.iter().position(|book| book.protocol == protocol).unwrap_or_else(|| {
                self.books.push(Book { protocol: protocol.to_vec(), resources: Default::default() });
                self.books.len() - 1
            });
            if let Some(book) = self.books.get_mut(book) {
                book.resources[usize::from(is_request)].insert(resource.to_vec(), index);
                self.remembered += 1;
            }
        }
        index
    }

    fn made(
        &mut self,
        rules: &[Rule],
        schema: &Schema,
        protocol: &[u8],
        is_request: bool,
        resource: &[u8],
    ) -> Option<usize> {
        let fits = |rule: &Rule| {
            let wanted = if is_request { rule.requests } else { rule.responses };
            wanted && rule.protocols.holds(protocol) && rule.resource.fits(resource)
        };
        let chosen: Vec<usize> = rules.iter().enumerate().filter(|(_, r)| fits(r)).map(|(i, _)| i).collect();
        if chosen.is_empty() {
            return None;
        }
        let method = std::str::from_utf8(resource).ok().and_then(|path| schema.method(path));
        let message = method.and_then(|method| if is_request { method.request } else { method.response });
        let recipe = (chosen, message);
        if let Some(made) = self.made.get(&recipe) {
            return Some(*made);
        }
        let plan = plan(rules, schema, &recipe);
        let index = self.plans.len();
        self.plans.push(plan);
        self.made.insert(recipe, index);
        Some(index)
    }
}

fn plan(rules: &[Rule], schema: &Schema, (chosen, of_method): &Recipe) -> Plan {
    let mut plan = Plan { tree: Tree::new(), outputs: Vec::new() };
    for index in chosen {
        let Some(rule) = rules.get(*index) else { continue };
        let message = message_of(rule, schema, *of_method);
        // A rule for many methods need not fit each of them; that it fits none was said at the start.
        let Ok(compiled) = compile(schema, message, &rule.path, rule.kind) else { continue };
        let node = plan.tree.add(&compiled.hops);
        let pick = compiled.hops.last().map_or(Pick::Single, |hop| hop.pick.clone());
        plan.outputs.push(Output { rule: *index, node, kind: compiled.kind, names: compiled.names, pick });
    }
    plan
}

/// The type that the rule names, else that of the method.
fn message_of(rule: &Rule, schema: &Schema, of_method: Option<usize>) -> Option<usize> {
    match &rule.type_name {
        Some(name) => schema.message_named(name),
        None => of_method.filter(|_| rule.is_method),
    }
}

/// Paths of methods lose their first slash, those of HTTP their query.
fn normal<'a>(protocol: &[u8], resource: &'a [u8]) -> &'a [u8] {
    if Protocols::Http.holds(protocol) {
        return resource.split(|byte| *byte == b'?').next().unwrap_or_default();
    }
    resource.strip_prefix(b"/").unwrap_or(resource)
}
