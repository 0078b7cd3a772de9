//! The stable codes that an operator sees for a refused request; `server/docs/codes/core.md` describes each.

/// The form body or query cannot be decoded.
pub const MALFORMED_FORM: &str = "KH0201";
/// A parameter was sent more than once.
pub const DUPLICATE_PARAMETER: &str = "KH0202";
/// A required parameter is missing.
pub const MISSING_PARAMETER: &str = "KH0203";
/// The authorization request names a client that is not registered.
pub const UNKNOWN_CLIENT: &str = "KH0204";
/// The client is disabled.
pub const DISABLED_CLIENT: &str = "KH0205";
/// No `redirect_uri` was sent and the client has not exactly one.
pub const REDIRECT_MISSING: &str = "KH0206";
/// The `redirect_uri` is not registered for the client.
pub const REDIRECT_NOT_REGISTERED: &str = "KH0207";
/// The `response_type` is not supported.
pub const RESPONSE_TYPE: &str = "KH0208";
/// The `response_mode` is not supported.
pub const RESPONSE_MODE: &str = "KH0209";
/// The `state` is too long or holds control characters.
pub const STATE: &str = "KH0210";
/// The `scope` is not a list of scope tokens.
pub const MALFORMED_SCOPE: &str = "KH0211";
/// The `scope` holds more than the client may have.
pub const SCOPE_NOT_ALLOWED: &str = "KH0212";
/// The client must use PKCE and sent no `code_challenge`.
pub const PKCE_MISSING: &str = "KH0213";
/// The `code_challenge` or its method is not S256.
pub const PKCE_CHALLENGE: &str = "KH0214";
/// `prompt` or `max_age` has no valid value.
pub const PROMPT: &str = "KH0215";
/// A request object was sent.
pub const REQUEST_OBJECT: &str = "KH0216";
/// The client may not use this grant or response type.
pub const CLIENT_NOT_ALLOWED: &str = "KH0217";
/// No such grant type is installed.
pub const GRANT_TYPE: &str = "KH0218";
/// The body is not a form.
pub const CONTENT_TYPE: &str = "KH0219";
/// The request carries no client authentication.
pub const NO_CREDENTIALS: &str = "KH0220";
/// The client authenticated in two ways at once.
pub const TWO_CREDENTIALS: &str = "KH0221";
/// The `Authorization: Basic` header cannot be decoded.
pub const MALFORMED_BASIC: &str = "KH0222";
/// The client that wants to authenticate is not registered.
pub const AUTH_UNKNOWN_CLIENT: &str = "KH0223";
/// The client authenticated with a method that is not its own.
pub const AUTH_METHOD: &str = "KH0224";
/// The client secret is wrong.
pub const AUTH_SECRET: &str = "KH0225";
/// The header and the body name different clients.
pub const TWO_CLIENTS: &str = "KH0226";
/// The authorization code does not exist, or its secret is wrong.
pub const CODE_UNKNOWN: &str = "KH0230";
/// The authorization code has expired.
pub const CODE_EXPIRED: &str = "KH0231";
/// The authorization code was issued to another client.
pub const CODE_CLIENT: &str = "KH0232";
/// The `redirect_uri` differs from the one of the authorization request.
pub const CODE_REDIRECT: &str = "KH0233";
/// A PKCE verifier is missing, or was sent without a challenge before it.
pub const VERIFIER_MISMATCH: &str = "KH0234";
/// The PKCE verifier does not fit the challenge.
pub const VERIFIER_WRONG: &str = "KH0235";
/// The PKCE verifier is not 43 to 128 unreserved characters.
pub const VERIFIER_MALFORMED: &str = "KH0236";
/// The authorization code was redeemed before; its grant has been revoked.
pub const CODE_REPLAY: &str = "KH0237";
/// The grant behind the code or token has ended.
pub const GRANT_ENDED: &str = "KH0238";
/// The refresh token does not exist, or its secret is wrong.
pub const REFRESH_UNKNOWN: &str = "KH0240";
/// The refresh token has expired.
pub const REFRESH_EXPIRED: &str = "KH0241";
/// The refresh token was issued to another client.
pub const REFRESH_CLIENT: &str = "KH0242";
/// The refresh token was used before; its family has been revoked.
pub const REFRESH_REPLAY: &str = "KH0243";
/// The refresh request asks for more scope than was granted.
pub const REFRESH_SCOPE: &str = "KH0244";
/// A token exchange is not one that this server does, or its token is not the one that signed the request.
pub const EXCHANGE: &str = "KH0246";
/// `prompt=none`, but nobody is signed in.
pub const LOGIN_REQUIRED: &str = "KH0250";
/// `prompt=none`, but the user has not consented.
pub const CONSENT_REQUIRED: &str = "KH0251";
/// The user, or a plugin on the user's behalf, said no.
pub const ACCESS_DENIED: &str = "KH0252";
/// OAuth 1.0a: the protocol parameters are malformed, missing, twice, or in two places.
pub const OAUTH1_PARAMETERS: &str = "KH0253";
/// OAuth 1.0a: the signature method is not offered, not allowed to the consumer, or not without TLS.
pub const OAUTH1_METHOD: &str = "KH0254";
/// OAuth 1.0a: the timestamp is outside the window.
pub const OAUTH1_TIMESTAMP: &str = "KH0255";
/// OAuth 1.0a: the nonce was used before.
pub const OAUTH1_NONCE: &str = "KH0256";
/// OAuth 1.0a: the signature is wrong.
pub const OAUTH1_SIGNATURE: &str = "KH0257";
/// OAuth 1.0a: the consumer is unknown or disabled.
pub const OAUTH1_CONSUMER: &str = "KH0258";
/// OAuth 1.0a: the token is unknown, has ended, or is another consumer's.
pub const OAUTH1_TOKEN: &str = "KH0259";
/// OAuth 1.0a: the verifier is missing or wrong.
pub const OAUTH1_VERIFIER: &str = "KH0260";
/// OAuth 1.0a: the callback is not registered.
pub const OAUTH1_CALLBACK: &str = "KH0261";
/// Something failed inside the server.
pub const SERVER_ERROR: &str = "KH0290";
/// The server is busy or a part of it is away.
pub const UNAVAILABLE: &str = "KH0291";

#[cfg(test)]
mod tests {
    /// Every code of this file has a chapter in the catalog, and the catalog knows no other.
    #[test]
    fn every_code_is_described_and_every_description_has_a_code() {
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let mut here: Vec<_> = include_str!("kh.rs").lines().filter(|line| line.starts_with("pub const")).filter_map(quoted).collect();
        let mut described: Vec<_> = include_str!("../../docs/codes/core.md")
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .filter_map(|line| line.split(' ').next().map(str::to_owned))
            .collect();
        here.sort();
        described.sort();
        assert_eq!(here, described);
    }
}
