//! URL handlers of plugins.

use std::time::Duration;

use super::Stage;

pub(super) fn play(stage: &mut Stage) {
    stage.case("a handler sees method, path, path parameters, query and headers");
    let path = "/x/witness/echo/J%C3%BCrgen/a/b?a=1&b=%26+x&a2";
    stage.request("GET", path, &[("X-Told-One", "1"), ("x-told-two", "a, b")], b"");
    stage.case("HEAD is answered like GET, without a body (RFC 9110 §9.3.2)");
    stage.request("HEAD", "/x/witness/echo/a/b", &[], b"");
    stage.case("a handler sees a form, and the body as it came");
    stage.post("/x/witness/form", &[("a", "x y"), ("b", "&="), ("c", "\u{e9}")]);
    stage.case("a body that is no form has no fields");
    stage.request("POST", "/x/witness/form", &[("content-type", "application/json")], br#"{"a": 1}"#);
    stage.case("a handler may take any method, and another's method is refused with Allow (RFC 9110 §15.5.6)");
    stage.request("PUT", "/x/witness/any", &[], b"x");
    stage.request("DELETE", "/x/witness/any", &[], b"");
    stage.request("PUT", "/x/witness/form", &[], b"x");
    for (sentence, path) in [
        ("a handler may answer with a page in the theme", "/x/witness/page"),
        ("a handler may answer with bytes that a cache may keep", "/x/witness/bytes"),
        ("a handler may answer with nothing", "/x/witness/empty"),
        ("a handler may redirect to the server's own paths", "/x/witness/redirect"),
        ("a handler may deny", "/x/witness/deny"),
        ("a handler that does not answer is an error", "/x/witness/continue"),
        ("a path that no handler has is not found", "/x/witness/absent"),
    ] {
        stage.case(sentence);
        stage.get(path);
    }
    for which in ["fine", "own-cookie", "crlf", "lf", "nul", "name", "cookie", "length", "chunked", "evil"] {
        stage.case(&format!("header of a handler: {which}"));
        stage.get(&format!("/x/witness/header/{which}"));
    }
    stage.case("the store keeps, exchanges and deletes what is the plugin's own");
    stage.request("POST", "/x/witness/store", &[], b"");
    stage.case("what is kept for a minute is gone after it by the server's clock");
    stage.request("POST", "/x/witness/keep", &[], b"");
    stage.get("/x/witness/kept");
    stage.local.clock.advance(Duration::from_secs(61));
    stage.get("/x/witness/kept");
    stage.case("a handler that may wait fires a hook that may wait");
    stage.request("POST", "/x/witness/fire", &[], b"");
}
