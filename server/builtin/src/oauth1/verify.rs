//! Who signed this request: the consumer, the credentials it signed with, its signature, and last its nonce (RFC 5849 §3.2).

use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_component::records::{Stored, TemporaryCredential, TokenCredential};
use keyhook_component::settings::Oauth1Settings;
use keyhook_core::client::{Client, Consumer, Keys};
use keyhook_core::error::OAuthError;
use keyhook_core::oauth1::{
    Expected, Oauth1Error, Problem, SignatureMethod, SignedRequest, SigningKey, Unknown, Unverified, VerifiedRequest, signature,
};
use keyhook_core::{Secret, kh};

use super::arrived::Arrived;
use super::credentials::{Found, find_temporary, find_token};
use super::hooks::Passing;
use super::refused::Refused;
use super::{consumer, hooks, nonce};

/// Which credentials a request may be signed with, besides the consumer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// None: the consumer speaks for itself.
    Nothing,
    /// Temporary ones.
    Temporary,
    /// A user's token, or none where a consumer may act for itself (`[oauth1] two_legged`).
    Token,
    /// A user's token or none: the request proves who the client is, and nothing else is asked of it.
    Any,
}

/// A request that is proven to be its consumer's, for the first time.
pub(crate) struct Proven {
    /// The consumer.
    pub(crate) client: Arc<Client>,
    /// What it signed.
    pub(crate) request: VerifiedRequest,
    /// What it signed with.
    pub(crate) held: Held,
}

/// The credentials that a request was signed with.
pub(crate) enum Held {
    /// The consumer's own alone.
    Nothing,
    /// Temporary ones.
    Temporary(Arc<Stored<TemporaryCredential>>),
    /// A user's.
    Token(Arc<Stored<TokenCredential>>),
}

/// What was found under `oauth_token`, before anything is believed.
enum Named {
    Nothing,
    Temporary(Found<TemporaryCredential>),
    Token(Found<TokenCredential>),
    Unknown,
}

/// Proves a request; `None` where it is not signed in the manner of OAuth 1.0a.
///
/// # Errors
/// The problem by its name; unknown consumers, unknown tokens and wrong signatures are one. When a store does not answer.
pub(crate) async fn verify(
    request: &SignedRequest<'_>,
    with: With,
    arrived: Arrived<'_>,
    context: &Context,
) -> Result<Option<Proven>, Refused> {
    let Some(settings) = &context.settings.oauth1 else { return Ok(None) };
    let Some(unverified) = Unverified::read(request)? else { return Ok(None) };
    let parameters = unverified.parameters();
    let client = consumer::find(parameters.consumer_key(), arrived, context).await?;
    let named = named(parameters.token(), with, client.as_deref(), settings, context).await?;
    let verified = check(&unverified, client.as_deref(), &named, settings, context).await?;
    let client = client.ok_or_else(|| OAuthError::server_error("a request was verified for no consumer"))?;
    let passing = Passing { signed: request, verified: &verified, client: &client, subject: named.subject() };
    passing.may(arrived, context).await?;
    if let Some(mark) = verified.nonce() {
        nonce::record(mark, context).await?;
    }
    Ok(Some(Proven { client, request: verified, held: named.held()? }))
}

/// What an endpoint that takes signed requests alone says to one that is not.
pub(super) fn unsigned() -> Refused {
    Oauth1Error::absent("oauth_consumer_key").into()
}

async fn named(
    token: Option<&str>,
    with: With,
    client: Option<&Client>,
    settings: &Oauth1Settings,
    context: &Context,
) -> Result<Named, Refused> {
    let name = match (token, with) {
        (None, With::Temporary) => return Err(Oauth1Error::absent("oauth_token").into()),
        (None, With::Token) if !settings.two_legged => return Err(Oauth1Error::absent("oauth_token").into()),
        (None, _) => return Ok(Named::Nothing),
        (Some(_), With::Nothing) => return Ok(Named::Unknown),
        // For an unknown consumer too: the look-up would tell by its time who is known.
        (Some(name), _) => name,
    };
    // Boxed, or else a request without a token would carry the room for it.
    let found = match with {
        With::Temporary => Box::pin(find_temporary(name, client, context)).await?.map(Named::Temporary),
        With::Token | With::Any | With::Nothing => Box::pin(find_token(name, client, context)).await?.map(Named::Token),
    };
    Ok(found.unwrap_or(Named::Unknown))
}

