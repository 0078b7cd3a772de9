//! The steps of the schema that the SQL servers share: which kinds each brings a table for.

use keyhook_component::record::Kind;

/// Step `n` leads from schema `n` to schema `n + 1`. Steps that were released are never changed, only followed by others: a new kind
/// is a step of its own.
pub(crate) const STEPS: &[&[Kind]] = &[FIRST, &[Kind::TemporaryCredential, Kind::TokenCredential, Kind::Nonce]];

const FIRST: &[Kind] = &[
    Kind::Client,
    Kind::User,
    Kind::Consent,
    Kind::SigningKey,
    Kind::NotBefore,
    Kind::PluginData,
    Kind::Deployment,
    Kind::Grant,
    Kind::Code,
    Kind::AccessToken,
    Kind::RefreshToken,
    Kind::HashedToken,
    Kind::Attempts,
    Kind::Once,
    Kind::Interaction,
    Kind::Session,
];

/// Whether records of this kind are listed by client, and whether by subject: for people's pages.
pub(crate) fn listed_by(kind: Kind) -> (bool, bool) {
    match kind {
        Kind::Grant | Kind::Consent => (true, true),
        Kind::Session => (false, true),
        _ => (false, false),
    }
}

/// The schema of this keyhook.
pub(crate) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The kinds whose tables a database of schema `found` lacks.
pub(crate) fn missing(found: i64) -> impl Iterator<Item = Kind> {
    STEPS.iter().skip(usize::try_from(found).unwrap_or(0)).copied().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_table_by_one_step() {
        let mut made: Vec<Kind> = missing(0).collect();
        made.sort();
        let mut all = Kind::ALL.to_vec();
        all.sort();
        assert_eq!(made, all);
    }
}
