//! Who takes part: the server that runs here, and the client that asks.

use keyhook_core::issuer::Issuer;
use keyhook_core::secret::Secret;
use serde_json::Value;

use super::{Try, TryCommand};
use crate::cli::Global;
use crate::commands::{online, password};
use crate::dev::DEMO_CLIENT;
use crate::failure::{Exit, Failure};
use crate::operations::{ClientChange, ClientDraft, Operation, SigningChange};

/// The confidential client that is made for `try client-credentials`.
const OWN_CLIENT: &str = "keyhook-try";
/// The client that is made for `try oauth1`.
const OWN_CONSUMER: &str = "keyhook-try-oauth1";

/// The client and the server.
pub(super) struct Party {
    pub(super) issuer: Issuer,
    /// Whether the server is `keyhook dev`, whose demo user's password is known.
    pub(super) dev: bool,
    pub(super) client: String,
    pub(super) secret: Option<Secret<String>>,
    /// `client_secret_post`.
    pub(super) secret_in_body: bool,
    /// Where codes go, as far as it is known.
    pub(super) redirect_uri: Option<String>,
    /// The plugins on `authorization_GET` that are in force, in their order.
    pub(super) logins: Vec<String>,
}

impl Party {
    /// Finds the server and the client.
    ///
    /// # Errors
    /// When no server runs here, or it is not said which client to be.
    pub(super) fn meet(global: &Global, command: &TryCommand) -> Result<Party, Failure> {
        let flags = super::flags(command);
        let status = match (&flags.issuer, online::ask(global, &Operation::Status {})) {
            (_, Ok(status)) => status,
            (Some(_), Err(_)) => Value::Null,
            (None, Err(failure)) => return Err(failure),
        };
        let text = flags.issuer.as_deref().or(status["issuer"].as_str()).unwrap_or_default();
        let issuer =
            Issuer::parse(text).map_err(|error| Failure::new("KH1007", Exit::Usage, format!("`{text}` cannot be an issuer: {error}")))?;
        let dev = status["mode"] == "dev" && flags.issuer.as_deref().is_none_or(|given| status["issuer"] == given);
        let mut party = Party {
            issuer,
            dev,
            client: String::new(),
            secret: None,
            secret_in_body: false,
            redirect_uri: flags.redirect_uri.clone(),
            logins: if status.is_null() { Vec::new() } else { in_force(global, "authorization_GET") },
        };
        party.choose_client(global, command, flags)?;
        Ok(party)
    }

    fn choose_client(&mut self, global: &Global, command: &TryCommand, flags: &Try) -> Result<(), Failure> {
        let is_machine = matches!(command, TryCommand::ClientCredentials(_));
        let signs = matches!(command, TryCommand::Oauth1(_));
        match (&flags.client, is_machine) {
            (Some(id), _) => {
                self.client.clone_from(id);
                let known = online::ask(global, &Operation::ClientShow { id: id.clone() }).unwrap_or_default();
                self.know(&known);
                if flags.secret_stdin {
                    self.secret = Some(password::read(true, id)?);
                } else if known["kind"] == "confidential" {
                    let failure = Failure::new("KH0323", Exit::Usage, format!("client `{id}` is confidential; its secret is needed"));
                    return Err(failure.help("give it on standard input with --secret-stdin"));
                }
                Ok(())
            }
            (None, _) if !self.dev => {
                let failure = Failure::new("KH0323", Exit::Usage, "it is not said which client to be, and this is no development server");
                Err(failure.help("name one with --client ID"))
            }
            (None, true) => self.make_own(global),
            (None, false) if signs => self.make_consumer(global),
            (None, false) => {
                DEMO_CLIENT.clone_into(&mut self.client);
                self.know(&online::ask(global, &Operation::ClientShow { id: DEMO_CLIENT.to_owned() })?);
                Ok(())
            }
        }
    }

