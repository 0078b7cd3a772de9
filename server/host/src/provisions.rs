//! Who provides what: a `grant_type` or a `client_assertion_type` has one owner, the server's own first.

use std::collections::BTreeMap;

use keyhook_component::hooks::HookPoint;

use crate::refusal::Refusal;
use crate::table::HookDescription;

/// What is provided, and by whom.
#[derive(Clone, Default)]
pub(crate) struct Provisions {
    owners: BTreeMap<(HookPoint, String), String>,
}

impl Provisions {
    /// Starts with the server's own.
    pub(crate) fn new(built_in: &[(HookPoint, String)]) -> Provisions {
        let own = |provision: &(HookPoint, String)| (provision.clone(), "the server".to_owned());
        Provisions { owners: built_in.iter().map(own).collect() }
    }

    /// Gives a plugin what it provides, all or nothing.
    ///
    /// # Errors
    /// [`Refusal::ProvisionTaken`].
    pub(crate) fn claim(&mut self, plugin: &str, hooks: &[HookDescription]) -> Result<(), Refusal> {
        let mut next = self.clone();
        for (point, value) in hooks.iter().filter_map(HookDescription::provision) {
            let provision = (point, value.to_owned());
            if let Some(owner) = next.owners.get(&provision) {
                return Err(Refusal::ProvisionTaken { hook: point.name().to_owned(), value: value.to_owned(), owner: owner.clone() });
            }
            next.owners.insert(provision, format!("plugin `{plugin}`"));
        }
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(value: &str) -> HookDescription {
        HookDescription { name: format!("token_grant={value}"), priority: 100, flags: 0 }
    }

    #[test]
    fn a_grant_type_has_one_owner_and_the_first_keeps_it() {
        let mut provisions = Provisions::new(&[(HookPoint::TokenGrant, "urn:built:in".to_owned())]);
        let mut claim = |plugin: &str, values: &[&str]| {
            let hooks: Vec<_> = values.iter().map(|value| grant(value)).collect();
            provisions.claim(plugin, &hooks).map_err(|refusal| refusal.to_string())
        };
        assert_eq!(claim("a", &["urn:a", "urn:b"]), Ok(()));
        assert!(claim("b", &["urn:c", "urn:b"]).is_err_and(|text| text.contains("plugin `a`")));
        assert_eq!(claim("c", &["urn:c"]), Ok(()), "nothing of a refused plugin is kept");
        assert!(claim("d", &["urn:built:in"]).is_err_and(|text| text.contains("the server")));
        assert!(claim("e", &["urn:e", "urn:e"]).is_err_and(|text| text.contains("plugin `e`")));
    }
}
