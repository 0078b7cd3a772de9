//! A server inside the test's process, with a clock that the test moves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keyhook::{Builder, Client as Registered, RedirectUri, Running, Scope, Server};
use keyhook_component::context::Context;
use keyhook_component::system::Clock;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;

use crate::http::Client;
use crate::scratch::Scratch;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Seconds since the Unix epoch.
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst) / 1000
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Where [`shop`] wants its users back.
pub const REDIRECT_URI: &str = "https://shop.example/cb";
/// What [`shop`] authenticates with.
pub const SECRET: &str = "the secret of the shop, long enough";

/// A confidential client that may use every grant.
pub fn shop(id: &str) -> Registered {
    let mut client = Registered::confidential(id, "The <Shop>", SecretHash::of(SECRET.as_bytes()));
    client.redirect_uris = vec![RedirectUri::parse(REDIRECT_URI).unwrap()];
    client.grant_types = ["authorization_code", "refresh_token", "client_credentials"].map(str::to_owned).to_vec();
    client.scope = Scope::parse("read write").unwrap();
    client.introspect = true;
    client
}

/// A server in development mode on a port of its own, in memory.
pub struct Local {
    /// There until the end.
    runtime: Option<tokio::runtime::Runtime>,
    running: Option<Running>,
    /// The clock it runs by.
    pub clock: Arc<HandClock>,
    /// Its port on 127.0.0.1.
    pub port: u16,
    _data: Scratch,
}

impl Local {
    /// Starts one with [`shop`]; `with` says what is special about it.
    pub fn start(with: impl FnOnce(Builder) -> Builder) -> Local {
        Local::bare(|builder| with(builder.client(shop("shop"))))
    }

    /// Starts one without any client.
    pub fn bare(with: impl FnOnce(Builder) -> Builder) -> Local {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000_000)));
        let data = Scratch::new("local");
        let builder = Server::builder().dev(true).port(0).store("memory:").data(data.path()).clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let server = with(builder).build().unwrap_or_else(|failure| panic!("{failure}"));
        let running = runtime.block_on(server.start()).unwrap_or_else(|failure| panic!("{failure}"));
        let port = running.addresses()[0].port();
        Local { runtime: Some(runtime), running: Some(running), clock, port, _data: data }
    }

    fn runtime(&self) -> &tokio::runtime::Runtime {
        self.runtime.as_ref().unwrap()
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        self.running.as_ref().unwrap().issuer()
    }

    /// What its endpoints reach, for calls without a socket.
    pub fn context(&self) -> Arc<Context> {
        self.running.as_ref().unwrap().context()
    }

    /// The server for an API in this process.
    pub fn service(&self) -> keyhook::Service {
        self.running.as_ref().unwrap().service()
    }

    /// Waits for what its endpoints would wait for.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    /// A client of this server, as the issuer's host.
    pub fn client(&self) -> Client {
        Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)), &format!("localhost:{}", self.port))
    }

    /// Reads configuration and plugins again.
    ///
    /// # Errors
    /// What is wrong, as the operator reads it.
    pub fn reload(&self) -> Result<(), String> {
        let running = self.running.as_ref().unwrap();
        self.runtime().block_on(running.reload()).map(drop).map_err(|failure| failure.to_string())
    }

    /// Stops it; whether all requests finished in time.
    pub fn stop(mut self) -> bool {
        let running = self.running.take().unwrap();
        self.runtime().block_on(running.stop())
    }
}

/// A plugin whose code never returns must not keep the test.
impl Drop for Local {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
