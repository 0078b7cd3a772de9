//! The JSON reader that plugins get (RFC 8259, RFC 6901): it accepts what `serde_json` accepts, and reads the same out of it.

use keyhook_plugin::json;
use serde_json::Value;

use crate::parts::texts;

/// Lines: a pointer; then a JSON text, or any text.
pub fn check(data: &[u8]) {
    let Some([pointer, text]) = texts(data) else { return };
    assert_eq!(json::text(&json::quote(text)).as_deref(), Some(text), "what is quoted reads back");
    assert_eq!(serde_json::from_str::<String>(&json::quote(text)).unwrap(), text);
    let named = json::pointer([text, pointer]);
    assert_eq!(json::at(&format!("{{{}:{{{}:7}}}}", json::quote(text), json::quote(pointer)), &named), Some("7"));
    let Some(value) = agreed(text) else { return };
    assert_eq!(json::at(text, "").map(|whole| serde_json::from_str::<Value>(whole).unwrap()), Some(value.clone()));
    let found = json::at(text, pointer);
    let found = found.map(|found| serde_json::from_str::<Value>(found).unwrap());
    assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer:?} in {text:?}");
    members(text, &value);
}

/// The value, if both readers accept the text, which they do together but for the depth.
fn agreed(text: &str) -> Option<Value> {
    // Numbers as they are written: `serde_json` refuses what no f64 holds, and the reader for plugins does not look at the value.
    let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text).ok();
    let ours = json::is_json(text);
    let depth = depth(text);
    if depth < 64 {
        assert!(!ours || theirs.is_some(), "accepts {text:?}");
        assert!(theirs.is_none() || ours, "refuses {text:?}");
    } else {
        assert!(!ours || depth < 66, "follows {depth} levels");
    }
    serde_json::from_str(text).ok().filter(|_| ours)
}

/// How deep brackets are nested outside of strings, if the text is JSON.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => now += 1,
            b']' | b'}' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn members(text: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            let found = json::members(text).unwrap();
            for (name, member) in map {
                let last = found.iter().rev().find(|(own, _)| own == name).unwrap().1;
                assert_eq!(serde_json::from_str::<Value>(last).unwrap(), *member);
            }
            assert!(found.iter().all(|(name, _)| map.contains_key(name)) && json::items(text).is_none());
        }
        Value::Array(list) => {
            let found = json::items(text).unwrap();
            assert_eq!(found.iter().map(|item| serde_json::from_str::<Value>(item).unwrap()).collect::<Vec<_>>(), *list);
            assert!(json::members(text).is_none());
        }
        Value::String(own) => assert_eq!(json::text(text).as_deref(), Some(own.as_str())),
        Value::Bool(own) => assert_eq!(json::flag(text), Some(*own)),
        // `serde_json` has -0 for a fraction.
        Value::Number(own) => assert!(json::integer(text) == own.as_i64() || text.trim() == "-0"),
        Value::Null => assert!(json::text(text).is_none() && json::flag(text).is_none() && json::integer(text).is_none()),
    }
}
