//! What the attributes refuse, each beside its correct twin; compiled by the documentation tests only.
//!
//! Another hook's context:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! fn wrong(_: &mut RequestCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! fn right(_: &mut TokenResponseCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//!
//! A future:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! async fn wrong(_: &mut TokenResponseCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//!
//! An option that is none, a priority that is no number, a function of two arguments:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response, inlined)]
//! fn wrong(_: &mut TokenResponseCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response, priority = "early")]
//! fn wrong(_: &mut TokenResponseCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! fn wrong(_: &mut TokenResponseCx, _: u32) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response, inline, observer, optional, priority = -50)]
//! fn right(_: &mut TokenResponseCx,) -> Outcome { Continue }
//! # fn main() {}
//! ```
//!
//! A custom hook without a dot:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(custom = "signed_in")]
//! fn wrong(_: &mut CustomCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(custom = "acme.signed_in")]
//! fn right(_: &mut CustomCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//!
//! A grant type that is no absolute URI (RFC 6749 §4.5), none at all, an observer of what one plugin decides, a grant that leaves it open:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(token_grant = "badge")]
//! fn wrong(_: &mut TokenGrantCx) -> Result<Grant, Deny> { Ok(Grant::client()) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(token_grant)]
//! fn wrong(_: &mut TokenGrantCx) -> Result<Grant, Deny> { Ok(Grant::client()) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(token_grant = "urn:example:badge", observer)]
//! fn wrong(_: &mut TokenGrantCx) -> Result<Grant, Deny> { Ok(Grant::client()) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(token_grant = "urn:example:badge")]
//! fn wrong(_: &mut TokenGrantCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(token_grant = "urn:example:badge", inline)]
//! fn right(_: &mut TokenGrantCx) -> Result<Grant, Deny> { Ok(Grant::client()) }
//! # fn main() {}
//! ```
//!
//! A signature method that no client can send, none at all, an observer of it, an answer that leaves it open (RFC 5849 §3.4):
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(oauth1_signature = "HMAC SHA384")]
//! fn wrong(_: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> { Ok(ExpectedSignature::text("")) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(oauth1_signature)]
//! fn wrong(_: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> { Ok(ExpectedSignature::text("")) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(oauth1_signature = "HMAC-SHA384", observer)]
//! fn wrong(_: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> { Ok(ExpectedSignature::text("")) }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(oauth1_signature = "HMAC-SHA384")]
//! fn wrong(_: &mut Oauth1SignatureCx) -> Outcome { Continue }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(oauth1_signature = "HMAC-SHA384", inline)]
//! fn right(_: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> { Ok(ExpectedSignature::text("")) }
//! # fn main() {}
//! ```
//!
//! A method that is none, a path without its slash:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[handler(FETCH, "/hello")]
//! fn wrong(_: &RequestCx) -> Outcome { Respond::empty() }
//! # fn main() {}
//! ```
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[handler(GET, "hello")]
//! fn wrong(_: &RequestCx) -> Outcome { Respond::empty() }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[handler(ANY, "/hello/{*rest}", inline)]
//! fn right(_: &RequestCx) -> Outcome { Respond::empty() }
//! # fn main() {}
//! ```
//!
//! What a context lent, kept over a change:
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! fn wrong(cx: &mut TokenResponseCx) -> Outcome {
//!     let client = cx.client_id();
//!     cx.response().set("client", client)?;
//!     Continue
//! }
//! # fn main() {}
//! ```
//! ```
//! use keyhook_plugin::prelude::*;
//! #[hook(access_token_response)]
//! fn right(cx: &mut TokenResponseCx) -> Outcome {
//!     let client = cx.client_id().to_owned();
//!     cx.response().set("client", client)?;
//!     Continue
//! }
//! # fn main() {}
//! ```
