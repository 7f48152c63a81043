//! A descriptor set of protoc and a message of another library, read by every kind of path.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;

const TEXT: &str = include_str!("../../../fixtures/shop.proto");
const SET: &[u8] = include_bytes!("../../../fixtures/shop.binpb");
const ORDER: &[u8] = include_bytes!("../../../fixtures/order.bin");

const VALUES: [(&str, &str); 23] = [
    ("id", "A-1"),
    ("items.sku", "x"),
    ("items[].sku", "x,y"),
    ("items[last].sku", "y"),
    ("items[first].delta", "-5"),
    ("items[last].parent.id", "P-1"),
    ("items[].parent.id", "P-1"),
    ("by_sku[b].sku", "sku b"),
    ("by_sku[\"a\"].sku", "sku a"),
    ("by_sku[].key", "a,b"),
    ("account", "acc"),
    ("account.value", "acc"),
    ("at.seconds", "1700000000"),
    ("state", "LOST"),
    ("numbers", "-1"),
    ("numbers[last]", "-300"),
    ("numbers[]", "-1,2,-300"),
    ("inner.key", "01ff"),
    ("9.1", "01ff"),
    ("price", "-1.25"),
    ("big", "18446744073709551615"),
    ("labels[-7]", "minus seven"),
    ("labels[7]", "seven"),
];

fn check(source: (&str, &str)) {
    for (path, value) in VALUES {
        let path = path.replace('"', "\\\"");
        let rules = format!(r#"{{"method":"shop.v1.Orders/Get","field":"{path}","to":"attributes.v"}}"#);
        for subject in [grpc_request, grpc_response] {
            let subject = subject("/shop.v1.Orders/Get", &Draft(ORDER.to_vec()));
            assert_eq!(one(&[("rules", &rules), source], subject).attribute("v"), Some(value), "{path}");
        }
    }
}

#[test]
fn from_text() {
    check(("proto", TEXT));
}

#[test]
fn from_a_descriptor_set() {
    check(("descriptor-set", &BASE64.encode(SET)));
}

#[test]
fn fields_that_are_not_there_have_no_value() {
    for path in ["card", "items[].parent.items[].sku", "by_sku[c].sku", "labels[8]", "at.nanos"] {
        let rules = format!(r#"{{"method":"*","field":"{path}","to":"attributes.v"}}"#);
        let subject = grpc_request("/shop.v1.Orders/Get", &Draft(ORDER.to_vec()));
        assert_eq!(one(&[("rules", &rules), ("proto", TEXT)], subject), Patched::nothing(), "{path}");
    }
}
