//! Hooks see what they asked for, in order, and change what they may change.
#![allow(clippy::unwrap_used)] // tests

mod common;

use std::sync::{Arc, Mutex};

use common::{CLIENT, SERVER, Tcp};
use weir_pipeline::hooks::hook::{Action, Hook, HookKind, Interest, Patch, Patches, Slice, Status, Subjects};
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName, MessageStatus, Value};
use weir_pipeline::parse::parser::{FaultKind, PluginFault};
use weir_request_log::{Field, Value as LogValue};

type Seen = Arc<Mutex<Vec<String>>>;
type Answer = Box<dyn FnMut(&Subjects, usize, &mut Patches) -> Action + Send>;

/// A hook in this process. It notes what it saw.
struct Native {
    plugin: Arc<str>,
    kind: HookKind,
    interest: Interest,
    seen: Seen,
    /// Fields and attributes that it adds to `patches` are those of the subject's patch.
    answer: Answer,
    breaks: bool,
}

fn all() -> Interest {
    Interest { protocols: vec!["lines".into()], requests: true, responses: true, ..Interest::default() }
}

fn hook(
    name: &str,
    kind: HookKind,
    interest: Interest,
    answer: impl FnMut(&Subjects, usize, &mut Patches) -> Action + Send + 'static,
) -> (Box<Native>, Seen) {
    let seen = Seen::default();
    let (plugin, answer) = (Arc::from(format!("{name}@1.0.0")), Box::new(answer));
    (Box::new(Native { plugin, kind, interest, seen: Arc::clone(&seen), answer, breaks: false }), seen)
}

fn text(subjects: &Subjects, slice: Slice) -> String {
    String::from_utf8_lossy(subjects.bytes(slice)).into_owned()
}

impl Hook for Native {
    fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    fn interest(&self, kind: HookKind) -> Option<&Interest> {
        (kind == self.kind).then_some(&self.interest)
    }

