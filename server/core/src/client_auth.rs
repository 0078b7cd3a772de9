//! Client authentication by secret: how credentials are presented, and the one function that believes them (RFC 6749 §2.3).

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::authorization_header::{basic, is_scheme};
use crate::client::{AuthMethod, Client};
use crate::error::OAuthError;
use crate::form::Form;
use crate::kh;
use crate::mask::masked;
use crate::oauth1::VerifiedRequest;
use crate::secret::{Secret, SecretHash};

/// A client that has proven who it is. Only [`authenticate`] makes one.
///
/// ```compile_fail
/// use std::sync::Arc;
/// use keyhook_core::{AuthenticatedClient, Client};
/// let believed = AuthenticatedClient { client: Arc::new(Client::public("shop", "Shop")), signed_with: None };
/// ```
/// ```
/// use std::sync::Arc;
/// use keyhook_core::{Client, Form, client_auth};
/// let form = Form::parse(b"client_id=shop", 10)?;
/// let credentials = client_auth::present(None, &form)?;
/// let found = Some(Arc::new(Client::public("shop", "Shop")));
/// assert_eq!(client_auth::authenticate(found, &credentials)?.id, "shop");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    /// The token of OAuth 1.0a that it signed with besides.
    signed_with: Option<Box<str>>,
}

impl Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl AuthenticatedClient {
    const fn new(client: Arc<Client>) -> Self {
        Self { client, signed_with: None }
    }

    /// The token of OAuth 1.0a under which it signed this request: by HMAC or PLAINTEXT with the token's secret too (RFC 5849 §3.4.2),
    /// by RSA with the client's own key alone (§3.4.3).
    pub fn signed_with(&self) -> Option<&str> {
        self.signed_with.as_deref()
    }
}

/// Whether an `Authorization` header is a signature of OAuth 1.0a (RFC 5849 §3.5.1).
pub fn is_signature(authorization: &[u8]) -> bool {
    is_scheme(authorization, "OAuth")
}

/// Believes the client that signed a request; that its signature is good, the evidence says.
///
/// # Errors
/// `invalid_request` for a second method beside it (RFC 6749 §2.3), and for a body that names another client; `invalid_client` for a
/// signature that is somebody else's.
pub fn authenticate_signed(client: Arc<Client>, request: &VerifiedRequest, form: &Form) -> Result<AuthenticatedClient, OAuthError> {
    if form.once("client_secret")?.is_some() || form.once("client_assertion")?.is_some() {
        return Err(OAuthError::invalid_request("the client authenticated in more than one way").with_kh(kh::TWO_CREDENTIALS));
    }
    if form.once("client_id")?.is_some_and(|id| id != client.id) {
        return Err(OAuthError::invalid_request("client_id is not the client that signed the request").with_kh(kh::TWO_CLIENTS));
    }
    if client.disabled || client.oauth1.is_none() || client.id != request.consumer_key() {
        return Err(OAuthError::invalid_client().with_kh(kh::AUTH_METHOD));
    }
    Ok(AuthenticatedClient { client, signed_with: request.token().map(Into::into) })
}

/// What a client says about itself, believed by nobody yet.
#[derive(Clone, Debug)]
pub enum Credentials<'a> {
    /// `Authorization: Basic`.
    Basic {
        /// The id to look up.
        id: Cow<'a, str>,
        /// The secret, not compared yet.
        secret: Secret<String>,
    },
    /// `client_id` and `client_secret` in the body.
    Post {
        /// The id to look up.
        id: Cow<'a, str>,
        /// The secret, not compared yet.
        secret: Secret<String>,
    },
    /// `client_id` in the body and no secret.
    None {
        /// The id to look up.
        id: Cow<'a, str>,
    },
}

impl Credentials<'_> {
    /// The id of the client to look up.
    pub fn id(&self) -> &str {
        match self {
            Self::Basic { id, .. } | Self::Post { id, .. } | Self::None { id } => id,
        }
    }

    /// The method that was used.
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::Basic { .. } => AuthMethod::SecretBasic,
            Self::Post { .. } => AuthMethod::SecretPost,
            Self::None { .. } => AuthMethod::None,
        }
    }

    fn secret(&self) -> &[u8] {
        match self {
            Self::Basic { secret, .. } | Self::Post { secret, .. } => secret.expose().as_bytes(),
            Self::None { .. } => b"",
        }
    }
}

/// Reads the credentials of a request. `Authorization` headers of other schemes are none of ours and are ignored.
///
/// # Errors
/// `invalid_request` for two methods at once (RFC 6749 §2.3), for a body that names another client than the header, and
/// for a parameter sent twice; `invalid_client` for no credentials and for a malformed Basic header.
pub fn present<'a>(authorization: Option<&[u8]>, form: &'a Form) -> Result<Credentials<'a>, OAuthError> {
    let id = form.once("client_id")?;
    let secret = form.once("client_secret")?;
    let asserted = form.once("client_assertion")?.is_some() || form.once("client_assertion_type")?.is_some();
    let header = authorization.filter(|value| is_scheme(value, "Basic"));
    if [header.is_some(), secret.is_some(), asserted].into_iter().filter(|used| *used).count() > 1 {
        return Err(OAuthError::invalid_request("the client authenticated in more than one way").with_kh(kh::TWO_CREDENTIALS));
    }
    if let Some(header) = header {
        let (named, secret) = basic(header).ok_or_else(|| OAuthError::invalid_client().with_kh(kh::MALFORMED_BASIC))?;
        if id.is_some_and(|id| id != named) {
            return Err(OAuthError::invalid_request("client_id is not the client of the Authorization header").with_kh(kh::TWO_CLIENTS));
        }
        return Ok(Credentials::Basic { id: Cow::Owned(named), secret });
    }
    match (id, secret) {
        _ if asserted => Err(OAuthError::invalid_client().with_kh(kh::AUTH_METHOD)),
        (Some(id), Some(secret)) => Ok(Credentials::Post { id: Cow::Borrowed(id), secret: Secret::new(secret.to_owned()) }),
        (Some(id), None) => Ok(Credentials::None { id: Cow::Borrowed(id) }),
        (None, _) => Err(OAuthError::invalid_client().with_kh(kh::NO_CREDENTIALS)),
    }
}

