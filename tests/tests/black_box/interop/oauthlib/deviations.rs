//! Where oauthlib and RFC 5849 part, or where we are stricter than oauthlib: each with its section and its reason.

use keyhook_core::oauth1::Oauth1Error;

use super::Made;

/// A difference, and the requests that it is about.
struct Deviation {
    /// What differs, where the RFC says so, why.
    name: &'static str,
    applies: fn(&Made, &Result<String, Oauth1Error>) -> bool,
}

const ALL: &[Deviation] = &[
    Deviation {
        name: "§3.4.1.3.1: oauthlib decodes the oauth_ parameters of query and form twice",
        applies: |made, ours| ours.is_ok() && made.own().is_some_and(|own| own.contains("%25")),
    },
    Deviation {
        name: "§3.5.1: oauthlib does not decode parameters of the header that do not begin with oauth_",
        applies: |made, ours| ours.is_ok() && made.header().contains("xoauth_requestor_id=\"a%40b\""),
    },
    Deviation {
        name: "§3.1: protocol parameters that came twice are refused; oauthlib refuses them elsewhere",
        applies: |made, ours| ours.is_err() && made.repeats_a_protocol_parameter(),
    },
    Deviation {
        name: "§3.4.1.3.1: oauthlib refuses, or in a body passes over, characters that URIs should not but forms may hold",
        applies: |made, ours| ours.is_ok() && made.forms().any(|form| form.contains(['"', '<', '[', '|', '^', '{', '`', '\\'])),
    },
    Deviation {
        name: "§3.6: bytes that are not UTF-8 stay what they are; oauthlib makes U+FFFD of them",
        applies: |made, ours| ours.is_ok() && made.forms().flat_map(|form| form.split(['&', '='])).any(|piece| !is_utf8(piece)),
    },
    Deviation {
        name: "§3.6: a % without two digits is refused; oauthlib takes one at the end as it is, and passes over a body that holds one",
        applies: |made, ours| ours.is_err() && made.forms().any(has_stray_percent),
    },
    Deviation {
        name: "§3.4.1.2: the host stays as it was sent; oauthlib writes IPv6 addresses anew",
        applies: |made, ours| ours.is_ok() && made.authority.starts_with("[0:0::1]"),
    },
    Deviation {
        name: "§3.4.1.2: the path stays as it was sent; oauthlib drops a semicolon at its end",
        applies: |made, ours| ours.is_ok() && made.path.ends_with(';'),
    },
];

/// What explains a difference.
pub(super) fn explanation(made: &Made, ours: &Result<String, Oauth1Error>) -> Option<&'static str> {
    ALL.iter().find(|deviation| (deviation.applies)(made, ours)).map(|deviation| deviation.name)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|deviation| deviation.name)
}

impl Made {
    fn header(&self) -> &str {
        self.authorization.as_deref().unwrap_or_default()
    }

    /// Query and form.
    fn forms(&self) -> impl Iterator<Item = &str> {
        [Some(self.query.as_str()), self.body.as_deref()].into_iter().flatten()
    }

    /// The protocol parameters, where they stand in query or form.
    fn own(&self) -> Option<String> {
        let own: Vec<_> = self.forms().flat_map(|form| form.split('&')).filter(|pair| pair.starts_with("oauth_")).collect();
        (!own.is_empty()).then(|| own.join("&"))
    }

    fn repeats_a_protocol_parameter(&self) -> bool {
        let in_header = self.header().split([' ', ',', '\t']).filter_map(|element| element.split_once("=\"").map(|(name, _)| name));
        let in_forms = self.forms().flat_map(|form| form.split('&')).filter_map(|pair| pair.split('=').next());
        let mut names: Vec<_> = in_header.chain(in_forms).filter(|name| name.starts_with("oauth_")).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        names.len() < all
    }
}

fn has_stray_percent(form: &str) -> bool {
    form.split('%').skip(1).any(|after| after.len() < 2 || !after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Whether what is encoded is text.
fn is_utf8(piece: &str) -> bool {
    let mut bytes = Vec::new();
    let mut rest = piece;
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits = encoded.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(digits);
        rest = encoded.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).is_ok()
}
