//! What stands in a file of recorded exchanges.

use std::collections::{BTreeMap, BTreeSet};

use keyhook::{Client, RedirectUri, Scope};
use keyhook_core::client::{AuthMethod, TokenPolicy};
use keyhook_tests::libraries::workspace;
use keyhook_tests::stage::confidential;
use serde::Deserialize;

use super::CALLBACK;
use super::facets::Facets;

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    pub(super) server: Setup,
    /// Clients that are not as most are.
    #[serde(default)]
    client: BTreeMap<String, Entry>,
    /// The cases of the ancestor's own tests.
    #[serde(default)]
    pub(super) cases: Vec<String>,
    pub(super) exchange: Vec<Exchange>,
    pub(super) behavior: Vec<Behavior>,
}

/// How keyhook runs to be compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    pub(super) config: String,
    /// Whether a library plays the ancestor's scripted test plugins.
    #[serde(default)]
    pub(super) scripted: bool,
    /// Whether it spoke OAuth 1.0a.
    #[serde(default)]
    pub(super) oauth1: bool,
}

/// How a request is signed.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Signed {
    /// With which credentials: none, `asked`, `allowed` or `token`.
    pub(super) held: Option<String>,
    /// By somebody else: `rival`, another consumer that knows them; `nobody`, an unknown one; `guesser`, one with a wrong secret.
    pub(super) by: Option<String>,
    /// Protocol parameters that are other ones.
    pub(super) with: BTreeMap<String, String>,
    /// Protocol parameters that are left out.
    pub(super) without: Vec<String>,
    /// By so many seconds its timestamp is wrong.
    pub(super) off_by: i64,
    /// `query` or `body` instead of the header.
    pub(super) place: Option<String>,
    /// What is added to query or form after it was signed.
    pub(super) unsigned_query: String,
    pub(super) unsigned_form: String,
    /// The form that is signed.
    pub(super) form: Option<String>,
}

/// What is said of a client; what is not is as with every confidential client.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    redirect_uris: Option<Vec<String>>,
    grants: Option<Vec<String>>,
    auth: Option<AuthMethod>,
    scope: Option<String>,
    default_scope: Option<String>,
    tokens: TokenPolicy,
}

/// One exchange over HTTP.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) name: String,
    /// Whose code, tokens and credentials the placeholders stand for.
    pub(super) client: Option<String>,
    /// Whose code and tokens they are, if not the client's.
    pub(super) code_of: Option<String>,
    /// A request before this one, whose page and cookies it comes from.
    pub(super) page: Option<String>,
    /// What the user decides on the server's pages, `allow` or `deny`; without it nobody looks at them.
    pub(super) user: Option<String>,
    pub(super) request: String,
    pub(super) accept: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) form: Option<BTreeMap<String, String>>,
    /// A body that is no form.
    pub(super) body: Option<String>,
    /// Seconds that pass before the request, when what its placeholders stand for is there.
    #[serde(default)]
    pub(super) wait: u64,
    /// Whether it is sent a second time, whose answer counts.
    #[serde(default)]
    pub(super) twice: bool,
    /// How it is signed, of an ancestor that spoke OAuth 1.0a.
    pub(super) signed: Option<Signed>,
    /// Whether the scripted plugins run; they do unless this says otherwise.
    pub(super) plugins: Option<bool>,
    /// The cases of the ancestor's own tests that show the same.
    #[serde(default)]
    pub(super) cases: Vec<String>,
    pub(super) then: Facets,
    pub(super) today: Option<Facets>,
    pub(super) why: Option<String>,
}

impl Exchange {
    /// Whether a placeholder stands anywhere in it.
    pub(super) fn uses(&self, placeholder: &str) -> bool {
        let form = self.form.iter().flatten().map(|(_, value)| value.as_str());
        form.chain([self.request.as_str(), self.authorization.as_deref().unwrap_or_default()]).any(|text| text.contains(placeholder))
    }
}

/// What cannot be seen in one exchange, with the test that proves what keyhook does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Behavior {
    pub(super) name: String,
    pub(super) then: String,
    pub(super) today: String,
    pub(super) why: String,
    /// `path/of/a/file.rs::name_of_the_test`
    pub(super) proved_by: String,
    #[serde(default)]
    pub(super) cases: Vec<String>,
}

impl Recorded {
    /// The file of an ancestor.
    pub(super) fn of(ancestor: &str) -> Recorded {
        let path = workspace().join(format!("tests/ancestors/{ancestor}.toml"));
        toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{ancestor}: {error}"))
    }

    /// Every client that an exchange or the file names.
    pub(super) fn clients(&self) -> Vec<Client> {
        let named = self.exchange.iter().flat_map(|exchange| [&exchange.client, &exchange.code_of]).flatten();
        let ids: BTreeSet<_> = named.chain(self.client.keys()).collect();
        ids.into_iter().map(|id| self.client.get(id).unwrap_or(&Entry::default()).registered(id)).collect()
    }
}

impl Entry {
    fn registered(&self, id: &str) -> Client {
        let mut client = confidential(id);
        let uris = self.redirect_uris.clone().unwrap_or_else(|| vec![CALLBACK.to_owned()]);
        client.redirect_uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
        let scope = |text: &Option<String>, usual: &str| Scope::parse(text.as_deref().unwrap_or(usual)).unwrap();
        client.scope = scope(&self.scope, "read write");
        client.default_scope = scope(&self.default_scope, "read");
        client.auth_method = self.auth.unwrap_or(AuthMethod::SecretBasic);
        client.tokens = self.tokens.clone();
        // None of the ancestors knew it.
        client.require_pkce = false;
        if let Some(grants) = &self.grants {
            client.grant_types.clone_from(grants);
        }
        if client.grant_types.iter().any(|grant| grant == "implicit") {
            client.response_types.push("token".to_owned());
        }
        client
    }
}
