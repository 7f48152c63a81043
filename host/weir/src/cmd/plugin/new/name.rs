//! Takes: the name that an author wants. Gives: it in the forms that a project needs, or why it can not be had.

/// A manifest allows 64; a file name and a type are made of it too.
const LENGTH: usize = 48;

/// Words that can not be the name of a Rust crate or a Go package, or would hide one.
const TAKEN: [&str; 66] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "core",
    "crate",
    "default",
    "defer",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "fallthrough",
    "false",
    "final",
    "fn",
    "for",
    "func",
    "gen",
    "go",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "interface",
    "internal",
    "let",
    "loop",
    "macro",
    "main",
    "map",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "package",
    "priv",
    "proc-macro",
    "pub",
    "range",
    "ref",
    "return",
    "select",
    "static",
    "std",
    "struct",
    "super",
    "switch",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "use",
    "while",
];

/// Types of the SDK and of the examples: another one of that name would hide them.
const TYPES: [&str; 43] = [
    "Action",
    "Direction",
    "Encoding",
    "Err",
    "Field",
    "FieldValue",
    "Flow",
    "Found",
    "Gap",
    "Http",
    "HttpHook",
    "Input",
    "Interest",
    "Kind",
    "Line",
    "Manifest",
    "Message",
    "MessageHook",
    "None",
    "Ok",
    "Option",
    "Output",
    "Parser",
    "Part",
    "Patch",
    "Patched",
    "Probe",
    "Reader",
    "Self",
    "Session",
    "SessionHook",
    "SessionStatus",
    "SessionType",
    "Shortage",
    "Signature",
    "Some",
    "Status",
    "Step",
    "String",
    "Subject",
    "Transport",
    "Value",
    "Verdict",
];

/// A checked name.
#[derive(Debug)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn new(name: &str) -> Result<Self, String> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if name.len() > LENGTH || !begins || !name.bytes().all(fits) || name.ends_with('-') {
            return Err(format!(
                "a plugin can not be called `{name}`: a name is 1 to {LENGTH} lower-case letters, digits and dashes, begins with \
                 a letter and does not end with a dash"
            ));
        }
        if weir_builtin_plugins::all().iter().any(|plugin| plugin.name == name) {
            return Err(format!("a built-in plugin is called `{name}`; choose another name"));
        }
        if TAKEN.contains(&name) || name == "weir-plugin-sdk" {
            return Err(format!("`{name}` is a word of the language; choose another name"));
        }
        let name = Self(name.to_owned());
        let type_name = name.in_camel_case();
        if TYPES.contains(&type_name.as_str()) {
            return Err(format!(
                "`{}` can not be the name: its type would be called `{type_name}`, and the SDK has one of that name; choose another \
                 name",
                name.0
            ));
        }
        Ok(name)
    }

    /// `shop-orders`.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// `shop_orders`: as a file or module is called.
    pub(super) fn with_underscores(&self) -> String {
        self.0.replace('-', "_")
    }

    /// `ShopOrders`: the type, and the protocol's name in request logs.
    pub(super) fn in_camel_case(&self) -> String {
        let words = self.0.split('-').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_name() {
        let name = Name::new("shop-orders2").unwrap();
        assert_eq!(
            (name.with_underscores().as_str(), name.in_camel_case().as_str()),
            ("shop_orders2", "ShopOrders2")
        );
        assert_eq!(Name::new("a--b").unwrap().in_camel_case(), "AB");
    }

    /// The example takes everything of the prelude by its short name.
    #[test]
    fn types_of_the_sdk_are_taken() {
        let (_, sdk) = super::super::sdk::RUST.iter().find(|(path, _)| *path == "lib.rs").unwrap();
        let (_, prelude) = sdk.split_once("pub mod prelude {").unwrap();
        let (prelude, _) = prelude.split_once("\n}").unwrap();
        let types = prelude.split(|c: char| !c.is_alphanumeric());
        let types: Vec<&str> = types.filter(|word| word.starts_with(|c: char| c.is_uppercase())).collect();
        assert!(types.len() > 20, "{types:?}");
        for name in types {
            let with_dashes = name.char_indices().fold(String::new(), |text, (place, c)| {
                let dash = if place > 0 && c.is_uppercase() { "-" } else { "" };
                format!("{text}{dash}{}", c.to_ascii_lowercase())
            });
            assert!(Name::new(&with_dashes).is_err(), "{with_dashes}");
        }
    }

    #[test]
    fn names_that_can_not_be_had() {
        let long = "a".repeat(LENGTH + 1);
        for name in
            ["", "Shop", "1shop", "-shop", "shop-", "shop_orders", "../shop", "shop orders", "schön", &long]
        {
            assert!(Name::new(name).unwrap_err().contains("lower-case letters"), "{name}");
        }
        assert!(Name::new("http").unwrap_err().contains("built-in"));
        for name in ["line", "self", "http-hook"] {
            assert!(Name::new(name).unwrap_err().contains("its type would be called"), "{name}");
        }
        for name in ["std", "test", "fn", "weir-plugin-sdk"] {
            assert!(Name::new(name).unwrap_err().contains("word of the language"), "{name}");
        }
    }
}
