//! Signing in, staying signed in, signing out: cookies, fixation, guessing, foreign forms (RFC 6265, RFC 9700 §4.7).

use std::time::Duration;

use keyhook_tests::flow::{Ask, Form, follow, walk};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::stage::{ALICE, BOB, Stage};

fn login_page(browser: &mut Client, stage: &Stage) -> Form {
    let arrived = browser.get(&stage.ask().path());
    let page = follow(browser, arrived);
    Form::with_field(&page.text(), "password")
}

fn try_sign_in(browser: &mut Client, form: &Form, username: &str, password: &str) -> Answer {
    browser.post(&form.action, &form.filled(&[("username", username), ("password", password)]))
}

fn session(browser: &Client) -> Option<String> {
    browser.cookies.iter().find(|(_, value)| value.starts_with("khs_")).map(|(_, value)| value.clone())
}

#[test]
fn the_cookies_are_kept_from_scripts_and_other_sites() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    let page = follow(&mut browser, arrived.clone());
    let form = Form::with_field(&page.text(), "password");
    let signed_in = try_sign_in(&mut browser, &form, ALICE.username, ALICE.password);
    let set: Vec<_> =
        [&arrived, &page, &signed_in].iter().flat_map(|answer| &answer.headers).filter(|(name, _)| name == "set-cookie").collect();
    assert!(set.len() >= 2, "the browser's and the session's: {set:?}");
    for (_, cookie) in set {
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let port = stage.address.port();
        assert!(cookie.starts_with(&format!("keyhook-dev-{port}")) && !cookie.contains("Domain"), "{cookie}");
    }
}

/// On https the cookies are bound to the host by their names (RFC 6265bis §4.1.3.2).
#[test]
fn behind_tls_the_cookies_are_host_bound_and_secure() {
    let stage =
        Stage::with(|builder| builder.issuer("https://id.test").behind_proxy().config_text("[server]\ntrusted_proxies = [\"127.0.0.1\"]"));
    let headers = [("x-forwarded-proto", "https"), ("x-forwarded-host", "id.test"), ("x-forwarded-for", "192.0.2.7")];
    let answer = stage.client().request("GET", &stage.ask().path(), &headers, b"");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-keyhook") && cookie.contains("; Secure") && cookie.contains("; Path=/"), "{cookie}");
    assert!(answer.header("strict-transport-security").is_some());
}

/// A session identifier that somebody planted is not the one after the login.
#[test]
fn signing_in_brings_a_new_session() {
    let stage = Stage::new();
    let mut mallory = stage.client();
    walk(&mut mallory, &stage.ask(), BOB);
    let planted = session(&mallory).unwrap();
    let mut browser = stage.client();
    let name = mallory.cookies.iter().find(|(_, value)| value.starts_with("khs_")).unwrap().0.clone();
    browser.cookies.insert(name, planted.clone());
    let arrived = browser.get(&Ask { state: "x", ..stage.ask() }.path().replace("&state=x", "&prompt=login"));
    let page = follow(&mut browser, arrived);
    let form = Form::with_field(&page.text(), "password");
    assert_eq!(try_sign_in(&mut browser, &form, ALICE.username, ALICE.password).status, 303);
    assert_ne!(session(&browser), Some(planted.clone()));
    let mut with_planted = stage.client();
    with_planted.cookies.insert(format!("keyhook-dev-{}", stage.address.port()), planted);
    let arrived = with_planted.get(&stage.ask().path());
    assert!(
        arrived.location().starts_with("/login?"),
        "the planted session does not become alice's, nor anybody's: {}",
        arrived.location()
    );
}

