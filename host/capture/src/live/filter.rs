//! tcpdump's filter language -> instructions for the kernel. Takes an expression, gives the program for each kind of interface.
//!
//! The compiler is libpcap's, which everybody who knows the language uses. It is looked for when a filter is asked for and not
//! linked, so that the binary starts on machines without it.

mod libpcap;

use self::libpcap::{LinkLayer, compile};
use super::error::LiveError;

/// One instruction of a classic BPF program: as `struct sock_filter` of Linux has it.
pub(super) type Instruction = libc::sock_filter;

/// A filter that was compiled.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    ethernet: Vec<Instruction>,
    ip: Vec<Instruction>,
}

impl Filter {
    /// Compiles an expression.
    pub(super) fn compile(expression: &str) -> Result<Self, LiveError> {
        let failed = |what: String| LiveError::Filter { filter: expression.to_owned(), what };
        if words(expression).any(|word| word == "vlan") {
            return Err(failed(
                "`vlan` can not be matched: the kernel takes the tag out of a frame before a filter sees it; leave it \
                 out, tagged frames match the rest of the filter like others"
                    .into(),
            ));
        }
        let ethernet = compile(expression, LinkLayer::Ethernet).map_err(failed)?;
        // A filter that speaks of MAC addresses can not match where there are none.
        let nothing = || vec![Instruction { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 }];
        let ip = compile(expression, LinkLayer::Ip).unwrap_or_else(|_| nothing());
        Ok(Self { ethernet, ip })
    }

    /// The program for interfaces whose frames begin with an Ethernet header, or with IP.
    pub(super) fn instructions(&self, ethernet: bool) -> &[Instruction] {
        if ethernet { &self.ethernet } else { &self.ip }
    }
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-' && c != '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlan_is_refused_with_the_reason() {
        for expression in ["vlan", "vlan 5 and tcp", "(vlan)", "tcp and not vlan"] {
            let error = Filter::compile(expression).unwrap_err().to_string();
            assert!(error.contains("takes the tag out"), "{error}");
        }
        assert!(words("host my-vlan.example").all(|word| word != "vlan"));
    }
}
