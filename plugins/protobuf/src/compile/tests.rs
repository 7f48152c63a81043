//! Paths against types.

use super::*;
use crate::path;
use crate::plan::Key;
use crate::schema;

const SHOP: &str = r#"
syntax = "proto3";
package shop;
import "google/protobuf/wrappers.proto";
enum State { OPEN = 0; PAID = 1; }
message Order {
  string id = 1;
  repeated Item items = 2;
  map<string, Item> by_sku = 3;
  Order parent = 4;
  State state = 5;
  repeated sint32 numbers = 6;
  google.protobuf.Int64Value account = 7;
  other.Thing thing = 8;
  map<int32, string> labels = 9;
}
message Item { string sku = 1; repeated string tags = 2; }
"#;

fn compile_in(message: Option<&str>, text: &str, kind: Option<Kind>) -> Result<Compiled, String> {
    let schema = schema::from_text(&[SHOP.to_owned()]).unwrap();
    let message = message.map(|name| schema.message_named(name).unwrap());
    compile(&schema, message, &path::parse(text).unwrap(), kind)
}

fn hops(text: &str) -> Vec<(u32, Pick)> {
    let compiled =
        compile_in(Some("shop.Order"), text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
    compiled.hops.into_iter().map(|hop| (hop.number, hop.pick)).collect()
}

#[test]
fn names_and_numbers() {
    use Pick::{All, First, Last, Single};
    let key = |text| Pick::Key(Key::new(text));
    for (text, expected) in [
        ("id", vec![(1, Single)]),
        ("id[last]", vec![(1, Single)]),
        ("1", vec![(1, Single)]),
        ("parent.4.parent.id", vec![(4, Single), (4, Single), (4, Single), (1, Single)]),
        ("items.sku", vec![(2, First), (1, Single)]),
        ("items[].tags[last]", vec![(2, All), (2, Last)]),
        ("by_sku[a].sku", vec![(3, key("a")), (2, Single), (1, Single)]),
        ("labels[7]", vec![(9, key("7")), (2, Single)]),
        ("by_sku.value.sku", vec![(3, First), (2, Single), (1, Single)]),
        ("account", vec![(7, Single), (1, Single)]),
        ("account.value", vec![(7, Single), (1, Single)]),
        ("thing.3", vec![(8, Single), (3, First)]),
        ("77.5[]", vec![(77, First), (5, All)]),
    ] {
        assert_eq!(hops(text), expected, "{text}");
    }
}

#[test]
fn types_of_values() {
    let kind = |text, kind| compile_in(Some("shop.Order"), text, kind).map(|c| (c.kind, c.names.is_some()));
    for (text, expected) in [
        ("id", (Kind::Text, false)),
        ("state", (Kind::Enum, true)),
        ("5", (Kind::Enum, true)),
        ("numbers[]", (Kind::Sint32, false)),
        ("account", (Kind::Int64, false)),
        ("77", (Kind::Unknown, false)),
        ("thing.1", (Kind::Unknown, false)),
        ("labels[1]", (Kind::Text, false)),
    ] {
        assert_eq!(kind(text, None), Ok(expected), "{text}");
    }
    assert_eq!(kind("77", Some(Kind::Double)), Ok((Kind::Double, false)), "the rule says");
    assert_eq!(kind("parent", Some(Kind::Bytes)), Ok((Kind::Bytes, false)), "a message as it stands there");
}

#[test]
fn what_is_wrong_is_said() {
    for (text, said) in [
        ("idd", "shop.Order has no field `idd`; the nearest valid name is `id`"),
        ("items.skus", "shop.Item has no field `skus`; the nearest valid name is `sku`"),
        ("id.x", "field 1 on the way has no fields"),
        ("state.1", "field 5 on the way has no fields"),
        (
            "parent",
            "leads to a message, shop.Order; name one of its fields (id, items, by_sku, parent, state)",
        ),
        ("items", "leads to a message, shop.Item"),
        ("items[a]", "`items` is no map"),
        ("id[a]", "`id` is no map"),
        ("thing.name", "`name` is a name, but the type other.Thing is in no file that was given"),
        ("77.name", "`name` is a name, but nothing is known of field 77"),
    ] {
        let error = compile_in(Some("shop.Order"), text, None).unwrap_err();
        assert!(error.contains(said), "{text}: {error}");
    }
    assert!(compile_in(None, "id", None).unwrap_err().contains("say it with `type`"));
    let bare = compile(&schema::Schema::default(), None, &path::parse("id").unwrap(), None).unwrap_err();
    assert!(bare.contains("without `proto`"), "{bare}");
}
