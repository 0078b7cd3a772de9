//! The URL of another system's database, out of a flag or out of the file that it names.

use keyhook_core::secret::Secret;

use crate::failure::{Exit, Failure};

/// Scheme and address of `--from`, which may be `@FILE`.
///
/// # Errors
/// `KH0460` when it is no URL or the file cannot be read. The text never repeats it.
pub(super) fn read(from: &str) -> Result<Secret<(String, String)>, Failure> {
    let refused = |why: String| Failure::new("KH0460", Exit::Usage, why);
    let url = match from.strip_prefix('@') {
        None => Secret::new(from.to_owned()),
        Some(file) => Secret::new(std::fs::read_to_string(file).map_err(|error| refused(format!("{file} cannot be read: {error}")))?),
    };
    let Some((scheme, address)) = url.expose().trim().split_once(':') else {
        return Err(refused("expected a URL such as mysql://user:password@host/database, or @FILE that holds one".to_owned()));
    };
    Ok(Secret::new((scheme.to_owned(), address.to_owned())))
}