/// Compares the signature with what each of the consumer's keys would give.
async fn check(
    unverified: &Unverified<'_>,
    client: Option<&Client>,
    named: &Named,
    settings: &Oauth1Settings,
    context: &Context,
) -> Result<VerifiedRequest, Refused> {
    let name = unverified.parameters().signature_method();
    let built_in = signature::named(name).filter(|_| settings.methods.iter().any(|method| method == name));
    let known = client.and_then(|client| Some((client, client.oauth1.as_ref()?)));
    let keys = known.map(|(client, consumer)| consumer::keys(client, consumer, context)).transpose()?;
    let allowed = allowed(known.map(|(_, consumer)| consumer), settings);
    let window = nonce::window(settings, context);
    let now = context.now();
    let base = context.settings.dev.then(|| unverified.base_string().as_str().to_owned());
    let token_secret = named.secret();
    let mut answer = Err(Oauth1Error::unverified().with_kh(kh::OAUTH1_CONSUMER));
    for index in 0..keys.map_or(1, Keys::pairs) {
        let key = match (keys, token_secret) {
            (None, _) => Err(Unknown::Consumer),
            (Some(_), None) => Err(Unknown::Token),
            (Some(keys), Some(token_secret)) => Ok(signing_key(keys.pair(index), token_secret)),
        };
        let supplied = match built_in {
            Some(_) => None,
            // Boxed, or else every signed request would carry the room for it.
            None => Box::pin(hooks::method(unverified, key.as_ref().ok(), context)).await?,
        };
        let method = built_in.or(supplied.as_ref().map(|supplied| supplied as &dyn SignatureMethod));
        answer = unverified.check(&Expected { method, allowed, key, window }, now);
        if !answer.as_ref().is_err_and(|error| error.problem == Problem::SignatureInvalid) {
            break;
        }
    }
    answer.map_err(|problem| Refused::Problem { base: base.filter(|_| problem.problem == Problem::SignatureInvalid), problem })
}

fn signing_key<'a>(pair: (Option<&'a str>, Option<&'a keyhook_core::crypto::PublicKey>), token_secret: &'a str) -> SigningKey<'a> {
    // An empty one signs nothing.
    let key = SigningKey::shared(pair.0.unwrap_or_default(), token_secret);
    match pair.1 {
        Some(public) => key.and_rsa(public),
        None => key,
    }
}

/// The methods that a consumer may use.
fn allowed<'a>(consumer: Option<&'a Consumer>, settings: &'a Oauth1Settings) -> &'a [String] {
    consumer.map(|consumer| &consumer.methods[..]).filter(|methods| !methods.is_empty()).unwrap_or(&settings.methods)
}

impl Named {
    /// Who authorized them.
    fn subject(&self) -> Option<&str> {
        match self {
            Named::Token(found) => found.record.subject.as_deref(),
            Named::Nothing | Named::Temporary(_) | Named::Unknown => None,
        }
    }

    /// The secret of the credentials; empty where there are none (RFC 5849 §3.4.2), `None` where they are not known.
    fn secret(&self) -> Option<&str> {
        let secret: &Secret<String> = match self {
            Named::Nothing => return Some(""),
            Named::Temporary(found) => &found.secret,
            Named::Token(found) => &found.secret,
            Named::Unknown => return None,
        };
        Some(secret.expose())
    }

    /// The credentials, if they are still good. Only whoever signed with them comes here.
    fn held(self) -> Result<Held, Oauth1Error> {
        let wrong = |problem| Oauth1Error::new(problem, "the token is not good any more").with_kh(kh::OAUTH1_TOKEN);
        match self {
            Named::Nothing => Ok(Held::Nothing),
            Named::Temporary(Found { wrong: Some(problem), .. }) | Named::Token(Found { wrong: Some(problem), .. }) => Err(wrong(problem)),
            Named::Temporary(found) => Ok(Held::Temporary(found.record)),
            Named::Token(found) => Ok(Held::Token(found.record)),
            Named::Unknown => Err(Oauth1Error::unverified().with_kh(kh::OAUTH1_TOKEN)),
        }
    }
}
