//! The same request in other bytes: casings, encodings, orders, framings and strangers beside it, none of which changes what it means.

use super::request::{Body, Pair, Request};
use crate::random::Random;

/// How a request is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As everybody does.
    Plain,
    /// As the random numbers say.
    Disguised,
}

/// The bytes of a request, in the pieces in which they are sent.
pub struct Written {
    /// The pieces.
    pub pieces: Vec<Vec<u8>>,
    /// Whether the client asks for the end of the connection.
    pub closes: bool,
}

impl Request {
    /// Writes the request for a server of this name.
    pub fn write(&self, host: &str, style: Style, random: &mut Random) -> Written {
        let mut draw = |of: usize| style == Style::Disguised && random.once_in(of);
        let (shuffled, chunked, old, absolute, split) = (draw(2), draw(3), draw(12), draw(8), draw(4));
        let (cased, strangers) = (draw(2), draw(3));
        let mut pairs = self.pairs.clone();
        if strangers && !pairs.is_empty() {
            pairs.push(Pair::new(format!("x{}", random.word(5)), random.word(9)));
        }
        if shuffled && has_no_duplicates(&pairs) {
            random.shuffle(&mut pairs);
        }
        let parameters = encoded(&pairs, style, random);
        let name = self.host.as_deref().unwrap_or(host);
        let mut head = format!("{} ", self.method).into_bytes();
        if absolute && self.host.is_none() && self.method != "CONNECT" && self.path.starts_with('/') {
            head.extend_from_slice(format!("http://{host}").as_bytes());
        }
        head.extend_from_slice(&self.target(&parameters));
        head.extend_from_slice(if old { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
        let (content_type, body) = self.content(parameters);
        let mut headers = vec![("host".to_owned(), name.as_bytes().to_vec())];
        headers.extend(self.headers.iter().cloned());
        headers.extend(content_type.map(|value| ("content-type".to_owned(), value)));
        if strangers {
            headers.push((format!("x-{}", random.word(6)), random.word(12).into_bytes()));
        }
        let chunked = chunked && !old && body.is_some();
        match &body {
            Some(_) if chunked => headers.push(("transfer-encoding".to_owned(), b"chunked".to_vec())),
            Some(body) => headers.push(("content-length".to_owned(), body.len().to_string().into_bytes())),
            None => {}
        }
        if shuffled {
            random.shuffle(&mut headers);
        }
        for (name, value) in headers {
            let name = if cased { recased(&name, random) } else { name };
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(if cased && random.once_in(3) { b":\t " } else { b": " });
            head.extend_from_slice(&value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let body = body.map(|body| if chunked { in_chunks(&body, random) } else { body }).unwrap_or_default();
        Written { pieces: pieces(head, &body, split, random), closes: old }
    }

    fn target(&self, parameters: &[u8]) -> Vec<u8> {
        let mut target = self.path.clone().into_bytes();
        let query = match (&self.query, &self.body) {
            (Some(query), _) => query.as_slice(),
            (None, Body::Form) => b"",
            (None, _) => parameters,
        };
        if !query.is_empty() {
            target.push(b'?');
            target.extend_from_slice(query);
        }
        target
    }

    fn content(&self, parameters: Vec<u8>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        match &self.body {
            Body::None => (None, None),
            Body::Form => (Some(b"application/x-www-form-urlencoded".to_vec()), Some(parameters)),
            Body::Bytes(of_type, bytes) => ((!of_type.is_empty()).then(|| of_type.clone().into_bytes()), Some(bytes.clone())),
        }
    }
}

fn has_no_duplicates(pairs: &[Pair]) -> bool {
    pairs.iter().enumerate().all(|(at, pair)| pairs[..at].iter().all(|other| other.name != pair.name))
}

fn encoded(pairs: &[Pair], style: Style, random: &mut Random) -> Vec<u8> {
    // What is long stays as long as it is: three bytes for one would take it beyond another limit.
    let is_long = pairs.iter().any(|pair| pair.value.len() > 1000);
    let way = if style == Style::Plain || is_long { 0 } else { random.below(5) };
    let mut out = Vec::new();
    for pair in pairs {
        if !out.is_empty() {
            out.push(b'&');
        }
        encode(&pair.name, way, &mut out, random);
        out.push(b'=');
        if pair.raw { out.extend_from_slice(&pair.value) } else { encode(&pair.value, way, &mut out, random) }
    }
    out
}

/// Percent-encodes: what must be, or everything, or here and there; in capitals, small letters or both.
fn encode(value: &[u8], way: usize, out: &mut Vec<u8>, random: &mut Random) {
    const CAPITALS: &[u8; 16] = b"0123456789ABCDEF";
    const SMALL: &[u8; 16] = b"0123456789abcdef";
    for &byte in value {
        let must = !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        if byte == b' ' && way == 1 {
            out.push(b'+');
            continue;
        }
        let chosen = match way {
            2 => true,
            3 | 4 => random.once_in(4),
            _ => false,
        };
        if !must && !chosen {
            out.push(byte);
            continue;
        }
        let digits = if way == 3 || (way == 4 && random.once_in(2)) { SMALL } else { CAPITALS };
        out.extend_from_slice(&[b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
    }
}

fn recased(name: &str, random: &mut Random) -> String {
    let way = random.below(3);
    let mut start = true;
    name.chars()
        .map(|letter| {
            let capital = way == 0 || (way == 1 && start) || (way == 2 && random.once_in(2));
            start = letter == '-';
            if capital { letter.to_ascii_uppercase() } else { letter }
        })
        .collect()
}

fn in_chunks(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        // Never so small that a long body becomes a million chunks.
        let least = (rest.len() / 8).max(1);
        let (chunk, after) = rest.split_at((least + random.below(64)).min(rest.len()));
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

fn pieces(head: Vec<u8>, body: &[u8], split: bool, random: &mut Random) -> Vec<Vec<u8>> {
    let mut whole = head;
    whole.extend_from_slice(body);
    if !split {
        return vec![whole];
    }
    let second = whole.split_off(random.below(whole.len()));
    vec![whole, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: &Request, style: Style, seed: u64) -> String {
        let written = request.write("localhost:1", style, &mut Random::of(seed, "test", 0));
        String::from_utf8_lossy(&written.pieces.concat()).into_owned()
    }

    #[test]
    fn a_plain_request_is_what_everybody_sends() {
        let request = Request::post("/token", &[("a", "b c")]).header("accept", "*/*");
        assert_eq!(
            text(&request, Style::Plain, 1),
            "POST /token HTTP/1.1\r\nhost: localhost:1\r\naccept: */*\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: 7\r\n\r\na=b%20c"
        );
        assert!(text(&Request::get("/authorize", &[("a", "1")]), Style::Plain, 1).starts_with("GET /authorize?a=1 HTTP/1.1\r\n"));
    }

    #[test]
    fn disguises_differ_and_say_the_same() {
        let request = Request::post("/token", &[("grant", "b c"), ("d", "\u{e9}")]);
        let all: Vec<String> = (0..40).map(|seed| text(&request, Style::Disguised, seed)).collect();
        assert!(all.iter().any(|text| text.to_lowercase().contains("transfer-encoding: chunked")));
        assert!(all.iter().any(|text| text.contains("HTTP/1.0")) && all.iter().any(|text| text.contains("POST http://localhost:1/token")));
        assert!(all.iter().any(|text| text.contains("%67")) && all.iter().any(|text| text.contains("%c3%a9")));
        assert_eq!(all[3], text(&request, Style::Disguised, 3), "a seed repeats it");
    }

    #[test]
    fn a_value_that_is_raw_stays_as_it_is_and_duplicates_keep_their_order() {
        let request = Request::get("/a", &[]).set_raw("x", "%zz").add("y", "1").add("y", "2");
        for seed in 0..20 {
            let text = text(&request, Style::Disguised, seed);
            assert!(text.contains("%zz"), "{text}");
        }
    }
}
