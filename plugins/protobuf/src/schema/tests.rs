//! Names are found where Protobuf's own compiler finds them.

use proptest::prelude::*;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::*;

const SHOP: &str = r#"
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/api/annotations.proto";

enum State { STATE_UNKNOWN = 0; PAID = 1; option allow_alias = true; DONE = 1; LOST = -1; }

message Order {
  option deprecated = true;
  message Item {
    enum State { NEW = 0; }
    string sku = 1;
    State state = 2;
    .shop.v1.State outer = 3;
    Order parent = 4;
  }
  string id = 1 [deprecated = true];
  repeated Item items = 2;
  map<string, Item> by_sku = 3;
  oneof payer { string card = 4; google.protobuf.StringValue account = 5; }
  google.protobuf.Timestamp at = 6;
  common.Money price = 7;
  State state = 8;
  repeated sint32 numbers = 9 [packed = false];
  reserved 10, 20 to 30;
}

service Orders {
  rpc Get(OrderId) returns (Order) { option (google.api.http) = { get: "/v1/{id}" }; }
  rpc Put(stream Order) returns (stream shop.v1.Order);
  rpc Lost(common.Money) returns (Order);
}
message OrderId { string id = 1; }
"#;

fn shop() -> Schema {
    from_text(&[SHOP.to_owned()]).unwrap()
}

fn shape<'a>(schema: &'a Schema, message: &str, field: &str) -> &'a Shape {
    let message = schema.message(schema.message_named(message).unwrap()).unwrap();
    &message.by_name(field).unwrap_or_else(|| panic!("{field}")).shape
}

fn type_of(schema: &Schema, name: &str) -> Shape {
    match schema.types[name] {
        Type::Message(index) => Shape::Message(index),
        Type::Enum(index) => Shape::Enum(index),
    }
}

#[test]
fn names_are_resolved_from_the_inside_out() {
    let schema = shop();
    for (message, field, type_name) in [
        ("shop.v1.Order.Item", "state", "shop.v1.Order.Item.State"),
        ("shop.v1.Order.Item", "outer", "shop.v1.State"),
        ("shop.v1.Order.Item", "parent", "shop.v1.Order"),
        ("shop.v1.Order", "items", "shop.v1.Order.Item"),
        ("shop.v1.Order", "state", "shop.v1.State"),
        ("shop.v1.Order", "at", "google.protobuf.Timestamp"),
        ("shop.v1.Order", "account", "google.protobuf.StringValue"),
        ("shop.v1.Order", "by_sku", "shop.v1.Order.BySkuEntry"),
        ("shop.v1.Order.BySkuEntry", "value", "shop.v1.Order.Item"),
    ] {
        assert_eq!(*shape(&schema, message, field), type_of(&schema, type_name), "{message}.{field}");
    }
    assert_eq!(*shape(&schema, "shop.v1.Order", "numbers"), Shape::Scalar(Kind::Sint32));
    assert_eq!(*shape(&schema, ".shop.v1.Order", "card"), Shape::Scalar(Kind::Text));
    assert_eq!(
        *shape(&schema, "google.protobuf.Struct", "fields"),
        type_of(&schema, "google.protobuf.Struct.FieldsEntry")
    );
}

#[test]
fn an_import_that_is_not_there_leaves_the_rest() {
    let schema = shop();
    assert_eq!(*shape(&schema, "shop.v1.Order", "price"), Shape::Missing("common.Money".to_owned()));
    let lost = schema.method("shop.v1.Orders/Lost").unwrap();
    assert_eq!((lost.request, lost.response), (None, schema.message_named("shop.v1.Order")));
    let money = "syntax = \"proto3\"; package common; message Money { int64 units = 1; }".to_owned();
    let both = from_text(&[SHOP.to_owned(), money]).unwrap();
    assert_eq!(*shape(&both, "shop.v1.Order", "price"), type_of(&both, "common.Money"));
}

#[test]
fn methods() {
    let schema = shop();
    let get = Method {
        request: schema.message_named("shop.v1.OrderId"),
        response: schema.message_named("shop.v1.Order"),
    };
    for (path, method) in [
        ("shop.v1.Orders/Get", Some(get)),
        ("a/proxy/shop.v1.Orders/Get", Some(get)),
        ("shop.v1.Orders/get", None),
        ("Orders/Get", None),
        ("Get", None),
        ("", None),
        ("/", None),
    ] {
        assert_eq!(schema.method(path), method, "{path}");
    }
}

#[test]
fn the_first_name_of_an_enum_number_counts() {
    let schema = shop();
    let Type::Enum(index) = schema.types["shop.v1.State"] else { panic!() };
    let names = schema.names_of(index).unwrap();
    assert_eq!(
        [0, 1, -1, 5].map(|n| names.name(n)),
        [Some("STATE_UNKNOWN"), Some("PAID"), Some("LOST"), None]
    );
}

#[test]
fn groups_of_proto2() {
    let text = "message A { optional group Inner = 1 { required string id = 1; } extensions 100 to 199; }
        extend A { optional string later = 100; }";
    let schema = from_text(&[text.to_owned()]).unwrap();
    assert_eq!(*shape(&schema, "A", "inner"), type_of(&schema, "A.Inner"));
    assert_eq!(*shape(&schema, "A.Inner", "id"), Shape::Scalar(Kind::Text));
}

#[test]
fn a_file_given_twice_does_no_harm() {
    let twice = from_text(&[SHOP.to_owned(), SHOP.to_owned()]).unwrap();
    assert_eq!(twice.messages.len(), shop().messages.len());
    assert_eq!(*shape(&twice, "shop.v1.Order", "id"), Shape::Scalar(Kind::Text));
}

#[test]
fn a_descriptor_set_is_the_same_schema() {
    let mut set = FileDescriptorSet { file: vec![protox_parse::parse("shop.proto", SHOP).unwrap()] };
    // What a compiler writes has whole names.
    set.file[0].message_type[0].field[1].type_name = Some(".shop.v1.Order.Item".to_owned());
    let bytes = set.encode_to_vec();
    let coded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
    let schema = from_descriptor_set(&coded).unwrap();
    let mut names: Vec<_> = schema.message_names().collect();
    let text = shop();
    let mut of_text: Vec<_> = text.message_names().collect();
    names.sort_unstable();
    of_text.sort_unstable();
    assert_eq!(names, of_text);
    // All of its bytes are UTF-8, so the host hands it on as it is.
    let plain = FileDescriptorSet {
        file: vec![FileDescriptorProto {
            message_type: vec![prost_types::DescriptorProto {
                name: Some("A".to_owned()),
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let plain = String::from_utf8(plain.encode_to_vec()).unwrap();
    assert!(from_descriptor_set(&plain).unwrap().message_named("A").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_never_panics(changes in proptest::collection::vec((any::<usize>(), "[{}\\[\\]()<>;=.\"'/*\\\\a0-]{0,3}"), 1..8)) {
        let mut text = SHOP.to_owned();
        for (at, piece) in changes {
            let at = at % text.len();
            text.replace_range(at..(at + 2).min(text.len()), &piece);
        }
        let _ = from_text(&[text]);
    }

    #[test]
    fn hostile_sets_never_panic(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let set = FileDescriptorSet { file: vec![protox_parse::parse("", SHOP).unwrap()] };
        let mut bytes = set.encode_to_vec();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        let _ = from_descriptor_set(&base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes));
    }
}
