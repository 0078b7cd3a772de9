//! JWT access tokens that nobody signed, or somebody else, or the wrong way (RFC 9068, RFC 8725).
//!
//! Introspection is asked about each: it is where this server reads a token of its own again. Every template of the group is in this
//! one file: a table of them above, a function for each below.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_core::crypto::{Algorithm, PrivateKey, hmac_sha256};
use serde_json::{Value, json};

use super::code::introspect;
use super::{Expander, always};
use crate::attack::Attack;
use crate::check::expect::Expect;

pub const ALL: &[Expander] = &[
    always("JW-01", "no algorithm, with and without a signature", no_algorithm),
    always("JW-02", "HMAC with what is published", public_key_as_secret),
    always("JW-04", "keys from elsewhere", keys_from_elsewhere),
    always("JW-05", "certificates and keys that come along", keys_in_the_header),
    always("JW-07", "critical members", critical),
    always("JW-09", "compressed and encrypted tokens", compressed),
    always("JW-10", "passwords as keys", |attack| encrypted(attack, &json!({"alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647_u32}))),
    always("JW-11", "RSA with PKCS #1 padding", |attack| encrypted(attack, &json!({"alg": "RSA1_5"}))),
    always("JW-12", "points that are on no curve", strange_points),
    always("JW-13", "signatures of strange numbers, forms and lengths", strange_signatures),
    always("JW-16", "JSON that means two things, or nothing", strange_json),
    always("JW-18", "spellings of base64url", spellings),
    always("JW-26", "what is published", published),
];

/// A token that is good, in parts, and the key that proves it.
struct Good {
    header: Value,
    claims: Value,
    parts: [String; 3],
    jwk: Value,
}

impl Good {
    /// A new one, of the client `signer` for itself.
    fn new(attack: &mut Attack<'_>) -> Good {
        let (text, keys) = attack.prepare(|target| {
            let authorization = target.basic("signer");
            let form = [("grant_type", "client_credentials"), ("scope", "read")];
            let answer = target.anybody().post_with("/token", &[("authorization", &authorization)], &form);
            (answer.json()["access_token"].as_str().unwrap_or_default().to_owned(), target.anybody().get("/jwks").json())
        });
        attack.send(&introspect(attack, &text), &Expect::Active);
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let parts: [String; 3] = parts.try_into().expect("the token of `signer` is a JWT");
        let value = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Good { header: value(&parts[0]), claims: value(&parts[1]), jwk: keys["keys"][0].clone(), parts }
    }

    /// Its header with these members besides, or instead.
    fn header_with(&self, members: &Value) -> Value {
        let mut header = self.header.clone();
        for (name, value) in members.as_object().into_iter().flatten() {
            header[name] = value.clone();
        }
        header
    }

    /// The public key's coordinates, one after the other.
    fn point(&self) -> Vec<u8> {
        let half = |name: &str| URL_SAFE_NO_PAD.decode(self.jwk[name].as_str().unwrap_or_default()).unwrap();
        [half("x"), half("y")].concat()
    }

    /// The signature as bytes.
    fn signature(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(&self.parts[2]).unwrap()
    }
}

fn text(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn inactive(attack: &mut Attack<'_>, token: &str) {
    attack.send(&introspect(attack, token), &Expect::Inactive);
}

fn no_algorithm(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    for alg in [json!("none"), json!("None"), json!("nOnE"), json!("NONE"), json!(""), json!(null), json!(0), json!(["ES256"])] {
        let header = text(&good.header_with(&json!({ "alg": alg })));
        for signature in ["", "AA", &good.parts[2]] {
            inactive(attack, &format!("{header}.{}.{signature}", good.parts[1]));
        }
        inactive(attack, &format!("{header}.{}", good.parts[1]));
    }
    for header in [json!({"typ": "at+jwt"}), json!({}), json!([]), json!("none")] {
        inactive(attack, &format!("{}.{}.{}", text(&header), good.parts[1], good.parts[2]));
    }
}

/// What comes before the point of a P-256 key in a `SubjectPublicKeyInfo` (RFC 5480 §2).
const SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00, 0x04,
];

fn public_key_as_secret(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let der = [SPKI.to_vec(), good.point()].concat();
    let lines: Vec<String> =
        keyhook_tests::http::base64(&der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
    let secrets = [
        format!("{pem}\n").into_bytes(),
        pem.into_bytes(),
        good.jwk.to_string().into_bytes(),
        json!({"keys": [good.jwk]}).to_string().into_bytes(),
        good.point(),
        [vec![4], good.point()].concat(),
        good.jwk["kid"].as_str().unwrap_or_default().as_bytes().to_vec(),
        Vec::new(),
        vec![0; 32],
        b"secret".to_vec(),
        der,
    ];
    for secret in secrets {
        for alg in ["HS256", "hs256", "ES256"] {
            for claims in [&good.claims, &json!({"sub": "alice"})] {
                let signed = format!("{}.{}", text(&good.header_with(&json!({ "alg": alg }))), text(claims));
                inactive(attack, &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_sha256(&secret, signed.as_bytes()))));
            }
        }
    }
}

/// A token of the same claims under another key, with a header that says these things too.
fn forged(good: &Good, algorithm: Algorithm, members: impl FnOnce(Value) -> Value) -> String {
    let pkcs8 = PrivateKey::generate(algorithm).unwrap();
    let key = PrivateKey::from_pkcs8(algorithm, pkcs8.expose()).unwrap();
    let public = keyhook_core::jwt::Jwk::new(key.public().clone()).to_value();
    let mut header = good.header_with(&members(public));
    header["alg"] = algorithm.name().into();
    let signed = format!("{}.{}", text(&header), good.parts[1]);
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn keys_from_elsewhere(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    for url in ["https://evil.test/jwks.json", "http://127.0.0.1:9/jwks", "file:///etc/passwd", "//evil.test/", "/jwks", "\u{0}"] {
        for name in ["jku", "x5u", "iss"] {
            for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
                let token = forged(&good, algorithm, |_| json!({ name: url }));
                inactive(attack, &token);
                let token = forged(&good, algorithm, |jwk| json!({ name: url, "kid": jwk["kid"] }));
                inactive(attack, &token);
            }
        }
    }
}

fn keys_in_the_header(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        for chain in [json!([]), json!(["MIIB"]), json!("MIIB"), json!([1]), json!(null)] {
            let token = forged(&good, algorithm, |_| json!({ "x5c": chain, "x5t": "AA", "x5t#S256": "AA" }));
            inactive(attack, &token);
        }
        let token = forged(&good, algorithm, |jwk| json!({ "jwk": jwk }));
        inactive(attack, &token);
        let token = forged(&good, algorithm, |jwk| json!({ "kid": jwk["kid"], "jwk": jwk }));
        inactive(attack, &token);
    }
    for kid in ["", "../../jwks", "' OR 1=1 --", "\u{0}", "0", &"k".repeat(5000)] {
        let token = forged(&good, Algorithm::Es256, |_| json!({ "kid": kid }));
        inactive(attack, &token);
    }
}

fn critical(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    for crit in [json!(["exp"]), json!(["bork"]), json!([]), json!("exp"), json!({"exp": 1}), json!([1]), json!(["alg"]), json!(["b64"])] {
        let header = text(&good.header_with(&json!({ "crit": crit, "b64": false })));
        inactive(attack, &format!("{header}.{}.{}", good.parts[1], good.parts[2]));
        let token = forged(&good, Algorithm::Es256, |_| json!({ "crit": crit }));
        inactive(attack, &token);
    }
}

fn compressed(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let header = text(&good.header_with(&json!({ "zip": "DEF", "cty": "JWT" })));
    inactive(attack, &format!("{header}.{}.{}", good.parts[1], good.parts[2]));
    let bomb = URL_SAFE_NO_PAD.encode([[0xec, 0xc1, 0x01].as_slice(), &[0; 3000]].concat());
    inactive(attack, &format!("{header}.{bomb}.{}", good.parts[2]));
    for alg in ["dir", "A128KW", "RSA-OAEP"] {
        encrypted(attack, &json!({ "alg": alg, "zip": "DEF" }));
    }
}

/// A JWE in compact form (RFC 7516 §7.1), whose parts are noise.
fn encrypted(attack: &mut Attack<'_>, members: &Value) {
    let good = Good::new(attack);
    for enc in ["A128GCM", "A128CBC-HS256", "", "none"] {
        let mut header = good.header_with(members);
        header["enc"] = enc.into();
        let noise = |attack: &mut Attack<'_>, length: usize| URL_SAFE_NO_PAD.encode(attack.random.word(length));
        let (key, iv, cipher, tag) = (noise(attack, 256), noise(attack, 12), noise(attack, 60), noise(attack, 16));
        inactive(attack, &format!("{}.{key}.{iv}.{cipher}.{tag}", text(&header)));
        inactive(attack, &format!("{}..{iv}.{cipher}.{tag}", text(&header)));
        inactive(attack, &format!("{}.{cipher}.{tag}", text(&header)));
    }
}

fn strange_points(attack: &mut Attack<'_>) {
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    let ones = URL_SAFE_NO_PAD.encode([255; 32]);
    for (x, y) in [(&zero, &zero), (&ones, &ones), (&zero, &ones), (&String::new(), &String::new())] {
        let point = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        encrypted(attack, &json!({ "alg": "ECDH-ES", "epk": point }));
        let good = Good::new(attack);
        let header = text(&good.header_with(&json!({ "jwk": point })));
        inactive(attack, &format!("{header}.{}.{}", good.parts[1], good.parts[2]));
    }
}

fn strange_signatures(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let signature = good.signature();
    let (r, s) = signature.split_at(32);
    let order = URL_SAFE_NO_PAD.decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let zero = [0; 32];
    let der = [&[0x30, 0x44, 0x02, 0x20], r, &[0x02, 0x20], s].concat();
    let all = [
        [zero, zero].concat(),
        [r, &zero].concat(),
        [&zero, s].concat(),
        [order.as_slice(), s].concat(),
        [r, &order].concat(),
        [order.as_slice(), &order].concat(),
        [s, r].concat(),
        vec![255; 64],
        signature[..63].to_vec(),
        [signature.as_slice(), &[0]].concat(),
        [&[0], signature.as_slice()].concat(),
        [signature.as_slice(), signature.as_slice()].concat(),
        Vec::new(),
        vec![0],
        der,
    ];
    for wrong in all {
        inactive(attack, &format!("{}.{}.{}", good.parts[0], good.parts[1], URL_SAFE_NO_PAD.encode(wrong)));
    }
    for alg in ["ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "Ed25519", "es256"] {
        let header = text(&good.header_with(&json!({ "alg": alg })));
        inactive(attack, &format!("{header}.{}.{}", good.parts[1], good.parts[2]));
    }
    let other = Good::new(attack);
    inactive(attack, &format!("{}.{}.{}", good.parts[0], good.parts[1], other.parts[2]));
    inactive(attack, &format!("{}.{}.{}", good.parts[0], other.parts[1], good.parts[2]));
    for typ in ["JWT", "jwt", "", "application/jwt", "id_token+jwt"] {
        let header = text(&good.header_with(&json!({ "typ": typ })));
        inactive(attack, &format!("{header}.{}.{}", good.parts[1], good.parts[2]));
    }
    attack.send(&introspect(attack, &other.parts.join(".")), &Expect::Active);
}

fn strange_json(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let (header, claims) = (good.header.to_string(), good.claims.to_string());
    let inner = |json: &str| json[1..json.len() - 1].to_owned();
    let strange = |json: &str| {
        let inner = inner(json);
        [
            format!("{{\"alg\":\"none\",{inner}}}"),
            format!("{{{inner},\"alg\":\"none\"}}"),
            format!("{{{inner},\"exp\":9999999999}}"),
            format!("{{{inner},\"exp\":1e400}}"),
            format!("{{{inner},\"exp\":NaN}}"),
            format!("{{{inner},\"x\":\"\\ud800\"}}"),
            format!("{{{inner}}} x"),
            format!("{{{inner}}}{{}}"),
            format!("\u{feff}{{{inner}}}"),
            format!("{{{inner},}}"),
            deep.clone(),
            String::new(),
            "null".to_owned(),
        ]
    };
    for json in strange(&header) {
        inactive(attack, &format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(json), good.parts[1], good.parts[2]));
    }
    for json in strange(&claims) {
        inactive(attack, &format!("{}.{}.{}", good.parts[0], URL_SAFE_NO_PAD.encode(json), good.parts[2]));
    }
    let wide: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    inactive(attack, &format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(wide), good.parts[1], good.parts[2]));
}

