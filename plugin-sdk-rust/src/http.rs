//! What all versions of HTTP share. Takes: a status code and the phrase that was sent. Gives: the text of the error, and whose
//! fault it was.
//!
//! Servers word the phrase as they like (`Service Temporarily Unavailable`), so the log holds the registered one. Where RFCs
//! gave a code several names over the years and the server sent one of them, that one stays.

use crate::message::Status;

/// Whose fault a code is. Codes outside of 100 to 599 count as 5xx (RFC 9110 section 15).
#[must_use]
pub fn status_of(code: u16) -> Status {
    match code {
        100..=399 => Status::Ok,
        400..=499 => Status::ClientError,
        _ => Status::ServerError,
    }
}

/// The reason phrase of `code`: a registered one; for unknown codes what was sent.
#[must_use]
pub fn phrase(code: u16, sent: &[u8]) -> &[u8] {
    let (registered, older): (&str, &[&str]) = match code {
        400 => ("Bad Request", &[]),
        401 => ("Unauthorized", &[]),
        402 => ("Payment Required", &[]),
        403 => ("Forbidden", &[]),
        404 => ("Not Found", &[]),
        405 => ("Method Not Allowed", &[]),
        406 => ("Not Acceptable", &[]),
        407 => ("Proxy Authentication Required", &[]),
        408 => ("Request Timeout", &[]),
        409 => ("Conflict", &[]),
        410 => ("Gone", &[]),
        411 => ("Length Required", &[]),
        412 => ("Precondition Failed", &[]),
        413 => ("Content Too Large", &["Payload Too Large", "Request Entity Too Large"]),
        414 => ("URI Too Long", &["Request-URI Too Long"]),
        415 => ("Unsupported Media Type", &[]),
        416 => ("Range Not Satisfiable", &["Requested Range Not Satisfiable"]),
        417 => ("Expectation Failed", &[]),
        421 => ("Misdirected Request", &[]),
        422 => ("Unprocessable Content", &["Unprocessable Entity"]),
        423 => ("Locked", &[]),
        424 => ("Failed Dependency", &[]),
        425 => ("Too Early", &[]),
        426 => ("Upgrade Required", &[]),
        428 => ("Precondition Required", &[]),
        429 => ("Too Many Requests", &[]),
        431 => ("Request Header Fields Too Large", &[]),
        451 => ("Unavailable For Legal Reasons", &[]),
        500 => ("Internal Server Error", &[]),
        501 => ("Not Implemented", &[]),
        502 => ("Bad Gateway", &[]),
        503 => ("Service Unavailable", &[]),
        504 => ("Gateway Timeout", &[]),
        505 => ("HTTP Version Not Supported", &[]),
        506 => ("Variant Also Negotiates", &[]),
        507 => ("Insufficient Storage", &[]),
        508 => ("Loop Detected", &[]),
        510 => ("Not Extended", &[]),
        511 => ("Network Authentication Required", &[]),
        _ => return sent,
    };
    let known = registered.as_bytes() == sent || older.iter().any(|name| name.as_bytes() == sent);
    // What was sent is a piece of the input: nothing is copied.
    if known { sent } else { registered.as_bytes() }
}

#[cfg(test)]
mod tests {
    use super::phrase;

    #[test]
    fn phrases() {
        for (code, sent, told) in [
            (404, "Not Found", "Not Found"),
            (404, "nope", "Not Found"),
            (404, "", "Not Found"),
            (503, "Service Temporarily Unavailable", "Service Unavailable"),
            (504, "Gateway Time-out", "Gateway Timeout"),
            (416, "Requested Range Not Satisfiable", "Requested Range Not Satisfiable"),
            (416, "no", "Range Not Satisfiable"),
            (413, "Request Entity Too Large", "Request Entity Too Large"),
            (499, "Client Closed Request", "Client Closed Request"),
            (418, "I'm a teapot", "I'm a teapot"),
            (799, "", ""),
        ] {
            assert_eq!(phrase(code, sent.as_bytes()), told.as_bytes(), "{code} {sent}");
        }
    }
}
