//! A raw HTTP/1.1 client: it sends exactly what it is told and hides nothing of the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A client with a cookie jar. One connection a request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What the `Host` header says.
    pub host: String,
    /// The cookies, by name.
    pub cookies: BTreeMap<String, String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The `error` member of a JSON body.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The `Location` header.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// A parameter of the `Location`'s query, decoded.
    pub fn location_parameter(&self, name: &str) -> Option<String> {
        let query = self.location().split_once('?')?.1.split('#').next()?.to_owned();
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key) == name).then(|| decode(value))
        })
    }
}

impl Client {
    /// A client for a server.
    pub fn new(address: SocketAddr, host: &str) -> Client {
        Client { address, host: host.to_owned(), cookies: BTreeMap::new() }
    }

    /// GET.
    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// POST of a form.
    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(path, &[], form)
    }

    /// POST of a form, with headers.
    pub fn post_with(&mut self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.request("POST", path, &all, encode_form(form).as_bytes())
    }

    /// Any request; cookies are sent and kept.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host);
        if !self.cookies.is_empty() {
            let all: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(head, "cookie: {}\r\n", all.join("; "));
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if method != "GET" && method != "HEAD" {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head += "\r\n";
        let answer = self.send(&[head.as_bytes(), body].concat()).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.keep(value);
        }
        answer
    }

    /// Sends bytes as they are and reads the answer until the server closes.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(&self, bytes: &[u8]) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(bytes)?;
        let mut raw = Vec::new();
        let read = stream.read_to_end(&mut raw);
        parse(&raw).ok_or_else(|| read.err().unwrap_or_else(|| std::io::Error::other("no complete answer")))
    }

    fn keep(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap_or((set_cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        if attributes.to_ascii_lowercase().contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut body = raw[end + 4..].to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunk(&body)?;
    }
    Some(Answer { status, headers, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

/// Percent-encodes one value.
pub fn encode(value: &str) -> String {
    value
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}

/// Encodes a form or a query.
pub fn encode_form(form: &[(&str, &str)]) -> String {
    form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Decodes one form value.
pub fn decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| value.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())).flatten();
        match (bytes[at], escaped) {
            (_, Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The value of a `Basic` authorization header, form-encoded first (RFC 6749 §2.3.1).
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64(format!("{}:{}", encode(id), encode(secret)).as_bytes()))
}

/// Standard base64.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .map(|chunk| {
            let word = chunk.iter().enumerate().fold(0u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
            let digit =
                |index: usize| if index <= chunk.len() { char::from(ALPHABET[(word >> (18 - 6 * index)) as usize & 63]) } else { '=' };
            (0..4).map(digit).collect::<String>()
        })
        .collect()
}
