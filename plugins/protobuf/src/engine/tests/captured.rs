//! The seed case on captured payloads: `business_id` is field 1 in one package and 1235 in the other.

use super::*;

const PAYLOADS: &str = include_str!("../../../fixtures/grpc.txt");
const PROTO: [&str; 2] =
    [include_str!("../../../fixtures/game1.proto"), include_str!("../../../fixtures/game1235.proto")];

const BY_NAME: &str = r#"[
    {"method":"*","field":"business_id","to":["trace_id","attributes.business_id"]},
    {"method":"*","message":"response","field":"message","to":"attributes.msg"}
]"#;
const BY_NUMBER: &str = r#"[
    {"method":"Game*","field":1,"to":["trace_id","attributes.business_id"]},
    {"method":"g1235.*","field":"1235","to":["trace_id","attributes.business_id"]},
    {"method":"*","message":"response","field":3,"to":"attributes.msg"}
]"#;

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn check(config: &[(&str, &str)]) {
    let mut hook = hook(config);
    let mut count = 0;
    for (line, flow) in PAYLOADS.lines().zip(1..) {
        let [direction, path, id, hex] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let payload = Draft(unhex(hex));
        let is_response = direction == "response";
        let subject = if is_response { grpc_response(path, &payload) } else { grpc_request(path, &payload) };
        let patched = hook.observe(&[Subject { flow_id: flow, ..subject }]).remove(0);
        assert_eq!(patched.text(Field::TraceId), Some(id), "{line}");
        assert_eq!(patched.attribute("business_id"), Some(id), "{line}");
        let message = ["accepted", "tick"].into_iter().find(|m| patched.attribute("msg") == Some(m));
        assert_eq!(message.is_some(), is_response, "{line}: {patched:?}");
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn by_name() {
    let proto = serde_json::to_string(&PROTO).unwrap();
    check(&[("rules", BY_NAME), ("proto", &proto)]);
}

#[test]
fn by_number() {
    check(&[("rules", BY_NUMBER)]);
}

#[test]
fn by_number_with_a_schema() {
    let proto = serde_json::to_string(&PROTO).unwrap();
    check(&[("rules", BY_NUMBER), ("proto", &proto)]);
}

/// Every prefix and every changed byte: nothing breaks, and what is found was there.
#[test]
fn broken_payloads() {
    let proto = serde_json::to_string(&PROTO).unwrap();
    let mut hook = hook(&[("rules", BY_NAME), ("proto", &proto)]);
    for line in PAYLOADS.lines() {
        let [_, path, _, hex] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let payload = unhex(hex);
        for end in 0..payload.len() {
            let subject = grpc_request(path, &Draft(payload[..end].to_vec()));
            hook.observe(&[subject.clone(), subject.cut()]);
            let mut changed = payload.clone();
            for byte in [0x00, 0x7f, 0x80, 0xff, payload[end] ^ 1] {
                changed[end] = byte;
                hook.observe(&[grpc_response(path, &Draft(changed.clone()))]);
            }
        }
    }
}
