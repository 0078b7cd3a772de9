//! The attributes of `keyhook-plugin`, `#[hook]` and `#[handler]`, written on plain tokens so that a first plugin builds fast.

mod arguments;
mod emit;
mod function;
mod handler;
mod hook;
mod nearest;

mod hook_names {
    #![allow(unreachable_pub, reason = "the list is the SDK's, where it is public")]
    include!("../../src/hook_names.rs");
}

use proc_macro::TokenStream;

/// Registers a function for a hook: `#[hook(name, inline, observer, optional, priority = 50)]` or
/// `#[hook(custom = "acme.signed_in")]`.
///
/// - `inline`: pure CPU work; runs on the server's async worker and must not wait.
/// - `observer`: runs after the decision and changes nothing.
/// - `optional`: a server that does not know the hook ignores the function instead of refusing the plugin.
/// - `priority`: lower runs first; 100 if left out.
#[proc_macro_attribute]
pub fn hook(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let registration = hook::expand(arguments, &item);
    emit::beside(item, registration)
}

/// Registers a function for a URL: `#[handler(GET, "/path/{id}", inline)]`; the method `ANY` is every method.
#[proc_macro_attribute]
pub fn handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let registration = handler::expand(arguments, &item);
    emit::beside(item, registration)
}
