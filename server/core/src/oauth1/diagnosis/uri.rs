//! What differs between two base string URIs (RFC 5849 §3.4.1.2).

use crate::oauth1::encoding::{self, encode};

/// Scheme, authority and path of a base string URI.
fn split(uri: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((scheme, authority, path))
}

pub(super) fn cause(ours: &str, theirs: &str) -> String {
    if theirs.contains('?') || theirs.contains('#') {
        return "theirs has the query or the fragment in the URI: the query belongs among the parameters, the fragment nowhere".to_owned();
    }
    let (Some(our), Some(their)) = (split(ours), split(theirs)) else {
        return match encoding::decode(theirs.as_bytes()) {
            Some(decoded) if split(&decoded).is_some() => "they encoded the URI twice".to_owned(),
            _ => "their URI is not scheme://host/path".to_owned(),
        };
    };
    if our.0 != their.0 {
        return scheme(our.0, their.0);
    }
    if our.1 != their.1 {
        return authority(our, their.1);
    }
    path(our.2, their.2)
}

fn scheme(ours: &str, theirs: &str) -> String {
    if ours.eq_ignore_ascii_case(theirs) {
        return "the scheme has to be in lower case".to_owned();
    }
    format!(
        "they signed {theirs} and we saw {ours}: where a proxy ends TLS, the server has to know its issuer and trust that proxy; otherwise \
         the client has another scheme in its configuration"
    )
}

fn authority(ours: (&str, &str, &str), theirs: &str) -> String {
    let (scheme, ours, _) = ours;
    if ours.eq_ignore_ascii_case(theirs) {
        return "the host has to be in lower case".to_owned();
    }
    let default = if scheme == "https" { ":443" } else { ":80" };
    if theirs.strip_suffix(default) == Some(ours) {
        return format!("the port {default} is the default of {scheme} and has to be left out");
    }
    let host = |authority: &str| authority.rsplit_once(':').map_or(authority.to_owned(), |(host, _)| host.to_owned());
    if host(ours) == host(theirs) || host(ours) == theirs {
        return format!("the port differs: we saw {ours}, they signed {theirs}; it has to be the one of the Host header");
    }
    format!("the host differs: we saw {ours}, they signed {theirs}; a proxy that rewrites Host does this, or an alias")
}

fn path(ours: &str, theirs: &str) -> String {
    if theirs.is_empty() {
        return "an empty path has to be signed as /".to_owned();
    }
    if ours.trim_end_matches('/') == theirs.trim_end_matches('/') {
        return format!("a slash at the end differs: we saw {ours}, they signed {theirs}");
    }
    if ours.eq_ignore_ascii_case(theirs) {
        return "the path differs in upper and lower case; it is signed as it is sent, its %XX too".to_owned();
    }
    let decoded = |path: &str| encoding::decode(path.as_bytes());
    if decoded(theirs).as_deref() == Some(ours) || theirs == encode(ours).replace("%2F", "/") {
        return "they encoded the path once too often: it is signed as it is sent".to_owned();
    }
    if decoded(ours).as_deref() == Some(theirs) {
        return "they signed the decoded path: it is signed as it is sent, encoded".to_owned();
    }
    format!("the path differs: we saw {ours}, they signed {theirs}; a proxy that adds or cuts a prefix does this")
}