/// RFC 9700 §4.7: the login form belongs to its request and its browser.
#[test]
fn a_login_form_of_another_site_or_browser_is_refused() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    let right = [("username", ALICE.username), ("password", ALICE.password)];
    let interaction = form.fields.iter().find(|(name, _)| name == "interaction").unwrap().1.clone();
    for token in [None, Some(""), Some("forged")] {
        let mut fields = vec![("interaction", interaction.as_str()), right[0], right[1]];
        fields.extend(token.map(|token| ("csrf_token", token)));
        let answer = browser.post(&form.action, &fields);
        assert_eq!(answer.status, 403, "{token:?}");
    }
    let other_form = login_page(&mut browser, &stage);
    let other_token = other_form.fields.iter().find(|(name, _)| name == "csrf_token").unwrap().1.clone();
    assert_eq!(browser.post(&form.action, &[("interaction", &interaction), ("csrf_token", &other_token), right[0], right[1]]).status, 403);
    let mut stranger = stage.client();
    assert_eq!(stranger.post(&form.action, &form.filled(&right)).status, 403, "no cookies");
    login_page(&mut stranger, &stage);
    assert_eq!(stranger.post(&form.action, &form.filled(&right)).status, 403, "another browser's cookies");
    assert!(session(&browser).is_none() && session(&stranger).is_none());
    assert_eq!(browser.post(&form.action, &form.filled(&right)).status, 303, "the right one still works");
}

/// Unknown users, wrong passwords and empty fields are told apart by nobody; the name stays in the field, the password does not.
#[test]
fn a_failed_sign_in_says_nothing_about_the_user() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    let mut pages = Vec::new();
    for (username, password) in [("alice", "wrong-canary"), ("nobody", "wrong-canary"), ("alice", ""), ("", "wrong-canary")] {
        let answer = try_sign_in(&mut browser, &form, username, password);
        assert!(answer.status == 422 && answer.header("set-cookie").is_none(), "{} {}", answer.status, answer.text());
        assert!(!answer.text().contains("wrong-canary"), "the password is not sent back");
        pages.push(answer.text().replace(&format!("value=\"{username}\""), "value=\"\"").replace(" autofocus", ""));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(pages[0].contains("The user name or the password is not right."));
}

/// Guessing is stopped per user, for unknown users alike, until the window has passed.
#[test]
fn too_many_attempts_are_stopped_until_the_window_has_passed() {
    let stage = Stage::configured("[login.attempts]\nper_user = 3\nwindow = \"5m\"");
    for username in ["alice", "nobody"] {
        let mut browser = stage.client();
        let form = login_page(&mut browser, &stage);
        for _ in 0..3 {
            assert_eq!(try_sign_in(&mut browser, &form, username, "wrong").status, 422);
        }
        let stopped = try_sign_in(&mut browser, &form, username, ALICE.password);
        assert_eq!(stopped.status, 429, "even the right password is not compared");
        let wait: u64 = stopped.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait}");
    }
    let mut bob = stage.client();
    let form = login_page(&mut bob, &stage);
    assert_eq!(try_sign_in(&mut bob, &form, BOB.username, BOB.password).status, 303, "another user is not harmed");
    stage.advance(Duration::from_secs(301));
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    assert_eq!(try_sign_in(&mut browser, &form, ALICE.username, ALICE.password).status, 303);
}

/// Whoever guesses elsewhere does not lock the owner out of a browser that the owner has used before.
#[test]
fn an_attacker_does_not_lock_the_owner_out() {
    let stage = Stage::configured("[login.attempts]\nper_user = 3");
    let mut owner = stage.client();
    walk(&mut owner, &stage.ask(), ALICE);
    let mut attacker = stage.client();
    let form = login_page(&mut attacker, &stage);
    for _ in 0..4 {
        try_sign_in(&mut attacker, &form, "alice", "wrong");
    }
    assert_eq!(try_sign_in(&mut attacker, &form, "alice", "wrong").status, 429);
    owner.cookies.retain(|name, _| name.ends_with("-browser"));
    let form = login_page(&mut owner, &stage);
    assert_eq!(try_sign_in(&mut owner, &form, ALICE.username, ALICE.password).status, 303);
}

