//! Foreign clients, in several libraries and three languages, complete the flow against the running binary.

use keyhook_tests::binary::Server;
use keyhook_tests::flow::{DEMO, follow};
use keyhook_tests::http::{Client, decode};

mod grants;
mod jwt;
mod oauth1;
mod oauthlib;
mod peers;

use peers::{Registered, completed, drive};

/// Nobody listens there: the drivers read the code off the redirect.
const REDIRECT_URI: &str = "https://client.example/callback";

#[test]
fn authlib_completes_code_refresh_introspection_revocation_and_client_credentials() {
    drive(&Registered::usual(), "authlib_flow.py", "foreign", &[]);
    completed("Authlib, Python");
}

#[test]
fn requests_oauthlib_completes_code_and_refresh() {
    drive(&Registered::usual(), "requests_oauthlib_flow.py", "foreign", &[]);
    completed("requests-oauthlib, Python");
}

#[test]
fn openid_client_completes_code_refresh_introspection_revocation_and_client_credentials() {
    drive(&Registered::usual(), "openid_client_flow.mjs", "foreign", &[]);
    completed("openid-client, JavaScript");
}

#[test]
fn oauth4webapi_completes_the_flow_of_a_public_client_and_accepts_iss() {
    drive(&Registered::usual(), "oauth4webapi_flow.mjs", "foreign-public", &[]);
    completed("oauth4webapi, JavaScript");
}

#[test]
fn the_oauth2_crate_completes_code_refresh_introspection_and_revocation() {
    use oauth2::basic::BasicClient;
    use oauth2::{
        AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RevocationUrl,
        Scope, StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
    };
    let registered = Registered::usual();
    let base = format!("http://localhost:{}", registered.server.port);
    let client = BasicClient::new(ClientId::new("foreign".into()))
        .set_client_secret(ClientSecret::new(registered.secret.clone()))
        .set_auth_uri(AuthUrl::new(format!("{base}/authorize")).unwrap())
        .set_token_uri(TokenUrl::new(format!("{base}/token")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(format!("{base}/introspect")).unwrap())
        .set_revocation_url(RevocationUrl::new(format!("https://localhost:{}/revoke", registered.server.port)).unwrap())
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client.authorize_url(CsrfToken::new_random).add_scope(Scope::new("read".into())).set_pkce_challenge(challenge).url();
    let arrived = arrive(&mut registered.server.client(), url.as_str().strip_prefix(&base).unwrap());
    assert_eq!(arrived.location_parameter("state").as_deref(), Some(state.secret().as_str()));
    let code = AuthorizationCode::new(arrived.location_parameter("code").unwrap());
    let http = |request: oauth2::HttpRequest| send(&registered.server, &request);
    let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request(&http).unwrap();
    assert!(client.introspect(tokens.access_token()).request(&http).unwrap().active());
    let fresh = client.exchange_refresh_token(tokens.refresh_token().unwrap()).request(&http).unwrap();
    client.revoke_token(StandardRevocableToken::RefreshToken(fresh.refresh_token().unwrap().clone())).unwrap().request(&http).unwrap();
    assert!(!client.introspect(fresh.access_token()).request(&http).unwrap().active());
    completed("oauth2, Rust");
}

/// Signs in and allows; the answer is the redirect to the client.
fn arrive(browser: &mut Client, path: &str) -> keyhook_tests::http::Answer {
    use keyhook_tests::flow::Form;
    let first = browser.get(path);
    let mut answer = follow(browser, first);
    for values in [vec![("username", DEMO.username), ("password", DEMO.password)], vec![("decision", "allow")]] {
        let form = Form::with_field(&answer.text(), values[0].0);
        let next = browser.post(&decode(&form.action), &form.filled(&values));
        answer = follow(browser, next);
    }
    answer
}

/// Carries a request of the oauth2 crate over the harness's raw client.
fn send(server: &Server, request: &oauth2::HttpRequest) -> Result<oauth2::HttpResponse, std::io::Error> {
    let headers: Vec<(&str, &str)> = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let answer = server.client().request(request.method().as_str(), request.uri().path(), &headers, request.body());
    let mut response = oauth2::http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body).map_err(std::io::Error::other)
}
