//! An HTTP/1.1 client that keeps its connection as long as the server does, and hides no failure: it never sends a request twice.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::http::{Answer, encode_form};

/// A client of one server.
pub struct KeepAlive {
    address: SocketAddr,
    host: String,
    connection: Option<BufReader<TcpStream>>,
    /// How many requests went over a connection that had answered one before.
    pub reused: u64,
    /// How many connections it opened.
    pub opened: u64,
}

impl KeepAlive {
    /// A client without a connection yet.
    pub fn new(address: SocketAddr, host: &str) -> KeepAlive {
        KeepAlive { address, host: host.to_owned(), connection: None, reused: 0, opened: 0 }
    }

    /// POST of a form.
    ///
    /// # Errors
    /// When there is no complete answer. The connection is gone then.
    pub fn post(&mut self, path: &str, authorization: &str, form: &[(&str, &str)]) -> std::io::Result<Answer> {
        let (host, body) = (&self.host, encode_form(form));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(request.as_bytes())
    }

    /// GET.
    ///
    /// # Errors
    /// As [`KeepAlive::post`].
    pub fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.exchange(request.as_bytes())
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        let mut connection = if let Some(open) = self.connection.take() {
            self.reused += 1;
            open
        } else {
            self.opened += 1;
            let stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            BufReader::new(stream)
        };
        connection.get_mut().write_all(request)?;
        let answer = read(&mut connection)?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

/// Reads one answer whose length is told.
fn read(connection: &mut BufReader<TcpStream>) -> std::io::Result<Answer> {
    let line = |connection: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        match connection.read_line(&mut line)? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let first = line(connection)?;
    let status = first.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or_else(|| std::io::Error::other(first.clone()))?;
    let mut headers = Vec::new();
    loop {
        let field = line(connection)?;
        let Some((name, value)) = field.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    answer.body = vec![0; length];
    connection.read_exact(&mut answer.body)?;
    Ok(answer)
}
