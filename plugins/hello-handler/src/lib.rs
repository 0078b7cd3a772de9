//! Answers `GET /my/custom/url` with `hello world`.
//!
//! The smallest URL handler there is. Any path does that the server does not answer itself; `/x/hello-handler/…` no other plugin
//! can have. To answer a URL of the server's own the operator has to allow it:
//!
//! ```toml
//! [plugins.hello-handler]
//! routes = ["/logout"]
//! ```
//!
//! Build it with `cargo build --release -p hello-handler` and drop `target/release/libhello_handler.so` into a folder of
//! `[handlers] directories`.

use keyhook_plugin::prelude::*;

#[handler(GET, "/my/custom/url", inline)]
fn hello(_: &RequestCx) -> Outcome {
    Respond::text("hello world")
}

plugin! { name: "hello-handler" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    #[test]
    fn the_url_says_hello() {
        let answer = TestCall::request("GET", "/my/custom/url").run();
        assert_eq!((answer.status(), answer.text()), (Some(200), "hello world"));
    }
}
