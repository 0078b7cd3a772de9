//! Rules about who may pass, put together like those of repoze.what: `all([is_oauth_user(None, None), has_scope("write")])`.

#[cfg(test)]
mod truth_tables;

use std::fmt;
use std::sync::Arc;

use keyhook_core::Scope;

use crate::principal::{Identity, Principal, Protocol};
use crate::refused::Refused;

/// A rule. Nobody passes without a principal, except by [`not_oauth`], alone or inside [`any`].
#[derive(Clone)]
pub struct Predicate(Arc<Rule>);

enum Rule {
    Authenticated,
    IsConsumer { client: Option<String> },
    IsOauthUser { user: Option<String>, client: Option<String> },
    NotOauth,
    HasScope(Option<Scope>),
    MetBy { unmet: &'static str, test: Box<Test> },
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not { unmet: &'static str, of: Predicate },
}

type Test = dyn Fn(&Principal) -> bool + Send + Sync;

/// Met by everybody who proved who they are.
pub fn authenticated() -> Predicate {
    Rule::Authenticated.into()
}

/// Met by a client that acts for itself: any (`None`), or the one of this id. An empty id is nobody's, so that a name that was
/// never configured lets nobody in.
pub fn is_consumer<'a>(client: impl Into<Option<&'a str>>) -> Predicate {
    Rule::IsConsumer { client: client.into().map(str::to_owned) }.into()
}

/// Met by a client on behalf of a user; `user` and `client` narrow it where they are given.
pub fn is_oauth_user<'a, 'b>(user: impl Into<Option<&'a str>>, client: impl Into<Option<&'b str>>) -> Predicate {
    Rule::IsOauthUser { user: user.into().map(str::to_owned), client: client.into().map(str::to_owned) }.into()
}

/// Met by whoever did not come through OAuth: a user of the application, **and everybody who proved nothing at all**. It keeps
/// clients away from what only people may do, such as changing a password; it does not ask for a sign-in. A request whose token
/// is bad is refused before any rule is asked.
pub fn not_oauth() -> Predicate {
    Rule::NotOauth.into()
}

/// Met by a principal that has every one of these scopes, separated by spaces (RFC 6749 §3.3). The empty scope is met by everybody
/// who proved who they are; nobody meets a malformed one.
pub fn has_scope(scope: &str) -> Predicate {
    Rule::HasScope(Scope::parse(scope).ok()).into()
}

/// Met by a principal that passes a test of one's own, such as one of its attributes. `unmet` tells the caller why not.
pub fn met_by(unmet: &'static str, test: impl Fn(&Principal) -> bool + Send + Sync + 'static) -> Predicate {
    Rule::MetBy { unmet, test: Box::new(test) }.into()
}

/// Met if all are; the first that is not says why. Nobody meets an empty list.
pub fn all(predicates: impl IntoIterator<Item = Predicate>) -> Predicate {
    Rule::All(predicates.into_iter().collect()).into()
}

/// Met if one of them is. Nobody meets an empty list.
pub fn any(predicates: impl IntoIterator<Item = Predicate>) -> Predicate {
    Rule::Any(predicates.into_iter().collect()).into()
}

/// Met by every principal that does not meet the other rule. Who proved nothing does not meet it: what is not known is no reason to
/// let somebody in.
pub fn not(unmet: &'static str, of: Predicate) -> Predicate {
    Rule::Not { unmet, of }.into()
}

impl From<Rule> for Predicate {
    fn from(rule: Rule) -> Predicate {
        Predicate(Arc::new(rule))
    }
}

/// As it is written: `all([is_consumer("shop"), has_scope("read")])`.
impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Rule::Authenticated => f.write_str("authenticated()"),
            Rule::IsConsumer { client } => write!(f, "is_consumer({client:?})"),
            Rule::IsOauthUser { user, client } => write!(f, "is_oauth_user({user:?}, {client:?})"),
            Rule::NotOauth => f.write_str("not_oauth()"),
            Rule::HasScope(scope) => write!(f, "has_scope({:?})", scope.as_ref().map(Scope::as_str)),
            Rule::MetBy { unmet, .. } => write!(f, "met_by({unmet:?})"),
            Rule::All(parts) => write!(f, "all({parts:?})"),
            Rule::Any(parts) => write!(f, "any({parts:?})"),
            Rule::Not { of, .. } => write!(f, "not({of:?})"),
        }
    }
}