/// One address has its limit too, whatever names it tries.
#[test]
fn one_address_cannot_try_every_name() {
    let stage = Stage::configured("[login.attempts]\nper_address = 4");
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(try_sign_in(&mut browser, &form, name, "wrong").status, 422);
    }
    assert_eq!(try_sign_in(&mut browser, &form, "e", "wrong").status, 429);
}

#[test]
fn a_session_ends_by_itself() {
    let stage = Stage::configured("[login]\nsession_ttl = \"1h\"");
    let mut browser = stage.client();
    walk(&mut browser, &stage.ask(), ALICE);
    stage.advance(Duration::from_secs(3500));
    assert!(browser.get(&stage.ask().path()).location_parameter("code").is_some());
    stage.advance(Duration::from_secs(3700));
    assert!(browser.get(&stage.ask().path()).location().starts_with("/login?"));
}

/// A link or an image signs nobody out; the form does, and the session is dead on the server too.
#[test]
fn signing_out_ends_the_session_everywhere() {
    let stage = Stage::new();
    let mut browser = stage.client();
    walk(&mut browser, &stage.ask(), ALICE);
    let stolen = browser.clone();
    let page = browser.get("/logout");
    assert!(page.status == 200 && session(&browser).is_some(), "asking signs nobody out");
    assert_eq!(browser.clone().post("/logout", &[("csrf_token", "forged")]).status, 403);
    assert_eq!(stage.client().post("/logout", &[]).status, 403);
    let form = Form::with_field(&page.text(), "csrf_token");
    let done = browser.post(&form.action, &form.filled(&[]));
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(session(&browser).is_none());
    for mut old in [browser, stolen] {
        assert!(old.get(&stage.ask().path()).location().starts_with("/login?"), "the copy of the cookie is dead too");
    }
}

/// What is no session is no session: forged, cut, of another kind.
#[test]
fn a_forged_session_is_nobodys() {
    let stage = Stage::new();
    let mut browser = stage.client();
    walk(&mut browser, &stage.ask(), ALICE);
    let (name, value) = browser.cookies.iter().find(|(_, value)| value.starts_with("khs_")).map(|(a, b)| (a.clone(), b.clone())).unwrap();
    let tokens = stage.tokens();
    for forged in
        [&value[..value.len() - 1], &value.replace("khs_", "khi_"), &tokens.access, &tokens.access.replace("kha_", "khs_"), "", "alice"]
    {
        let mut other = browser.clone();
        other.cookies.insert(name.clone(), forged.to_owned());
        assert!(other.get(&stage.ask().path()).location().starts_with("/login?"), "{forged}");
    }
}

/// The name of a user is looked up as it was typed: no trick with its bytes reaches another account.
#[test]
fn strange_names_are_nobodys() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    let long = "a".repeat(5000);
    for username in ["ALICE", "alice\u{0}", "alice'--", "*", "../alice", long.as_str()] {
        let answer = try_sign_in(&mut browser, &form, username, ALICE.password);
        let status = if username.contains('\0') { 400 } else { 422 };
        assert!(answer.status == status && session(&browser).is_none(), "{username:?}: {}", answer.status);
    }
}

/// Guesses that come at once are counted one by one.
#[test]
fn guessing_in_parallel_is_no_way_around_the_limit() {
    let stage = Stage::configured("[login.attempts]\nper_user = 3\n[login]\npassword_workers = 8");
    let mut browser = stage.client();
    let form = login_page(&mut browser, &stage);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guessers: Vec<_> = (0..24)
            .map(|_| (browser.clone(), &form))
            .map(|(mut browser, form)| scope.spawn(move || try_sign_in(&mut browser, form, "alice", "wrong").status))
            .collect();
        guessers.into_iter().map(|guesser| guesser.join().unwrap()).collect()
    });
    assert!(statuses.iter().filter(|status| **status == 422).count() <= 3, "{statuses:?}");
    assert!(statuses.iter().all(|status| [422, 429].contains(status)), "{statuses:?}");
}
