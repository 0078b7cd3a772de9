//! Both authorization hooks, from the browser's side (RFC 6749 §4.1.1, §4.1.2).

use super::Stage;
use crate::flow::{Form, follow};

pub(super) fn play(stage: &mut Stage) {
    answers(stage);
    forms(stage);
    decisions(stage);
    sight(stage);
    session(stage);
}

fn answers(stage: &mut Stage) {
    stage.case("authorization_GET may answer with a page in the theme, and the title is escaped");
    let page = stage.arrive(&[("ask", "page")]);
    stage.note(if page.text().contains("<title>Who &#38; what</title>") { "the title is escaped" } else { "the title is NOT escaped" });
    stage.case("authorization_GET may answer with a document and a policy of its own, which cannot be framed");
    stage.arrive(&[("ask", "document")]);
    stage.case("authorization_GET may answer with any status and header");
    stage.arrive(&[("ask", "text")]);
    stage.case("a denial goes to the client with its public description (RFC 6749 §4.1.2.1)");
    stage.arrive(&[("ask", "deny")]);
    stage.case("a description that is not public stays in the log");
    stage.arrive(&[("ask", "deny-quietly")]);
    stage.case("a plugin's login page elsewhere is reached if its origin is configured; coming back fires authorization_GET again");
    let away = stage.arrive(&[("ask", "login-at")]);
    let back = format!("/authorize/resume?interaction={}", away.location_parameter("interaction").unwrap_or_default());
    stage.get(&back);
    stage.get(&back);
    stage.case("nobody else comes back in this visitor's place");
    let away = stage.arrive(&[("ask", "login-at")]);
    let back = format!("/authorize/resume?interaction={}", away.location_parameter("interaction").unwrap_or_default());
    stage.browser = stage.local.client();
    stage.get(&back);
    stage.case("a plugin cannot send the browser to an origin that is not configured");
    stage.arrive(&[("ask", "login-elsewhere")]);
    stage.case("a client that asked for no page gets none from a plugin (OIDC Core §3.1.2.1)");
    stage.arrive(&[("ask", "page"), ("prompt", "none")]);
    stage.case("Continue leaves the request to the server's own login page");
    let first = stage.arrive(&[]);
    let page = follow(&mut stage.browser, first).text();
    stage.note(if page.contains("current-password") { "the login page" } else { "something else" });
}

fn forms(stage: &mut Stage) {
    for (sentence, word) in [
        ("authorization_POST sees the form without the server's own fields, and the stored request", "show"),
        ("authorization_POST may show another page, whose form works again", "again"),
        ("authorization_POST may deny", "deny"),
        ("authorization_POST may sign in and approve on one page", "approve"),
        ("authorization_POST may send the browser back to the client by itself", "leave"),
    ] {
        stage.case(sentence);
        let page = stage.arrive(&[("ask", "page")]);
        let form = Form::with_field(&page.text(), "do");
        let mut values = form.filled(&[("do", word), ("state", "forged"), ("client_id", "other")]);
        let answer = stage.post("/authorize", &values);
        if word == "again" {
            let second = Form::with_field(&answer.text(), "do");
            values = second.filled(&[("do", "deny")]);
            stage.post("/authorize", &values);
        }
    }
    stage.case("a form without its token reaches no plugin (RFC 6749 §10.12)");
    let page = stage.arrive(&[("ask", "page")]);
    let form = Form::with_field(&page.text(), "do");
    let mut values = form.filled(&[("do", "approve")]);
    values.retain(|(name, _)| *name != "csrf_token");
    stage.post("/authorize", &values);
    stage.case("a form of another browser reaches no plugin");
    let page = stage.arrive(&[("ask", "page")]);
    let form = Form::with_field(&page.text(), "do");
    stage.browser = stage.local.client();
    stage.post("/authorize", &form.filled(&[("do", "approve")]));
}

fn decisions(stage: &mut Stage) {
    stage.case("sign_in opens a session; the server's consent follows");
    let first = stage.arrive(&[("ask", "sign-in")]);
    let page = follow(&mut stage.browser, first);
    let form = Form::with_field(&page.text(), "decision");
    let next = stage.browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    let done = follow(&mut stage.browser, next);
    stage.note(&format!("{} {}", done.status, done.location()));
    redeemed(stage, &done.location_parameter("code").unwrap_or_default());
    stage.case("and_approve issues the code at once");
    let done = stage.arrive(&[("ask", "approve")]);
    redeemed(stage, &done.location_parameter("code").unwrap_or_default());
    stage.case("a part of what was asked for may be approved, and only that is granted (RFC 6749 §3.3)");
    let done = stage.arrive(&[("ask", "approve-part")]);
    redeemed(stage, &done.location_parameter("code").unwrap_or_default());
    stage.case("more than was asked for cannot be approved");
    stage.arrive(&[("ask", "approve-more")]);
    stage.case("nobody can be approved for who is not signed in");
    stage.arrive(&[("ask", "approve-alone")]);
    stage.case("who signed in before can be approved for");
    let first = stage.arrive(&[("ask", "sign-in")]);
    follow(&mut stage.browser, first);
    let done = stage.arrive(&[("ask", "approve-alone")]);
    redeemed(stage, &done.location_parameter("code").unwrap_or_default());
}

/// Redeems and introspects: subject, scope and client are what they have to be.
fn redeemed(stage: &mut Stage, code: &str) {
    let token = stage.redeem(code, &[("respond", "facts")]).json()["access_token"].as_str().unwrap_or_default().to_owned();
    let said = stage.browser.post_with(
        "/introspect",
        &[("authorization", &crate::http::basic("shop", crate::local::SECRET))],
        &[("token", &token)],
    );
    let said = said.json();
    stage.note(&format!("introspection: {} {} {} {}", said["active"], said["sub"], said["scope"], said["client_id"]));
}

fn sight(stage: &mut Stage) {
    stage.case("authorization hooks see the checked request, and neither credentials nor foreign cookies");
    let path = stage.asked(&[("ask", "facts"), ("extra", "a b&c")]);
    stage.browser.cookies.insert("other".to_owned(), "secret".to_owned());
    stage.request("GET", &path, &[("x-told", "told"), ("authorization", "Basic Zm9vOmJhcg==")], b"");
    stage.case("authorization hooks see who is signed in");
    let first = stage.arrive(&[("ask", "sign-in")]);
    follow(&mut stage.browser, first);
    stage.arrive(&[("ask", "facts")]);
    stage.case("a plugin sets cookies under its own name and sees only those");
    let path = stage.asked(&[("ask", "cookie")]);
    stage.get(&path);
    stage.browser.cookies.insert("other".to_owned(), "secret".to_owned());
    stage.get(&path);
}

fn session(stage: &mut Stage) {
    stage.case("session values outlive the request, belong to the browser, and can be forgotten");
    for _ in 0..3 {
        stage.arrive(&[("ask", "session")]);
    }
    stage.browser = stage.local.client();
    stage.arrive(&[("ask", "session")]);
    stage.case("data travels from the authorization with the code to the token and to every refresh");
    let done = stage.arrive(&[("ask", "data")]);
    let first = stage.redeem(&done.location_parameter("code").unwrap_or_default(), &[("respond", "data")]);
    let mut refresh = first.json()["refresh_token"].as_str().unwrap_or_default().to_owned();
    for _ in 0..2 {
        let next = stage.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("respond", "data")]);
        next.json()["refresh_token"].as_str().unwrap_or_default().clone_into(&mut refresh);
    }
}
