//! Vectors that RFCs publish, said to a running server.

use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::flow::{Ask, Pkce, code};
use keyhook_tests::pair::ALICE;
use keyhook_tests::stage::{SHOP_URI, Stage};

/// RFC 7636 Appendix B: challenge and verifier.
#[test]
fn the_verifier_of_rfc_7636_redeems_a_code_that_was_asked_for_with_its_challenge() {
    let stage = Stage::new();
    let pkce = Pkce {
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
        challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
    };
    let ask = Ask { client_id: "shop", redirect_uri: SHOP_URI, scope: "read", state: "s", pkce: pkce.clone() };
    let code = code(&mut stage.client(), &ask, ALICE);
    let answer = stage.back_channel("shop").redeem(&code, SHOP_URI, &pkce.verifier);
    assert_eq!(answer.status, 200, "{}", answer.text());
    record(&Figure {
        id: "F20",
        what: "RFC 7636 Appendix B, against a running server",
        measured: &[("vectors", 1.into()), ("failed", 0.into())],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test black_box vectors",
        covers_not: "RFC 7636 Appendix A, which is about base64url of other bytes",
    });
}
