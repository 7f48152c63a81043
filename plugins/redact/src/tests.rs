use weir_plugin_sdk::hook::Session;
use weir_plugin_sdk::prelude::{Field, Interest, SessionHook};
use weir_plugin_sdk::testing::{Hooks, Random, Subject, configured, observe};

use super::{Redact, cases};

#[test]
fn shared_cases() {
    cases::run::<Session<Redact>>("redact.json", 50);
}

#[test]
fn nothing_passes_unseen() {
    let wanted: Interest = Redact::wanted();
    assert!(wanted.is_required() && wanted.protocols().is_empty());
}

#[test]
fn names_of_the_configuration() {
    let text = "/x?card_pin=1&iban=2&PIN=3&pinned=4&password=5";
    let subject = Subject::session("HTTP").field(Field::RequestResource, text).attribute("Iban", "DE0");
    let told = configured(&[("keys", " pin , I-BAN,, ")], || observe::<Session<Redact>>(&[subject]));
    let expected = "/x?card_pin=***&iban=***&PIN=***&pinned=4&password=***";
    assert_eq!(told[0].text(Field::RequestResource), Some(expected));
    assert_eq!(told[0].attribute("Iban"), Some("***"));
}

/// All texts of a record but its ids, and several in one record.
#[test]
fn every_text() {
    const CARD: &str = "4111111111111111";
    let mut subject = Subject::session("HTTP");
    for field in Field::ALL {
        subject = subject.field(field, CARD);
    }
    let told = observe::<Session<Redact>>(&[subject.clone(), subject]);
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].fields.len(), Field::ALL.len() - 5);
    assert!(told[0].fields.iter().all(|(_, text)| text == "***"));
}

/// What is hidden once is left as it is: the rules can run twice.
#[test]
fn the_same_again_changes_nothing() {
    let text = "p?password=x&c=4111 1111 1111 1111 {\"token\":\"a\"} http://u:p@h/";
    let first = observe::<Session<Redact>>(&[Subject::session("HTTP").field(Field::ResponseResult, text)]);
    let hidden = first[0].text(Field::ResponseResult).unwrap();
    assert_eq!(hidden, "p?password=***&c=*** {\"token\":\"***\"} http://u:***@h/");
    let second = observe::<Session<Redact>>(&[Subject::session("HTTP").field(Field::ResponseResult, hidden)]);
    assert!(second[0].fields.is_empty());
}

/// Hostile texts: no panic, and time in proportion to their length.
#[test]
fn hostile_texts() {
    let seeds = [
        "password='\\\\' $a$ 'x' \"token\\\":\\\"a\\\\\\\" 4111-1111-1111-1111 /* -- # 0x1e-5 ://u:p@h",
        "password=",
        "\"",
        "'",
        "\\\"token\\\":\\\"",
        "$a$",
        "/*",
        "1 1 1-1 ",
        "://:@",
        "a:",
        "_x'",
        "e'\\",
    ];
    let mut random = Random(11);
    let mut hooks = configured(&[("sql-literals", "true")], Hooks::<Session<Redact>>::default);
    let began = std::time::Instant::now();
    for round in 0..3000 {
        let mut text = Vec::new();
        for _ in 0..=random.below(if round % 300 == 0 { 4000 } else { 8 }) {
            text.extend_from_slice(seeds[random.below(seeds.len())].as_bytes());
        }
        random.damage(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let subjects = ["MySQL", "PostgreSQL", "HTTP"]
            .map(|protocol| Subject::session(protocol).field(Field::RequestResource, text.as_str()));
        let _ = hooks.observe(&subjects);
    }
    for seed in seeds {
        let text = seed.repeat(200_000 / seed.len());
        let subjects = ["MySQL", "PostgreSQL"]
            .map(|protocol| Subject::session(protocol).field(Field::RequestResource, text.as_str()));
        let _ = hooks.observe(&subjects);
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
