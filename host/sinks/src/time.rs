//! Takes: nanoseconds since 1970. Gives: RFC 3339, UTC, six digits. The whole second is kept for the next call: records
//! of one second are the rule, and the calendar costs more than the digits.

const DIGITS: usize = "1970-01-01T00:00:00".len();

/// The last second that was written.
#[derive(Clone, Debug)]
pub(crate) struct TimeWriter {
    second: u64,
    text: [u8; DIGITS],
}

impl Default for TimeWriter {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00" }
    }
}

impl TimeWriter {
    /// Appends `2026-11-21T13:27:05.000123Z`.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, nanoseconds: u64) {
        let (second, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        if second != self.second {
            self.second = second;
            self.text = second_text(second);
        }
        let mut text = *b"1970-01-01T00:00:00.000000Z";
        text[..DIGITS].copy_from_slice(&self.text);
        let micros = rest / 1000;
        put_two(&mut text, DIGITS + 1, micros / 10_000);
        put_two(&mut text, DIGITS + 3, micros / 100 % 100);
        put_two(&mut text, DIGITS + 5, micros % 100);
        out.extend_from_slice(&text);
    }

    /// Appends `13:27:05.000`: the time of the day, for people.
    pub(crate) fn push_clock(&mut self, out: &mut Vec<u8>, nanoseconds: u64) {
        let start = out.len();
        self.push(out, nanoseconds);
        out.truncate(start + DIGITS + 4);
        out.drain(start..start + "1970-01-01T".len());
    }
}

/// A time, nanoseconds since 1970, as `2026-11-21T13:27:05.000123Z`.
#[must_use]
pub fn rfc3339(nanoseconds: u64) -> String {
    let mut out = Vec::new();
    TimeWriter::default().push(&mut out, nanoseconds);
    String::from_utf8(out).unwrap_or_default()
}

fn second_text(second: u64) -> [u8; DIGITS] {
    let (year, month, day) = civil_date(second / 86_400);
    let of_day = second % 86_400;
    let mut text = *b"1970-01-01T00:00:00";
    put_two(&mut text, 0, year / 100 % 100);
    put_two(&mut text, 2, year % 100);
    put_two(&mut text, 5, month);
    put_two(&mut text, 8, day);
    put_two(&mut text, 11, of_day / 3600);
    put_two(&mut text, 14, of_day / 60 % 60);
    put_two(&mut text, 17, of_day % 60);
    text
}

/// Year, month and day of a day since 1970, proleptic Gregorian calendar. The year is taken to start in March, so that the leap
/// day is its last one; 64 bits of nanoseconds end in the year 2554.
fn civil_date(days: u64) -> (u64, u64, u64) {
    const DAYS_FROM_MARCH_OF_0: u64 = 719_468;
    const ERA: u64 = 146_097; // days of 400 years
    let shifted = days + DAYS_FROM_MARCH_OF_0;
    let (era, of_era) = (shifted / ERA, shifted % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

fn put_two(text: &mut [u8], at: usize, number: u64) {
    text[at] = b'0' + (number / 10) as u8;
    text[at + 1] = b'0' + (number % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(nanoseconds: u64) -> String {
        let mut out = Vec::new();
        TimeWriter::default().push(&mut out, nanoseconds);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_times() {
        for (nanoseconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400_000_001_000, "2000-02-29T00:00:00.000001Z"),
            (1_763_731_625_012_345_678, "2025-11-21T13:27:05.012345Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551Z"),
        ] {
            assert_eq!(written(nanoseconds), text);
        }
    }

    /// Walks day by day with the rule of leap years, an independent way to the same dates.
    #[test]
    fn every_day_of_the_range() {
        let (mut year, mut month, mut day) = (1970u64, 1, 1);
        for days in 0..=u64::MAX / 1_000_000_000 / 86_400 {
            assert_eq!(civil_date(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length =
                [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn one_writer_follows_the_time_both_ways() {
        let mut writer = TimeWriter::default();
        for second in [5, 5, 4, 90_000, 90_000, 5] {
            let mut out = Vec::new();
            writer.push(&mut out, second * 1_000_000_000);
            assert_eq!(String::from_utf8(out).unwrap(), written(second * 1_000_000_000));
        }
    }

    #[test]
    fn the_clock_is_the_middle_of_it() {
        let mut out = b"x".to_vec();
        TimeWriter::default().push_clock(&mut out, 1_763_731_625_012_345_678);
        assert_eq!(out, b"x13:27:05.012");
    }
}
