//! The address of a server in a store's URL: `//[user:password@]host:port[,host:port …][/database][?option=value&…]`.

use keyhook_component::store::StoreError;

/// An address in its parts, none of them decoded. It may hold a password: no `Debug`.
pub(crate) struct Address<'a> {
    /// User and password.
    pub(crate) user: Option<&'a str>,
    /// Each `host:port`.
    pub(crate) hosts: Vec<&'a str>,
    /// The database, without its slash; empty if none is named.
    pub(crate) database: &'a str,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Address<'a> {
    /// Takes an address apart.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it is none, or has an option that is not among `known`. The text never repeats user or password.
    pub(crate) fn parse(address: &'a str, known: &[&str]) -> Result<Address<'a>, StoreError> {
        let rest = address.strip_prefix("//").ok_or_else(|| wrong("it begins with `//`, as in `//127.0.0.1:6379`"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold a slash that nobody encoded; the last `@` ends it.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts: Vec<_> = hosts.split(',').collect();
        if hosts.iter().any(|host| host.is_empty() || host.starts_with(':')) {
            return Err(wrong("it names a host, as in `//127.0.0.1:6379`"));
        }
        let mut options = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            if !known.contains(&name) {
                let known = if known.is_empty() { "there is none".to_owned() } else { format!("there is {}", known.join(", ")) };
                return Err(wrong(&format!("no option is called `{name}`; {known}")));
            }
            options.push((name, value));
        }
        Ok(Address { user, hosts, database, options })
    }

    /// The value of an option.
    pub(crate) fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Where it is, for people: the hosts, and nothing secret.
    pub(crate) fn shown(&self) -> String {
        self.hosts.join(",")
    }
}

/// What an operator reads when the URL cannot be used.
pub(crate) fn wrong(why: &str) -> StoreError {
    StoreError::Unusable(format!("[KH0430] the store's URL in [store] cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address::parse("//me:p/s@a:1,b:2/3?prefix=x&ca=/etc/ca.pem", &["prefix", "ca"]).unwrap();
        assert_eq!((address.user, address.hosts.as_slice(), address.database), (Some("me:p/s"), &["a:1", "b:2"][..], "3"));
        assert_eq!((address.option("prefix"), address.option("ca"), address.option("no")), (Some("x"), Some("/etc/ca.pem"), None));
        assert_eq!(address.shown(), "a:1,b:2");
    }

    #[test]
    fn a_wrong_address_is_explained_and_its_password_is_not_shown() {
        for address in ["", "a:1", "//", "//me:hush@", "//me:hush@a:1,,b:2", "//me:hush@a?prefixx=1", "//me:hush@:6379"] {
            let error = Address::parse(address, &["prefix"]).err().unwrap().to_string();
            assert!(error.contains("[KH0430]") && !error.contains("hush"), "{error}");
        }
    }
}
