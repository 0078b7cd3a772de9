//! Scopes (RFC 6749 §3.3): the grammar and nothing beyond it, sets that only shrink.

use std::collections::BTreeSet;

use keyhook_core::{Granted, Scope};

use crate::parts::texts;

/// Lines: what is asked for, what is allowed, the default.
pub fn check(data: &[u8]) {
    let Some([asked, allowed, default]) = texts(data) else { return };
    let scopes = [asked, allowed, default].map(parsed);
    let [Some(asked), Some(allowed), Some(default)] = scopes else { return };
    narrowed(&asked, &allowed, &default);
}

/// `scope-token *( SP scope-token )` of %x21 / %x23-5B / %x5D-7E, at most 4096 bytes.
fn fits(text: &str) -> bool {
    let character = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    text.len() <= 4096 && text.split(' ').all(|token| !token.is_empty() && token.bytes().all(character))
}

fn parsed(text: &str) -> Option<Scope> {
    let scope = Scope::parse(text);
    assert_eq!(scope.is_ok(), text.is_empty() || fits(text), "{text:?}");
    let scope = scope.ok()?;
    let tokens: BTreeSet<&str> = text.split(' ').filter(|token| !token.is_empty()).collect();
    assert_eq!(scope.iter().collect::<BTreeSet<_>>(), tokens);
    assert_eq!(scope.iter().count(), tokens.len(), "no token stands there twice");
    assert!(tokens.iter().all(|token| scope.contains(token)) && !scope.contains(""));
    let again = Scope::parse(scope.as_str()).unwrap();
    assert_eq!((again.as_str(), &again), (scope.as_str(), &scope));
    let json = serde_json::to_string(&scope).unwrap();
    assert_eq!(serde_json::from_str::<Scope>(&json).unwrap().as_str(), scope.as_str());
    Some(scope)
}

fn set(scope: &Scope) -> BTreeSet<&str> {
    scope.iter().collect()
}

fn narrowed(asked: &Scope, allowed: &Scope, default: &Scope) {
    let wanted = if asked.is_empty() { default } else { asked };
    let granted = Granted::narrow(Some(asked), allowed, default);
    assert_eq!(granted.is_ok(), set(wanted).is_subset(&set(allowed)));
    let Ok(granted) = granted else { return };
    assert_eq!(set(granted.scope()), set(wanted));
    let part = granted.subset(default);
    assert_eq!(part.is_ok(), set(default).is_subset(&set(granted.scope())));
    let left: BTreeSet<&str> = set(granted.scope()).intersection(&set(default)).copied().collect();
    match granted.clone().still(default) {
        Ok(still) => assert_eq!(set(still.scope()), left),
        Err(_) => assert!(left.is_empty() && !granted.scope().is_empty()),
    }
}
