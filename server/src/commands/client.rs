//! `keyhook client …`: registering, listing, changing and removing clients.
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

use clap::{Args, Subcommand};
use serde_json::Value;

use super::online;
use crate::cli::{Format, Global};
use crate::config::parse_duration;
use crate::failure::{Exit, Failure};
use crate::operations::{ClientChange, ClientDraft, Operation};
use crate::output;

/// `keyhook client …`
#[derive(Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a client; a confidential one's secret is shown once
    Add(Box<Add>),
    /// List the clients
    List,
    /// Show one client
    Show {
        /// client_id
        id: String,
    },
    /// Change a client; only what is given changes
    Update(Box<Update>),
    /// Remove a client; its tokens are dead at once
    Remove {
        /// client_id
        id: String,
    },
    /// A client's secret
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// `keyhook client secret …`
#[derive(Subcommand)]
pub(crate) enum SecretCommand {
    /// Make a new secret and show it once; the one before stays valid until the next rotation
    Rotate {
        /// client_id
        id: String,
    },
}

/// `keyhook client add`
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "one switch a flag")]
pub(crate) struct Add {
    /// client_id: 1 to 255 visible ASCII characters
    id: String,
    /// What people see on the consent page [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// Where users may be sent back to; repeatable
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// The scope it may have, words with spaces between them
    #[arg(long, default_value = "", hide_default_value = true)]
    scope: String,
    /// The scope it gets if it asks for none
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SCOPE")]
    default_scope: String,
    /// Grant type; repeatable [default: authorization_code and refresh_token with a redirect URI, else client_credentials]
    #[arg(long, value_name = "GRANT_TYPE")]
    grant: Vec<String>,
    /// It cannot keep a secret: an app, or a page in a browser
    #[arg(long)]
    public: bool,
    /// It runs on the user's device (RFC 8252); public unless --auth-method says otherwise
    #[arg(long)]
    native: bool,
    /// How it authenticates: none, client_secret_basic or client_secret_post
    #[arg(long, value_name = "METHOD", value_parser = METHODS)]
    auth_method: Option<String>,
    /// A confidential client may go without PKCE
    #[arg(long)]
    no_pkce: bool,
    /// One of your own: users are not asked for consent
    #[arg(long)]
    first_party: bool,
    /// It may introspect tokens of other clients, as a resource server does
    #[arg(long)]
    introspect: bool,
    /// Lifetime of its access tokens, such as 15m
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    access_ttl: Option<u64>,
    /// Lifetime of its refresh tokens, such as 30d
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    refresh_ttl: Option<u64>,
}

/// `keyhook client update`
#[derive(Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
#[allow(clippy::struct_excessive_bools, reason = "one switch a flag")]
pub(crate) struct Update {
    /// client_id
    id: String,
    /// What people see
    #[arg(long, group = "change")]
    name: Option<String>,
    /// Redirect URI to add; repeatable
    #[arg(long, group = "change", value_name = "URI")]
    add_redirect_uri: Vec<String>,
    /// Redirect URI to remove; repeatable
    #[arg(long, group = "change", value_name = "URI")]
    remove_redirect_uri: Vec<String>,
    /// Grant type to add; repeatable
    #[arg(long, group = "change", value_name = "GRANT_TYPE")]
    add_grant: Vec<String>,
    /// Grant type to remove; repeatable
    #[arg(long, group = "change", value_name = "GRANT_TYPE")]
    remove_grant: Vec<String>,
    /// The scope it may have
    #[arg(long, group = "change")]
    scope: Option<String>,
    /// The scope it gets if it asks for none
    #[arg(long, group = "change", value_name = "SCOPE")]
    default_scope: Option<String>,
    /// How it authenticates: client_secret_basic or client_secret_post
    #[arg(long, group = "change", value_name = "METHOD", value_parser = METHODS)]
    auth_method: Option<String>,
    /// Whether authorization requests need PKCE
    #[arg(long, group = "change", value_name = "YES|NO", value_parser = yes_or_no)]
    pkce: Option<bool>,
    /// Whether it is one of your own: no consent
    #[arg(long, group = "change", value_name = "YES|NO", value_parser = yes_or_no)]
    first_party: Option<bool>,
    /// Whether it may introspect tokens of other clients
    #[arg(long, group = "change", value_name = "YES|NO", value_parser = yes_or_no)]
    introspect: Option<bool>,
    /// Lifetime of its access tokens, such as 15m
    #[arg(long, group = "change", value_name = "DURATION", value_parser = seconds)]
    access_ttl: Option<u64>,
    /// Lifetime of its refresh tokens, such as 30d
    #[arg(long, group = "change", value_name = "DURATION", value_parser = seconds)]
    refresh_ttl: Option<u64>,
    /// It may do everything that it is registered for again
    #[arg(long, group = "change", conflicts_with = "disable")]
    enable: bool,
    /// It may do nothing for now
    #[arg(long, group = "change")]
    disable: bool,
    /// End every grant and token that it has
    #[arg(long, group = "change")]
    revoke: bool,
}

const METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];
const COLUMNS: [&str; 5] = ["id", "name", "kind", "grant_types", "redirect_uris"];

/// Runs one of the commands.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(global: &Global, command: ClientCommand) -> Result<(), Failure> {
    match command {
        ClientCommand::Add(add) => added(global, online::perform(global, Operation::ClientAdd(draft(*add)?))?),
        ClientCommand::List => super::print(global, &COLUMNS, online::perform(global, Operation::ClientList {})),
        ClientCommand::Show { id } => super::print(global, &COLUMNS, online::perform(global, Operation::ClientShow { id })),
        ClientCommand::Update(update) => super::print(global, &COLUMNS, online::perform(global, Operation::ClientUpdate(change(*update)))),
        ClientCommand::Remove { id } => super::print(global, &["id"], online::perform(global, Operation::ClientRemove { id })),
        ClientCommand::Secret(SecretCommand::Rotate { id }) => {
            let change = ClientChange { id, rotate_secret: true, ..ClientChange::default() };
            added(global, online::perform(global, Operation::ClientUpdate(change))?)
        }
    }
}

/// Prints a client whose secret can be seen this once: JSON has `client_id` and `client_secret` as RFC 7591 §3.2.1 names them.
#[allow(clippy::unnecessary_wraps, reason = "every command has one shape")]
fn added(global: &Global, mut client: Value) -> Result<(), Failure> {
    let id = client["id"].clone();
    let secret = client["client_secret"].as_str().map(str::to_owned);
    if global.quiet || global.format == Format::Json {
        client["client_id"] = id;
        output::print(global, &["id"], &client);
        return Ok(());
    }
    let id = format!("client_id      {}\n", id.as_str().unwrap_or_default());
    let shown = |secret| format!("client_secret  {secret}\n               it is shown this once; the server keeps a hash\n");
    output::write(&(id + &secret.map(shown).unwrap_or_default()));
    Ok(())
}

fn draft(add: Add) -> Result<ClientDraft, Failure> {
    let public = add.public || add.auth_method.as_deref() == Some("none") || (add.native && add.auth_method.is_none());
    if add.public && add.auth_method.as_deref().is_some_and(|method| method != "none") {
        return Err(Failure::new("KH0310", Exit::Usage, "a public client has no secret to authenticate with")
            .help("leave --public or --auth-method out"));
    }
    if public && add.no_pkce {
        return Err(Failure::new("KH0310", Exit::Usage, "a public client always needs PKCE (RFC 9700 §2.1.1)").help("leave --no-pkce out"));
    }
    if public && add.redirect_uri.is_empty() && add.grant.is_empty() {
        let failure = Failure::new("KH0310", Exit::Usage, "a public client needs a redirect URI: it has no secret for client_credentials");
        return Err(failure.help(format!("keyhook client add {} --public --redirect-uri http://localhost:3000/cb", add.id)));
    }
    let usual: &[&str] = if add.redirect_uri.is_empty() { &["client_credentials"] } else { &["authorization_code", "refresh_token"] };
    let grant_types = if add.grant.is_empty() { usual.iter().map(|grant| (*grant).to_owned()).collect() } else { add.grant };
    Ok(ClientDraft {
        id: add.id,
        name: add.name.unwrap_or_default(),
        confidential: !public,
        native: add.native,
        first_party: add.first_party,
        introspect: add.introspect,
        secret_in_body: add.auth_method.as_deref() == Some("client_secret_post"),
        without_pkce: add.no_pkce,
        redirect_uris: add.redirect_uri,
        grant_types,
        scope: add.scope,
        default_scope: add.default_scope,
        access_ttl: add.access_ttl,
        refresh_ttl: add.refresh_ttl,
    })
}

