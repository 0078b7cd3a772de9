//! Who is registered with a server under attack: its clients, where their users go back, and its users.

use keyhook_tests::flow::Person;

/// Where `shop`'s users go back.
pub const SHOP_URI: &str = "https://app.test/cb";
/// Where `spa`'s users go back; it is public.
pub const SPA_URI: &str = "https://spa.test/cb";
/// Where `native`'s users go back, on any port.
pub const NATIVE_URI: &str = "http://127.0.0.1/cb";
/// Where `lax`'s users go back; it is confidential and may go without PKCE.
pub const LAX_URI: &str = "https://lax.test/cb";
/// Where `other`'s users go back, with a query of its own.
pub const OTHER_URI: &str = "https://other.test/cb?tenant=1";
/// Where `printer`'s users go back with a verifier (RFC 5849 §2.1).
pub const PRINTER_URI: &str = "https://printer.test/ready?of=1";
/// What a client needs to be allowed to exchange a token of OAuth 1.0a (RFC 8693 §2.1).
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The public key of `rsa`, whose private half nobody here has.
pub const RSA_KEY: &str = include_str!("../rsa.pem");
/// The user whose account is attacked.
pub const ALICE: Person<'static> = Person { username: "alice", password: "canary-of-alice-7f2e" };
/// The user who attacks.
pub const MALLORY: Person<'static> = Person { username: "mallory", password: "canary-of-mallory-91bc" };
/// A user whose account is changed from outside.
pub const CAROL: Person<'static> = Person { username: "carol", password: "canary-of-carol-55ad" };

/// What is registered besides the id: flags of `keyhook client add`.
pub const CLIENTS: [(&str, &[&str]); 15] = [
    ("shop", &["--name", "The <b>Shop</b> \"&'", "--redirect-uri", SHOP_URI, "--scope", "read write", "--default-scope", "read"]),
    ("poster", &["--redirect-uri", "https://poster.test/cb", "--scope", "read write", "--auth-method", "client_secret_post"]),
    ("spa", &["--redirect-uri", SPA_URI, "--scope", "read", "--public"]),
    ("native", &["--redirect-uri", NATIVE_URI, "--redirect-uri", "com.example.app:/cb", "--scope", "read", "--native"]),
    ("lax", &["--redirect-uri", LAX_URI, "--scope", "read write", "--no-pkce"]),
    ("other", &["--redirect-uri", OTHER_URI, "--scope", "read other"]),
    ("two", &["--redirect-uri", "https://two.test/a", "--redirect-uri", "https://two.test/b", "--scope", "read"]),
    ("web-loopback", &["--redirect-uri", "http://localhost:7000/cb", "--scope", "read"]),
    ("robot", &["--scope", "read write", "--introspect"]),
    ("limited", &["--redirect-uri", "https://limited.test/cb", "--scope", "read", "--grant", "authorization_code"]),
    ("signer", &["--scope", "read write", "--policy", "format=jwt"]),
    ("printer", &["--oauth1", "--redirect-uri", PRINTER_URI, "--scope", "read"]),
    ("rival", &["--oauth1", "--redirect-uri", "https://rival.test/ready", "--scope", "read"]),
    (
        "mover",
        &["--oauth1", "--redirect-uri", "https://mover.test/ready", "--scope", "read", "--grant", EXCHANGE, "--grant", "refresh_token"],
    ),
    ("rsa", &["--rsa-key", "rsa.pem", "--redirect-uri", "https://rsa.test/ready", "--scope", "read"]),
];
