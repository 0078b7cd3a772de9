//! The parameters that the URLs of SQL servers have in common: how the connection is encrypted, and how many there are.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::failure::Failure;

/// Connections for look-ups and listings, and transactions at a time, unless the URL says otherwise.
const READERS: usize = 8;
const WRITERS: usize = 2;
const MOST: usize = 100;

/// Where distributions keep the authorities of the system: Debian, Red Hat, Alpine and the BSDs.
const SYSTEM: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What the URL's query says, apart from what is the driver's.
#[derive(Default)]
pub(crate) struct Parameters {
    encrypted: Option<bool>,
    authorities: Option<PathBuf>,
    readers: Option<usize>,
    writers: Option<usize>,
    /// What is the driver's.
    pub(crate) others: Vec<String>,
}

/// A URL that cannot be used.
pub(crate) fn refused(why: &str) -> Failure {
    Failure::Unusable(format!(
        "KH0460 the store's URL is not understood: {why}; it has the form postgres://user:password@host:5432/database or \
         mysql://user:password@host:3306/database"
    ))
}

/// A connection that cannot be encrypted.
pub(crate) fn unencrypted(why: &str) -> Failure {
    Failure::Unusable(format!("KH0463 the connection to the database cannot be encrypted: {why}"))
}

impl Parameters {
    /// Reads what follows the question mark.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(query: &str) -> Result<Parameters, Failure> {
        let mut parameters = Parameters::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            parameters.add(parameter)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, parameter: &str) -> Result<(), Failure> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = percent_decode_str(value).decode_utf8_lossy();
        let count = || match value.parse() {
            Ok(count @ 1..=MOST) => Ok(Some(count)),
            _ => Err(refused(&format!("`{name}` is a number from 1 to {MOST}"))),
        };
        match name {
            "sslmode" => self.encrypted = Some(encryption(&value)?),
            "sslrootcert" => self.authorities = Some(PathBuf::from(&*value)),
            "readers" => self.readers = count()?,
            "writers" => self.writers = count()?,
            "user" | "password" => return Err(refused("user and password stand before the host: user:password@host")),
            _ => self.others.push(parameter.to_owned()),
        }
        Ok(())
    }

    /// Whether the connection is encrypted: unless the URL says otherwise, when it leaves this machine.
    pub(crate) fn encrypted(&self, local: bool) -> bool {
        self.encrypted.unwrap_or(!local)
    }

    /// The file of the authorities that a certificate is checked against.
    ///
    /// # Errors
    /// When none is named and the system has none.
    pub(crate) fn authorities(&self) -> Result<PathBuf, Failure> {
        let system = || SYSTEM.iter().map(PathBuf::from).find(|path| Path::exists(path));
        self.authorities.clone().or_else(system).ok_or_else(|| {
            unencrypted("this system has no file of authorities; name one with `sslrootcert=/path/ca.pem` in the store's URL")
        })
    }

    /// Connections for look-ups and listings.
    pub(crate) fn readers(&self) -> usize {
        self.readers.unwrap_or(READERS)
    }

    /// Transactions at a time.
    pub(crate) fn writers(&self) -> usize {
        self.writers.unwrap_or(WRITERS)
    }
}

fn encryption(mode: &str) -> Result<bool, Failure> {
    match mode {
        "disable" => Ok(false),
        "require" | "verify-full" => Ok(true),
        _ => Err(refused(
            "`sslmode` is `verify-full` (TLS, certificate and name are checked; `require` is the same here) or `disable`; modes that \
             fall back to plain text, or trust any certificate, are not offered",
        )),
    }
}

/// Whether a host is this machine.
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn what_leaves_this_machine_is_encrypted_unless_the_url_says_otherwise() {
        assert!(Parameters::read("").unwrap().encrypted(false));
        assert!(!Parameters::read("").unwrap().encrypted(true));
        assert!(Parameters::read("sslmode=verify-full").unwrap().encrypted(true));
        assert!(!Parameters::read("sslmode=disable").unwrap().encrypted(false));
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(is_local(host));
        }
        assert!(!is_local("localhost.example") && !is_local("10.0.0.1"));
    }

    #[test]
    fn modes_that_fall_back_and_counts_of_nothing_are_refused() {
        for query in ["sslmode=prefer", "sslmode=allow", "sslmode=", "readers=0", "writers=-1", "writers=101", "password=hush"] {
            let Err(Failure::Unusable(text)) = Parameters::read(query) else { panic!("{query} was taken") };
            assert!(text.contains("KH0460") && !text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn what_is_the_drivers_is_left_to_it() {
        let read = Parameters::read("connect_timeout=3&readers=4&sslrootcert=%2Fetc%2Fca.pem&x").unwrap();
        assert_eq!((read.readers(), read.writers(), read.others), (4, WRITERS, vec!["connect_timeout=3".to_owned(), "x".to_owned()]));
        assert_eq!(read.authorities.unwrap(), Path::new("/etc/ca.pem"));
    }
}
