//! What the stand-in server knows of a call, and which wishes of the plugin it grants: the server's rules without the server.

use std::collections::{BTreeMap, BTreeSet};

use keyhook_plugin::abi::{self, Str, part};
use keyhook_plugin::json;

pub(crate) use crate::kind::Kind;

type Pairs = Vec<(String, String)>;

/// The server's side of one call.
pub(crate) struct StandIn {
    pub(crate) kind: Kind,
    pub(crate) is_inline: bool,
    pub(crate) is_cancelled: bool,
    pub(crate) unix_seconds: u64,
    pub(crate) config: String,
    pub(crate) facts: Pairs,
    /// Facts that are read one by one, and listed nowhere.
    pub(crate) secrets: Pairs,
    pub(crate) request: Pairs,
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
    pub(crate) headers: Pairs,
    pub(crate) path: Pairs,
    pub(crate) body: Vec<u8>,
    pub(crate) response: Pairs,
    pub(crate) data: Pairs,
    pub(crate) session: Pairs,
    pub(crate) outcome: Pairs,
    pub(crate) payload: Pairs,
    pub(crate) store: BTreeMap<String, Vec<u8>>,
    /// What `once` gave away.
    pub(crate) taken: BTreeSet<String>,
    /// Clients that were registered, as they were asked for.
    pub(crate) registered: Vec<String>,
    pub(crate) denial: Denial,
    pub(crate) status: u16,
    pub(crate) response_headers: Pairs,
    pub(crate) response_body: Body,
    /// Bytes composed for a plugin; they live as long as the call.
    pub(crate) arena: Vec<Vec<u8>>,
}

/// What `deny` said.
#[derive(Clone)]
pub(crate) struct Denial {
    pub(crate) code: String,
    pub(crate) description: String,
    pub(crate) is_public: bool,
}

pub(crate) enum Body {
    Bytes(Vec<u8>),
    Page { title: String, html: String },
}

impl StandIn {
    pub(crate) fn new(kind: Kind) -> Self {
        let facts = [("request_id", "test"), ("issuer", "http://localhost:8080"), ("client_ip", "127.0.0.1")];
        Self {
            kind,
            is_inline: false,
            is_cancelled: false,
            unix_seconds: 1_700_000_000,
            config: "{}".to_owned(),
            facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            secrets: Vec::new(),
            request: Vec::new(),
            query: Vec::new(),
            form: Vec::new(),
            headers: Vec::new(),
            path: Vec::new(),
            body: Vec::new(),
            response: Vec::new(),
            data: Vec::new(),
            session: Vec::new(),
            outcome: Vec::new(),
            payload: Vec::new(),
            store: BTreeMap::new(),
            taken: BTreeSet::new(),
            registered: Vec::new(),
            denial: Denial::none(),
            status: 200,
            response_headers: Vec::new(),
            response_body: Body::Bytes(Vec::new()),
            arena: Vec::new(),
        }
    }

    /// Takes a JSON object apart.
    ///
    /// # Panics
    /// `payload` is no JSON object: the test is wrong, not the plugin.
    pub(crate) fn set_payload(&mut self, payload: &str) {
        let Some(members) = json::members(payload) else { panic!("a payload is a JSON object, not {payload}") };
        self.payload = members.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    }

    /// The payload in one text.
    pub(crate) fn payload_text(&self) -> String {
        let members: Vec<_> = self.payload.iter().map(|(name, value)| format!("{}:{value}", json::quote(name))).collect();
        format!("{{{}}}", members.join(","))
    }

    /// The code and the bytes of a value.
    pub(crate) fn get(&mut self, part: u32, key: &str) -> Result<(i32, &[u8]), i32> {
        let json = match part {
            part::REQUEST if key == "body" => return Ok((abi::OK, &self.body)),
            part::OUTCOME => return Err(abi::NOT_PERMITTED),
            part::CONFIG => json::at(&self.config, key).ok_or(abi::ABSENT)?.to_owned(),
            part::PAYLOAD if key.is_empty() && self.kind == Kind::Custom => self.payload_text(),
            _ => {
                let secret = self.secrets.iter().position(|(name, _)| part == part::FACT && name == key);
                if let Some(at) = secret {
                    return Ok((abi::OK, self.secrets[at].1.as_bytes()));
                }
                let (pairs, is_json) = self.pairs(part)?;
                let at = pairs.iter().position(|(name, _)| name == key).ok_or(abi::ABSENT)?;
                if !is_json {
                    return Ok((abi::OK, self.pairs(part)?.0[at].1.as_bytes()));
                }
                pairs[at].1.clone()
            }
        };
        Ok(self.lend_json(json))
    }

    /// The code, the name and the value at a place.
    pub(crate) fn list(&mut self, part: u32, index: usize) -> Result<(i32, Str, Str), i32> {
        let (pairs, is_json) = self.pairs(part)?;
        let (name, value) = pairs.get(index).ok_or(abi::ABSENT)?;
        let name = Str::of(name.as_bytes());
        if !is_json {
            return Ok((abi::OK, name, Str::of(value.as_bytes())));
        }
        let json = value.clone();
        let (code, value) = self.lend_json(json);
        Ok((code, name, Str::of(value)))
    }

    /// A JSON string goes out as its text, all else as JSON.
    fn lend_json(&mut self, json: String) -> (i32, &[u8]) {
        let text = json::text(&json).map(|text| text.into_owned().into_bytes());
        match text {
            Some(text) => (abi::OK, self.kept(text)),
            None => (abi::OK_JSON, self.kept(json.into_bytes())),
        }
    }

