//! What the readers of other systems' databases have in common. They are for importers, and never write.

use keyhook_component::store::StoreError;

/// The database is there, and does not hold what is looked for.
pub(crate) fn not_there(shown: &str, what: &str) -> StoreError {
    StoreError::Unusable(format!(
        "KH0480 {shown} does not hold what is to be imported: {what}; name the right database in --from or with --database"
    ))
}
