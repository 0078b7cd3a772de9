//! Walks over one JSON text without building anything (RFC 8259 §2–7).

/// A place in a JSON text. Every method moves over what it names, or gives `None` where the text is something else.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

/// Deeper nesting is refused, so that a hostile text cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn blank(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Any value, as it stands.
    pub(super) fn value(&mut self, depth: usize) -> Option<&'a str> {
        let start = self.at;
        match self.peek()? {
            b'{' => self.object(depth, &mut |_, _| ())?,
            b'[' => self.array(depth, &mut |_| ())?,
            b'"' => self.string()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at)
    }

    /// An object; `visit` gets each name, still a JSON string, and its value.
    pub(super) fn object(&mut self, depth: usize, visit: &mut dyn FnMut(&'a str, &'a str)) -> Option<()> {
        self.sequence(depth, b'{', b'}', |scan| {
            let start = scan.at;
            scan.string()?;
            let name = scan.text.get(start..scan.at)?;
            scan.blank();
            scan.byte(b':')?;
            scan.blank();
            visit(name, scan.value(depth + 1)?);
            Some(())
        })
    }

    /// An array; `visit` gets each item.
    pub(super) fn array(&mut self, depth: usize, visit: &mut dyn FnMut(&'a str)) -> Option<()> {
        self.sequence(depth, b'[', b']', |scan| {
            visit(scan.value(depth + 1)?);
            Some(())
        })
    }

    fn sequence(&mut self, depth: usize, open: u8, close: u8, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if depth == MAX_DEPTH {
            return None;
        }
        self.byte(open)?;
        self.blank();
        if self.byte(close).is_some() {
            return Some(());
        }
        loop {
            element(self)?;
            self.blank();
            if self.byte(close).is_some() {
                return Some(());
            }
            self.byte(b',')?;
            self.blank();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.byte(b'"')?;
        loop {
            self.skip(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            if self.byte(b'"').is_some() {
                return Some(());
            }
            self.byte(b'\\')?;
            match self.peek()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' => {
                    let hex = self.text.as_bytes().get(self.at + 1..self.at + 5)?;
                    hex.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    self.at += 5;
                }
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.byte(b'-');
        if self.byte(b'0').is_none() {
            self.digits()?;
        }
        if self.byte(b'.').is_some() {
            self.digits()?;
        }
        if self.byte(b'e').or_else(|| self.byte(b'E')).is_some() {
            let _ = self.byte(b'+').or_else(|| self.byte(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
