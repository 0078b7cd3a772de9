//! Contexts: what a plugin may see and change, one type for each kind of call.

mod authorization;
mod custom;
mod oauth1;
mod provide;
mod request;
mod start;
mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use authorization::{Approve, AuthorizationCx, AuthorizationGetCx, AuthorizationPostCx, SignIn};
pub use custom::CustomCx;
pub use oauth1::{
    ExpectedSignature, Oauth1ConsumerCx, Oauth1RequestCx, Oauth1SignatureCx, Oauth1TokenCx, Oauth1TokenResponseCx, RequestTokenResponseCx,
};
pub use provide::{Authenticated, ClientAssertionCx, Grant, TokenGrantCx};
pub use request::RequestCx;
pub use start::StartCx;
pub use token::{TokenCx, TokenResponseCx};

use crate::abi::part;
use crate::config::Config;
use crate::deny::Deny;
use crate::refused::{Refused, accepted};
use crate::store::{Store, whole_seconds};
use crate::thunk::Call;

/// What every call has. The contexts of hooks and handlers dereference to it.
///
/// It is neither `Send` nor `Sync`: a context is good on its own thread until the call returns.
///
/// ```compile_fail
/// fn needs_send<T: Send>() {}
/// needs_send::<keyhook_plugin::TokenResponseCx>();
/// ```
/// ```
/// fn exists<T>() {}
/// exists::<keyhook_plugin::TokenResponseCx>();
/// ```
pub struct Cx {
    pub(crate) call: Call,
}

impl Cx {
    pub(crate) fn new(call: Call) -> Self {
        Self { call }
    }

