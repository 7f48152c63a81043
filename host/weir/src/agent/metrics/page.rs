//! Takes: families and their samples. Gives: a page in Prometheus' text format 0.0.4. Does not do: know any metric.

use std::fmt::Write;

use super::families::Family;

/// A page that grows.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    name: &'static str,
    labels: &'static [&'static str],
}

impl Page {
    /// The samples of this family follow.
    pub(super) fn begin(&mut self, family: &'static Family) {
        let Family { name, kind, help, labels, .. } = family;
        (self.name, self.labels) = (name, labels);
        // Writing to memory can not fail; the same holds below.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
    }

    /// One sample; `values` of the family's labels in their order.
    pub(super) fn sample(&mut self, values: &[&str], value: u64) {
        self.line(values);
        let _ = writeln!(self.text, " {value}");
    }

    /// The same of a number that is not whole.
    pub(super) fn real(&mut self, values: &[&str], value: f64) {
        self.line(values);
        let _ = writeln!(self.text, " {value}");
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, values: &[&str]) {
        self.text.push_str(self.name);
        let mut before = '{';
        for (label, value) in self.labels.iter().zip(values) {
            let _ = write!(self.text, "{before}{label}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
            before = ',';
        }
        if before == ',' {
            self.text.push('}');
        }
    }
}