/// The last character of 64 bytes carries four bits that mean nothing.
fn with_stray_bits(signature: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let at = ALPHABET.iter().position(|byte| *byte == last.as_bytes()[0]).unwrap_or(0);
    format!("{rest}{}", char::from(ALPHABET[at ^ 1]))
}

fn spellings(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let [header, claims, signature] = &good.parts;
    let whole = good.parts.join(".");
    let all = [
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}=.{signature}"),
        format!("{whole}="),
        format!("{whole}=="),
        format!("{whole} "),
        format!(" {whole}"),
        format!("{whole}\n"),
        format!("{header}\n.{claims}.{signature}"),
        format!("{header}. {claims}.{signature}"),
        format!("{header}.{claims}.{}", with_stray_bits(signature)),
        format!("{whole}."),
        format!(".{whole}"),
        format!("{header}..{claims}.{signature}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{whole}.{signature}"),
        format!("Bearer {whole}"),
        whole.replace('.', ","),
        whole.to_uppercase(),
        whole[..whole.len() - 1].to_owned(),
    ];
    for token in all {
        inactive(attack, &token);
    }
    let standard = whole.replace('-', "+").replace('_', "/");
    if standard != whole {
        inactive(attack, &standard);
    }
    attack.send(&introspect(attack, &whole), &Expect::Active);
}

fn published(attack: &mut Attack<'_>) {
    let good = Good::new(attack);
    let keys = attack.prepare(|target| target.anybody().get("/jwks").json());
    attack.count(1);
    let all: Vec<&Value> = keys["keys"].as_array().into_iter().flatten().collect();
    attack.hold("the key that signed is not published", all.iter().any(|key| key["kid"] == good.header["kid"]));
    let private = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];
    let leaks = all.iter().any(|key| private.iter().any(|name| key.get(name).is_some()));
    attack.hold("a private half is published", !all.is_empty() && !leaks);
}
