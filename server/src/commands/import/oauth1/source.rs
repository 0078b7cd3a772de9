//! Where cycloauth and repoze kept what they knew, if its store is in this server.

use keyhook_component::BoxFuture;

use super::super::url;
use super::old::{OldConsumer, OldToken, Read};
use super::{FromCycloauth, FromRepoze};
use crate::config::not_built_in;
use crate::failure::{Exit, Failure};

/// A store of one of these systems, which is only read.
pub(super) trait Source: Send {
    /// Where it is, without its password.
    fn shown(&self) -> String;

    /// Every consumer.
    fn consumers(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldConsumer>>, Failure>>;

    /// The next access tokens; `None` after the last. A page may be empty.
    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>>;

    /// How many request tokens there are. Asked last.
    fn request_tokens(&mut self) -> BoxFuture<'_, Result<u64, Failure>>;
}

/// Opens the collections of cycloauth.
///
/// # Errors
/// `KH0460` when the URL names none; `KH0470` when its store is not in this server; what it says.
#[cfg_attr(not(feature = "mongodb"), allow(unused_variables, clippy::unused_async, reason = "a server without this store opens none"))]
pub(super) async fn cycloauth(import: &FromCycloauth) -> Result<Box<dyn Source>, Failure> {
    let url = url::read(&import.from)?;
    let (scheme, address) = url.expose();
    known(scheme, &["mongodb"], "cycloauth kept what it knew in mongodb:// (or in memory, where it cannot be read)")?;
    #[cfg(feature = "mongodb")]
    return Ok(Box::new(super::cycloauth::Cycloauth::open(address, import).await?));
    #[cfg(not(feature = "mongodb"))]
    Err(Failure::new("KH0470", Exit::Usage, "this server has no mongodb"))
}

/// Opens the tables of repoze.
///
/// # Errors
/// The same.
#[cfg_attr(not(feature = "mysql"), allow(unused_variables, clippy::unused_async, reason = "a server without this store opens none"))]
pub(super) async fn repoze(import: &FromRepoze) -> Result<Box<dyn Source>, Failure> {
    let url = url::read(&import.from)?;
    let (scheme, address) = url.expose();
    known(scheme, &["mysql", "mariadb"], "what repoze.who.plugins.oauth knew is read out of mysql://; copy other databases there")?;
    #[cfg(feature = "mysql")]
    return Ok(Box::new(super::repoze::Repoze::open(address, import.utc_offset).await?));
    #[cfg(not(feature = "mysql"))]
    Err(Failure::new("KH0470", Exit::Usage, "this server has no mysql"))
}

fn known(scheme: &str, schemes: &[&str], why: &str) -> Result<(), Failure> {
    if !schemes.contains(&scheme) {
        return Err(Failure::new("KH0460", Exit::Usage, why));
    }
    not_built_in(scheme).map_or(Ok(()), |why| Err(Failure::new("KH0470", Exit::Usage, why)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn a_store_that_the_system_did_not_have_is_refused() {
        assert_eq!(known("postgres", &["mysql"], "no").unwrap_err().code(), "KH0460");
    }
}
