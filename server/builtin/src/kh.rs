//! The stable codes of the sign-in, consent and page refusals; `server/docs/codes/builtin-pages.md` describes each.

/// Nobody signs users in: the built-in login is off and no plugin answered.
pub const NO_LOGIN: &str = "KH0270";
/// Nobody asks for consent: the built-in consent is off and no plugin approved.
pub const NO_CONSENT: &str = "KH0271";
/// A form came back without its token, or from elsewhere.
pub const FORM_TOKEN: &str = "KH0272";
/// The authorization request on a page is unknown or has expired.
pub const INTERACTION_UNKNOWN: &str = "KH0273";
/// The page belongs to another browser.
pub const OTHER_BROWSER: &str = "KH0274";
/// The authorization request was answered before, or changed in another tab.
pub const INTERACTION_SPENT: &str = "KH0275";
/// Too many failed sign-ins.
pub const TOO_MANY_ATTEMPTS: &str = "KH0276";
/// Too many sign-ins at once.
pub const SIGN_IN_BUSY: &str = "KH0277";
/// The user name or the password is wrong, or the user is disabled.
pub const SIGN_IN_FAILED: &str = "KH0278";
/// A plugin approved without a user who is signed in.
pub const APPROVED_FOR_NOBODY: &str = "KH0279";
/// A plugin signed in a user in a way that is not accepted.
pub const PLUGIN_SIGN_IN: &str = "KH0280";
/// A plugin wants to show a page although the client said `prompt=none`.
pub const PAGE_NOT_ALLOWED: &str = "KH0281";
/// The request came to a host or scheme that is not the issuer's.
pub const WRONG_HOST: &str = "KH0282";
/// Nothing answers at this path.
pub const NOT_FOUND: &str = "KH0283";
/// The playground's demo client is missing.
pub const NO_DEMO_CLIENT: &str = "KH0284";
/// Temporary credentials of OAuth 1.0a are unknown, have expired, or a user decided about them before.
pub const TEMPORARY_CREDENTIALS: &str = "KH0286";
/// The authorization request is too long to be carried from page to page.
pub const REQUEST_TOO_LONG: &str = "KH0285";

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_is_described_and_every_description_has_a_code() {
        let mut here: Vec<_> =
            include_str!("kh.rs").lines().filter(|line| line.starts_with("pub const")).filter_map(|line| line.split('"').nth(1)).collect();
        let mut described: Vec<_> = include_str!("../../docs/codes/builtin-pages.md")
            .lines()
            .filter_map(|line| line.strip_prefix("## ")?.split(' ').next())
            .collect();
        here.sort_unstable();
        described.sort_unstable();
        assert_eq!(here, described);
    }
}
