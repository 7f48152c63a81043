//! Generated conversations: whatever is sent comes back, and every reader of heads agrees.

use proptest::prelude::*;

use super::*;

/// A message and its length by a rule that the parser does not know of: it is built, not parsed.
fn body() -> impl Strategy<Value = (String, String)> {
    let data = "[ -~\r\n]{0,200}";
    prop_oneof![
        Just((String::new(), String::new())),
        data.prop_map(|data| (format!("Content-Length: {}\r\n", data.len()), data)),
        (prop::collection::vec("[ -~\r\n]{1,60}", 0..5), "(;[a-z=]{1,9})?").prop_map(
            |(chunks, extension)| {
                let chunks = chunks.iter().map(|data| format!("{:x}{extension}\r\n{data}\r\n", data.len()));
                (
                    "Transfer-Encoding: chunked\r\n".to_owned(),
                    chunks.chain(["0\r\n\r\n".to_owned()]).collect(),
                )
            }
        ),
    ]
}

fn request() -> impl Strategy<Value = String> {
    ("(GET|POST|PUT|XYZ)", "/[!-~]{0,60}", "([A-Za-z0-9-]{1,12}-x: [ -~]{0,30}\r\n){0,5}", body()).prop_map(
        |(method, target, fields, (framing, body))| {
            format!("{method} {target} HTTP/1.1\r\n{fields}Host: a\r\n{framing}\r\n{body}")
        },
    )
}

fn response() -> impl Strategy<Value = String> {
    ("(200 OK|404 Not Found|500 )", "([A-Za-z0-9-]{1,12}-x: [ -~]{0,30}\r\n){0,5}", body()).prop_map(
        |(status, fields, (framing, body))| {
            let framing = if framing.is_empty() { "Content-Length: 0\r\n".to_owned() } else { framing };
            format!("HTTP/1.1 {status}\r\n{fields}{framing}\r\n{body}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ends_are_where_they_were_built(asked in prop::collection::vec(request(), 1..6), answers in prop::collection::vec(response(), 1..6)) {
        let (client, server) = (asked.concat(), answers.concat());
        let script = [(CLIENT, client.as_bytes()), (SERVER, server.as_bytes())];
        let told = every_split::<Http>(&script);
        let mut at = [0, 0];
        let built = asked.iter().map(|m| (CLIENT, m)).chain(answers.iter().map(|m| (SERVER, m)));
        for (message, (way, text)) in told.iter().zip(built) {
            let start = at[way.index()];
            at[way.index()] += text.len() as u64;
            prop_assert_eq!((message.direction, message.start, message.end), (way, start, at[way.index()]));
        }
        prop_assert_eq!(told.len(), asked.len() + answers.len());
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), joined in any::<bool>(), gap in 0_u64..400) {
        let harness = if joined { Harness::<Http>::tcp_joined() } else { Harness::<Http>::tcp() };
        let _ = harness.client(&bytes).server(&bytes).gap(CLIENT, gap).gap(SERVER, gap).client(&bytes).server(&bytes).close();
    }

    /// Heads that another reader understands are understood, with the same parts.
    #[test]
    fn agrees_with_httparse(head in "(GET|P[A-Z]{0,5}) [!-~]{1,20} HTTP/1[.][01]\r?\n([a-zA-Z-]{1,9}:[ -~\t]{0,20}\r?\n){0,4}\r?\n.{0,9}") {
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut fields);
        if let Ok(httparse::Status::Complete(length)) = request.parse(head.as_bytes()) {
            let harness = Harness::<Http>::tcp().client(&head);
            let told = &harness.messages()[0];
            prop_assert_eq!(told.text(Field::RequestType), request.method);
            prop_assert_eq!(told.text(Field::RequestResource), request.path);
            let host = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("host"));
            let host = host.map(|field| std::str::from_utf8(field.value).unwrap().trim()).filter(|host| !host.is_empty());
            if let Some(host) = host {
                prop_assert_eq!(told.text(Field::RequestDomain), Some(host));
            }
            prop_assert!(told.end >= length as u64);
        }
    }
}
