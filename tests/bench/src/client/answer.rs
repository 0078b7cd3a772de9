//! One HTTP/1.1 answer out of what has been read (RFC 9112).

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// The status.
    pub(crate) status: u16,
    head: &'a [u8],
    /// The body, without the marks of chunks.
    pub(crate) body: &'a [u8],
}

/// Where an answer ends.
pub(crate) struct Extent<'a> {
    /// Bytes of the head, its empty line included.
    head: usize,
    /// The body.
    body: Cow<'a, [u8]>,
    /// Bytes of all of it.
    pub(crate) length: usize,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
}

impl<'a> Extent<'a> {
    /// The answer at the beginning of `read`; none if more has to come. `ended`: nothing will.
    pub(crate) fn find(read: &'a [u8], ended: bool) -> Option<Extent<'a>> {
        let head = memmem::find(read, b"\r\n\r\n")? + 4;
        let closes =
            header(&read[..head], "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) || read.starts_with(b"HTTP/1.0");
        if let Some(length) = header(&read[..head], "content-length").and_then(|value| value.parse::<usize>().ok()) {
            let end = head + length;
            return (read.len() >= end).then(|| Extent { head, body: Cow::Borrowed(&read[head..end]), length: end, closes });
        }
        if header(&read[..head], "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            let (body, length) = unchunked(&read[head..])?;
            return Some(Extent { head, body: Cow::Owned(body), length: head + length, closes });
        }
        if matches!(read.get(9..12), Some(b"204" | b"304")) {
            return Some(Extent { head, body: Cow::Borrowed(&[]), length: head, closes });
        }
        ended.then(|| Extent { head, body: Cow::Borrowed(&read[head..]), length: read.len(), closes: true })
    }

    /// The answer itself.
    pub(crate) fn answer<'b>(&'b self, read: &'b [u8]) -> Answer<'b> {
        let digits = read.get(9..12).unwrap_or_default();
        let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit.wrapping_sub(b'0')));
        Answer { status, head: &read[..self.head], body: &self.body }
    }
}

impl Answer<'_> {
    /// The first value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// Every value of `set-cookie`: name and value of the cookie.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = lines(self.head).filter_map(|line| value_of(line, "set-cookie"));
        values.filter_map(|value| value.split(';').next()?.split_once('='))
    }

    /// A parameter of the query of its `Location`, as it stands there.
    pub(crate) fn location_parameter(&self, name: &str) -> Option<&str> {
        parameter(self.header("location")?, name)
    }

    /// The string member of a JSON object; enough for tokens, which have no escapes.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.body).ok()?;
        let after = text.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        after.split('"').next()
    }
}

/// A parameter of a URL's query, as it stands there.
pub(crate) fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1.split('#').next()?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", String::from_utf8_lossy(self.head), String::from_utf8_lossy(self.body))
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let end = memmem::find(rest, b"\r\n")?;
        let line = &rest[..end];
        rest = &rest[end + 2..];
        Some(line)
    })
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    lines(head).find_map(|line| value_of(line, name))
}

fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a str> {
    let (found, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name.as_bytes()).then(|| std::str::from_utf8(value).unwrap_or_default().trim())
}

fn unchunked(mut rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let whole = rest.len();
    let mut body = Vec::new();
    loop {
        let end = memmem::find(rest, b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + size)?;
        rest = rest.get(end + 4 + size..)?;
        if size == 0 {
            return Some((body, whole - rest.len()));
        }
        body.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n";

    fn body(read: &str, ended: bool) -> Option<(String, usize)> {
        let extent = Extent::find(read.as_bytes(), ended)?;
        let answer = extent.answer(read.as_bytes());
        assert_eq!(answer.status, 200);
        Some((String::from_utf8_lossy(answer.body).into_owned(), extent.length))
    }

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let read = format!("{HEAD}Content-Length: 3\r\n\r\nabcHTTP/1.1 500");
        assert_eq!(body(&read, false), Some(("abc".to_owned(), read.len() - 12)));
        assert_eq!(body(&read[..read.len() - 13], false), None, "a byte is missing");
    }

    #[test]
    fn chunks_are_put_together() {
        let read = format!("{HEAD}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        assert_eq!(body(&read, false), Some(("abcde".to_owned(), read.len())));
        assert_eq!(body(&read[..read.len() - 1], false), None);
    }

    #[test]
    fn an_answer_without_a_length_ends_with_its_connection() {
        let read = format!("{HEAD}\r\nabc");
        assert_eq!(body(&read, false), None);
        assert_eq!(body(&read, true), Some(("abc".to_owned(), read.len())));
    }

    #[test]
    fn headers_cookies_and_parameters_are_found() {
        let read = "HTTP/1.1 302 Found\r\nSet-Cookie: a=1; Path=/\r\nLOCATION: https://shop.test/cb?state=s&code=abc&x=\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n";
        let extent = Extent::find(read.as_bytes(), false).unwrap();
        let answer = extent.answer(read.as_bytes());
        assert_eq!(answer.cookies().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(answer.location_parameter("code"), Some("abc"));
        assert_eq!(answer.location_parameter("od"), None);
    }

    #[test]
    fn a_member_of_json_is_found() {
        let answer = Answer { status: 200, head: b"", body: br#"{"access_token": "abc","scope":"x"}"# };
        assert_eq!(answer.member("access_token"), Some("abc"));
        assert_eq!(answer.member("token"), None);
    }
}
