//! The pages that people see: complete without JavaScript, one stylesheet, every value escaped by the template engine (WCAG 2.2 AA).

mod builtin;
mod texts;

use askama::Template;
use http::StatusCode;
use keyhook_component::dev::{BuildReport, HookChange, PluginLine};
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;

pub use builtin::BuiltinPages;

use crate::endpoints::consent::Sentence;
use crate::endpoints::playground::Exchange;

/// The stylesheet of every page.
pub(crate) const STYLESHEET: &str = include_str!("../../static/keyhook.css");

/// Names the content of [`STYLESHEET`], so that it may be cached for good.
pub(crate) const STYLESHEET_VERSION: u32 = fnv1a(STYLESHEET.as_bytes());

/// FNV-1a. It tells versions of a file apart; it protects nothing.
const fn fnv1a(bytes: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u32).wrapping_mul(0x0100_0193);
        index += 1;
    }
    hash
}

/// What precedes every path of ours in a page: the issuer's path, empty for most.
pub(crate) fn base(settings: &Settings) -> &str {
    settings.issuer.path()
}

/// Where the stylesheet is, below `base`.
fn stylesheet(base: &str) -> String {
    format!("{base}/static/keyhook.css?v={STYLESHEET_VERSION:08x}")
}

/// A rendered page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Response::html(status, html),
        // Templates only write to memory; if that fails there is nothing better to say.
        Err(_) => Response::text(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be made."),
    }
}

/// The login page.
#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct Login<'a> {
    pub(crate) base: &'a str,
    pub(crate) action: String,
    pub(crate) client: &'a str,
    /// Host or scheme of the redirect URI, which is registered.
    pub(crate) target: &'a str,
    pub(crate) interaction: &'a str,
    pub(crate) csrf_token: &'a str,
    /// What was typed before, or the client's hint.
    pub(crate) user: &'a str,
    /// What went wrong, empty at first.
    pub(crate) problem: &'a str,
}

/// The consent page.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent<'a> {
    pub(crate) base: &'a str,
    pub(crate) action: String,
    /// Where another account can be chosen.
    pub(crate) switch: String,
    pub(crate) client: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) target: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) new: Vec<Sentence>,
    pub(crate) known: Vec<Sentence>,
    pub(crate) interaction: &'a str,
    pub(crate) csrf_token: &'a str,
}

/// The page that asks whether to sign out.
#[derive(Template)]
#[template(path = "logout.html")]
pub(crate) struct Logout<'a> {
    pub(crate) base: &'a str,
    pub(crate) action: String,
    pub(crate) subject: Option<&'a str>,
    pub(crate) csrf_token: &'a str,
}

/// The page after sign-out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut<'a> {
    pub(crate) base: &'a str,
}

/// The page that leads to an app by its own scheme.
#[derive(Template)]
#[template(path = "leave.html")]
pub(crate) struct Leave<'a> {
    pub(crate) base: &'a str,
    /// The validated redirect URI with its parameters.
    pub(crate) target: &'a str,
}

/// The page with the code that the user types into the application (RFC 5849 §2.2, `oob`).
#[derive(Template)]
#[template(path = "verifier.html")]
pub(crate) struct Verifier<'a> {
    pub(crate) base: &'a str,
    pub(crate) client: &'a str,
    pub(crate) code: &'a str,
    /// The same letter by letter, for those who hear it.
    pub(crate) spelled: String,
}

/// An error page.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct Problem<'a> {
    pub(crate) base: &'a str,
    /// One sentence.
    pub(crate) title: &'a str,
    /// What the user can do.
    pub(crate) advice: &'a str,
    /// The operator's code, or empty.
    pub(crate) code: &'a str,
    pub(crate) request_id: &'a str,
    /// What a developer needs, in `dev` only; empty otherwise.
    pub(crate) details: &'a str,
}

/// The page for a request that came to another address than the issuer's.
#[derive(Template)]
#[template(path = "wrong_host.html")]
pub(crate) struct WrongHost<'a> {
    pub(crate) base: &'a str,
    pub(crate) came: &'a str,
    pub(crate) expected: &'a str,
    pub(crate) code: &'a str,
    pub(crate) request_id: &'a str,
}

/// A plugin's markup in the theme.
#[derive(Template)]
#[template(path = "wrap.html")]
pub(crate) struct Wrap<'a> {
    pub(crate) base: &'a str,
    pub(crate) title: &'a str,
    /// Trusted: the plugin vouches for it.
    pub(crate) html: &'a str,
}

/// The start page of `keyhook dev`.
#[derive(Template)]
#[template(path = "start.html")]
pub(crate) struct Start<'a> {
    pub(crate) base: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) metadata: String,
    pub(crate) playground: String,
    pub(crate) logout: String,
    pub(crate) subject: Option<&'a str>,
    pub(crate) facts: Vec<(String, String)>,
    /// With the last error of each.
    pub(crate) plugins: Vec<(PluginLine, Option<String>)>,
    pub(crate) build: Option<BuildReport>,
    pub(crate) refused_reload: Option<String>,
    pub(crate) commands: Vec<String>,
}

/// The playground before the walk.
#[derive(Template)]
#[template(path = "playground.html")]
pub(crate) struct Playground<'a> {
    pub(crate) base: &'a str,
    pub(crate) start: String,
    pub(crate) client: &'a str,
    pub(crate) facts: Vec<(String, String)>,
}

/// The playground after the walk.
#[derive(Template)]
#[template(path = "played.html")]
pub(crate) struct Played<'a> {
    pub(crate) base: &'a str,
    pub(crate) again: String,
    /// The error that came back, empty for none.
    pub(crate) error: &'a str,
    pub(crate) steps: Vec<Exchange>,
    pub(crate) changes: Vec<HookChange>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// The value of `--name` in the light (first) or dark (second) theme, as relative luminance (WCAG 2.2, "relative luminance").
    fn luminance(name: &str, theme: usize) -> f64 {
        let marker = format!("--{name}: #");
        let hex = STYLESHEET.split(&*marker).nth(theme + 1).unwrap().get(..6).unwrap();
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.0722f64.mul_add(channel(4), 0.2126f64.mul_add(channel(0), 0.7152 * channel(2)))
    }

    fn contrast(one: &str, other: &str, theme: usize) -> f64 {
        let (one, other) = (luminance(one, theme), luminance(other, theme));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2.2 §1.4.3 and §1.4.11.
    #[test]
    fn text_and_borders_can_be_told_from_their_background_in_both_themes() {
        for theme in [0, 1] {
            for (text, background) in [
                ("text", "card"),
                ("text", "page"),
                ("text", "code"),
                ("soft", "card"),
                ("accent", "card"),
                ("on-accent", "accent"),
                ("wrong", "card"),
            ] {
                assert!(contrast(text, background, theme) >= 4.5, "{text} on {background}, theme {theme}");
            }
            assert!(contrast("line", "card", theme) >= 3.0, "border, theme {theme}");
        }
    }
}