/// An assertion that a request presents instead of a secret (RFC 7521 §4.2), believed by nobody yet.
#[derive(Clone, Debug)]
pub struct Assertion<'a> {
    /// `client_assertion_type`: says who can verify it.
    pub kind: &'a str,
    /// `client_assertion`.
    pub text: Secret<String>,
    /// `client_id`, if the request names one.
    pub id: Option<&'a str>,
}

/// Reads the assertion of a request; `None` where there is none.
///
/// # Errors
/// `invalid_request` for a second method beside it (RFC 6749 §2.3) and for a parameter sent twice; `invalid_client` for an assertion
/// without a type and a type without an assertion.
pub fn present_assertion<'a>(authorization: Option<&[u8]>, form: &'a Form) -> Result<Option<Assertion<'a>>, OAuthError> {
    let (text, kind) = (form.once("client_assertion")?, form.once("client_assertion_type")?);
    if text.is_none() && kind.is_none() {
        return Ok(None);
    }
    if form.once("client_secret")?.is_some() || authorization.is_some_and(|value| is_scheme(value, "Basic")) {
        return Err(OAuthError::invalid_request("the client authenticated in more than one way").with_kh(kh::TWO_CREDENTIALS));
    }
    let (Some(text), Some(kind)) = (text, kind) else {
        return Err(OAuthError::invalid_client().with_kh(kh::NO_CREDENTIALS).with_cause("an assertion and its type belong together"));
    };
    Ok(Some(Assertion { kind, text: Secret::new(text.to_owned()), id: form.once("client_id")? }))
}

/// Believes the client that a verified assertion names, or does not. `client` is what was found under `id`, if anything.
///
/// # Errors
/// `invalid_client`, the same for every cause, also when the request names another client than its assertion (RFC 7521 §4.2).
pub fn authenticate_asserted(client: Option<Arc<Client>>, id: &str, assertion: &Assertion<'_>) -> Result<AuthenticatedClient, OAuthError> {
    let refuse = |kh, cause: &str| {
        let id: String = masked(id).chars().filter(|c| !c.is_control()).take(64).collect();
        OAuthError::invalid_client().with_cause(format!("client `{id}`: {cause}")).with_kh(kh)
    };
    let Some(client) = client.filter(|client| client.id == id) else {
        return Err(refuse(kh::AUTH_UNKNOWN_CLIENT, "not registered"));
    };
    if assertion.id.is_some_and(|named| named != id) {
        return Err(refuse(kh::TWO_CLIENTS, "the request names another client than its assertion"));
    }
    if client.disabled {
        return Err(refuse(kh::DISABLED_CLIENT, "disabled"));
    }
    if client.auth_method != AuthMethod::Assertion {
        return Err(refuse(kh::AUTH_METHOD, &format!("used assertion, is registered for {}", client.auth_method.name())));
    }
    Ok(AuthenticatedClient::new(client))
}

/// Believes a client, or does not. `client` is what was found under [`Credentials::id`], if anything.
///
/// An unknown client costs the same hashing and the same two comparisons as a known one, and gets the same answer.
///
/// # Errors
/// `invalid_client`, the same for every cause; `kh` and `cause` tell the operator which.
pub fn authenticate(client: Option<Arc<Client>>, credentials: &Credentials<'_>) -> Result<AuthenticatedClient, OAuthError> {
    let presented = SecretHash::of(credentials.secret());
    let secrets = client.as_ref().map_or(&[][..], |client| &client.secrets);
    let right_secret = any_matches(secrets, &presented);
    let refuse = |kh, cause: &str| {
        let id: String = masked(credentials.id()).chars().filter(|c| !c.is_control()).take(64).collect();
        OAuthError::invalid_client().with_cause(format!("client `{id}`: {cause}")).with_kh(kh)
    };
    let Some(client) = client.filter(|client| client.id == credentials.id()) else {
        return Err(refuse(kh::AUTH_UNKNOWN_CLIENT, "not registered"));
    };
    if client.disabled {
        return Err(refuse(kh::DISABLED_CLIENT, "disabled"));
    }
    if client.auth_method != credentials.method() {
        let (used, own) = (credentials.method().name(), client.auth_method.name());
        return Err(refuse(kh::AUTH_METHOD, &format!("used {used}, is registered for {own}")));
    }
    if client.auth_method == AuthMethod::None || right_secret {
        Ok(AuthenticatedClient::new(client))
    } else {
        Err(refuse(kh::AUTH_SECRET, "wrong secret"))
    }
}

/// Compares with two hashes, always two, however many there are.
fn any_matches(secrets: &[SecretHash], presented: &SecretHash) -> bool {
    let nothing = SecretHash::from_bytes([0; 32]);
    let first = secrets.first().unwrap_or(&nothing).same(presented);
    let second = secrets.get(1).unwrap_or(&nothing).same(presented);
    (first & !secrets.is_empty()) | (second & (secrets.len() > 1))
}

#[cfg(test)]
mod tests;
