//! What a plugin's crate, or a server's, may be called.

use crate::failure::{Exit, Failure};

/// Names that cargo or the SDK need for themselves.
const TAKEN: [&str; 8] = ["keyhook-plugin", "keyhook-plugin-macros", "keyhook-plugin-test", "test", "core", "std", "alloc", "proc_macro"];
/// Rust's reserved words.
const WORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop \
    macro match mod move mut override priv pub ref return self static struct super trait true try type typeof unsafe unsized use virtual where while yield";
const LONGEST: usize = 64;

/// A name that is a crate's, a folder's and a plugin's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrateName(String);

impl CrateName {
    /// # Errors
    /// `KH0552` with what is wrong.
    pub(crate) fn parse(text: &str) -> Result<CrateName, Failure> {
        match fault(text) {
            None => Ok(CrateName(text.to_owned())),
            Some(why) => Err(Failure::new("KH0552", Exit::Usage, format!("`{}` cannot be the crate's name: {why}", text.escape_debug()))
                .help("lower-case letters, digits, - and _, such as `acme-login`")),
        }
    }

    /// The same for a server, which is built together with keyhook's own crates.
    ///
    /// # Errors
    /// `KH0552` with what is wrong.
    pub(crate) fn of_server(text: &str) -> Result<CrateName, Failure> {
        if text == "keyhook" || text.starts_with("keyhook-") {
            return Err(Failure::new(
                "KH0552",
                Exit::Usage,
                format!("`{}` cannot be the crate's name: keyhook's own crates begin so", text.escape_debug()),
            )
            .help("a name of your own, such as `acme-login`"));
        }
        CrateName::parse(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > LONGEST {
        return Some("it is longer than 64 characters");
    }
    if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Some("it must begin with a lower-case letter");
    }
    if !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)) {
        return Some("it holds a character that is not a lower-case letter, a digit, - or _");
    }
    if TAKEN.contains(&text) {
        return Some("the name belongs to the SDK or to Rust");
    }
    WORDS.split_whitespace().any(|word| word == text).then_some("it is a reserved word of Rust")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_crate_a_folder_and_a_plugin() {
        for good in ["hello", "acme-login", "a", "x2", "snake_case"] {
            assert_eq!(CrateName::parse(good).unwrap().as_str(), good);
        }
        for bad in
            ["", "Hello", "2fast", "../up", "a/b", "a b", "-x", ".hidden", "fn", "test", "keyhook-plugin", "é", "a\n", &"x".repeat(65)]
        {
            assert_eq!(CrateName::parse(bad).unwrap_err().code(), "KH0552", "{bad}");
        }
        for bad in ["keyhook", "keyhook-core", "fn"] {
            assert_eq!(CrateName::of_server(bad).unwrap_err().code(), "KH0552", "{bad}");
        }
    }
}
