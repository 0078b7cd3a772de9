//! A request of ours as its client signed it: nothing decoded, nothing normalized (RFC 5849 §3.4.1).

use http::header;
use keyhook_component::request::Request;
use keyhook_core::error::OAuthError;
use keyhook_core::kh;
use keyhook_core::oauth1::SignedRequest;

/// The request as it was signed. What reached a proxy is what counts: scheme and host are those of the browser or client.
///
/// # Errors
/// `invalid_request` for two `Authorization` headers: which of them was meant is not a guess.
pub(crate) fn signed(request: &Request) -> Result<SignedRequest<'_>, OAuthError> {
    let mut headers = request.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = headers.next().and_then(|value| value.to_str().ok());
    if headers.next().is_some() {
        return Err(OAuthError::invalid_request("the client authenticated in more than one way").with_kh(kh::TWO_CREDENTIALS));
    }
    let is_form = request.header(header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    Ok(SignedRequest {
        method: request.method.as_str(),
        scheme: request.scheme,
        authority: &request.host,
        path: &request.path,
        query: Some(request.query.as_str()).filter(|query| !query.is_empty()),
        authorization,
        form_body: is_form.then_some(&request.body[..]),
        body_other: (!is_form).then_some(&request.body[..]),
    })
}
