//! The metadata document (RFC 8414): what is registered describes itself.

use std::sync::Arc;

use http::{Method, header};
use keyhook_builtin::endpoints::{IntrospectEndpoint, MetadataEndpoint, RevokeEndpoint, TokenEndpoint, metadata_document};
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::NoHooks;
use keyhook_component::registry;
use keyhook_core::metadata::Issuer;
use serde_json::{Value, json};

use crate::support::*;

fn back_channel() -> Vec<Arc<dyn Endpoint>> {
    vec![Arc::new(TokenEndpoint), Arc::new(IntrospectEndpoint), Arc::new(RevokeEndpoint), Arc::new(MetadataEndpoint)]
}

/// RFC 8414 §2, RFC 7636 §5, RFC 9207 §3.
#[test]
fn the_document_lists_what_is_registered() {
    let mut settings = settings();
    settings.issuer = Issuer::parse("https://id.example/a").unwrap();
    settings.scope_descriptions.insert("read".into(), "Read your orders".into());
    let document: Value = serde_json::from_slice(&metadata_document(&settings, &back_channel(), &registry::grants(), &NoHooks)).unwrap();
    assert_eq!(
        document,
        json!({
            "issuer": "https://id.example/a",
            "token_endpoint": "https://id.example/a/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint": "https://id.example/a/introspect",
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "revocation_endpoint": "https://id.example/a/revoke",
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "scopes_supported": ["read"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true
        })
    );
}

#[test]
fn what_is_not_registered_is_not_listed() {
    let document: Value = serde_json::from_slice(&metadata_document(&settings(), &[Arc::new(TokenEndpoint)], &[], &NoHooks)).unwrap();
    assert_eq!(document.get("introspection_endpoint"), None);
    assert_eq!(document.get("grant_types_supported"), None);
}

/// RFC 8414 §3.1: the well-known string is inserted before the issuer's path.
#[test]
fn the_document_is_found_before_the_issuer_s_path() {
    let mut settings = settings();
    let get = |path: &str| (Some(Method::GET), path.to_owned());
    assert_eq!(MetadataEndpoint.routes(&settings), [get("/.well-known/oauth-authorization-server")]);
    settings.issuer = Issuer::parse("https://id.example/a").unwrap();
    let both = [get("/.well-known/oauth-authorization-server/a"), get("/a/.well-known/oauth-authorization-server")];
    assert_eq!(MetadataEndpoint.routes(&settings), both);
}

/// RFC 8414 §3.2.
#[tokio::test]
async fn the_endpoint_serves_the_document_as_it_was_made() {
    let mut world = world().await;
    world.context.metadata = metadata_document(&world.context.settings, &registry::endpoints(), &registry::grants(), &NoHooks);
    let response = MetadataEndpoint.answer(&request("/", As::Nobody, &[]), &world.context).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.headers[header::CONTENT_TYPE]), (200, &"application/json".parse().unwrap()));
    assert_eq!(response.body, world.context.metadata);
    let document: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(document["issuer"], "https://id.example");
}