    /// The values of a part, and whether they are JSON.
    fn pairs(&self, part: u32) -> Result<(&Pairs, bool), i32> {
        if !self.kind.offers(part) {
            return Err(abi::NOT_HERE);
        }
        Ok(match part {
            part::FACT => (&self.facts, false),
            part::REQUEST => (&self.request, false),
            part::QUERY => (&self.query, false),
            part::FORM => (&self.form, false),
            part::HEADER => (&self.headers, false),
            part::PATH => (&self.path, false),
            part::RESPONSE => (&self.response, true),
            part::DATA => (&self.data, true),
            part::SESSION => (&self.session, false),
            part::PAYLOAD => (&self.payload, true),
            _ => return Err(abi::NOT_HERE),
        })
    }

    /// Sets a value: `Ok` holds text, `Err` a JSON text.
    pub(crate) fn set(&mut self, part: u32, key: &str, value: Result<&str, &str>) -> i32 {
        if !self.kind.offers(part) {
            return abi::NOT_HERE;
        }
        let is_json = matches!(part, part::RESPONSE | part::DATA | part::PAYLOAD);
        let text = match value {
            Err(json) if !is_json || !json::is_json(json) => return abi::BAD_ARGUMENT,
            Err(json) => json.to_owned(),
            Ok(text) if is_json => json::quote(text),
            Ok(text) => text.to_owned(),
        };
        let limit = match part {
            part::RESPONSE if self.kind.protects(key) => return abi::NOT_PERMITTED,
            part::RESPONSE if self.kind == Kind::TokenResponse && key == "expires_in" => return abi::NOT_PERMITTED,
            part::RESPONSE if self.kind == Kind::Oauth1Response && !is_field(&text) => return abi::WRONG_TYPE,
            part::RESPONSE => 16 * 1024,
            part::DATA if !self.kind.keeps_data() => return abi::NOT_PERMITTED,
            part::DATA | part::SESSION => 4 * 1024,
            part::OUTCOME => 1024,
            part::PAYLOAD if key.is_empty() => return self.replace_payload(&text),
            part::PAYLOAD => 64 * 1024,
            _ => return abi::NOT_PERMITTED,
        };
        if part == part::OUTCOME && !self.kind.decisions().contains(&key) {
            return abi::BAD_ARGUMENT;
        }
        let pairs = self.pairs_mut(part);
        let others = pairs.iter().filter(|(name, _)| name != key).map(|(name, value)| name.len() + value.len());
        if others.sum::<usize>() + key.len() + text.len() > limit {
            return abi::BAD_ARGUMENT;
        }
        match pairs.iter_mut().find(|(name, _)| name == key) {
            Some((_, value)) => *value = text,
            None => pairs.push((key.to_owned(), text)),
        }
        abi::OK
    }

    fn replace_payload(&mut self, json: &str) -> i32 {
        let Some(members) = json::members(json) else { return abi::BAD_ARGUMENT };
        self.payload = members.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        abi::OK
    }

    pub(crate) fn remove(&mut self, part: u32, key: &str) -> i32 {
        if !self.kind.offers(part) {
            return abi::NOT_HERE;
        }
        match part {
            part::RESPONSE if self.kind.protects(key) => return abi::NOT_PERMITTED,
            part::DATA if !self.kind.keeps_data() => return abi::NOT_PERMITTED,
            part::RESPONSE | part::DATA | part::SESSION | part::PAYLOAD => {}
            _ => return abi::NOT_PERMITTED,
        }
        let pairs = self.pairs_mut(part);
        let before = pairs.len();
        pairs.retain(|(name, _)| name != key);
        if pairs.len() < before { abi::OK } else { abi::ABSENT }
    }

    /// The parts that `set` and `remove` let through.
    fn pairs_mut(&mut self, part: u32) -> &mut Pairs {
        match part {
            part::RESPONSE => &mut self.response,
            part::DATA => &mut self.data,
            part::SESSION => &mut self.session,
            part::PAYLOAD => &mut self.payload,
            _ => &mut self.outcome,
        }
    }

    /// Why a blocking call is refused now.
    pub(crate) fn blocking(&self) -> Result<(), i32> {
        if self.is_inline {
            Err(abi::WOULD_BLOCK)
        } else if self.is_cancelled {
            Err(abi::DEADLINE)
        } else {
            Ok(())
        }
    }

    pub(crate) fn store_cas(&mut self, key: &str, old: &[u8], value: &[u8]) -> i32 {
        let current = self.store.get(key).map_or(&[][..], Vec::as_slice);
        if current != old {
            return abi::CONFLICT;
        }
        self.store.insert(key.to_owned(), value.to_owned());
        abi::OK
    }

    /// Keeps bytes for as long as the call lasts.
    pub(crate) fn kept(&mut self, bytes: Vec<u8>) -> &[u8] {
        self.arena.push(bytes);
        self.arena.last().map_or(&[], Vec::as_slice)
    }
}

impl Denial {
    /// What a denial without `deny` means.
    pub(crate) fn none() -> Self {
        Self { code: "server_error".to_owned(), description: String::new(), is_public: false }
    }
}

/// Whether a form can hold this JSON text: a text, a number, `true` or `false`.
fn is_field(json: &str) -> bool {
    !json.trim_start().starts_with(['{', '[', 'n'])
}
