//! Takes: rules and the schema. Gives: those that can ever find something; says of each other one why not.

use crate::compile::compile;
use crate::path::FieldRef;
use crate::rules::{Rule, hint};
use crate::schema::{Method, Schema};

/// Leaves out what can not work.
pub(crate) fn usable(rules: Vec<Rule>, schema: &Schema, problems: &mut Vec<String>) -> Vec<Rule> {
    let mut good = Vec::with_capacity(rules.len());
    for rule in rules {
        match verdict(&rule, schema) {
            Ok(()) => good.push(rule),
            Err(why) => problems.push(format!("rule {} (field {}): {why}", rule.index, rule.path_text)),
        }
    }
    good
}

fn verdict(rule: &Rule, schema: &Schema) -> Result<(), String> {
    if let Some(name) = &rule.type_name {
        let message = schema
            .message_named(name)
            .ok_or_else(|| format!("no message type `{name}`{}", hint(name, schema.message_names())))?;
        return compile(schema, Some(message), &rule.path, rule.kind).map(drop);
    }
    let has_names = rule.path.iter().any(|part| matches!(part.field, FieldRef::Name(_)));
    if !rule.is_method || schema.is_empty() {
        return compile(schema, None, &rule.path, rule.kind).map(drop);
    }
    let methods: Vec<Method> = matching(rule, schema).collect();
    if methods.is_empty() && !has_names {
        return compile(schema, None, &rule.path, rule.kind).map(drop);
    }
    if methods.is_empty() {
        let pattern = rule.resource.text();
        let near =
            if rule.resource.has_wildcard() { String::new() } else { hint(pattern, schema.method_names()) };
        return Err(format!("no service has the method `{pattern}`{near}"));
    }
    any_fits(rule, schema, &methods)
}

/// Methods whose path fits the pattern.
fn matching<'a>(rule: &'a Rule, schema: &'a Schema) -> impl Iterator<Item = Method> + 'a {
    let fitting = schema.method_names().filter(|name| rule.resource.fits(name.as_bytes()));
    let exact = Some(rule.resource.text()).filter(|_| !rule.resource.has_wildcard());
    fitting.chain(exact).filter_map(|name| schema.method(name))
}

fn any_fits(rule: &Rule, schema: &Schema, methods: &[Method]) -> Result<(), String> {
    let mut first = None;
    for method in methods {
        let requests = rule.requests.then_some(method.request);
        let responses = rule.responses.then_some(method.response);
        for message in [requests, responses].into_iter().flatten() {
            match compile(schema, message, &rule.path, rule.kind) {
                Ok(_) => return Ok(()),
                Err(why) => _ = first.get_or_insert(why),
            }
        }
    }
    first.map_or(Ok(()), Err)
}