    /// Adds the client of OAuth 1.0a; one of an earlier run gets a new secret.
    fn make_consumer(&mut self, global: &Global) -> Result<(), Failure> {
        OWN_CONSUMER.clone_into(&mut self.client);
        let signing = SigningChange { secret: true, ..SigningChange::default() };
        // Nobody is sent there: the walk ends where the server sends the browser to the client.
        let redirect_uri = "http://127.0.0.1/keyhook-try".to_owned();
        let draft = ClientDraft {
            id: OWN_CONSUMER.to_owned(),
            name: "keyhook try".to_owned(),
            confidential: true,
            redirect_uris: vec![redirect_uri.clone()],
            scope: "read".to_owned(),
            signing: signing.clone(),
            only_signs: true,
            ..ClientDraft::default()
        };
        let mut answer = online::ask(global, &Operation::ClientAdd(draft));
        if answer.as_ref().is_err_and(|failure| failure.code() == "KH0302") {
            let change = ClientChange { id: OWN_CONSUMER.to_owned(), signing, ..ClientChange::default() };
            answer = online::ask(global, &Operation::ClientUpdate(change));
        }
        self.secret = answer?["oauth1_secret"].as_str().map(|secret| Secret::new(secret.to_owned()));
        self.redirect_uri = self.redirect_uri.take().or(Some(redirect_uri));
        Ok(())
    }

    fn know(&mut self, client: &Value) {
        self.secret_in_body = client["auth_method"] == "client_secret_post";
        self.redirect_uri = self.redirect_uri.take().or_else(|| client["redirect_uris"][0].as_str().map(str::to_owned));
    }

    /// Adds the confidential client; one of an earlier run gets a new secret, since the old one is not known any more.
    fn make_own(&mut self, global: &Global) -> Result<(), Failure> {
        OWN_CLIENT.clone_into(&mut self.client);
        let draft = ClientDraft {
            id: OWN_CLIENT.to_owned(),
            name: "keyhook try".to_owned(),
            confidential: true,
            grant_types: vec!["client_credentials".to_owned()],
            scope: "read write".to_owned(),
            default_scope: Some("read".to_owned()),
            ..ClientDraft::default()
        };
        let mut answer = online::ask(global, &Operation::ClientAdd(draft));
        if answer.as_ref().is_err_and(|failure| failure.code() == "KH0302") {
            let change = ClientChange { id: OWN_CLIENT.to_owned(), rotate_secret: true, ..ClientChange::default() };
            answer = online::ask(global, &Operation::ClientUpdate(change));
        }
        self.secret = answer?["client_secret"].as_str().map(|secret| Secret::new(secret.to_owned()));
        Ok(())
    }
}

/// A line that names the plugins on the token response, as the running server orders them.
pub(super) fn who_changed_it(global: &Global) -> String {
    let names = in_force(global, "access_token_response");
    if names.is_empty() {
        return "\nno plugin is on access_token_response; begin one with `keyhook plugin new hello`\n".to_owned();
    }
    format!("\non access_token_response: {}\n", names.join(", "))
}

/// The plugins on a hook that the running server runs, in the order in force; none where no server can be asked.
fn in_force(global: &Global, hook: &str) -> Vec<String> {
    ordered(&online::ask(global, &Operation::PluginList {}).unwrap_or_default(), hook)
}

/// Of a list of plugins: each that serves knows the order of its hooks.
fn ordered(plugins: &Value, hook: &str) -> Vec<String> {
    let serving = plugins.as_array().into_iter().flatten().filter(|plugin| plugin["status"] == "serves");
    let mut orders = serving.filter_map(|plugin| plugin["order"][hook].as_array());
    orders.next().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_hooks_that_run_are_named_in_the_order_in_force() {
        let order = json!({ "access_token_response": ["zed", "ann"] });
        let plugins = json!([
            { "name": "ann", "status": "serves", "hooks": ["access_token_response"], "order": order },
            { "name": "bad", "status": "refused", "hooks": ["access_token_response"], "order": { "access_token_response": ["bad"] } },
            { "name": "zed", "status": "serves", "hooks": ["access_token_response"], "order": order },
        ]);
        assert_eq!(ordered(&plugins, "access_token_response"), ["zed", "ann"]);
        assert_eq!(ordered(&plugins, "authorization_GET"), [""; 0]);
        assert_eq!(ordered(&Value::Null, "authorization_GET"), [""; 0]);
    }
}
