//! Answers on a connection, one after the other, read as strictly as they must be written (RFC 9112).

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and header fields.
    pub head: String,
    /// The body.
    pub body: String,
}

/// All answers in `raw`, which followed the requests in `sent`.
///
/// # Panics
/// If anything stands there that is no answer.
pub fn all(raw: &[u8], sent: &[u8]) -> Vec<Answer> {
    let mut rest = raw;
    let mut found = Vec::new();
    // Which answer is one to HEAD is not said in it; an input that holds none has bodies throughout.
    let heads = sent.windows(5).any(|window| window == b"HEAD ");
    while !rest.is_empty() {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
        let head = String::from_utf8(rest[..end].to_vec()).expect("a head is ASCII");
        rest = &rest[end + 4..];
        let (status, length) = read(&head);
        if status == 100 {
            continue;
        }
        let is_whole = length <= rest.len() && (length == rest.len() || rest[length..].starts_with(b"HTTP/1."));
        let length = if heads && !is_whole { 0 } else { length };
        assert!(length <= rest.len(), "a body is cut: {head}");
        found.push(Answer { status, head, body: String::from_utf8_lossy(&rest[..length]).into_owned() });
        rest = &rest[length..];
    }
    found
}

/// The status and the length of the body.
fn read(head: &str) -> (u16, usize) {
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|status| status.parse().ok());
    let status: u16 = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, ""))).expect("a header field");
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{line:?}");
        assert!(value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)), "{line:?}");
        assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "answers have a length: {line:?}");
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().expect("a length");
        }
    }
    (status, length)
}
