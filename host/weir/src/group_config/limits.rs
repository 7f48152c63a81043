//! Takes: the sections `limits` and `timeouts`. Gives: the pipeline's limits with what they say; what they leave out keeps
//! its default.

use weir_pipeline::limits::Limits;

use super::ConfigError;
use super::read::unknown;
use super::yaml::Node;

/// Reads `key => field as type` for each entry of a mapping.
macro_rules! section {
    ($name:ident, $section:literal, $($key:literal => $field:ident as $kind:ident,)*) => {
        pub(super) fn $name(limits: &mut Limits, section: &Node) -> Result<(), ConfigError> {
            for entry in section.mapping($section)? {
                match entry.key.as_str() {
                    $($key => limits.$field = number(entry.value.$kind($key)?, &entry.value)?,)*
                    other => return Err(unknown(entry.line, concat!("key of ", $section), other, [$($key),*])),
                }
            }
            Ok(())
        }
    };
}

section! { read_limits, "limits",
    "flows" => flows as count,
    "out-of-order-per-direction" => out_of_order_direction as size,
    "out-of-order-total" => out_of_order_total as size,
    "unread" => unread as size,
    "pending-requests" => pending as count,
    "text" => text as size,
    "hook-payloads" => payload_bytes as size,
    "payloads" => payloads as count,
    "payloads-joined" => payloads_joined as count,
    "questions" => questions as count,
    "endpoints" => endpoints as count,
    "violations" => violations as count,
}

section! { read_timeouts, "timeouts",
    "half-open" => half_open_timeout as duration,
    "tcp" => tcp_timeout as duration,
    "udp" => udp_timeout as duration,
    "closed" => closed_timeout as duration,
    "tcp-response" => tcp_response_timeout as duration,
    "udp-response" => udp_response_timeout as duration,
}

fn number<T, U: TryFrom<T>>(value: T, node: &Node) -> Result<U, ConfigError> {
    U::try_from(value).map_err(|_| ConfigError::new(node.line, "the number is too large"))
}
