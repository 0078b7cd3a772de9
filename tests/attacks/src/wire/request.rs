//! A request as an attacker builds it: every part is bytes, and nothing is corrected.

/// A parameter of a query or a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name, decoded.
    pub name: Vec<u8>,
    /// The value; decoded, unless [`Pair::raw`].
    pub value: Vec<u8>,
    /// Whether the value goes over the wire as it is.
    pub raw: bool,
}

impl Pair {
    /// A parameter that is encoded on its way.
    pub fn new(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Pair {
        Pair { name: name.as_ref().to_vec(), value: value.as_ref().to_vec(), raw: false }
    }
}

/// What comes after the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// The parameters, as a form.
    Form,
    /// Bytes of some content type; an empty type is not sent.
    Bytes(String, Vec<u8>),
}

/// A request whose meaning stays the same however it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The parameters: of the form if there is one, else of the query.
    pub pairs: Vec<Pair>,
    /// A query beside a form, or instead of one, as it is.
    pub query: Option<Vec<u8>>,
    /// The headers, without `Host` and those that frame the body.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What `Host` says, if not the server's own name.
    pub host: Option<String>,
    /// What comes after the head.
    pub body: Body,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            pairs: Vec::new(),
            query: None,
            headers: Vec::new(),
            host: None,
            body: Body::None,
        }
    }

    /// GET with a query.
    pub fn get(path: &str, pairs: &[(&str, &str)]) -> Request {
        Request::new("GET", path).with_all(pairs)
    }

    /// POST of a form.
    pub fn post(path: &str, pairs: &[(&str, &str)]) -> Request {
        Request { body: Body::Form, ..Request::new("POST", path) }.with_all(pairs)
    }

    fn with_all(mut self, pairs: &[(&str, &str)]) -> Request {
        self.pairs = pairs.iter().map(|(name, value)| Pair::new(name, value)).collect();
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// With another value of a parameter, or with the parameter.
    #[must_use]
    pub fn set(self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.replaced(Pair::new(name, value))
    }

    /// The same, with a value that is not encoded on its way.
    #[must_use]
    pub fn set_raw(self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.replaced(Pair { raw: true, ..Pair::new(name, value) })
    }

    fn replaced(mut self, pair: Pair) -> Request {
        match self.pairs.iter_mut().find(|found| found.name == pair.name) {
            Some(found) => *found = pair,
            None => self.pairs.push(pair),
        }
        self
    }

    /// With one parameter more, of whatever name.
    #[must_use]
    pub fn add(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.pairs.push(Pair::new(name, value));
        self
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Request {
        self.pairs.retain(|pair| pair.name != name.as_bytes());
        self
    }

    /// With a query of its own beside the form.
    #[must_use]
    pub fn beside(mut self, query: impl AsRef<[u8]>) -> Request {
        self.query = Some(query.as_ref().to_vec());
        self
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.pairs.iter().find(|pair| pair.name == name.as_bytes()).map(|pair| pair.value.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_replaced_added_or_left_out() {
        let request = Request::post("/token", &[("a", "1"), ("b", "2")]).set("a", "3").add("b", "4").set_raw("c", "%zz").without("x");
        let seen: Vec<_> = request.pairs.iter().map(|pair| (pair.value.as_slice(), pair.raw)).collect();
        assert_eq!(seen, [(&b"3"[..], false), (b"2", false), (b"4", false), (b"%zz", true)]);
        assert_eq!(request.without("b").pairs.len(), 2);
    }
}
