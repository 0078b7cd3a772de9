//! An answer, read strictly: what no sane server sends is not understood but reported (RFC 9112 §4-§7).

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers in order, names in lower case, values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// Whether the connection ends after it.
    pub closes: bool,
}

impl Answer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A member of a form-encoded body, decoded; empty where there is none.
    pub fn member(&self, name: &str) -> String {
        let text = if self.is("application/x-www-form-urlencoded") { self.text() } else { String::new() };
        let found = text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        found.map(|(_, value)| keyhook_tests::http::decode(value)).unwrap_or_default()
    }

    /// The `error` of a JSON body.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The `Location`.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// All values of a parameter of the `Location`, in its query and its fragment, decoded.
    pub fn returned(&self, name: &str) -> Vec<String> {
        let (rest, fragment) = self.location().split_once('#').unwrap_or((self.location(), ""));
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let pairs = [query, fragment].into_iter().flat_map(|part| part.split('&')).filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| keyhook_tests::http::decode(value)).collect()
    }

    /// Whether the media type is this one.
    pub fn is(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| value.split(';').next().unwrap_or_default() == media_type)
    }
}

/// How far a buffer has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More has to come.
    Unfinished,
    /// An answer, and how many bytes it took.
    Whole(Box<Answer>, usize),
    /// Not an answer.
    Malformed(&'static str),
}

/// Reads one answer from the start of `raw`; `ended` says that nothing more comes, `head_only` that the request was a HEAD.
pub fn parse(raw: &[u8], ended: bool, head_only: bool) -> Parsed {
    let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if ended && !raw.is_empty() { Parsed::Malformed("the head does not end") } else { Parsed::Unfinished };
    };
    let mut lines = split_lines(&raw[..end]);
    let Some(status) = lines.next().and_then(status_line) else { return Parsed::Malformed("no status line") };
    let mut headers = Vec::new();
    for line in lines {
        match header_line(line) {
            Some(header) => headers.push(header),
            None => return Parsed::Malformed("a header line is malformed, or holds a control character"),
        }
    }
    let start = end + 4;
    let (version, code) = status;
    let of = |name: &str| headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect::<Vec<_>>();
    let (lengths, codings) = (of("content-length"), of("transfer-encoding"));
    if lengths.len() + codings.len() > 1 {
        return Parsed::Malformed("the answer is framed twice");
    }
    let closes = of("connection").iter().any(|value| value.eq_ignore_ascii_case(b"close"))
        || (version == 0 && !of("connection").iter().any(|value| value.eq_ignore_ascii_case(b"keep-alive")));
    let empty = head_only || code == 204 || code == 304;
    let framed = match (lengths.first(), codings.first()) {
        _ if empty => Some((Vec::new(), start)),
        (Some(length), _) => match std::str::from_utf8(length).ok().and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => raw.get(start..start + length).map(|body| (body.to_vec(), start + length)),
            None => return Parsed::Malformed("the length is no number"),
        },
        (None, Some(_)) => unchunk(raw, start),
        (None, None) => ended.then(|| (raw[start..].to_vec(), raw.len())),
    };
    match framed {
        Some((body, taken)) => Parsed::Whole(Box::new(Answer { status: code, headers, body, closes }), taken),
        None if ended => Parsed::Malformed("the body is cut short"),
        None => Parsed::Unfinished,
    }
}

fn split_lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(head);
    std::iter::from_fn(move || {
        let now = rest?;
        let at = now.windows(2).position(|window| window == b"\r\n");
        rest = at.map(|at| &now[at + 2..]);
        Some(at.map_or(now, |at| &now[..at]))
    })
}

fn status_line(line: &[u8]) -> Option<(u8, u16)> {
    let text = std::str::from_utf8(line).ok()?;
    let rest = text.strip_prefix("HTTP/1.")?;
    let (version, rest) = rest.split_once(' ')?;
    let code = rest.split(' ').next()?;
    (code.len() == 3).then_some((version.parse().ok()?, code.parse().ok()?))
}

/// A field line (RFC 9112 §5): a token, a colon, visible characters.
fn header_line(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let is_visible = |byte: &u8| (0x20..0x7f).contains(byte);
    if name.is_empty() || !name.iter().all(is_token) || !value.iter().all(is_visible) {
        return None;
    }
    Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.trim_ascii().to_vec()))
}

fn unchunk(raw: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let line = raw.get(at..)?;
        let end = line.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&line[..end]).ok()?, 16).ok()?;
        at += end + 2;
        body.extend_from_slice(raw.get(at..at + size)?);
        at += size + 2;
        if size == 0 {
            return (raw.len() >= at).then_some((body, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_what_follows_it_left_alone() {
        let raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nabcHTTP/1.1 200 OK\r\n";
        let Parsed::Whole(answer, taken) = parse(raw, false, false) else { panic!("not read") };
        assert_eq!((answer.status, answer.body.as_slice(), answer.header("x-a")), (400, &b"abc"[..], Some("b")));
        assert_eq!(&raw[taken..], b"HTTP/1.1 200 OK\r\n");
        assert_eq!(parse(&raw[..40], false, false), Parsed::Unfinished);
    }

    #[test]
    fn what_splits_or_lies_is_malformed() {
        for wrong in [
            "HTTP/1.1 200 OK\r\nx: a\nset-cookie: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx: a\0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx y: a\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
            "hello",
        ] {
            assert!(matches!(parse(wrong.as_bytes(), true, false), Parsed::Malformed(_)), "{wrong:?}");
        }
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        let Parsed::Whole(answer, taken) = parse(raw, false, false) else { panic!("not read") };
        assert_eq!((answer.body.as_slice(), taken), (&b"abcd"[..], raw.len()));
    }
}