fn change(update: Update) -> ClientChange {
    ClientChange {
        id: update.id,
        name: update.name,
        add_redirect_uris: update.add_redirect_uri,
        remove_redirect_uris: update.remove_redirect_uri,
        add_grant_types: update.add_grant,
        remove_grant_types: update.remove_grant,
        scope: update.scope,
        default_scope: update.default_scope,
        auth_method: update.auth_method,
        require_pkce: update.pkce,
        first_party: update.first_party,
        introspect: update.introspect,
        disabled: (update.enable || update.disable).then_some(update.disable),
        access_ttl: update.access_ttl,
        refresh_ttl: update.refresh_ttl,
        rotate_secret: false,
        revoke: update.revoke,
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    parse_duration(text).map(|duration| duration.as_secs())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: ClientCommand,
    }

    fn add(line: &str) -> Result<ClientDraft, Failure> {
        match Line::try_parse_from(std::iter::once("client").chain(line.split(' '))).unwrap().command {
            ClientCommand::Add(add) => draft(*add),
            _ => panic!("{line}"),
        }
    }

    #[test]
    fn grants_follow_from_the_redirect_uri() {
        let web = add("add shop --redirect-uri https://shop.example/cb --scope read").unwrap();
        assert_eq!((web.confidential, web.grant_types.join(" ").as_str()), (true, "authorization_code refresh_token"));
        let machine = add("add robot").unwrap();
        assert_eq!((machine.confidential, machine.grant_types.join(" ").as_str()), (true, "client_credentials"));
        let own = add("add robot --grant urn:x --redirect-uri https://r.example/").unwrap();
        assert_eq!(own.grant_types, ["urn:x"]);
    }

    #[test]
    fn a_native_client_is_public_unless_it_authenticates() {
        assert!(!add("add app --native --redirect-uri app.example:/cb").unwrap().confidential);
        let post = add("add app --native --redirect-uri app.example:/cb --auth-method client_secret_post").unwrap();
        assert!(post.confidential && post.secret_in_body);
    }

    #[test]
    fn contradictions_are_usage_errors_with_a_way_out() {
        for line in [
            "add x --public",
            "add x --public --no-pkce --redirect-uri https://x.example/",
            "add x --public --auth-method client_secret_basic",
        ] {
            let failure = add(line).unwrap_err();
            assert_eq!((failure.code(), failure.exit()), ("KH0310", Exit::Usage));
            assert!(failure.to_string().contains("help"));
        }
    }

    #[test]
    fn an_update_changes_only_what_is_given_and_something_has_to_be() {
        let parse = |line: &str| Line::try_parse_from(line.split(' '));
        let Ok(Line { command: ClientCommand::Update(update) }) = parse("client update shop --enable --access-ttl 15m") else { panic!() };
        let change = change(*update);
        assert_eq!((change.disabled, change.access_ttl, change.name), (Some(false), Some(900), None));
        assert!(parse("client update shop").is_err());
        assert!(parse("client update shop --access-ttl 15").is_err());
        assert!(parse("client update shop --enable --disable").is_err());
    }
}
