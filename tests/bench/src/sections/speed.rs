//! How many answers, and what each costs, beside the bare server under the same load.

use super::{crew, floor, tokens};
use crate::client::Crew;
use crate::client::http2::Streams;
use crate::client::script::{Script, Varied};
use crate::client::signed::Signed;
use crate::flow::{CodeFlow, Rotation};
use crate::plan::Plan;
use crate::race::{Race, Runner};
use crate::server::certificate::Certificate;
use crate::server::keyhook::{ACTIVE, NOTHING_DURABLE, TOKEN_EXPECTED, TOKEN_FORM};
use crate::server::{Bare, Folder, Guarded, Keyhook, Setup, bare};
use crate::table::{Comparison, Table};

/// Tokens that are introspected in turn.
const INTROSPECTED: usize = 1000;
/// Connections of HTTP/2, among which the requests under way are divided.
const HTTP2_CONNECTIONS: usize = 8;
const BARE: &str = "bare hyper";

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let wants = |scenario| plan.wants("speed", scenario);
    if ["token", "introspection", "metadata", "code", "refresh", "http2"].iter().any(|scenario| wants(scenario)) {
        plain(plan, table);
    }
    if wants("memory-store") {
        let bare = Bare::start(None);
        let keyhook = Keyhook::start(&plan.folder, &Setup { more: NOTHING_DURABLE, ..Setup::default() });
        let race = Race::run(plan, &mut [floor(plan, &bare), tokens(plan, &keyhook)]);
        table.compare(&Comparison { what: "token, nothing durable", beside: BARE, goal: Some(0.55) }, &race, 1, 0);
    }
    if wants("jwt") {
        for (what, more, goal) in [
            ("JWT token, EdDSA", "[tokens]\nformat = \"jwt\"\nsigning = \"EdDSA\"\n", 0.18),
            ("JWT token, ES256", "[tokens]\nformat = \"jwt\"\nsigning = \"ES256\"\n", 0.14),
        ] {
            let bare = Bare::start(None);
            let keyhook = Keyhook::start(&plan.folder, &Setup { more, ..Setup::default() });
            let race = Race::run(plan, &mut [floor(plan, &bare), tokens(plan, &keyhook)]);
            table.compare(&Comparison { what, beside: BARE, goal: Some(goal) }, &race, 1, 0);
        }
    }
    if wants("oauth1") {
        signed(plan, table);
    }
    if wants("tls") {
        let certificate = Certificate::new(Folder::new(&plan.folder));
        let bare = Bare::start(Some(&certificate));
        let keyhook = Keyhook::start(&plan.folder, &Setup { certificate: Some(&certificate), ..Setup::default() });
        let race = Race::run(plan, &mut [floor(plan, &bare), tokens(plan, &keyhook)]);
        table.compare(&Comparison { what: "token over TLS 1.3", beside: "bare hyper over TLS 1.3", goal: None }, &race, 1, 0);
    }
}

/// Signed requests beside token requests: the signature is verified, the nonce durable.
fn signed(plan: &Plan, table: &mut Table) {
    let setup = Setup { more: "[oauth1]\nenabled = true\n", ..Setup::default() };
    let keyhook = Keyhook::start(&plan.folder, &setup);
    let api = Keyhook::start(&plan.folder, &setup);
    let (secret, secret_of_api) = (keyhook.consumer(), api.consumer());
    let api = Guarded::instead_of(api);
    let (handed_over, direct) = (keyhook.handing_over(&secret), api.signing(&secret_of_api));
    let scripts = (0..plan.connections).map(|index| Box::new(Signed::new(&direct, index)) as Box<dyn Script>);
    let race = Race::run(
        plan,
        &mut [
            tokens(plan, &keyhook),
            Runner::new(&api.process, Crew::connect(&api.address(), scripts)),
            Runner::new(&keyhook.process, crew(plan, &keyhook, |index| Signed::new(&handed_over, index))),
        ],
    );
    let beside = "token, client_credentials, durable";
    let what = "OAuth 1.0a, two parties, called at an API with the server in it: signature verified, nonce durable";
    table.compare(&Comparison { what, beside, goal: Some(0.90) }, &race, 1, 0);
    let what = "the same handed over to /introspect by an API elsewhere, which proves itself too";
    table.compare(&Comparison { what, beside, goal: None }, &race, 2, 0);
}

/// Everything that one server without plugins and without TLS can show.
fn plain(plan: &Plan, table: &mut Table) {
    let (bare, keyhook) = (Bare::start(None), Keyhook::start(&plan.folder, &Setup::default()));
    let wants = |scenario| plan.wants("speed", scenario);
    let mut beside_bare = |what, goal, runner| {
        let race = Race::run(plan, &mut [floor(plan, &bare), runner]);
        table.compare(&Comparison { what, beside: BARE, goal }, &race, 1, 0);
    };
    if wants("token") {
        beside_bare("token, client_credentials, durable", Some(0.40), tokens(plan, &keyhook));
    }
    if wants("introspection") {
        let requests = keyhook.introspections(&keyhook.fresh_tokens(INTROSPECTED));
        let crew = crew(plan, &keyhook, |index| Varied::new(&requests, 17 * index, ACTIVE));
        beside_bare("introspection", Some(0.70), Runner::new(&keyhook.process, crew));
    }
    if wants("metadata") {
        beside_bare("metadata", None, Runner::new(&keyhook.process, crew(plan, &keyhook, |_| keyhook.metadata())));
    }
    if wants("refresh") {
        let crew = crew(plan, &keyhook, |_| Rotation::new(keyhook.site()));
        beside_bare("refresh token rotation", None, Runner::new(&keyhook.process, crew));
    }
    if wants("code") {
        let flows = Runner::new(&keyhook.process, crew(plan, &keyhook, |_| CodeFlow::new(keyhook.site())));
        let race = Race::run(plan, &mut [tokens(plan, &keyhook), flows]);
        let what = "code flow: authorize, code, tokens";
        table.compare(&Comparison { what, beside: "token, in flows", goal: Some(0.40) }, &race, 1, 0);
    }
    if wants("http2") {
        let streams = plan.connections.div_ceil(HTTP2_CONNECTIONS);
        let open = |socket, head, form, expected| Streams::connect(socket, HTTP2_CONNECTIONS, streams, head, form, expected);
        let floor = open(bare.process.address(), &bare::HEAD, bare::FORM, bare::EXPECTED);
        let tokens = open(keyhook.process.address(), &keyhook.head("/token"), TOKEN_FORM, TOKEN_EXPECTED);
        let race = Race::run(plan, &mut [Runner::http2(&bare.process, floor), Runner::http2(&keyhook.process, tokens)]);
        table.compare(&Comparison { what: "token over HTTP/2", beside: "bare hyper over HTTP/2", goal: None }, &race, 1, 0);
    }
}
