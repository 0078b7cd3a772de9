//! One defect after the other in a loaded library, beside clients of other routes: none of those fails, and nothing fails open (F23).
//!
//! `KEYHOOK_PLUGIN_FAULTS` says how often each defect strikes. Libraries that do not load at all are in `bad_files`, the breaker's
//! closing and the details of each defect in `misbehaving` and `misfit`, all of them in `black_box`.

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::http::Answer;
use keyhook_tests::libraries;
use keyhook_tests::pair::Pair;
use keyhook_tests::size::asked;
use keyhook_tests::steady::Steady;

const MISBEHAVING: &str = "[plugins.misbehaving]\nallow = [\"store\", \"session\", \"approve\"]\ntimeout = \"200ms\"\nmax_panics = 1000\n\
                           max_concurrency = 64\n";

/// At the token endpoint: each has to refuse the request.
const AT_THE_TOKEN: [&str; 17] = [
    "panic",
    "bomb",
    "index",
    "validation-panic",
    "hang",
    "late",
    "access_token",
    "token_type",
    "scope",
    "error",
    "refresh_token",
    "id_token",
    "remove",
    "respond",
    "store",
    "large",
    "endless-fire",
];
/// At the token endpoint: odd, and no reason to refuse.
const HARMLESS: [&str; 3] = ["allocate", "deep", "flood"];
/// In front of the browser: each has to send it back without a code.
const AT_THE_BROWSER: [&str; 18] = [
    "panic",
    "bomb",
    "index",
    "sign-in-and-panic",
    "hang",
    "subject",
    "long-subject",
    "no-subject",
    "future",
    "evil",
    "evil-suffix",
    "evil-slashes",
    "evil-backslash",
    "evil-refresh",
    "large",
    "host-cookie",
    "opening",
    "host-header",
];
/// URLs of the plugin's own: each is an error.
const AT_ITS_URLS: [&str; 6] = ["panic/panic", "panic/bomb", "panic-blocking/index", "hang", "large", "header/alt-svc?value=x"];

/// A production server that has taken the library into use at a reload.
fn server() -> Pair {
    let pair = Pair::single("faults", "");
    let library = libraries::install_crate("misbehaving", &pair.production.plugins());
    pair.production.approve(&library);
    reload(&pair, MISBEHAVING);
    pair
}

fn reload(pair: &Pair, more: &str) {
    pair.production.configure(more);
    let reloaded = pair.production.run(&["reload"]);
    assert!(reloaded.status.success(), "{}", String::from_utf8_lossy(&reloaded.stderr));
}

/// What was struck, and what of it failed open.
#[derive(Default)]
struct Count {
    faults: usize,
    open: Vec<String>,
}

impl Count {
    fn struck(&mut self, what: &str, is_closed: bool, answer: &Answer) {
        self.faults += 1;
        if !is_closed {
            self.open.push(format!("{what}: {} {} {}", answer.status, answer.location(), answer.text()));
        }
    }

    fn token(&mut self, shop: &BackChannel, refresh: &str, misdeed: &str) {
        let answer = shop.post("/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh), ("misdeed", misdeed)]);
        let is_closed = matches!(answer.status, 500 | 503) && !answer.text().contains("access_token\"");
        self.struck(misdeed, is_closed, &answer);
    }

    fn browser(&mut self, pair: &Pair, misdeed: &str) {
        let more = match misdeed {
            "host-cookie" => "host-cookie&cookie=__Host-keyhook",
            "opening" => "header&name=access-control-allow-origin&value=*",
            "host-header" => "header&name=strict-transport-security&value=max-age%3D0",
            other => other,
        };
        let answer = pair.browser().get(&format!("{}&misdeed={more}", pair.ask().path()));
        let is_closed = answer.status == 303
            && answer.location().starts_with(pair.redirect_uri())
            && answer.location_parameter("code").is_none()
            && answer.location_parameter("error").is_some();
        self.struck(misdeed, is_closed, &answer);
    }

    fn url(&mut self, pair: &Pair, path: &str) {
        let answer = pair.browser().get(&format!("/x/misbehaving/{path}"));
        self.struck(path, matches!(answer.status, 500 | 503), &answer);
    }
}

#[test]
fn whatever_a_plugin_does_other_routes_are_unharmed_and_nothing_fails_open() {
    let _alone = crate::alone();
    let pair = server();
    let shop = &pair.nodes()[0];
    let steady = Steady::apart(&pair);
    let mut count = Count::default();
    let mut tokens = pair.tokens(&mut pair.browser());
    for _ in 0..asked("KEYHOOK_PLUGIN_FAULTS", 2) {
        for misdeed in AT_THE_TOKEN {
            count.token(shop, &tokens.refresh, misdeed);
        }
        for misdeed in HARMLESS {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh), ("misdeed", misdeed)];
            let answer = shop.post("/token", &form);
            count.faults += 1;
            // On a machine that is busy it may miss its deadline; then it is refused, and the token stays good.
            let next = Tokens::of(&answer);
            assert!(next.is_some() || answer.status == 503, "{misdeed}: {} {}", answer.status, answer.text());
            tokens = next.unwrap_or(tokens);
        }
        for misdeed in AT_THE_BROWSER {
            count.browser(&pair, misdeed);
        }
        for path in AT_ITS_URLS {
            count.url(&pair, path);
        }
    }
    // Ten panics within a minute, and the plugin rests: then whatever needs it is refused, and everything else goes on.
    reload(&pair, "[plugins.misbehaving]\nallow = [\"store\", \"session\", \"approve\"]\n");
    let rests = (0..12).any(|_| {
        count.token(shop, &tokens.refresh, "panic");
        let next = shop.post("/token", &[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("misdeed", "nothing")]);
        let is_resting = next.status == 503 && next.header("retry-after") == Some("30");
        tokens = Tokens::of(&next).unwrap_or_else(|| {
            assert!(is_resting, "{} {}", next.status, next.text());
            tokens.clone()
        });
        is_resting
    });
    assert!(rests, "the breaker never opened");
    let waits = steady.end();
    waits.assert_good("beside a plugin that misbehaves");
    assert!(count.open.is_empty(), "{:#?}", count.open);
    record(&Figure {
        id: "F23",
        what: "defects of a loaded library, one after the other, beside clients of other routes",
        measured: &[
            ("kinds of defects", (AT_THE_TOKEN.len() + HARMLESS.len() + AT_THE_BROWSER.len() + AT_ITS_URLS.len()).into()),
            ("faults", count.faults.into()),
            ("requests of other routes", waits.times.len().into()),
            ("failed", waits.failures.len().into()),
            ("decisions that failed open", count.open.len().into()),
        ],
        accumulates: true,
        command: "cargo test -p keyhook-tests --test pressure plugin_faults",
        covers_not: "what no process contains: wild pointers, stack overflow, abort, endless loops inline, memory that runs out",
    });
}
