//! A [`Local`] server with the clients and users that tests of the protocol need.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use keyhook::{Builder, Client as Registration, RedirectUri, Scope};
use keyhook_component::context::Context;
use keyhook_core::client::{Application, AuthMethod};
use keyhook_core::secret::SecretHash;

use crate::back_channel::{BackChannel, Tokens};
use crate::flow::{self, Ask, Person, Pkce};
use crate::http::{Answer, Client};
use crate::local::Local;

/// The secret of every confidential client.
pub const SECRET: &str = "khx_a-secret-that-only-tests-know-0123456789";
/// Where the clients `shop` and `other` want their users back.
pub const SHOP_URI: &str = "https://shop.test/cb";
/// Where `app` wants them back, on any port.
pub const APP_URI: &str = "http://127.0.0.1/cb";
/// The user.
pub const ALICE: Person<'static> = Person { username: "alice", password: "open sesame" };
/// Another user.
pub const BOB: Person<'static> = Person { username: "bob", password: "swordfish" };

/// A running server.
///
/// Its clients: `shop` and `other`, confidential, of the same redirect URI; `app`, public and native; `machine`, which acts for
/// itself and may introspect everybody's tokens; `lax`, confidential and free to go without PKCE; `poster`, which authenticates in
/// the body.
pub struct Stage {
    local: Local,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its issuer.
    pub issuer: String,
}

impl Stage {
    /// A server in development mode over a store in memory.
    pub fn new() -> Stage {
        Stage::with(|builder| builder)
    }

    /// The same with some configuration on top.
    pub fn configured(text: &str) -> Stage {
        Stage::with(|builder| builder.config_text(text))
    }

    /// The same, changed by a closure.
    pub fn with(change: impl FnOnce(Builder) -> Builder) -> Stage {
        let local = Local::bare(|mut builder| {
            for client in registrations() {
                builder = builder.client(client);
            }
            for person in [ALICE, BOB] {
                builder = builder.user(person.username, person.password);
            }
            change(builder)
        });
        let (address, issuer) = (SocketAddr::from((Ipv4Addr::LOCALHOST, local.port)), local.issuer().to_owned());
        Stage { local, address, issuer }
    }

    /// A browser, or any HTTP client, that calls the server by its issuer's host.
    pub fn client(&self) -> Client {
        let authority = self.issuer.split("://").nth(1).unwrap().split('/').next().unwrap();
        Client::new(self.address, authority)
    }

    /// A client's back channel, authenticated with [`SECRET`].
    pub fn back_channel(&self, id: &str) -> BackChannel {
        BackChannel::new(self.client(), id, SECRET)
    }

    /// What its endpoints reach, for calls without a socket.
    pub fn context(&self) -> Arc<Context> {
        self.local.context()
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.local.clock.advance(span);
    }

    /// What `shop` asks for by default.
    pub fn ask(&self) -> Ask<'static> {
        Ask { client_id: "shop", redirect_uri: SHOP_URI, scope: "read write", state: "a state", pkce: Pkce::new("stage") }
    }

    /// A code of `shop` for `alice`, in a browser of its own.
    pub fn code(&self) -> String {
        flow::code(&mut self.client(), &self.ask(), ALICE)
    }

    /// The tokens of `shop` for `alice`.
    pub fn tokens(&self) -> Tokens {
        let answer = self.redeem(&self.code());
        Tokens::of(&answer).unwrap_or_else(|| panic!("no tokens: {} {}", answer.status, answer.text()))
    }

    /// Redeems a code of `shop` as it should be done.
    pub fn redeem(&self, code: &str) -> Answer {
        self.back_channel("shop").redeem(code, SHOP_URI, &self.ask().pkce.verifier)
    }
}

impl Default for Stage {
    fn default() -> Stage {
        Stage::new()
    }
}

/// A confidential client of this id with [`SECRET`], [`SHOP_URI`] and the scope `read write`.
pub fn confidential(id: &str) -> Registration {
    let mut client = Registration::confidential(id, format!("The {id}"), SecretHash::of(SECRET.as_bytes()));
    client.redirect_uris = vec![RedirectUri::parse(SHOP_URI).unwrap()];
    client.scope = Scope::parse("read write").unwrap();
    client.default_scope = Scope::parse("read").unwrap();
    client
}

/// The clients of every stage.
pub fn registrations() -> Vec<Registration> {
    let mut app = Registration::public("app", "The app");
    app.application = Application::Native;
    app.redirect_uris = [APP_URI, "com.example.app:/cb"].map(|uri| RedirectUri::parse(uri).unwrap()).to_vec();
    app.scope = Scope::parse("read").unwrap();
    let mut machine = confidential("machine");
    machine.grant_types = vec!["client_credentials".to_owned()];
    machine.redirect_uris = Vec::new();
    machine.introspect = true;
    let mut lax = confidential("lax");
    lax.require_pkce = false;
    let mut poster = confidential("poster");
    poster.auth_method = AuthMethod::SecretPost;
    vec![confidential("shop"), confidential("other"), app, machine, lax, poster]
}