const CONSUMER: Refused = Refused::Forbidden("this is for clients that act for themselves");
const OAUTH_USER: Refused = Refused::Forbidden("this is for clients on behalf of a user");
const OAUTH: Refused = Refused::Forbidden("this cannot be done through OAuth");
const NOBODY: Refused = Refused::Forbidden("nobody may do this");

impl Predicate {
    /// Whether the rule is met; `None` is somebody who proved nothing.
    ///
    /// # Errors
    /// How to refuse: [`Refused::Anonymous`] who proved nothing, [`Refused::InsufficientScope`] a token that lacks a scope,
    /// [`Refused::Forbidden`] the others.
    pub fn check(&self, principal: Option<&Principal>) -> Result<(), Refused> {
        match (&*self.0, principal) {
            (Rule::NotOauth, None) => Ok(()),
            (Rule::NotOauth, Some(principal)) => met(principal.protocol() == Protocol::Own, OAUTH),
            (Rule::All(parts), _) => all_of(parts, principal),
            (Rule::Any(parts), _) => any_of(parts, principal),
            (_, None) => Err(Refused::Anonymous),
            (rule, Some(principal)) => rule.check(principal),
        }
    }
}

impl Rule {
    /// The rules that only a principal can meet.
    fn check(&self, principal: &Principal) -> Result<(), Refused> {
        match self {
            Rule::Authenticated => Ok(()),
            Rule::IsConsumer { client: wanted } => match principal.identity() {
                Identity::Client { client } => met(fits(wanted.as_deref(), client), CONSUMER),
                _ => Err(CONSUMER),
            },
            Rule::IsOauthUser { user: wanted, client: through } => match principal.identity() {
                Identity::ClientForUser { client, user } => {
                    met(fits(wanted.as_deref(), user) && fits(through.as_deref(), client), OAUTH_USER)
                }
                _ => Err(OAUTH_USER),
            },
            Rule::HasScope(Some(scope)) => match principal.protocol() {
                // Another token would help a client, and a user of the application has none.
                Protocol::Own => met(scope.is_empty(), Refused::Forbidden("this needs an access token")),
                _ => met(scope.is_subset_of(principal.scope()), Refused::InsufficientScope(scope.clone())),
            },
            Rule::MetBy { unmet, test } => met(test(principal), Refused::Forbidden(unmet)),
            Rule::Not { unmet, of } => met(of.check(Some(principal)).is_err(), Refused::Forbidden(unmet)),
            // A malformed scope; the others are decided by `Predicate::check`, where nobody counts as well.
            Rule::HasScope(None) | Rule::NotOauth | Rule::All(_) | Rule::Any(_) => Err(NOBODY),
        }
    }
}

fn met(is_met: bool, unmet: Refused) -> Result<(), Refused> {
    if is_met { Ok(()) } else { Err(unmet) }
}

/// Whether a name is the wanted one, if one is wanted. Names that are empty are nobody's.
fn fits(wanted: Option<&str>, found: &str) -> bool {
    !found.is_empty() && wanted.is_none_or(|wanted| wanted == found)
}

fn all_of(parts: &[Predicate], principal: Option<&Principal>) -> Result<(), Refused> {
    if parts.is_empty() {
        return Err(NOBODY);
    }
    parts.iter().try_for_each(|part| part.check(principal))
}

/// The refusal that helps most: the scope to ask for, or else what the first rule says.
fn any_of(parts: &[Predicate], principal: Option<&Principal>) -> Result<(), Refused> {
    let mut refusals = Vec::with_capacity(parts.len());
    for part in parts {
        match part.check(principal) {
            Ok(()) => return Ok(()),
            Err(refused) => refusals.push(refused),
        }
    }
    let scope = refusals.iter().position(|refused| matches!(refused, Refused::InsufficientScope(_)));
    Err(if refusals.is_empty() { NOBODY } else { refusals.swap_remove(scope.unwrap_or_default()) })
}
