//! The stable codes of refusals at the token, introspection and revocation endpoints; `server/docs/codes/builtin-token.md`
//! describes each.

/// Parameters were sent in the query of a back-channel endpoint.
pub(crate) const PARAMETERS_IN_QUERY: &str = "KH0262";
/// A plugin answered a token hook with something other than `Continue` or `Deny`.
pub(crate) const WRONG_VERDICT: &str = "KH0263";
/// A protected member of the token response came back changed from a plugin.
pub(crate) const PROTECTED_CHANGED: &str = "KH0264";
/// A public client tried to introspect a token.
pub(crate) const PUBLIC_INTROSPECTION: &str = "KH0265";
/// A client tried to revoke another client's token.
pub(crate) const REVOKE_CLIENT: &str = "KH0266";
/// A client tried to revoke something that is neither an access nor a refresh token.
pub(crate) const REVOKE_TYPE: &str = "KH0267";
/// A signing key in the store does not open.
pub(crate) const SIGNING_KEY: &str = "KH0268";
/// The shared secret of a consumer of OAuth 1.0a cannot be opened.
pub(crate) const CONSUMER_SECRET: &str = "KH0269";

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_is_described_and_every_description_has_a_code() {
        let mut here: Vec<_> = include_str!("token_kh.rs")
            .lines()
            .filter(|line| line.starts_with("pub(crate) const"))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        let mut described: Vec<_> = include_str!("../../docs/codes/builtin-token.md")
            .lines()
            .filter_map(|line| line.strip_prefix("## ")?.split(' ').next())
            .collect();
        here.sort_unstable();
        described.sort_unstable();
        assert_eq!(here, described);
    }
}