    /// A fact about the call by name, see [`part::FACT`]; `None` where it does not apply.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.text(part::FACT, name)
    }

    /// The plugin's configuration, `[plugins.<name>.config]`.
    pub fn config(&self) -> Config<'_> {
        Config::new(&self.call)
    }

    /// What the plugin's `start` made. `S` is the type that it returned.
    ///
    /// # Errors
    /// `start` made another type, or there is none.
    pub fn state<S: Send + Sync + 'static>(&self) -> Result<Arc<S>, Refused> {
        self.call.state().and_then(|state| state.downcast().ok()).ok_or_else(|| {
            let wish = format!("reach the state as `{}`", std::any::type_name::<S>());
            Refused::new(crate::abi::WRONG_TYPE, wish)
        })
    }

    /// The server's clock, which a test may move; never ask the system's.
    pub fn now(&self) -> SystemTime {
        let nanoseconds = self.call.host.now_unix_ns();
        let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
        if nanoseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }

    /// Seconds since the Unix epoch by the server's clock.
    pub fn unix_time(&self) -> u64 {
        self.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// `N` bytes from the server's cryptographic random source.
    ///
    /// # Errors
    /// The source failed.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Refused> {
        let mut bytes = [0; N];
        accepted(self.call.host.random(&mut bytes), || "get random bytes".to_owned())?;
        Ok(bytes)
    }

    /// The plugin's own corner of the server's store. Blocking: refused in `inline` hooks.
    pub fn store(&self) -> Store<'_> {
        Store::new(&self.call)
    }

    /// Takes `key` for `ttl`, whole seconds; zero is one year. `true` for one caller ever, among all nodes of the server; `false` for
    /// everybody after: the way to accept an assertion once (RFC 7521 §5.2, `jti`). Keys are this plugin's own, at most 255 bytes.
    /// Blocking: refused in `inline` hooks. Needs the capability `store`.
    ///
    /// # Errors
    /// The store is not at hand: then nobody knows, and the thing must not be accepted. `?` denies.
    pub fn once(&self, key: &str, ttl: Duration) -> Result<bool, Refused> {
        match self.call.once(key, whole_seconds(ttl)) {
            crate::abi::CONFLICT => Ok(false),
            code => accepted(code, || format!("take `{key}` once")).map(|()| true),
        }
    }

    /// Fires a custom hook, `#[hook(custom = "…")]` in this or another plugin, with a JSON text as its payload, and gives the
    /// payload as the chain left it.
    ///
    /// # Errors
    /// [`Reason::Denied`](crate::Reason::Denied) when a plugin denied, [`Reason::Failed`](crate::Reason::Failed) when one broke or was
    /// late. `?` denies here too: as that plugin did if it denied in public, else with `server_error`.
    /// [`Reason::WouldBlock`](crate::Reason::WouldBlock) when this call is `inline` and the hook is not.
    pub fn fire(&mut self, name: &str, payload: &str) -> Result<String, Refused> {
        let wish = || format!("fire `{name}`");
        let code = match self.call.fire(name, payload) {
            Ok(lent) => return utf8(lent.bytes, wish).map(str::to_owned),
            Err(code) => code,
        };
        let fact = |name| self.fact(name).map(str::to_owned);
        let denial = fact("fired_error").map(|error| match fact("fired_description") {
            Some(text) => Deny::error(error, text).public(),
            None => Deny::error(error, ""),
        });
        Err(Refused::new(code, wish()).by(fact("fired_plugin"), denial))
    }

    /// Whether the answer is no longer wanted: the deadline has passed or the client is gone. Ask it in long loops.
    pub fn is_cancelled(&self) -> bool {
        self.call.is_cancelled()
    }

    /// A request header by name, any case. `cookie` holds only cookies named `<plugin>-…`; hooks never see `authorization`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text(part::HEADER, &name.to_ascii_lowercase())
    }

    /// A cookie by its whole name, which begins with `<plugin>-`; other cookies no plugin sees in a hook.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';').map(str::trim);
        pairs.filter_map(|pair| pair.split_once('=')).find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The address of the client's end of the connection, trusted proxies taken off.
    pub fn client_ip(&self) -> Option<&str> {
        self.fact("client_ip")
    }

    /// The issuer identifier (RFC 8414 §2).
    pub fn issuer(&self) -> &str {
        self.fact("issuer").unwrap_or_default()
    }

    /// The request's number in the server's log.
    pub fn request_id(&self) -> &str {
        self.fact("request_id").unwrap_or_default()
    }

    /// The name of the hook that runs; several may share one function.
    pub fn hook(&self) -> &str {
        self.fact("hook").unwrap_or_default()
    }

    /// One value of a decision, if there is one.
    pub(crate) fn decide(&mut self, key: &str, value: Option<String>) -> Result<(), Refused> {
        let Some(value) = value else { return Ok(()) };
        accepted(self.call.set(part::OUTCOME, key, &value), || format!("decide on `{key}`"))
    }

    pub(crate) fn text(&self, part: u32, name: &str) -> Option<&str> {
        std::str::from_utf8(self.call.get(part, name).ok()?.bytes).ok()
    }

    /// Names and values of a part in the server's order.
    pub(crate) fn pairs(&self, part: u32) -> impl Iterator<Item = (&str, &str)> {
        (0..).map_while(move |index| self.call.list(part, index).ok()).filter_map(|(name, value)| {
            let name = std::str::from_utf8(name.bytes).ok()?;
            Some((name, std::str::from_utf8(value.bytes).ok()?))
        })
    }
}

pub(crate) fn utf8(bytes: &[u8], wish: impl FnOnce() -> String) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).map_err(|_| Refused::new(crate::abi::HOST_FAULT, wish()))
}

/// A context over a base: construction, and `Deref` to the base so that its methods are the context's own.
macro_rules! context {
    ($(#[$doc:meta])* $name:ident: $base:ident) => {
        $(#[$doc])*
        pub struct $name {
            base: $base,
        }

        impl $name {
            pub(crate) fn new(cx: $crate::cx::Cx) -> Self {
                Self { base: $base::from(cx) }
            }
        }

        impl From<$crate::cx::Cx> for $name {
            fn from(cx: $crate::cx::Cx) -> Self {
                Self::new(cx)
            }
        }

        impl std::ops::Deref for $name {
            type Target = $base;

            fn deref(&self) -> &$base {
                &self.base
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $base {
                &mut self.base
            }
        }

        impl AsMut<$crate::cx::Cx> for $name {
            fn as_mut(&mut self) -> &mut $crate::cx::Cx {
                self
            }
        }
    };
}
pub(crate) use context;
