//! The implicit and the password grant where the operator did not switch them on (RFC 9700 §2.1.2, §2.4).

use super::{Expander, STATE, always, ask};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{ALICE, LAX_URI, OTHER_URI, SHOP_URI, SPA_URI};
use crate::wire::Request;

pub const ALL: &[Expander] = &[
    always("GR-01", "the password grant with right credentials, off", password_while_off),
    always("GR-02", "the implicit grant by everybody, off", implicit_while_off),
];

fn password_while_off(attack: &mut Attack<'_>) {
    for client in ["shop", "lax", "robot", "limited", "signer"] {
        for kind in ["password", "PASSWORD", "password ", "urn:ietf:params:oauth:grant-type:password", "implicit", "token"] {
            let form = Request::post("/token", &[("grant_type", kind), ("username", ALICE.username), ("password", ALICE.password)]);
            let form = form.header("authorization", attack.target.basic(client));
            for scope in ["read", "", "admin"] {
                attack.send(&form.clone().set("scope", scope), &Expect::Json(vec!["unsupported_grant_type"]));
            }
        }
    }
}

fn implicit_while_off(attack: &mut Attack<'_>) {
    for (client, uri) in [("shop", SHOP_URI), ("spa", SPA_URI), ("lax", LAX_URI), ("other", OTHER_URI)] {
        let request = ask(client, uri).set("response_type", "token");
        let signed_in = attack.target.browser("alice").cookies;
        let cookies = signed_in.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        for mode in ["", "fragment", "query", "form_post"] {
            let request = request.clone().set("response_mode", mode);
            let refused = Expect::back(&["unsupported_response_type"], uri, STATE);
            attack.send(&request, &refused);
            attack.send(&request.header("cookie", cookies.clone()), &refused);
        }
        attack.send(&ask(client, "https://evil.test/#").set("response_type", "token"), &Expect::Page);
    }
}
