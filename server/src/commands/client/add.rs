//! `keyhook client add`: what the flags mean together.
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

use std::path::PathBuf;

use clap::Args;

use super::{METHODS, rsa_key, seconds};
use crate::failure::{Exit, Failure};
use crate::operations::{ClientDraft, SigningChange};

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
    /// The scope it gets if it asks for none; "" is none [default: all of --scope]
    #[arg(long, value_name = "SCOPE")]
    default_scope: Option<String>,
    /// Grant type; repeatable [default: authorization_code and refresh_token with a redirect URI, else client_credentials]
    #[arg(long, value_name = "GRANT_TYPE")]
    grant: Vec<String>,
    /// It cannot keep a secret: an app, or a page in a browser
    #[arg(long)]
    public: bool,
    /// It runs on the user's device (RFC 8252); public unless --auth-method says otherwise
    #[arg(long)]
    native: bool,
    /// How it authenticates: none, client_secret_basic, client_secret_post, or assertion, which a plugin verifies
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
    /// What differs about its tokens; repeatable: format=jwt, audience=URL, rotate=no, refresh_grace=30s, reuse=yes, scope=narrow,
    /// and for one grant type client_credentials.access_ttl=5m, .refresh_ttl=1d, .refresh=no. An empty value brings the usual back
    #[arg(long, value_name = "KEY=VALUE")]
    policy: Vec<String>,
    /// What resource servers are told of it, in introspection and JWTs; repeatable: tier=gold, seats=5. An empty value takes it away
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// It signs its requests as OAuth 1.0a has it; its shared secret is shown once. Without --grant it knows no OAuth 2.0
    #[arg(long)]
    oauth1: bool,
    /// File with the public RSA key that it signs with, PEM; instead of a shared secret unless --oauth1 is given too
    #[arg(long, value_name = "FILE")]
    rsa_key: Option<PathBuf>,
    /// The signature method that it may use; repeatable [default: all of [oauth1] signature_methods]
    #[arg(long, value_name = "METHOD")]
    signature_method: Vec<String>,
}

impl Add {
    /// The client that the flags describe.
    ///
    /// # Errors
    /// `KH0310` when they contradict each other.
    pub(super) fn draft(self) -> Result<ClientDraft, Failure> {
        let public = self.public || self.auth_method.as_deref() == Some("none") || (self.native && self.auth_method.is_none());
        if self.public && self.auth_method.as_deref().is_some_and(|method| method != "none") {
            return Err(Failure::new("KH0310", Exit::Usage, "a public client has no secret to authenticate with")
                .help("leave --public or --auth-method out"));
        }
        if public && self.no_pkce {
            return Err(
                Failure::new("KH0310", Exit::Usage, "a public client always needs PKCE (RFC 9700 §2.1.1)").help("leave --no-pkce out")
            );
        }
        if public && self.redirect_uri.is_empty() && self.grant.is_empty() {
            let failure =
                Failure::new("KH0310", Exit::Usage, "a public client needs a redirect URI: it has no secret for client_credentials");
            return Err(failure.help(format!("keyhook client add {} --public --redirect-uri http://localhost:3000/cb", self.id)));
        }
        let signing = SigningChange {
            secret: self.oauth1,
            rsa_key: self.rsa_key.as_deref().map(rsa_key).transpose()?,
            methods: self.signature_method,
            off: false,
        };
        let signs = signing.secret || signing.rsa_key.is_some();
        if public && signs {
            return Err(Failure::new("KH0310", Exit::Usage, "a public client cannot keep what it would sign with")
                .help("leave --public, or --oauth1 and --rsa-key out"));
        }
        let only_signs = match self.auth_method.as_deref() {
            None => signs && self.grant.is_empty(),
            Some(method) => method == "oauth1_signature",
        };
        let usual: &[&str] = if only_signs {
            &[]
        } else if self.redirect_uri.is_empty() {
            &["client_credentials"]
        } else {
            &["authorization_code", "refresh_token"]
        };
        let grant_types = if self.grant.is_empty() { usual.iter().map(|grant| (*grant).to_owned()).collect() } else { self.grant };
        Ok(ClientDraft {
            id: self.id,
            name: self.name.unwrap_or_default(),
            confidential: !public,
            native: self.native,
            first_party: self.first_party,
            introspect: self.introspect,
            auth_method: self.auth_method,
            without_pkce: self.no_pkce,
            redirect_uris: self.redirect_uri,
            grant_types,
            scope: self.scope,
            default_scope: self.default_scope,
            access_ttl: self.access_ttl,
            refresh_ttl: self.refresh_ttl,
            policy: self.policy,
            attributes: self.attribute,
            signing,
            only_signs,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::ClientCommand;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: ClientCommand,
    }

    fn add(line: &str) -> Result<ClientDraft, Failure> {
        match Line::try_parse_from(std::iter::once("client").chain(line.split(' '))).unwrap().command {
            ClientCommand::Add(add) => add.draft(),
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
        assert!(post.confidential && post.auth_method.as_deref() == Some("client_secret_post"));
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
}
