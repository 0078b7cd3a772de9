//! Calls a plugin's hooks and handlers in its own `#[test]`s, with a stand-in for the server.
//!
//! ```
//! use keyhook_plugin::prelude::*;
//! use keyhook_plugin_test::TestCall;
//!
//! #[hook(access_token_response, inline)]
//! fn customize(cx: &mut TokenResponseCx) -> Outcome {
//!     cx.response().remove("expires_in")?;
//!     cx.response().set("user_name", "Bob")?;
//!     Continue
//! }
//!
//! // in a #[test]:
//! let answer = TestCall::access_token_response().fact("client_id", "shop").member("expires_in", "3600").run();
//! assert!(answer.continued());
//! assert_eq!(answer.member("user_name"), Some("\"Bob\""));
//! assert_eq!(answer.member("expires_in"), None);
//! ```
//!
//! The stand-in goes through the same C ABI as the server and refuses what the server refuses: protected members, blocking calls
//! in `inline` hooks, headers with line breaks. It finds the hooks that are linked into the test; an integration test in `tests/`
//! needs `use my_plugin as _;` for that.
//!
//! The border to a plugin has two sides. The plugin's is `keyhook-plugin`; the server's is played here, which is why this crate
//! has `unsafe` code too, all of it in `src/border`.

mod answer;
mod border;
mod call;
mod kind;
mod oauth1;
mod pattern;
mod stand_in;

pub use answer::Answer;
pub use call::TestCall;
