//! A signature covers everything that a request says (RFC 5849 §3.4.1).

use keyhook_tests::http::Client;
use keyhook_tests::signing::Place;

use super::{PHOTO, Provider, REQUEST_TOKEN, problem, refused};

/// RFC 5849 §3.4.1.3. repoze.who's plugin signed `oauth_` parameters alone: a query or form could be changed on its way.
#[test]
fn no_parameter_of_query_or_form_can_be_added_changed_repeated_or_left_out() {
    let provider = Provider::new();
    let token = provider.token();
    let changed = [
        "/photos?file=vacation.jpg&size=original&size=original",
        "/photos?file=vacation.jpg&size=original&more=",
        "/photos?file=private.jpg&size=original",
        "/photos?file=vacation.jpg",
        "/photos?file=vacation.jpg&size=Original",
        "/photos/?file=vacation.jpg&size=original",
        "/Photos?file=vacation.jpg&size=original",
        "/photos",
    ];
    for path in changed {
        let uri = format!("http://api.example{path}");
        assert_eq!(refused(&provider.seen_as(&provider.photo(&token), &uri, "")), "signature_invalid", "{path}");
    }
    let uri = format!("http://api.example{PHOTO}");
    assert_eq!(refused(&provider.seen_as(&provider.photo(&token), &uri, "unsigned=1")), "signature_invalid");
    for uri in [format!("https://api.example{PHOTO}"), format!("http://api.example:81{PHOTO}"), format!("http://other.example{PHOTO}")] {
        assert_eq!(refused(&provider.seen_as(&provider.photo(&token), &uri, "")), "signature_invalid", "{uri}");
    }
}

/// The other side of it: repoze.who's plugin refused who signed as RFC 5849 §3.4.1.3 has it.
#[test]
fn a_request_that_is_signed_with_its_query_is_believed_in_whatever_order_it_comes() {
    let provider = Provider::new();
    let token = provider.token();
    let told = provider.seen(&provider.photo(&token));
    assert_eq!(told["username"], "alice", "{told}");
    let turned = "http://API.example:80/photos?size=original&file=vacation.jpg";
    assert_eq!(provider.seen_as(&provider.photo(&token), turned, "")["username"], "alice", "RFC 5849 §3.4.1.2, §3.4.1.3.2");
}

/// RFC 5849 §3.4.1.3.1: the form too, with duplicates, empty values and everything that has to be encoded.
#[test]
fn a_form_with_awkward_parameters_is_signed_byte_for_byte() {
    let provider = Provider::new();
    let token = provider.token();
    for form in ["b5=%3D%253D&a3=a&c%40=&a2=r%20b", "a=2&a=1&a=", "plus=1%2B1&space=a+b&tilde=~&utf8=%C3%BC%E2%82%AC&amp=x%26y%3Dz", "="] {
        let draft = provider.photo(&token).form(form);
        assert_eq!(refused(&provider.seen_as(&draft, &draft.uri("api.example"), &format!("{form}&more="))), "signature_invalid");
        let draft = provider.photo(&token).form(form);
        assert_eq!(provider.seen_as(&draft, &draft.uri("api.example"), form)["active"], true, "{form}");
    }
}

/// RFC 5849 §3.1: one source. cycloauth let query and body override a header, repoze.who's plugin the other way round.
#[test]
fn protocol_parameters_come_from_one_place_and_each_once() {
    let provider = Provider::new();
    let mut client = provider.client();
    for place in [Place::Header, Place::Body, Place::Query] {
        let answer = provider.first(&provider.printer).form("x=1").send(&mut client, place);
        assert_eq!(answer.status, 200, "{place:?}: {}", answer.text());
    }
    let twice = provider.first(&provider.printer);
    let header = twice.authorization(&client.host);
    let headers = [("authorization", header.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    for (path, form) in [
        (format!("{REQUEST_TOKEN}?oauth_consumer_key=printer"), ""),
        (format!("{REQUEST_TOKEN}?oauth_callback=oob"), ""),
        (REQUEST_TOKEN.to_owned(), "oauth_token="),
    ] {
        assert_eq!(problem(&client.request("POST", &path, &headers, form.as_bytes())), (400, "parameter_rejected".to_owned()), "{path}");
    }
    let doubled = format!("{header}, oauth_nonce=\"another\"");
    let answer = client.request("POST", REQUEST_TOKEN, &[("authorization", &doubled)], b"");
    assert_eq!(problem(&answer), (400, "parameter_rejected".to_owned()));
    assert_eq!(provider.sent(&twice).status, 200, "none of that used the nonce up");
}

/// Only names that begin so are protocol parameters: cycloauth took every one with `oauth_` anywhere in it.
#[test]
fn a_parameter_with_oauth_somewhere_in_its_name_is_the_applications_own() {
    let provider = Provider::new();
    let token = provider.token();
    let draft = provider.draft(&token, "GET", "/photos?my_oauth_token=1&myoauth_nonce=2");
    assert_eq!(provider.seen(&draft)["username"], "alice");
}

/// RFC 5849 §4.1. A client that was led to another host signs for that host, and whoever has it there could hand the request on.
#[test]
fn a_request_that_was_signed_for_another_host_is_not_good_here_whatever_the_host_header_says() {
    let provider = Provider::new();
    let mut elsewhere = Client::new(std::net::SocketAddr::from(([127, 0, 0, 1], provider.local.port)), "evil.test");
    let answer = provider.first(&provider.printer).send(&mut elsewhere, Place::Header);
    assert_eq!(problem(&answer), (401, "signature_invalid".to_owned()));
    let relayed = provider.first(&provider.printer);
    assert_eq!(provider.sent(&relayed).status, 200, "signed for the issuer's host it is");
}
