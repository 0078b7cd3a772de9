//! `set`, `set_json` and `remove`: what a plugin may change, part by part.

use keyhook_component::dev::HookChange;
use keyhook_plugin::abi::{self, part};
use serde_json::{Map, Value};

use super::limits::{DATA_BYTES, KEY_BYTES, PAYLOAD_BYTES, RESPONSE_BYTES, weight, weight_of_member, weight_of_members};
use super::{Call, Scene, has_response, is_oauth1_response, is_token_response};

type Changed = Result<(), i32>;

/// Whether no plugin changes or removes this member of the response.
fn is_protected(scene: Scene, member: &str) -> bool {
    if is_oauth1_response(scene) {
        return abi::PROTECTED_OAUTH1_MEMBERS.contains(&member) || member.starts_with("oauth_problem");
    }
    abi::PROTECTED_MEMBERS.contains(&member) || member.starts_with("error")
}

impl Call {
    /// Sets a text.
    pub(crate) fn set(&mut self, part: u32, key: &str, text: &str) -> Changed {
        let result = match part {
            _ if self.only_watches() => Err(abi::NOT_PERMITTED),
            part::OUTCOME => self.wish_for(key, text),
            part::SESSION => self.set_session(key, text),
            _ => self.set_value(part, key, Value::String(text.to_owned())),
        };
        self.changed();
        result
    }

    /// Sets a JSON value.
    pub(crate) fn set_json(&mut self, part: u32, key: &str, json: &str) -> Changed {
        let result = match part {
            _ if self.only_watches() => Err(abi::NOT_PERMITTED),
            // The largest part first: what is too long is not even parsed.
            _ if json.len() > PAYLOAD_BYTES => Err(abi::BAD_ARGUMENT),
            part::OUTCOME | part::SESSION => Err(abi::WRONG_TYPE),
            _ => serde_json::from_str(json).map_err(|_| abi::BAD_ARGUMENT).and_then(|value| self.set_value(part, key, value)),
        };
        self.changed();
        result
    }

    /// Removes a value.
    pub(crate) fn remove(&mut self, part: u32, key: &str) -> Changed {
        let result = match part {
            _ if self.only_watches() => Err(abi::NOT_PERMITTED),
            part::RESPONSE if has_response(self.scene) => self.remove_member(key),
            part::DATA if self.writes_data() => {
                let own = self.draft.data.get_mut(&*self.plugin.name);
                own.and_then(|own| own.remove(key)).map(drop).ok_or(abi::ABSENT)
            }
            part::DATA if self.has_data() => Err(abi::NOT_PERMITTED),
            part::SESSION => self.remove_session(key),
            part::PAYLOAD if self.scene == Scene::Custom => {
                self.payload.as_object_mut().and_then(|members| members.remove(key)).map(drop).ok_or(abi::ABSENT)
            }
            _ => Err(read_only(part)),
        };
        self.changed();
        result
    }

    fn set_value(&mut self, part: u32, key: &str, value: Value) -> Changed {
        match part {
            part::RESPONSE if has_response(self.scene) => self.set_member(key, value),
            part::DATA if self.writes_data() => self.set_data(key, value),
            part::DATA if self.has_data() => Err(abi::NOT_PERMITTED),
            part::PAYLOAD if self.scene == Scene::Custom => self.set_payload(key, value),
            _ => Err(read_only(part)),
        }
    }

    fn set_member(&mut self, name: &str, value: Value) -> Changed {
        // `expires_in` tells the truth or nothing.
        if is_protected(self.scene, name) || (is_token_response(self.scene) && name == "expires_in") {
            return Err(abi::NOT_PERMITTED);
        }
        // What goes out as a form has no other types.
        if is_oauth1_response(self.scene) && !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            return Err(abi::WRONG_TYPE);
        }
        if name.is_empty() {
            return Err(abi::BAD_ARGUMENT);
        }
        let response = &mut self.draft.response;
        let now = *self.response_bytes.get_or_insert_with(|| weight_of_members(response));
        let old = response.get(name).map_or(0, |old| weight_of_member(name, old));
        let then = now - old.min(now) + weight_of_member(name, &value);
        if then > RESPONSE_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        self.response_bytes = Some(then);
        self.note(|| format!("{name} = {value}"));
        self.draft.response.insert(name.to_owned(), value);
        Ok(())
    }

    fn remove_member(&mut self, name: &str) -> Changed {
        if is_protected(self.scene, name) {
            return Err(abi::NOT_PERMITTED);
        }
        let old = self.draft.response.remove(name).ok_or(abi::ABSENT)?;
        if let Some(bytes) = &mut self.response_bytes {
            *bytes = bytes.saturating_sub(weight_of_member(name, &old));
        }
        self.note(|| format!("removed {name}"));
        Ok(())
    }

    /// Writes a change down, where the caller asks who did what.
    fn note(&mut self, change: impl FnOnce() -> String) {
        const MOST: usize = 256;
        let Scene::Hook(point) = self.scene else { return };
        if let Some(changes) = self.draft.changes.as_mut().filter(|changes| changes.len() < MOST) {
            changes.push(HookChange { plugin: self.plugin.name.to_string(), hook: point.name(), change: change() });
        }
    }

    /// Whether data is kept that is written now. Token credentials of OAuth 1.0a carry what came with their authorization, and no more.
    fn writes_data(&self) -> bool {
        self.has_data() && !is_oauth1_response(self.scene)
    }

    fn set_data(&mut self, key: &str, value: Value) -> Changed {
        let name = &*self.plugin.name;
        if !self.draft.data.contains_key(name) {
            self.draft.data.insert(name.to_owned(), Map::new());
        }
        let Some(own) = self.draft.data.get_mut(name) else { return Err(abi::HOST_FAULT) };
        let old = own.get(key).map_or(0, |old| weight_of_member(key, old));
        if weight_of_members(own) - old + weight_of_member(key, &value) > DATA_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        own.insert(key.to_owned(), value);
        Ok(())
    }

    fn set_payload(&mut self, key: &str, value: Value) -> Changed {
        if key.is_empty() {
            self.payload = value;
            return Ok(());
        }
        let room = PAYLOAD_BYTES.saturating_sub(weight(&self.payload));
        let members = self.payload.as_object_mut().ok_or(abi::WRONG_TYPE)?;
        let old = members.get(key).map_or(0, |old| weight_of_member(key, old));
        if weight_of_member(key, &value) > room + old {
            return Err(abi::BAD_ARGUMENT);
        }
        members.insert(key.to_owned(), value);
        Ok(())
    }

    fn set_session(&mut self, key: &str, text: &str) -> Changed {
        self.may_use_session()?;
        let values = self.draft.session.as_mut().ok_or(abi::NOT_HERE)?.entry(self.plugin.name.to_string()).or_default();
        let others: usize = values.iter().filter(|(name, _)| *name != key).map(|(name, value)| name.len() + value.len()).sum();
        if key.is_empty() || key.len() > KEY_BYTES || others + key.len() + text.len() > DATA_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        values.insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    fn remove_session(&mut self, key: &str) -> Changed {
        self.may_use_session()?;
        let values = self.draft.session.as_mut().ok_or(abi::NOT_HERE)?.get_mut(&*self.plugin.name);
        values.and_then(|values| values.remove(key)).map(drop).ok_or(abi::ABSENT)
    }
}

/// Parts that are only read say so; all others are not here.
fn read_only(part: u32) -> i32 {
    match part {
        part::FACT | part::REQUEST | part::QUERY | part::FORM | part::HEADER | part::PATH | part::CONFIG => abi::NOT_PERMITTED,
        _ => abi::NOT_HERE,
    }
}
