//! A resource server that knows no secret: it hands every request over, byte for byte, and believes the answer (RFC 5849 §3.2).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use keyhook_tests::http::{Client, basic, decode, encode_form};
use serde_json::Value;

/// One call of its resource.
#[derive(Debug)]
pub(super) struct Call {
    /// GET or POST.
    pub(super) method: String,
    /// All parameters of query and form but the protocol's own, decoded and sorted.
    pub(super) parameters: Vec<(String, String)>,
    /// What the server said of it with one parameter more, of it as it came, and of it once more.
    pub(super) answers: [Value; 3],
}

/// It listens until the test ends.
pub(super) struct Resource {
    pub(super) port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
}

struct Came {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Resource {
    /// Starts one that introspects as a client of the server.
    pub(super) fn start(server: Client, id: &str, secret: &str) -> Resource {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut server, authorization) = (Arc::clone(&calls), server, basic(id, secret));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // A client may open a connection and leave it.
                let Some(came) = read(&stream) else { continue };
                let call = judge(&mut server, &authorization, &came);
                answer(&mut stream, &call.answers[1]);
                kept.lock().unwrap().push(call);
            }
        });
        Resource { port, calls }
    }

    /// The calls since this was asked last.
    pub(super) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

fn read(stream: &TcpStream) -> Option<Came> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut came = Came { method, target, headers, body: String::new() };
    let length = header(&came, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    came.body = String::from_utf8(body).unwrap();
    Some(came)
}

fn header<'a>(came: &'a Came, name: &str) -> Option<&'a str> {
    came.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn judge(server: &mut Client, authorization: &str, came: &Came) -> Call {
    let uri = format!("http://{}{}", header(came, "host").unwrap(), came.target);
    let is_form = header(came, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form = if is_form { came.body.as_str() } else { "" };
    let longer = format!("{uri}{}unsigned=1", if uri.contains('?') { '&' } else { '?' });
    let mut ask = |uri: &str| {
        let mut fields = vec![("method", came.method.as_str()), ("uri", uri), ("form", form)];
        fields.extend(header(came, "authorization").map(|value| ("authorization", value)));
        let answer = server.post_with("/introspect", &[("authorization", authorization)], &fields);
        assert_eq!(answer.status, 200, "{}: {}", encode_form(&fields), answer.text());
        answer.json()
    };
    let answers = [ask(&longer), ask(&uri), ask(&uri)];
    let query = came.target.split_once('?').map_or("", |(_, query)| query);
    let pairs = [query, form].into_iter().flat_map(|part| part.split('&')).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value)));
    let mut parameters: Vec<_> = pairs.filter(|(name, _)| !name.starts_with("oauth_")).collect();
    parameters.sort();
    Call { method: came.method.clone(), parameters, answers }
}

fn answer(stream: &mut TcpStream, said: &Value) {
    let (status, body) = match said["username"].as_str().or(said["client_id"].as_str()) {
        Some(who) => ("200 OK", format!("for {who}")),
        None => ("401 Unauthorized", said.to_string()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // Who has gone does not care.
    let _ = stream.write_all((head + &body).as_bytes());
}
