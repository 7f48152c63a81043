//! Card numbers: 13 to 19 digits with the right check digit, also with one space or dash between digits. A number that touches a letter,
//! an underscore or another digit is none.
//!
//! Source: ISO/IEC 7812-1 (length up to 19, annex B: the check digit). None in use has less than 13 digits.

use crate::HIDDEN;
use crate::rewrite::{at, is_word, replace};

const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Hides all of them. False: there is none.
pub(crate) fn hide(text: &[u8], into: &mut Vec<u8>) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    replace(text, into, HIDDEN, |from| {
        let behind = (from..text.len()).filter(|start| begins(text, *start));
        behind
            .map(|start| (start, end_of(text, start)))
            .find(|(_, end)| *end > 0)
            .map(|(start, end)| start..end)
    })
}

fn begins(text: &[u8], start: usize) -> bool {
    at(text, start).is_ascii_digit() && start.checked_sub(1).is_none_or(|before| !is_word(at(text, before)))
}

/// Behind the longest card number that begins here; 0: none does.
fn end_of(text: &[u8], start: usize) -> usize {
    let mut digits = [0; LONGEST];
    let (mut place, mut end) = (start, 0);
    for count in 1..=LONGEST {
        let digit = at(text, place);
        let Some(slot) = digits.get_mut(count - 1).filter(|_| digit.is_ascii_digit()) else { break };
        *slot = digit - b'0';
        place += 1;
        let next = at(text, place);
        if count >= SHORTEST && !is_word(next) && digits.get(..count).is_some_and(luhn) {
            end = place;
        }
        if matches!(next, b' ' | b'-') && at(text, place + 1).is_ascii_digit() {
            place += 1;
        }
    }
    end
}

/// The last digit checks the others.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let values = digits.iter().rev().enumerate();
    let sum: u32 =
        values.map(|(i, digit)| u32::from(if i % 2 == 1 { doubled(*digit) } else { *digit })).sum();
    sum.is_multiple_of(10)
}
