//! `get` and `list`: what a plugin may see, part by part.

use std::sync::Arc;

use http::HeaderMap;
use keyhook_component::hooks::HookPoint;
use keyhook_core::form::Form;
use keyhook_plugin::abi::{self, Str, part};
use serde_json::Value;

use super::{Call, Parsed, Scene, has_response, is_authorization, keep};

/// A lent value and [`abi::OK`] or [`abi::OK_JSON`]; or the code that says why not.
pub(crate) type Lent = Result<(Str, i32), i32>;

/// A lent name and value.
pub(crate) type LentPair = Result<(Str, Str, i32), i32>;

impl Call {
    /// A value of a part.
    pub(crate) fn get(&mut self, part: u32, key: &str) -> Lent {
        match part {
            part::FACT => self.fact(key),
            part::REQUEST => self.request_line(key),
            part::QUERY => text(self.query()?.first(key)),
            part::FORM => text(self.form()?.first(key)),
            part::HEADER => self.header(key),
            part::PATH => {
                let parameters = &self.request()?.path_parameters;
                text(parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()))
            }
            part::RESPONSE if has_response(self.scene) => lend(self.draft.response.get(key), &mut self.arena),
            part::DATA if self.has_data() => {
                let own = self.draft.data.get(&*self.plugin.name);
                lend(own.and_then(|own| own.get(key)), &mut self.arena)
            }
            part::CONFIG => {
                let plugin = Arc::clone(&self.plugin);
                lend(plugin.config.pointer(key), &mut self.arena)
            }
            part::SESSION => {
                let plugin = Arc::clone(&self.plugin);
                self.may_use_session()?;
                let values = self.draft.session.as_ref().ok_or(abi::NOT_HERE)?.get(&*plugin.name);
                text(values.and_then(|values| values.get(key)).map(String::as_str))
            }
            part::PAYLOAD if self.scene == Scene::Custom => {
                let found = if key.is_empty() { Some(&self.payload) } else { self.payload.get(key) };
                lend(found, &mut self.arena)
            }
            _ => Err(abi::NOT_HERE),
        }
    }

    /// The `index`-th name and value of a part; [`abi::ABSENT`] past the end.
    pub(crate) fn list(&mut self, part: u32, index: usize) -> LentPair {
        match part {
            part::FACT => pair(self.draft.facts.get(index).map(|(name, value)| (*name, value.as_str()))),
            part::QUERY => pair(self.query()?.iter().nth(index)),
            part::FORM => pair(self.form()?.iter().nth(index)),
            part::HEADER => {
                let request = Arc::clone(self.draft.request.as_ref().ok_or(abi::NOT_HERE)?);
                let visible = request.headers.keys().filter(|name| self.sees_header(name.as_str()));
                let name = visible.skip(index).map(http::HeaderName::as_str).next().ok_or(abi::ABSENT)?;
                let (value, code) = self.header(name).or_else(|_| text(Some("")))?;
                Ok((Str::of(name.as_bytes()), value, code))
            }
            part::PATH => pair(self.request()?.path_parameters.get(index).map(|(name, value)| (name.as_str(), value.as_str()))),
            part::RESPONSE if has_response(self.scene) => member(self.draft.response.iter().nth(index), &mut self.arena),
            part::DATA if self.has_data() => {
                let own = self.draft.data.get(&*self.plugin.name);
                member(own.and_then(|own| own.iter().nth(index)), &mut self.arena)
            }
            part::CONFIG => {
                let plugin = Arc::clone(&self.plugin);
                member(plugin.config.as_object().and_then(|members| members.iter().nth(index)), &mut self.arena)
            }
            part::SESSION => {
                self.may_use_session()?;
                let values = self.draft.session.as_ref().ok_or(abi::NOT_HERE)?.get(&*self.plugin.name);
                pair(values.and_then(|values| values.iter().nth(index)).map(|(name, value)| (name.as_str(), value.as_str())))
            }
            part::PAYLOAD if self.scene == Scene::Custom => {
                member(self.payload.as_object().and_then(|members| members.iter().nth(index)), &mut self.arena)
            }
            _ => Err(abi::NOT_HERE),
        }
    }

    fn request(&self) -> Result<&keyhook_component::request::Request, i32> {
        self.draft.request.as_deref().ok_or(abi::NOT_HERE)
    }

    fn fact(&mut self, key: &str) -> Lent {
        match key {
            "hook" => return text(Some(&*self.hook).filter(|hook| self.scene != Scene::Route && !hook.is_empty())),
            "plugin" => return text(Some(&*self.plugin.name)),
            "issuer" => return text(Some(&*self.world.issuer)),
            "fired_plugin" => return text(self.fired.as_ref().map(|fired| &*fired.plugin)),
            "fired_error" => return text(self.fired.as_ref().and_then(|fired| fired.error)),
            "fired_description" => return text(self.fired.as_ref().and_then(|fired| fired.description.as_deref())),
            _ => {}
        }
        if let Some((_, value)) = self.draft.facts.iter().find(|(name, _)| *name == key) {
            return text(Some(value));
        }
        if let Some((_, value)) = self.draft.secrets.iter().find(|(name, _)| *name == key) {
            return text(Some(value.expose()));
        }
        match (key, self.draft.request.as_deref()) {
            ("request_id", Some(request)) => text(Some(&*request.id)),
            ("client_ip", Some(request)) => {
                let address = request.client_ip.to_string().into_bytes();
                Ok((self.keep(address), abi::OK))
            }
            _ => Err(abi::ABSENT),
        }
    }

    fn request_line(&mut self, key: &str) -> Lent {
        let is_route = self.scene == Scene::Route;
        let request = self.request()?;
        match key {
            "method" => text(Some(request.method.as_str())),
            "path" => text(Some(&request.path)),
            "query" => text(Some(&request.query)),
            // In hooks the body may hold what the form withholds: secrets, the host's own fields.
            "body" if is_route => Ok((Str::of(&request.body), abi::OK)),
            "body" => Err(abi::NOT_HERE),
            _ => Err(abi::ABSENT),
        }
    }

    /// Cookies only of this plugin; credentials only in URL handlers.
    fn sees_header(&self, name: &str) -> bool {
        match name {
            "authorization" | "proxy-authorization" => self.scene == Scene::Route,
            "cookie" => self.own_cookies().is_some(),
            _ => true,
        }
    }

    fn header(&mut self, name: &str) -> Lent {
        let request = Arc::clone(self.draft.request.as_ref().ok_or(abi::NOT_HERE)?);
        if name == "cookie" {
            let own = self.own_cookies().ok_or(abi::ABSENT)?;
            return Ok((self.keep(own.into_bytes()), abi::OK));
        }
        if !self.sees_header(name) {
            return Err(abi::ABSENT);
        }
        let mut values = visible(&request.headers, name);
        let first = values.next().ok_or(abi::ABSENT)?;
        let Some(second) = values.next() else { return text(Some(first)) };
        let joined = [first, second].into_iter().chain(values).collect::<Vec<_>>().join(", ");
        Ok((self.keep(joined.into_bytes()), abi::OK))
    }

    fn own_cookies(&self) -> Option<String> {
        let request = self.draft.request.as_deref()?;
        let is_own = |pair: &&str| pair.strip_prefix(&*self.plugin.name).is_some_and(|rest| rest.starts_with('-'));
        let own: Vec<&str> = visible(&request.headers, "cookie").flat_map(|value| value.split(';')).map(str::trim).filter(is_own).collect();
        (!own.is_empty()).then(|| own.join("; "))
    }

    fn query(&mut self) -> Result<&Form, i32> {
        if matches!(self.query, Parsed::NotYet) {
            self.query = Parsed::Done(self.request()?.query_form().ok().map(Arc::new));
        }
        parsed(&self.query)
    }

    fn form(&mut self) -> Result<&Form, i32> {
        if matches!(self.form, Parsed::NotYet) {
            let given = self.draft.form.clone();
            let is_route = self.scene == Scene::Route;
            let read = || self.draft.request.as_deref().and_then(|request| request.form().ok()).map(Arc::new);
            self.form = Parsed::Done(given.or_else(|| is_route.then(read).flatten()));
        }
        parsed(&self.form)
    }

    /// Whether this call has data of plugins: hooks of the server have, with observers, once somebody may have authorized something.
    pub(super) fn has_data(&self) -> bool {
        matches!(self.scene, Scene::Hook(point) | Scene::Observer(point) if point != HookPoint::RequestTokenResponse)
    }

    /// Whether it may reach the session's values.
    pub(super) fn may_use_session(&self) -> Result<(), i32> {
        match (is_authorization(self.scene), self.plugin.may.session) {
            (false, _) => Err(abi::NOT_HERE),
            (true, false) => Err(abi::NOT_PERMITTED),
            (true, true) => Ok(()),
        }
    }
}

