//! Numbers for narrow columns. Takes what was counted, gives three digits or so with a unit, at most six columns.

use std::time::Duration;

/// Nanoseconds; nothing where there is none.
pub(super) fn duration(nanoseconds: Option<u64>) -> String {
    let Some(nanoseconds) = nanoseconds else { return String::new() };
    let micros = nanoseconds as f64 / 1e3;
    match micros {
        ..999.5 => format!("{micros:.0}µs"),
        ..9_995.0 => format!("{:.2}ms", micros / 1e3),
        ..99_950.0 => format!("{:.1}ms", micros / 1e3),
        ..999_500.0 => format!("{:.0}ms", micros / 1e3),
        ..9_995_000.0 => format!("{:.2}s", micros / 1e6),
        ..99_950_000.0 => format!("{:.1}s", micros / 1e6),
        ..5_999_500_000.0 => format!("{:.0}s", micros / 1e6),
        _ => format!("{:.0}h", (micros / 3.6e9).min(99_999.0)),
    }
}

/// A number of things a second.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        ..99.95 => format!("{rate:.1}"),
        ..99_999.5 => format!("{rate:.0}"),
        ..999_500.0 => format!("{:.0}k", rate / 1e3),
        _ => format!("{:.1}M", rate / 1e6),
    }
}

/// Parts of a hundred; nothing for none.
pub(super) fn percent(percent: f64) -> String {
    match percent {
        0.0 => String::new(),
        ..9.95 => format!("{percent:.1}"),
        _ => format!("{percent:.0}"),
    }
}

/// Bytes.
pub(super) fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        ..999.5 => format!("{bytes:.0} B"),
        ..999_500.0 => format!("{:.1} kB", bytes / 1e3),
        ..999_500_000.0 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// Time of the day or time that went by: `17:03:12`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_columns() {
        for (nanoseconds, wanted) in [
            (0, "0µs"),
            (29_400, "29µs"),
            (999_499, "999µs"),
            (999_500, "1.00ms"),
            (9_994_000, "9.99ms"),
            (9_996_000, "10.0ms"),
            (123_400_000, "123ms"),
            (999_600_000, "1.00s"),
            (61_000_000_000, "61.0s"),
            (119_000_000_000, "119s"),
        ] {
            assert_eq!(duration(Some(nanoseconds)), wanted);
        }
        for power in 0..64 {
            for value in [1u64 << power, (1u64 << power) - 1, u64::MAX] {
                assert!(duration(Some(value)).chars().count() <= 6, "{value}");
                assert!(rate(value as f64).len() <= 6 || value > 1 << 29, "{value}");
            }
        }
        assert_eq!(
            [rate(0.04), rate(12.34), rate(99.96), rate(1234.4), rate(2.5e6)],
            ["0.0", "12.3", "100", "1234", "2.5M"]
        );
        assert_eq!([percent(0.0), percent(0.4), percent(9.96), percent(100.0)], ["", "0.4", "10", "100"]);
        assert_eq!([bytes(7), bytes(1500), bytes(45_000_000)], ["7 B", "1.5 kB", "45.0 MB"]);
        assert_eq!(clock(Duration::from_secs(3_723)), "01:02:03");
    }
}
