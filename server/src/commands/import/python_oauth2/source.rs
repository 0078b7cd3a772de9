//! Where python-oauth2 kept what it knew: the store of the URL's scheme, if it is in this server.

use keyhook_component::BoxFuture;
use keyhook_core::secret::Secret;

use super::super::url;
use super::Import;
use super::old::{OldClient, OldToken, Read};
use crate::config::not_built_in;
use crate::failure::{Exit, Failure};

/// Where it kept what can be read.
const SCHEMES: [&str; 7] = ["mysql", "mariadb", "mongodb", "redis", "rediss", "redis+cluster", "rediss+cluster"];

/// A store of python-oauth2's, which is only read.
pub(super) trait Source: Send {
    /// Where it is, without its password.
    fn shown(&self) -> String;

    /// Every client.
    fn clients(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldClient>>, Failure>>;

    /// Begins with the tokens, again.
    fn begin(&mut self) -> BoxFuture<'_, Result<(), Failure>>;

    /// The next tokens; `None` after the last. A page may be empty.
    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>>;

    /// How many authorization codes there are. Asked last.
    fn codes(&mut self) -> BoxFuture<'_, Result<u64, Failure>>;
}

/// Opens the source that the command names.
///
/// # Errors
/// `KH0460` when the URL names none or its file cannot be read; `KH0470` when its store is not in this server; what it says.
#[cfg_attr(
    not(any(feature = "mysql", feature = "mongodb", feature = "redis")),
    allow(unused_variables, clippy::unused_async, reason = "a server without these stores opens none")
)]
pub(super) async fn open(import: &Import) -> Result<Box<dyn Source>, Failure> {
    let refused = |why: String| Failure::new("KH0460", Exit::Usage, why);
    let url = url::read(&import.from)?;
    let (scheme, address) = url.expose();
    if ["memcached", "memcache"].contains(&scheme.as_str()) {
        return Err(refused(
            "memcached does not tell which keys it has: tokens that python-oauth2 kept there cannot be imported".to_owned(),
        ));
    }
    if let Some(why) = not_built_in(scheme).filter(|_| SCHEMES.contains(&scheme.as_str())) {
        return Err(Failure::new("KH0470", Exit::Usage, why));
    }
    let address = Secret::new(in_database(address, import.database.as_deref()));
    match scheme.as_str() {
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => Ok(Box::new(super::mysql::Mysql::open(address.expose()).await?)),
        #[cfg(feature = "mongodb")]
        "mongodb" => Ok(Box::new(super::mongodb::Mongo::open(address.expose(), import).await?)),
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" => {
            Ok(Box::new(super::redis::Redis::open(scheme, address.expose(), import).await?))
        }
        _ => Err(refused("python-oauth2 kept what it knew in mysql://, mongodb:// or redis://".to_owned())),
    }
}

/// The address with its database exchanged for another.
fn in_database(address: &str, database: Option<&str>) -> String {
    let Some(database) = database else { return address.to_owned() };
    let (place, query) = address.split_once('?').map_or((address, String::new()), |(place, query)| (place, format!("?{query}")));
    // A password may hold a slash that nobody encoded; the last `@` ends it.
    let hosts = place.rfind('@').map_or(if place.starts_with("//") { 2 } else { 0 }, |at| at + 1);
    let end = place[hosts..].find('/').map_or(place.len(), |slash| hosts + slash);
    format!("{}/{database}{query}", &place[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_named_takes_the_place_of_the_urls() {
        for (address, expected) in [
            ("//a:1", "//a:1/other"),
            ("//a:1/", "//a:1/other"),
            ("//a:1/one?x=/y", "//a:1/other?x=/y"),
            ("//me:p/s@a,b/one", "//me:p/s@a,b/other"),
        ] {
            assert_eq!(in_database(address, Some("other")), expected);
            assert_eq!(in_database(address, None), address);
        }
    }
}
