//! Where messages end: RFC 9112 section 6, and what attackers make of it.

use super::*;

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /p HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}")
}

fn response(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}")
}

/// One message, then one of fixed length: the second shows where the first ended.
fn ends_of_requests(first: &str) -> Vec<String> {
    tell(&[(CLIENT, &format!("{first}{GET}"))])
}

fn ends_of_responses(asked: &str, first: &str) -> Vec<String> {
    let both = asked.to_owned() + GET;
    let told = tell(&[(CLIENT, &both), (SERVER, &format!("{first}{OK}"))]);
    told.into_iter().skip(2).collect()
}

#[test]
fn a_body_that_looks_like_messages_is_stepped_over() {
    let decoy = format!("{GET}{OK}0\r\n\r\n");
    let fields = format!("Content-Length: {}\r\n", decoy.len());
    let (post, answer) = (post(&fields, &decoy), response(&fields, &decoy));
    let told = tell(&[(CLIENT, &post), (SERVER, &answer), (CLIENT, GET), (SERVER, OK)]);
    assert_eq!(told[0], format!("POST a /p 0..{}", post.len()));
    assert_eq!(told[1], format!("200 - 0..{}", answer.len()));
    assert_eq!(told[2], format!("GET a /1 {}..{}", post.len(), post.len() + GET.len()));
    assert_eq!(told[3], format!("200 - {}..{}", answer.len(), answer.len() + OK.len()));
    assert_eq!(told.len(), 4);
}

#[test]
fn chunked_both_ways() {
    let data = [chunk("hello"), chunk(OK), chunk(GET), chunk("0\r\n\r\n")].concat();
    for end in ["0\r\n\r\n", "00;x\r\nTrailer: x\r\nX-Request-ID: y\r\n\r\n"] {
        let body = format!("{data}{end}");
        let first = post("Transfer-Encoding: chunked\r\n", &body);
        let told = ends_of_requests(&first);
        assert_eq!(told[0], format!("POST a /p 0..{}", first.len()));
        assert_eq!(told.len(), 2, "{told:?}");
        let first = response("Transfer-Encoding: chunked\r\n", &body);
        let told = ends_of_responses(GET, &first);
        assert_eq!(told[0], format!("200 - 0..{}", first.len()));
        assert_eq!(told.len(), 2, "{told:?}");
    }
}

#[test]
fn an_unfinished_chunked_body_is_left_to_the_host() {
    let answer = response("Transfer-Encoding: chunked\r\n", &chunk("hello"));
    let told = tell(&[(CLIENT, GET), (SERVER, &answer)]);
    assert_eq!(told[1], "200 - 0+");
}

#[test]
fn bad_chunks_end_the_message() {
    let answer = response("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nzz\r\n");
    let harness = Harness::<Http>::tcp().client(GET).server(&answer).client(GET).server(OK);
    let end = answer.len() - 4;
    assert_eq!(told(&harness)[1], format!("200 - 0..{end}"));
    assert_eq!(told(&harness)[3], format!("200 - {}..{}", answer.len(), answer.len() + OK.len()));
    assert_eq!(harness.violations(), 1);
}

#[test]
fn transfer_encoding_overrides_content_length() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "transfer-encoding: gzip, Chunked\r\ncontent-length: 300\r\n",
        "Transfer-Encoding:\r\n chunked\r\nContent-Length: 1\r\n",
    ] {
        let first = post(fields, "5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(
            ends_of_requests(&first),
            [
                format!("POST a /p 0..{}", first.len()),
                format!("GET a /1 {}..{}", first.len(), first.len() + GET.len())
            ]
        );
        let first = response(fields, "5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(ends_of_responses(GET, &first)[0], format!("200 - 0..{}", first.len()));
    }
}

#[test]
fn equal_lengths_are_one() {
    for fields in
        ["Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5, 5\r\n", "Content-Length:5 \r\n"]
    {
        let first = post(fields, "hello");
        assert_eq!(ends_of_requests(&first)[0], format!("POST a /p 0..{}", first.len()));
    }
}

