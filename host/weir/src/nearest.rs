//! Takes: a name that is not known and those that are. Gives: the one that was probably meant.

/// The valid name that is nearest to `name`, however far that is; none only when there is none.
#[must_use]
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_lowercase());
    valid.into_iter().min_by_key(|candidate| distance(candidate))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn letters_swapped_left_out_and_in_the_wrong_case() {
        let valid = ["wasm-plugins", "l7-protocol-enabled", "limits"];
        assert_eq!(nearest("wasm_plugin", valid), Some("wasm-plugins"));
        assert_eq!(nearest("ilmits", valid), Some("limits"));
        assert_eq!(nearest("L7-PROTOCOL-ENABLE", valid), Some("l7-protocol-enabled"));
        assert_eq!(nearest("x", []), None);
    }
}
