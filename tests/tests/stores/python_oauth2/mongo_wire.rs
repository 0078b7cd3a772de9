//! As much of MongoDB's wire protocol as filling a collection takes (`OP_MSG`, BSON).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

/// A connection to one database.
pub(crate) struct Connection {
    stream: TcpStream,
    pub(crate) database: String,
}

impl Connection {
    /// Connects to the server of a URL.
    pub(crate) fn open(url: &str, database: &str) -> Connection {
        let host = url.trim_start_matches("mongodb://").split('/').next().unwrap();
        Connection { stream: TcpStream::connect(host).unwrap(), database: database.to_owned() }
    }

    /// Inserts documents.
    pub(crate) fn insert(&mut self, collection: &str, documents: &[Value]) {
        self.command(&[("insert", json!(collection)), ("documents", json!(documents))]);
    }

    /// Drops the database.
    pub(crate) fn drop_database(&mut self) {
        self.command(&[("dropDatabase", json!(1))]);
    }

    fn command(&mut self, members: &[(&str, Value)]) {
        let database = json!(self.database);
        let members = members.iter().map(|(name, value)| (*name, value)).chain([("$db", &database)]);
        let body = document(members);
        let mut message = Vec::new();
        for number in [16 + 4 + 1 + body.len(), 1, 0, 2013, 0] {
            message.extend(i32::try_from(number).unwrap().to_le_bytes());
        }
        message.push(0);
        message.extend(body);
        self.stream.write_all(&message).unwrap();
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(i32::from_le_bytes(length)).unwrap() - 4];
        self.stream.read_exact(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert!(!text.contains("errmsg"), "{text}");
    }
}

fn document<'a>(members: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in members {
        let (kind, bytes) = element(value);
        body.push(kind);
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(bytes);
    }
    body.push(0);
    let mut all = i32::try_from(body.len() + 4).unwrap().to_le_bytes().to_vec();
    all.extend(body);
    all
}

fn element(value: &Value) -> (u8, Vec<u8>) {
    match value {
        Value::Null => (0x0a, Vec::new()),
        Value::Bool(yes) => (0x08, vec![u8::from(*yes)]),
        Value::Number(number) => match number.as_i64().map(|number| (number, i32::try_from(number))) {
            Some((_, Ok(small))) => (0x10, small.to_le_bytes().to_vec()),
            Some((large, Err(_))) => (0x12, large.to_le_bytes().to_vec()),
            None => (0x01, number.as_f64().unwrap().to_le_bytes().to_vec()),
        },
        Value::String(text) => {
            let mut bytes = i32::try_from(text.len() + 1).unwrap().to_le_bytes().to_vec();
            bytes.extend(text.as_bytes());
            bytes.push(0);
            (0x02, bytes)
        }
        Value::Array(items) => {
            let names: Vec<String> = (0..items.len()).map(|index| index.to_string()).collect();
            (0x04, document(names.iter().map(String::as_str).zip(items)))
        }
        Value::Object(members) => (0x03, document(members.iter().map(|(name, value)| (name.as_str(), value)))),
    }
}
