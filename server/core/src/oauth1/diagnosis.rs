//! Why two base strings of one request differ, in words for whoever has to mend a client (RFC 5849 §3.4.1).

mod parameters;
mod uri;

use std::fmt;

use super::encoding;

/// Where and why a client's base string is another one than ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis {
    /// The first byte that differs, counted from 0. Where one is the beginning of the other, its length.
    pub first_difference: usize,
    /// What is likely to be the cause, and the way out.
    pub cause: String,
}

/// A base string taken apart, each part decoded once.
struct Parts {
    method: String,
    uri: String,
    /// The normalized parameters: names and values still encoded.
    parameters: String,
}

impl Parts {
    fn of(base: &str) -> Option<Self> {
        let mut parts = base.split('&');
        let (method, uri, parameters) = (parts.next()?, parts.next()?, parts.next()?);
        let decode = |part: &str| encoding::decode(part.as_bytes());
        match parts.next() {
            None => Some(Self { method: decode(method)?, uri: decode(uri)?, parameters: decode(parameters)? }),
            Some(_) => None,
        }
    }
}

impl Diagnosis {
    /// Compares our base string with the client's; `None` if they are equal. Then the difference is in the key: the secrets, their
    /// encoding, or the method.
    pub fn of(ours: &str, theirs: &str) -> Option<Self> {
        if ours == theirs {
            return None;
        }
        let same = ours.bytes().zip(theirs.bytes()).take_while(|(ours, theirs)| ours == theirs).count();
        Some(Self { first_difference: same, cause: cause(ours, theirs) })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the first difference is at byte {}: {}", self.first_difference, self.cause)
    }
}

fn cause(ours: &str, theirs: &str) -> String {
    let trimmed = theirs.trim();
    if trimmed == ours {
        return "white space stands around theirs".to_owned();
    }
    let (Some(our_parts), found) = (Parts::of(ours), Parts::of(trimmed)) else {
        return "ours is not a base string".to_owned();
    };
    let Some(their_parts) = found else {
        return not_three_parts(trimmed);
    };
    if our_parts.method != their_parts.method {
        return method(&our_parts.method, &their_parts.method);
    }
    if our_parts.uri != their_parts.uri {
        return uri::cause(&our_parts.uri, &their_parts.uri);
    }
    if our_parts.parameters != their_parts.parameters {
        return parameters::cause(&our_parts.parameters, &their_parts.parameters);
    }
    "the parts are the same and encoded differently: unreserved characters stay as they are, all others become %XX in capitals (RFC 5849 §3.6)"
        .to_owned()
}

fn not_three_parts(theirs: &str) -> String {
    match theirs.split('&').count() {
        1 | 2 => {
            "theirs is not METHOD&URI&PARAMETERS joined by two &: they encoded the whole, or left a part out (RFC 5849 §3.4.1.1)".to_owned()
        }
        _ => "theirs has more than two &: they did not encode the parameters once more after joining them (RFC 5849 §3.4.1.1)".to_owned(),
    }
}

fn method(ours: &str, theirs: &str) -> String {
    if ours.eq_ignore_ascii_case(theirs) {
        return "the method has to be in capitals (RFC 5849 §3.4.1.1)".to_owned();
    }
    format!(
        "they signed {theirs}, and {ours} arrived: a redirect or a proxy changes the method, or the client signs another one than it sends"
    )
}

#[cfg(test)]
mod tests;
