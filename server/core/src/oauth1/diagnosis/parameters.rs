//! What differs between two lists of normalized parameters (RFC 5849 §3.4.1.3).

use crate::oauth1::encoding::{self, encode};

type Pair<'a> = (&'a str, &'a str);

/// A name without `=` is told apart from one with an empty value by `None`.
fn pairs(normalized: &str) -> Vec<Pair<'_>> {
    normalized.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "\0"))).collect()
}

pub(super) fn cause(ours: &str, theirs: &str) -> String {
    let (our, their) = (pairs(ours), pairs(theirs));
    for (name, why) in [("oauth_signature", "oauth_signature itself is not signed"), ("realm", "the realm of the header is not signed")] {
        if has(&their, name) && !has(&our, name) {
            return format!("theirs holds {name}: {why} (RFC 5849 §3.4.1.3.1)");
        }
    }
    let (mut ours_sorted, mut theirs_sorted) = (our.clone(), their.clone());
    ours_sorted.sort_unstable();
    theirs_sorted.sort_unstable();
    if ours_sorted == theirs_sorted {
        return "the parameters are the same in another order: they are sorted by encoded name, then by encoded value, as bytes".to_owned();
    }
    let (only_ours, only_theirs) = (without(&our, &their), without(&their, &our));
    if let Some(cause) = only_ours.iter().find_map(|pair| only_theirs.iter().find_map(|other| spelling(*pair, *other))) {
        return cause;
    }
    missing(&only_ours, &only_theirs)
}

fn without<'a>(all: &[Pair<'a>], others: &[Pair<'_>]) -> Vec<Pair<'a>> {
    all.iter().filter(|pair| !others.contains(pair)).copied().collect()
}

fn has(pairs: &[Pair<'_>], name: &str) -> bool {
    pairs.iter().any(|(found, _)| *found == name)
}

/// The same parameter in two spellings.
fn spelling(ours: Pair<'_>, theirs: Pair<'_>) -> Option<String> {
    let name = ours.0;
    if theirs == (name, "\0") {
        return Some(format!("`{name}` has no = in theirs: it stands there even if the value is empty"));
    }
    [(ours.0, theirs.0), (ours.1, theirs.1)].into_iter().filter(|(our, their)| our != their).find_map(|(our, their)| {
        let why = encoded_differently(our, their)?;
        Some(format!("`{name}`: {why} (RFC 5849 §3.6); ours is {our}, theirs {their}"))
    })
}

fn encoded_differently(ours: &str, theirs: &str) -> Option<&'static str> {
    if ours.eq_ignore_ascii_case(theirs) && ours.contains('%') {
        return Some("the digits of %XX have to be capitals");
    }
    if theirs == encode(ours) {
        return Some("they encoded it once too often");
    }
    if ours == encode(theirs) {
        return Some("they did not encode it");
    }
    if theirs.replace("%7E", "~").replace("%2D", "-").replace("%2E", ".").replace("%5F", "_") == ours {
        return Some("~ - . _ are not encoded");
    }
    if ours.contains("%20") && (theirs.replace("%2B", "%20") == ours || theirs.replace('+', "%20") == ours) {
        return Some("a + in a query or form is a space, and a space is %20");
    }
    if ours.contains("%2B") && theirs.replace("%20", "%2B") == ours {
        return Some("a plus sign was sent as it is, or %2B was signed as a space: send %2B");
    }
    match encoding::decode(theirs.as_bytes()) {
        Some(decoded) if encode(&decoded) == ours => Some("some characters are not encoded as they have to be: !*'() for example are"),
        _ => None,
    }
}

fn missing(only_ours: &[Pair<'_>], only_theirs: &[Pair<'_>]) -> String {
    let names = |pairs: &[Pair<'_>]| pairs.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (only_ours, only_theirs) {
        (ours, []) => format!(
            "theirs has not {}: the parameters of the query are signed, and those of a body of type application/x-www-form-urlencoded",
            names(ours)
        ),
        ([], theirs) => format!(
            "theirs has {} too: it did not arrive, or its body did not come as application/x-www-form-urlencoded; other bodies are not signed",
            names(theirs)
        ),
        (ours, theirs) => {
            format!("other parameters or values arrived than were signed: ours alone has {}, theirs alone {}", names(ours), names(theirs))
        }
    }
}
