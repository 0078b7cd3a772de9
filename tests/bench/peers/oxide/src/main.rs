//! oxide-auth on axum with its maps in memory: nothing is durable, nobody is asked, there is no PKCE, and client secrets are compared
//! as they are, in place of argon2 for each request. `bench-peer-oxide PORT`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use oxide_auth::endpoint::{OwnerConsent, Solicitation};
use oxide_auth::frontends::dev::QueryParameter as _;
use oxide_auth::frontends::simple::endpoint::{FnSolicitor, access_token_flow, authorization_flow, client_credentials_flow};
use oxide_auth::primitives::prelude::{AuthMap, Client, ClientMap, RandomGenerator, TokenMap};
use oxide_auth::primitives::registrar::{PasswordPolicy, RegisteredUrl, RegistrarError};
use oxide_auth_axum::{OAuthRequest, OAuthResponse, WebError};

struct Plain;

impl PasswordPolicy for Plain {
    fn store(&self, _: &str, passphrase: &[u8]) -> Vec<u8> {
        passphrase.to_vec()
    }

    fn check(&self, _: &str, passphrase: &[u8], stored: &[u8]) -> Result<(), RegistrarError> {
        if passphrase == stored { Ok(()) } else { Err(RegistrarError::Unspecified) }
    }
}

struct Server {
    clients: ClientMap,
    codes: AuthMap<RandomGenerator>,
    tokens: TokenMap<RandomGenerator>,
}

type Shared = Arc<Mutex<Server>>;

async fn authorize(State(server): State<Shared>, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
    let mut server = server.lock().unwrap();
    let Server { clients, codes, .. } = &mut *server;
    let mut alice = FnSolicitor(|_: &mut OAuthRequest, _: Solicitation| OwnerConsent::Authorized("alice".to_owned()));
    authorization_flow(clients, codes, &mut alice).execute(request).map_err(|_| WebError::InternalError(None))
}

async fn token(State(server): State<Shared>, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
    let mut server = server.lock().unwrap();
    let Server { clients, codes, tokens } = &mut *server;
    let own = request.body().and_then(|form| form.unique_value("grant_type")).is_some_and(|grant| grant == "client_credentials");
    let answer = if own {
        let mut itself = FnSolicitor(|_: &mut OAuthRequest, asked: Solicitation| OwnerConsent::Authorized(asked.pre_grant().client_id.clone()));
        client_credentials_flow(clients, tokens, &mut itself).execute(request)
    } else {
        access_token_flow(clients, codes, tokens).execute(request)
    };
    answer.map_err(|_| WebError::InternalError(None))
}

fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("a port");
    let mut clients = ClientMap::new();
    clients.set_password_policy(Plain);
    let redirect_uri = RegisteredUrl::Semantic("https://shop.test/cb".parse().unwrap());
    clients.register_client(Client::confidential("bench", redirect_uri, "read".parse().unwrap(), b"bench-secret"));
    let server = Server { clients, codes: AuthMap::new(RandomGenerator::new(32)), tokens: TokenMap::new(RandomGenerator::new(32)) };
    let routes = Router::new().route("/authorize", get(authorize)).route("/token", post(token)).with_state(Arc::new(Mutex::new(server)));
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, routes).await.unwrap();
    });
}
