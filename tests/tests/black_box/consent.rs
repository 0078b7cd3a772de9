//! The consent page as a person sees it, and what it remembers (RFC 6749 §10.2, RFC 8252 §8.6).

use keyhook_core::client::{AuthMethod, ClientKind};
use keyhook_tests::flow::{Ask, Form, follow, walk};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::stage::{ALICE, BOB, SHOP_URI, Stage, confidential};

/// From the client's request to the page after the login.
fn arrive(browser: &mut Client, ask: &Ask<'_>) -> Answer {
    let arrived = browser.get(&ask.path());
    let mut answer = follow(browser, arrived);
    if answer.status == 200 && answer.text().contains("current-password") {
        let form = Form::with_field(&answer.text(), "password");
        let next = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
        answer = follow(browser, next);
    }
    answer
}

/// RFC 6749 §10.2: the user is informed about the client and the scope, and decides.
#[test]
fn the_page_says_who_asks_for_what_where_and_as_whom() {
    let stage = Stage::configured("[scopes]\nread = \"Read <your> files\"");
    let page = arrive(&mut stage.client(), &stage.ask()).text();
    for text in ["The shop", "shop.test", "alice", "Read &#60;your&#62; files", "write"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("autofocus") && !page.contains("<script"), "it works without scripts and prefers no answer");
    assert!(page.contains("lang=\""));
}

/// RFC 6749 §4.1.2.1.
#[test]
fn saying_no_is_access_denied_and_a_code_does_not_come_later() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let page = arrive(&mut browser, &stage.ask());
    let form = Form::with_field(&page.text(), "decision");
    let denied = browser.post(&form.action, &form.filled(&[("decision", "deny")]));
    assert_eq!(denied.location_parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.location_parameter("state").as_deref(), Some("a state"));
    let back = browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    assert_eq!((back.status, back.header("location")), (403, None), "the back button brings no code: {}", back.text());
}

#[test]
fn an_answer_is_given_once() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let page = arrive(&mut browser, &stage.ask());
    let form = Form::with_field(&page.text(), "decision");
    assert!(browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("code").is_some());
    let again = browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    assert_eq!((again.status, again.header("location")), (403, None));
}

#[test]
fn what_was_allowed_is_remembered_for_its_user_and_client_and_more_is_asked_again() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let ask = Ask { scope: "read", ..stage.ask() };
    walk(&mut browser, &ask, ALICE);
    assert!(browser.get(&ask.path()).location_parameter("code").is_some(), "not asked twice");
    assert_eq!(arrive(&mut browser, &stage.ask()).status, 200, "`write` is new");
    assert_eq!(arrive(&mut browser, &Ask { client_id: "other", ..ask.clone() }).status, 200, "another client");
    let mut bobs = stage.client();
    let arrived = bobs.get(&ask.path());
    let login = follow(&mut bobs, arrived);
    let form = Form::with_field(&login.text(), "password");
    let next = bobs.post(&form.action, &form.filled(&[("username", BOB.username), ("password", BOB.password)]));
    assert!(follow(&mut bobs, next).text().contains("bob"), "another user");
}

/// RFC 8252 §8.6: anybody can claim to be a public client, so a person looks every time.
#[test]
fn a_public_client_is_asked_about_every_time() {
    let stage = Stage::with(|builder| {
        let mut page = confidential("page");
        (page.kind, page.auth_method, page.secrets) = (ClientKind::Public, AuthMethod::None, Vec::new());
        builder.client(page)
    });
    let mut browser = stage.client();
    for (client_id, redirect_uri) in [("app", "com.example.app:/cb"), ("app", "http://127.0.0.1:5000/cb"), ("page", SHOP_URI)] {
        let ask = Ask { client_id, redirect_uri, scope: "read", ..stage.ask() };
        walk(&mut browser, &ask, ALICE);
        assert_eq!(arrive(&mut browser, &ask).status, 200, "{client_id} {redirect_uri}");
    }
}

#[test]
fn the_operators_own_client_needs_no_consent() {
    let stage = Stage::with(|builder| {
        let mut client = confidential("ours");
        client.first_party = true;
        builder.client(client)
    });
    let answer = arrive(&mut stage.client(), &Ask { client_id: "ours", ..stage.ask() });
    assert!(answer.location_parameter("code").is_some(), "{} {}", answer.status, answer.text());
}

/// RFC 6749 §10.12: another site cannot say yes for the user; nor can another browser, or the login's token.
#[test]
fn consent_cannot_be_forged() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    let login = follow(&mut browser, arrived);
    let login_form = Form::with_field(&login.text(), "password");
    let page = arrive(&mut browser, &stage.ask());
    let form = Form::with_field(&page.text(), "decision");
    let interaction = form.fields.iter().find(|(name, _)| name == "interaction").unwrap().1.clone();
    let login_token = login_form.fields.iter().find(|(name, _)| name == "csrf_token").unwrap().1.clone();
    for token in ["", "forged", login_token.as_str()] {
        let answer = browser.post(&form.action, &[("interaction", &interaction), ("csrf_token", token), ("decision", "allow")]);
        assert_eq!((answer.status, answer.header("location")), (403, None), "{token}");
    }
    let answer = browser.post(&form.action, &[("interaction", &interaction), ("decision", "allow")]);
    assert_eq!(answer.status, 403, "no token at all");
    let mut elsewhere = stage.client();
    arrive(&mut elsewhere, &stage.ask());
    assert_eq!(elsewhere.post(&form.action, &form.filled(&[("decision", "allow")])).status, 403, "another browser");
    let by_link = browser.get(&format!("{}?interaction={interaction}&decision=allow", form.action));
    assert!(by_link.location_parameter("code").is_none(), "a link decides nothing");
    assert!(browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("code").is_some());
}

/// RFC 6749 §4.1.2: one decision, one code, however often the button is hit.
#[test]
fn many_clicks_at_once_make_one_code() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let page = arrive(&mut browser, &stage.ask());
    let form = Form::with_field(&page.text(), "decision");
    let codes: Vec<_> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..24)
            .map(|_| (browser.clone(), &form))
            .map(|(mut browser, form)| scope.spawn(move || browser.post(&form.action, &form.filled(&[("decision", "allow")]))))
            .collect();
        clicks.into_iter().filter_map(|click| click.join().unwrap().location_parameter("code")).collect()
    });
    assert_eq!(codes.len(), 1, "{codes:?}");
    assert_eq!(stage.redeem(&codes[0]).status, 200);
}
