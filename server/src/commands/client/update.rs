//! `keyhook client update`: only what is given changes.
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

use std::path::PathBuf;

use clap::Args;

use super::{METHODS, rsa_key, seconds, yes_or_no};
use crate::failure::Failure;
use crate::operations::{ClientChange, SigningChange};

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
    /// How it authenticates: client_secret_basic, client_secret_post, or assertion, which a plugin verifies
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
    /// What differs about its tokens; repeatable: format=jwt, audience=URL, rotate=no, refresh_grace=30s, reuse=yes, scope=narrow,
    /// and for one grant type client_credentials.access_ttl=5m, .refresh_ttl=1d, .refresh=no. An empty value brings the usual back
    #[arg(long, group = "change", value_name = "KEY=VALUE")]
    policy: Vec<String>,
    /// What resource servers are told of it, in introspection and JWTs; repeatable: tier=gold, seats=5. An empty value takes it away
    #[arg(long, group = "change", value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// Give it a new shared secret of OAuth 1.0a, shown once; the one before stays valid until the next
    #[arg(long, group = "change")]
    oauth1: bool,
    /// Take everything away that it signs with
    #[arg(long, group = "change", conflicts_with_all = ["oauth1", "rsa_key", "signature_method"])]
    no_oauth1: bool,
    /// File with the public RSA key that it signs with, PEM; the one before stays valid until the next
    #[arg(long, group = "change", value_name = "FILE")]
    rsa_key: Option<PathBuf>,
    /// The signature methods that it may use; repeatable
    #[arg(long, group = "change", value_name = "METHOD")]
    signature_method: Vec<String>,
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

impl Update {
    /// The change that the flags describe.
    ///
    /// # Errors
    /// When the file of a key cannot be read.
    pub(super) fn change(self) -> Result<ClientChange, Failure> {
        let rsa_key = self.rsa_key.as_deref().map(rsa_key).transpose()?;
        let signing = SigningChange { secret: self.oauth1, off: self.no_oauth1, rsa_key, methods: self.signature_method };
        Ok(ClientChange {
            id: self.id,
            name: self.name,
            add_redirect_uris: self.add_redirect_uri,
            remove_redirect_uris: self.remove_redirect_uri,
            add_grant_types: self.add_grant,
            remove_grant_types: self.remove_grant,
            scope: self.scope,
            default_scope: self.default_scope,
            auth_method: self.auth_method,
            require_pkce: self.pkce,
            first_party: self.first_party,
            introspect: self.introspect,
            disabled: (self.enable || self.disable).then_some(self.disable),
            access_ttl: self.access_ttl,
            refresh_ttl: self.refresh_ttl,
            policy: self.policy,
            attributes: self.attribute,
            signing,
            rotate_secret: false,
            revoke: self.revoke,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::commands::ClientCommand;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: ClientCommand,
    }

    #[test]
    fn an_update_changes_only_what_is_given_and_something_has_to_be() {
        let parse = |line: &str| Line::try_parse_from(line.split(' '));
        let Ok(Line { command: ClientCommand::Update(update) }) = parse("client update shop --enable --access-ttl 15m") else { panic!() };
        let Ok(change) = update.change() else { panic!() };
        assert_eq!((change.disabled, change.access_ttl, change.name), (Some(false), Some(900), None));
        assert!(parse("client update shop").is_err());
        assert!(parse("client update shop --access-ttl 15").is_err());
        assert!(parse("client update shop --enable --disable").is_err());
    }
}