/// Two readers would see different messages here, so the parser believes neither: it tells the head, and what follows has to
/// stand at the start of a segment and be beyond doubt.
#[test]
fn contradictions_are_not_resolved_by_guessing() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5x\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        let first = post(fields, smuggled);
        let harness = Harness::<Http>::tcp().client(&first).client(GET);
        let head = first.len() - smuggled.len();
        assert_eq!(
            told(&harness),
            [
                format!("POST a /p 0..{head}"),
                format!("GET a /1 {}..{}", first.len(), first.len() + GET.len())
            ],
            "{fields}"
        );
    }
}

#[test]
fn head_has_no_body() {
    for fields in ["Content-Length: 5000\r\n", "Transfer-Encoding: chunked\r\n", "", "Content-Length: 0\r\n"]
    {
        let first = response(fields, "");
        let told = ends_of_responses(HEAD, &first);
        let end = first.len();
        assert_eq!(told, [format!("200 - 0..{end}"), format!("200 - {end}..{}", end + OK.len())], "{fields}");
    }
}

#[test]
fn a_server_that_answers_head_with_a_body() {
    let harness = Harness::<Http>::tcp().client(HEAD).server(OK).client(GET).server(OK);
    assert_eq!(told(&harness)[1], "200 - 0..43");
    assert_eq!(told(&harness)[3], "200 - 43..86");
    assert_eq!(harness.violations(), 0);
}

#[test]
fn not_modified_and_no_content_have_no_body() {
    for code in ["304 Not Modified", "204 No Content"] {
        let first = format!("HTTP/1.1 {code}\r\nContent-Length: 5000\r\nTransfer-Encoding: chunked\r\n\r\n");
        let told = ends_of_responses(GET, &first);
        assert_eq!(told[0], format!("{} - 0..{}", &code[..3], first.len()));
        assert_eq!(told.len(), 2);
    }
}

#[test]
fn until_close() {
    for (fields, version) in
        [("", "1.0"), ("Connection: close\r\n", "1.1"), ("Transfer-Encoding: gzip\r\n", "1.1")]
    {
        let answer = format!("HTTP/{version} 200 OK\r\n{fields}\r\n{OK}{OK}");
        let told = tell(&[(CLIENT, GET), (SERVER, &answer), (SERVER, OK)]);
        assert_eq!(told, ["GET a /1 0..28", "200 - 0+"], "the host ends it with the connection");
    }
}

#[test]
fn interim_responses_are_no_answers() {
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n{OK}"
    );
    let post = post("Expect: 100-continue\r\nContent-Length: 2\r\n", "ok");
    let (head, body) = post.split_at(post.len() - 2);
    let (interim, ok) = answer.split_at(25);
    let told = tell(&[(CLIENT, head), (SERVER, interim), (CLIENT, body), (SERVER, ok), (CLIENT, HEAD)]);
    assert_eq!(told[0], format!("POST a /p 0..{}", post.len()));
    assert_eq!(told[1], format!("200 - {}..{}", answer.len() - OK.len(), answer.len()));
    assert_eq!(told.len(), 3);
}

#[test]
fn an_interim_response_leaves_head_waiting() {
    let answer = format!("HTTP/1.1 103 Early Hints\r\n\r\n{}", response("Content-Length: 70\r\n", ""));
    let told = tell(&[(CLIENT, HEAD), (SERVER, &answer), (CLIENT, GET), (SERVER, OK)]);
    assert_eq!(told[3], format!("200 - {}..{}", answer.len(), answer.len() + OK.len()));
}

#[test]
fn big_lengths_do_not_wrap() {
    let far = "Content-Length: 999999999999999999\r\n";
    let head = post(far, "");
    let told = tell(&[(CLIENT, &head), (CLIENT, GET)]);
    assert_eq!(told, [format!("POST a /p 0..{}", head.len() as u64 + 999_999_999_999_999_999)]);
    let chunks = response("Transfer-Encoding: chunked\r\n", "fffffffffffffff\r\nhello");
    assert_eq!(tell(&[(CLIENT, GET), (SERVER, &chunks), (SERVER, OK)])[1], "200 - 0+");
}