    fn observe(
        &mut self,
        _: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault> {
        let mut fields = subjects.fields.iter();
        for (index, subject) in subjects.subjects.iter().enumerate() {
            let fields: Vec<String> = fields
                .by_ref()
                .take(usize::from(subject.fields))
                .map(|(name, value)| match value {
                    Value::Slice { offset, length } => {
                        format!("{name:?}={}", text(subjects, Slice { offset: *offset, length: *length }))
                    }
                    other => format!("{name:?}={other:?}"),
                })
                .collect();
            let way = if subject.direction == Direction::ClientToServer { '>' } else { '<' };
            self.seen.lock().unwrap().push(format!(
                "{way} {} [{}] head:{} body:{}{} {}",
                text(subjects, subject.protocol),
                fields.join(" "),
                text(subjects, subject.head),
                text(subjects, subject.body),
                if subject.cut { "..." } else { "" },
                subject.status.name(),
            ));
            let (fields, attributes) = (patches.fields.len(), patches.attributes.len());
            let action = (self.answer)(subjects, index, patches);
            patches.patches.push(Patch {
                subject: index as u32,
                action,
                status: MessageStatus::None,
                fields: (patches.fields.len() - fields) as u16,
                attributes: (patches.attributes.len() - attributes) as u16,
            });
        }
        match self.breaks {
            true => Err(PluginFault { kind: FaultKind::Trap, detail: "broken".into() }),
            false => Ok(()),
        }
    }
}

fn own(patches: &mut Patches, text: &str) -> Value {
    let offset = patches.owned.len() as u32;
    patches.owned.extend_from_slice(text.as_bytes());
    Value::Owned { offset, length: text.len() as u32 }
}

fn set(patches: &mut Patches, name: FieldName, text: &str) {
    let value = own(patches, text);
    patches.fields.push((name, value));
}

fn one_exchange(hooks: Vec<Box<dyn Hook>>) -> Tcp {
    let mut tcp = Tcp::with_hooks(Limits::default(), hooks);
    tcp.handshake().send(CLIENT, b"Qone\n").send(SERVER, b"Aeins\n").close();
    tcp.finish();
    tcp
}

#[test]
fn a_session_goes_through_all_hooks_in_order() {
    let order: Seen = Seen::default();
    let kinds = [HookKind::Session, HookKind::Message, HookKind::Http];
    let hooks = kinds.into_iter().flat_map(|kind| {
        ["first", "second"].map(|name| {
            let (order, label) = (Arc::clone(&order), format!("{} {name}", kind.name()));
            let body_limit = 100;
            let interest = Interest { head: true, body_limit, ..all() };
            let (hook, _) = hook(name, kind, interest, move |_, _, _| {
                order.lock().unwrap().push(label.clone());
                Action::Next
            });
            hook as Box<dyn Hook>
        })
    });
    let tcp = one_exchange(hooks.collect());
    assert_eq!(tcp.told.0, ["session one -> eins ok"]);
    assert_eq!(tcp.told.1[0].plugins.len(), 1, "looking is no change");
    let expected = [
        "http first",
        "http first",
        "http second",
        "http second",
        "message first",
        "message first",
        "message second",
        "message second",
        "session first",
        "session second",
    ];
    assert_eq!(*order.lock().unwrap(), expected);
}

#[test]
fn heads_and_bodies_only_where_they_are_wanted() {
    let seen_by = |kind, interest: Interest| {
        let (hook, seen) = hook("looks", kind, interest, |_, _, _| Action::Next);
        one_exchange(vec![hook]);
        seen.lock().unwrap().clone()
    };
    let fields = "[RequestResource=one ResponseResult=eins]";
    let nothing = Interest { protocols: vec!["Lines".into()], ..Interest::default() };
    assert!(seen_by(HookKind::Http, nothing.clone()).is_empty());
    assert_eq!(seen_by(HookKind::Session, nothing.clone()), [format!("> Lines {fields} head: body: ok")]);
    let responses = Interest { responses: true, head: true, ..nothing.clone() };
    assert_eq!(seen_by(HookKind::Http, responses), [format!("< Lines {fields} head:eins body: ok")]);
    let bodies = Interest { requests: true, responses: true, body_limit: 3, ..nothing };
    let expected =
        [format!("> Lines {fields} head: body:one ok"), format!("< Lines {fields} head: body:ein... ok")];
    assert_eq!(seen_by(HookKind::Http, bodies.clone()), expected);
    assert_eq!(seen_by(HookKind::Message, bodies), expected);
    assert!(seen_by(HookKind::Http, Interest { protocols: vec![], ..all() }).is_empty(), "Lines is not HTTP");
    assert_eq!(seen_by(HookKind::Session, Interest { protocols: vec!["*".into()], ..all() }).len(), 1);
    assert!(seen_by(HookKind::Session, Interest { protocols: vec!["HTTP".into()], ..all() }).is_empty());
}

#[test]
fn patches_change_fields_attributes_and_trace_ids() {
    let (first, _) = hook("first", HookKind::Session, all(), |_, _, patches| {
        for id in ["id-1", "id-2", "id-1"] {
            set(patches, FieldName::TraceId, id);
        }
        set(patches, FieldName::RequestResource, "");
        patches.fields.push((FieldName::ResponseCode, Value::Number(500)));
        patches.fields.push((FieldName::ResponseResult, Value::Slice { offset: 0, length: 3 }));
        for (key, value) in [("keep", "old"), ("goes", "x"), ("keep", "new"), ("goes", "")] {
            let pair = (own(patches, key), own(patches, value));
            patches.attributes.push(pair);
        }
        Action::Next
    });
    let (second, seen) = hook("second", HookKind::Session, all(), |_, _, patches| {
        set(patches, FieldName::TraceId, "id-3");
        Action::Next
    });
    let tcp = one_exchange(vec![first, second]);
    let log = &tcp.told.1[0];
    assert_eq!(log.fields.text(Field::TraceId), Some("id-3"));
    assert_eq!(log.fields.text(Field::RequestResource), None);
    assert_eq!(log.fields.value(Field::ResponseCode), Some(LogValue::Number(500)));
    assert_eq!(log.fields.text(Field::ResponseResult), Some("one"), "a slice of the arena");
    let attributes: Vec<String> = log.fields.attributes().map(|(k, v)| format!("{k}={v:?}")).collect();
    let expected = ["trace_id_2=Text(\"id-2\")", "keep=Text(\"new\")", "trace_id_3=Text(\"id-1\")"];
    assert_eq!(attributes, expected);
    let plugins: Vec<&str> = log.plugins.iter().map(|name| &**name).collect();
    assert_eq!(plugins, ["lines@1.0.0", "first@1.0.0", "second@1.0.0"]);
    assert!(seen.lock().unwrap()[0].contains("TraceId=id-1"), "it sees what the one before changed");
}

#[test]
fn stop_and_drop() {
    for (action, told, seen_later) in [(Action::Next, 1, 1), (Action::Stop, 1, 0), (Action::Drop, 0, 0)] {
        let (first, _) = hook("first", HookKind::Session, all(), move |_, _, _| action);
        let (second, seen) = hook("second", HookKind::Session, all(), |_, _, _| Action::Next);
        let tcp = one_exchange(vec![first, second]);
        assert_eq!((tcp.told.0.len(), seen.lock().unwrap().len()), (told, seen_later), "{action:?}");
        let stats = tcp.worker.stats();
        assert_eq!((stats.logs, stats.hook_dropped), (told as u64, 1 - told as u64));
    }
    // What an http hook stops for a request goes on for the response, and in other hooks.
    let (first, _) = hook("first", HookKind::Http, all(), |subjects, index, _| {
        let is_request = subjects.subjects[index].direction == Direction::ClientToServer;
        if is_request { Action::Stop } else { Action::Next }
    });
    let (second, seen) = hook("second", HookKind::Http, all(), |_, _, _| Action::Next);
    let (session, sessions) = hook("third", HookKind::Session, all(), |_, _, _| Action::Next);
    one_exchange(vec![first, second, session]);
    assert!(matches!(seen.lock().unwrap().as_slice(), [only] if only.starts_with('<')));
    assert_eq!(sessions.lock().unwrap().len(), 1);
}

#[test]
fn a_broken_hook_changes_nothing_unless_it_is_required() {
    for required in [false, true] {
        let interest = Interest { required, ..all() };
        let (mut broken, _) = hook("broken", HookKind::Session, interest, |_, _, patches| {
            set(patches, FieldName::RequestResource, "half a change");
            Action::Next
        });
        broken.breaks = true;
        let tcp = one_exchange(vec![broken]);
        let stats = tcp.worker.stats();
        let expected: &[&str] = if required { &[] } else { &["session one -> eins ok"] };
        assert_eq!(tcp.told.0, expected);
        assert_eq!((stats.hook_faults, stats.hook_unseen), (1, u64::from(required)));
    }
}

#[test]
fn many_sessions_keep_their_order_and_their_own_bodies() {
    let interest = Interest { body_limit: 100, ..all() };
    let (hook, seen) = hook("looks", HookKind::Message, interest, |subjects, index, patches| {
        let subject = &subjects.subjects[index];
        let body = text(subjects, subject.body);
        let field = match subject.direction {
            Direction::ClientToServer => FieldName::RequestType,
            Direction::ServerToClient => FieldName::ResponseException,
        };
        set(patches, field, &body);
        Action::Next
    });
    let mut tcp = Tcp::with_hooks(Limits::default(), vec![hook]);
    tcp.handshake();
    for n in 0..1000 {
        tcp.send(CLIENT, format!("Q{n}\n").as_bytes()).send(SERVER, format!("A-{n}\n").as_bytes());
        if n % 300 == 0 {
            tcp.worker.flush(&mut tcp.told);
        }
    }
    tcp.finish();
    assert_eq!((tcp.told.1.len(), seen.lock().unwrap().len()), (1000, 2000));
    for (n, log) in tcp.told.1.iter().enumerate() {
        assert_eq!(log.fields.text(Field::RequestType), Some(n.to_string().as_str()));
        assert_eq!(log.fields.text(Field::ResponseException), Some(format!("-{n}").as_str()));
        assert_eq!(log.status, Status::Ok);
    }
}

#[test]
fn bodies_are_bounded_for_all_sessions_together() {
    let interest = Interest { body_limit: 1000, ..all() };
    let (hook, seen) = hook("looks", HookKind::Message, interest, |_, _, _| Action::Next);
    let limits = Limits { payload_bytes: 10, ..Limits::default() };
    let mut tcp = Tcp::with_hooks(limits, vec![hook]);
    tcp.handshake();
    for round in 0..3 {
        tcp.send(CLIENT, b"Q123456\nQabcdef\nQ\n").send(SERVER, b"Ax\nAy\nAz\n");
        tcp.worker.flush(&mut tcp.told);
        let bodies: Vec<String> = seen.lock().unwrap().drain(..).collect();
        assert!(bodies[0].contains("body:123456 "), "round {round}: {bodies:?}");
        assert!(bodies[2].contains("body:abcd... "), "what was held before was given back: {bodies:?}");
    }
    assert!(tcp.worker.stats().payloads_no_room > 0);
}
