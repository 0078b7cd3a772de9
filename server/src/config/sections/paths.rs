//! `[paths]`: where the endpoints answer.

use keyhook_component::settings::Paths;

use crate::config::reader::{Section, quoted, text_of};
use crate::config::tree::Node;

/// Reads `[paths]`.
pub(crate) fn read(section: Section<'_>) -> Paths {
    let default = Paths::default();
    let one = |key, default: String| section.read(key, default, path, |path: &String| quoted(path));
    let paths = Paths {
        authorize: one("authorize", default.authorize),
        token: one("token", default.token),
        introspect: one("introspect", default.introspect),
        revoke: one("revoke", default.revoke),
        jwks: one("jwks", default.jwks),
        login: one("login", default.login),
        consent: one("consent", default.consent),
        logout: one("logout", default.logout),
    };
    refuse_doubles(&section, &paths);
    section.finish(false);
    paths
}

fn refuse_doubles(section: &Section<'_>, paths: &Paths) {
    let all = [
        ("authorize", &paths.authorize),
        ("token", &paths.token),
        ("introspect", &paths.introspect),
        ("revoke", &paths.revoke),
        ("jwks", &paths.jwks),
        ("login", &paths.login),
        ("consent", &paths.consent),
        ("logout", &paths.logout),
    ];
    for (index, (key, path)) in all.iter().enumerate() {
        if let Some((other, _)) = all[..index].iter().find(|(_, earlier)| earlier == path) {
            section.refuse(
                "KH1005",
                key,
                format!("`{key}` and `{other}` in [paths] are the same path"),
                "give each endpoint a path of its own",
            );
        }
    }
}

pub(super) fn path(node: &Node) -> Result<String, String> {
    let text = text_of(node)?;
    let clean = text.starts_with('/') && text.len() > 1 && !text.starts_with("//") && !text.contains(['{', '}', '?', '#', '%', '\\']);
    if clean && text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.split('/').any(|part| part == "." || part == "..") {
        return Ok(text.to_owned());
    }
    Err("expected a plain path such as \"/oauth/token\"".to_owned())
}