fn parsed(form: &Parsed) -> Result<&Form, i32> {
    match form {
        Parsed::Done(Some(form)) => Ok(form),
        Parsed::Done(None) | Parsed::NotYet => Err(abi::NOT_HERE),
    }
}

fn visible<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

fn text(found: Option<&str>) -> Lent {
    found.map(|text| (Str::of(text.as_bytes()), abi::OK)).ok_or(abi::ABSENT)
}

fn pair(found: Option<(&str, &str)>) -> LentPair {
    found.map(|(name, value)| (Str::of(name.as_bytes()), Str::of(value.as_bytes()), abi::OK)).ok_or(abi::ABSENT)
}

fn lend(found: Option<&Value>, arena: &mut Vec<Box<[u8]>>) -> Lent {
    match found {
        None => Err(abi::ABSENT),
        Some(Value::String(text)) => Ok((Str::of(text.as_bytes()), abi::OK)),
        Some(value) => Ok((keep(arena, value.to_string().into_bytes()), abi::OK_JSON)),
    }
}

fn member(found: Option<(&String, &Value)>, arena: &mut Vec<Box<[u8]>>) -> LentPair {
    let (name, value) = found.ok_or(abi::ABSENT)?;
    let (value, code) = lend(Some(value), arena)?;
    Ok((Str::of(name.as_bytes()), value, code))
}
