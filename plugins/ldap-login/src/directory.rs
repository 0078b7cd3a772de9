//! The directory: whether a name and a password belong together, and who that is (RFC 4511 §4.2).

use std::time::Duration;

use keyhook_plugin::prelude::*;
use ldap3::{LdapConn, LdapConnSettings, LdapError, Scope, SearchEntry, dn_escape};

/// Longest name that is looked up.
const LONGEST_NAME: usize = 255;
/// RFC 4511 §4.1.9.
const INVALID_CREDENTIALS: u32 = 49;

/// Where the directory is and how its entries are named.
pub(crate) struct Directory {
    url: String,
    starttls: bool,
    dn: String,
    subject: String,
    timeout: Duration,
}

/// Who a name and a password belong to.
pub(crate) enum Found {
    /// The subject of the entry.
    User(String),
    /// No such user, or another password: which of the two is nobody's business.
    Nobody,
}

impl Directory {
    /// # Errors
    /// What the configuration lacks, in words.
    pub(crate) fn configured(cx: &StartCx) -> Result<Directory, String> {
        let config = cx.config();
        let url = config.text("/url")?.ok_or("`url` is missing")?;
        let dn = config.text("/dn")?.ok_or("`dn` is missing: uid={user},ou=people,dc=example,dc=org")?;
        let starttls = config.flag("/starttls")?.unwrap_or(false);
        let timeout = u64::try_from(config.integer("/timeout")?.unwrap_or(5)).ok().filter(|seconds| (1..=60).contains(seconds));
        let host = match (url.strip_prefix("ldaps://"), url.strip_prefix("ldap://")) {
            (Some(_), _) if starttls => return Err("`starttls` is for ldap://; ldaps:// has TLS from the start".to_owned()),
            (Some(_), _) => None,
            (_, Some(rest)) => Some(rest.split('/').next().unwrap_or_default()),
            _ => return Err("`url` begins with ldaps:// or ldap://".to_owned()),
        };
        if !starttls && host.is_some_and(|host| !is_this_machine(host)) {
            return Err("`url` would send passwords over the network in the clear: write ldaps://, or set `starttls = true`".to_owned());
        }
        if !dn.contains("{user}") {
            return Err("`dn` has no {user}: everybody would be the same entry".to_owned());
        }
        let subject = config.text("/subject")?.unwrap_or_else(|| "uid".to_owned());
        let timeout = Duration::from_secs(timeout.ok_or("`timeout` is 1 to 60 seconds")?);
        Ok(Directory { url, starttls, dn, subject, timeout })
    }

    /// Binds with the name and the password, and reads who that is.
    ///
    /// # Errors
    /// Why the directory could not say, for the operator.
    pub(crate) fn sign_in(&self, name: &str, password: &str) -> Result<Found, String> {
        // An empty password is an unauthenticated bind, which succeeds and proves nothing (RFC 4513 §5.1.2).
        if name.is_empty() || name.len() > LONGEST_NAME || password.is_empty() {
            return Ok(Found::Nobody);
        }
        let dn = self.dn.replace("{user}", &dn_escape(name));
        self.bind(&dn, password).map_err(|error| format!("the directory {} does not answer as it should: {error}", self.url))
    }

    fn bind(&self, dn: &str, password: &str) -> Result<Found, LdapError> {
        let settings = LdapConnSettings::new().set_conn_timeout(self.timeout).set_starttls(self.starttls);
        let mut directory = LdapConn::with_settings(settings, &self.url)?;
        let bound = directory.with_timeout(self.timeout).simple_bind(dn, password)?;
        if bound.rc == INVALID_CREDENTIALS {
            return Ok(Found::Nobody);
        }
        bound.success()?;
        let (entries, _) = directory.with_timeout(self.timeout).search(dn, Scope::Base, "(objectClass=*)", [&self.subject])?.success()?;
        let _ = directory.unbind();
        let values = |entry| SearchEntry::construct(entry).attrs.into_values().next().unwrap_or_default();
        match entries.into_iter().next().map(values).unwrap_or_default().as_slice() {
            [subject] => Ok(Found::User(subject.clone())),
            values => Err(LdapError::from(std::io::Error::other(format!("{dn} has {} values of {}, not one", values.len(), self.subject)))),
        }
    }
}

/// `localhost`, `127.0.0.1`, `[::1]`, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = host.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
