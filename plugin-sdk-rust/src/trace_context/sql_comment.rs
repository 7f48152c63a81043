//! Takes: an SQL statement. Gives: the trace and span id that sqlcommenter put into a comment at one of its ends.
//!
//! Source: the sqlcommenter specification: `key='value'` pairs with URL-encoded keys and values, joined by commas, in one
//! comment behind the statement; some drivers put it in front. Comments in the middle are not looked at: what stands
//! there could as well be text inside a literal.

use super::traceparent::traceparent;

/// A comment is looked for no further than this many bytes: the pairs of the specification (route, framework, traceparent,
/// tracestate of at most 512 bytes, ...) fit several times, and a long statement stays cheap.
const COMMENT_LIMIT: usize = 4096;

/// Comments in front that are tried: an optimiser's hint or a licence text may come first.
const COMMENTS_IN_FRONT: usize = 4;

/// Trace id and span id of `traceparent='00-...-...-01'` in a comment at the end or the beginning of `sql`.
#[must_use]
pub fn sql_comment(sql: &[u8]) -> Option<(&[u8], &[u8])> {
    behind(sql).and_then(ids).or_else(|| in_front(sql))
}

/// The inside of the comment that ends the statement.
fn behind(sql: &[u8]) -> Option<&[u8]> {
    let end = sql.iter().rposition(|b| !matches!(b, b';' | b'\0') && !b.is_ascii_whitespace())?;
    let inside = sql.get(..=end)?.strip_suffix(b"*/")?;
    let inside = inside.get(inside.len().saturating_sub(COMMENT_LIMIT)..)?;
    let start = inside.windows(2).rposition(|two| two == b"/*")?;
    inside.get(start + 2..)
}

fn in_front(sql: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = sql;
    for _ in 0..COMMENTS_IN_FRONT {
        let inside = rest.trim_ascii_start().strip_prefix(b"/*")?;
        let reach = inside.get(..inside.len().min(COMMENT_LIMIT))?;
        let end = reach.windows(2).position(|two| two == b"*/")?;
        let (comment, behind) = inside.split_at_checked(end)?;
        if let Some(found) = ids(comment) {
            return Some(found);
        }
        rest = behind.get(2..)?;
    }
    None
}

/// The ids among the pairs of one comment. Values are URL-encoded, so a comma is always a border; the characters of a
/// traceparent need no encoding.
fn ids(comment: &[u8]) -> Option<(&[u8], &[u8])> {
    let value = comment.split(|b| *b == b',').find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(b"traceparent")?.trim_ascii_start().strip_prefix(b"=")?;
        Some(value.trim_ascii())
    })?;
    // Inside of a literal that a driver quoted once more the quotes are escaped.
    let value = value.strip_prefix(b"\\").unwrap_or(value);
    let value = value.strip_prefix(b"'")?.strip_suffix(b"'")?;
    traceparent(value.strip_suffix(b"\\").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::{COMMENT_LIMIT, sql_comment};

    const PARENT: &str = "traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'";

    fn found(sql: &str) -> bool {
        match sql_comment(sql.as_bytes()) {
            Some((trace, span)) => {
                assert_eq!(trace, b"5bd66ef5095369c7b0d1f8f4bd33716a");
                assert_eq!(span, b"c532cb4098ac3dd2");
                true
            }
            None => false,
        }
    }

    #[test]
    fn the_example_of_the_specification() {
        assert!(found(&format!(
            "SELECT * FROM FOO /*action='%2Fparam*d',controller='index,'framework='spring',{PARENT},\
             tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/"
        )));
    }

    #[test]
    fn at_both_ends() {
        assert!(found(&format!("SELECT 1 /*{PARENT}*/")));
        assert!(found(&format!("SELECT 1 /* {PARENT} */ ; \n")));
        assert!(found(&format!("/*{PARENT}*/ SELECT 1")));
        assert!(found(&format!("/*+ INDEX(a b) */ /*{PARENT}*/SELECT 1 /* x */")));
        assert!(found(&format!("/*{PARENT}*/")));
    }

    #[test]
    fn a_decoy_is_no_comment() {
        assert!(!found(&format!("SELECT '/*{PARENT}*/'")));
        assert!(!found(&format!("SELECT '/*{PARENT}*/' FROM a")));
        assert!(!found(&format!("SELECT 1 /*x{PARENT}*/")));
        assert!(!found("SELECT 1 /*traceparent='00-0-0-01'*/"));
        assert!(!found("SELECT 1 /*traceparent=''*/"));
        assert!(!found("SELECT 1 /*traceparent='*/"));
        assert!(!found(&format!("SELECT 1 /*{}", PARENT)));
    }

    #[test]
    fn short_and_long_statements() {
        for sql in ["", "*/", "/*", "/*/", "/**/", ";", "*", " ", "/*/*", "*/*/"] {
            assert!(!found(sql), "{sql}");
        }
        let far = "x".repeat(COMMENT_LIMIT);
        assert!(!found(&format!("SELECT 1 /*{PARENT},{far}*/")), "out of reach");
        assert!(found(&format!("SELECT '{far}' /*{PARENT}*/")));
    }
}
