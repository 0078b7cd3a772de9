//! A user decides, once, signed in, on the server's own pages; and a typed verifier is not there to be guessed (RFC 5849 §2.2, §4.10).

use keyhook_tests::flow::{Form, follow};
use keyhook_tests::stage::{ALICE, BOB};

use super::{CALLBACK, Provider, asking, problem};

/// cycloauth redirected whoever came with a verifier: no login, no consent.
#[test]
fn nothing_is_allowed_without_a_login_and_a_yes() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let mut browser = provider.client();
    let first = browser.get(&asking(&temporary));
    let login = follow(&mut browser, first);
    assert!(login.status == 200 && login.text().contains("current-password"), "{}", login.text());
    let form = Form::with_field(&login.text(), "password");
    let next = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
    let consent = follow(&mut browser, next);
    assert!(consent.status == 200 && consent.text().contains("name=\"decision\""), "{}", consent.text());
    assert_eq!(problem(&provider.exchange(&temporary, "None")), (401, "permission_unknown".to_owned()), "cycloauth compared with None");
    let form = Form::with_field(&consent.text(), "decision");
    let forged: Vec<_> = form.filled(&[("decision", "allow"), ("csrf_token", "forged")]);
    let answer = browser.post(&form.action, &forged);
    assert!(answer.status >= 400 && answer.location().is_empty(), "{} {}", answer.status, answer.text());
    let answer = browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    assert!(answer.location_parameter("oauth_verifier").is_some(), "{} {}", answer.status, answer.text());
}

/// There was no way to say no.
#[test]
fn a_user_who_refuses_is_sent_back_with_the_problem_and_without_a_verifier() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let answer = provider.decided(&temporary, ALICE, "deny");
    assert!(answer.location().starts_with(CALLBACK), "{} {}", answer.status, answer.text());
    assert_eq!(answer.location_parameter("oauth_problem").as_deref(), Some("user_refused"));
    assert_eq!(answer.location_parameter("oauth_token").as_deref(), Some(&*temporary.token.0));
    assert_eq!(answer.location_parameter("oauth_verifier"), None);
    assert_eq!(problem(&provider.exchange(&temporary, "guessed")), (401, "permission_denied".to_owned()));
}

/// A no is as final as a yes: with the same credentials nobody else can be asked.
#[test]
fn what_one_user_refused_no_user_can_allow() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    provider.decided(&temporary, ALICE, "deny");
    for person in [BOB, ALICE] {
        let answer = provider.decided(&temporary, person, "allow");
        assert_eq!((answer.status, answer.location()), (400, ""), "{}", answer.text());
    }
    assert_eq!(problem(&provider.exchange(&temporary, "guessed")), (401, "permission_denied".to_owned()));
}

/// RFC 5849 §4.15. Who gets somebody to open an address must not get a verifier on the screen by that alone, to ask for it.
#[test]
fn a_verifier_that_a_person_types_is_shown_to_nobody_who_was_not_asked() {
    let provider = Provider::new();
    let mut browser = provider.client();
    let first = keyhook_tests::flow::walk_path(&mut browser, &asking(&provider.temporary("oob")), ALICE);
    assert!(first.text().contains("class=\"verifier\""), "{}", first.text());
    let again = browser.get(&asking(&provider.temporary("oob")));
    let page = follow(&mut browser, again).text();
    assert!(page.contains("name=\"decision\"") && !page.contains("class=\"verifier\""), "{page}");
    let known = browser.get(&asking(&provider.temporary(CALLBACK)));
    assert!(follow(&mut browser, known).location_parameter("oauth_verifier").is_some(), "where the client gets it, consent is remembered");
}

/// repoze.who's plugin let a second user take the credentials over, with the verifier that the first one's client had.
#[test]
fn what_one_user_allowed_no_other_user_can_answer_again() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, ALICE);
    for person in [BOB, ALICE] {
        let answer = provider.decided(&temporary, person, "allow");
        assert_eq!((answer.status, answer.location()), (400, ""), "{}", answer.text());
    }
    let token = provider.printer.given(&provider.exchange(&temporary, &verifier));
    assert_eq!(provider.seen(&provider.photo(&token))["sub"], "alice");
}

/// The same while both have the page open: one of them wins, and the other is told.
#[test]
fn of_two_users_with_the_page_open_one_allows() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let pages: Vec<_> = [ALICE, BOB]
        .map(|person| {
            let mut browser = provider.client();
            let first = browser.get(&asking(&temporary));
            let login = follow(&mut browser, first);
            let form = Form::with_field(&login.text(), "password");
            let next = browser.post(&form.action, &form.filled(&[("username", person.username), ("password", person.password)]));
            let consent = follow(&mut browser, next).text();
            (browser, consent)
        })
        .into();
    let verifiers: Vec<_> = pages
        .into_iter()
        .map(|(mut browser, consent)| {
            let form = Form::with_field(&consent, "decision");
            browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("oauth_verifier")
        })
        .collect();
    assert!(verifiers[0].is_some() && verifiers[1].is_none(), "{verifiers:?}");
    let token = provider.printer.given(&provider.exchange(&temporary, verifiers[0].as_deref().unwrap()));
    assert_eq!(provider.seen(&provider.photo(&token))["sub"], "alice");
}

/// repoze.who's plugin had six letters and digits, and let them be guessed for as long as one liked.
#[test]
fn a_typed_verifier_is_long_enough_and_outlives_four_wrong_tries_and_no_fifth() {
    let provider = Provider::new();
    let typed = || {
        let temporary = provider.temporary("oob");
        let page = provider.decided(&temporary, ALICE, "allow").text();
        let code = page.split_once("class=\"verifier\"").unwrap().1.split_once("<code>").unwrap().1;
        let verifier = code.split_once("</code>").unwrap().0.to_owned();
        (temporary, verifier)
    };
    let (temporary, verifier) = typed();
    assert!(verifier.chars().filter(char::is_ascii_uppercase).count() >= 8, "{verifier}");
    for _ in 0..4 {
        assert_eq!(problem(&provider.exchange(&temporary, "BBBB-BBBB")), (401, "verifier_invalid".to_owned()));
    }
    let spelled = verifier.to_ascii_lowercase().replace('-', " ");
    assert_eq!(provider.exchange(&temporary, &spelled).status, 200, "as a person types it");
    let (temporary, verifier) = typed();
    for _ in 0..5 {
        assert_eq!(problem(&provider.exchange(&temporary, "BBBB-BBBB")), (401, "verifier_invalid".to_owned()));
    }
    assert_eq!(problem(&provider.exchange(&temporary, &verifier)), (401, "token_used".to_owned()));
}

/// Many guesses at once are counted one by one, or not judged at all.
#[test]
fn guesses_at_once_are_not_more_than_guesses_one_after_the_other() {
    let provider = Provider::new();
    let temporary = provider.temporary("oob");
    let page = provider.decided(&temporary, ALICE, "allow");
    assert_eq!(page.status, 200);
    let judged = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..24).map(|_| scope.spawn(|| problem(&provider.exchange(&temporary, "BBBB-BBBB")).1)).collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).filter(|said| said == "verifier_invalid").count()
    });
    assert!(judged <= 5, "{judged} guesses were judged");
}

/// What redirects carry is not typed: 192 bits, and another one every time.
#[test]
fn a_verifier_of_a_redirect_cannot_be_guessed() {
    let provider = Provider::new();
    let verifiers = [(); 2].map(|()| provider.verifier(&provider.temporary(CALLBACK), ALICE));
    assert!(verifiers.iter().all(|verifier| verifier.len() >= 32) && verifiers[0] != verifiers[1], "{verifiers:?}");
}
