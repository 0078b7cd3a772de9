"""oauthlib: the base strings of random awkward requests, one JSON object a line; `base` is null where oauthlib refuses."""
import json
import random
import sys

from oauthlib.oauth1.rfc5849 import signature

count, seed = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(seed)

LETTERS = "abcXYZ019-._~"
# What queries and forms hold as it is, and what breaks careless readers of them.
RAW = ["+", "%20", "%2B", "%2b", "%26", "%3D", "%25", "%2541", "%7E", "%7e", "*", "!", "'", "(", ")", "/", ":", ",", "@", "?", "$", "=", ";",
       "%C3%A9", "%c3%a9", "%E2%98%83", "%F0%9F%A6%80", "%00", "%0A", "%0D%0A", "%22", "%5C"]
# The same in a protocol parameter of a query or form, where oauthlib decodes once too often.
ONCE = [piece for piece in RAW[:20] if not piece.startswith("%25")]
# What one of the two refuses, or reads in its own way.
RARE = ["%FF", "%C3", "%", "%4", "%zz", '"', "<", "[", "|", "^", "{", "`", "\\"]
HEADER_RAW = ["%20", "%2B", "+", "%26", "%3D", "=", "%25", "%2541", "%7E", "%7e", "/", ":", "@", "%C3%A9", "%E2%98%83", "%2C", ",", ", ", "%22"]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "get", "Post", "PROPFIND", "X-CUSTOM", "M-SEARCH"]
HOSTS = ["example.com", "EXAMPLE.com", "www.Example.NET", "127.0.0.1", "[::1]", "[2001:DB8::1]", "localhost", "xn--bcher-kva.example", "a_b.test"]
RARE_HOSTS = ["[0:0::1]"]
PORTS = ["", ":80", ":443", ":8080", ":65535", ":1"]
RARE_PORTS = [":", ":080", ":0443", ":08080"]
SEGMENTS = ["", "a", "r%20v", "X", "%7Euser", "%2F", "%2f", "..", ".", "a;b=1", "a+b", "~", "*", "a:b", "@", "a,b", "%C3%A9", "%e2%98%83", "a=b", "&"]
RARE_SEGMENTS = ["a;", ";"]


def rarely():
    return chance.random() < 0.01


def text(pieces, most):
    def piece():
        if chance.random() < 0.4:
            return chance.choice(pieces)
        return chance.choice(RARE) if pieces is RAW and chance.random() < 0.001 else chance.choice(LETTERS)

    return "".join(piece() for _ in range(chance.randint(0, most)))


def pair():
    form = chance.random()
    name = chance.choice(["a", "b", "c@", "a%20", "z"]) if chance.random() < 0.4 else text(RAW, 4)
    if form < 0.1:
        return name
    if form < 0.2:
        return name + "="
    return name + "=" + text(RAW, 8)


def pairs():
    found = [pair() for _ in range(chance.randint(0, 6))]
    if found and chance.random() < 0.2:
        found.append(chance.choice(found))
    return "&&".join(found) if chance.random() < 0.05 else "&".join(found)


def protocol(in_header):
    raw = HEADER_RAW if in_header else RAW[:20] if rarely() else ONCE
    found = [
        ("oauth_consumer_key", "k" + text(LETTERS, 8)),
        ("oauth_signature_method", chance.choice(["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"])),
        ("oauth_timestamp", str(chance.randint(1, 2**32))),
        ("oauth_nonce", "n" + text(raw, 8)),
        ("oauth_signature", "x%2B%2F%3D" if chance.random() < 0.5 else "s"),
    ]
    if chance.random() < 0.7:
        found.append(("oauth_token", text(LETTERS, 12)))
    if chance.random() < 0.5:
        found.append(("oauth_version", "1.0"))
    if chance.random() < 0.2:
        found.append(("oauth_callback", chance.choice(["oob", "http%3A%2F%2Fa.test%2Fcb%3Fx%3D1%262", "https%3A%2F%2Frealm.test%2F%2520"][:3 if in_header else 2])))
    if chance.random() < 0.2:
        found.append(("oauth_verifier", "v" + text(raw, 5)))
    if chance.random() < 0.05:
        found.append(("oauth_session_handle", text(LETTERS, 5)))
    if rarely():
        found.append(chance.choice(found))
    chance.shuffle(found)
    return found


def header(found):
    elements = [f'{name}="{value}"' for name, value in found]
    if chance.random() < 0.5:
        elements.insert(0, 'realm="%s"' % chance.choice(["", "Example", "http://a.test/", "a, b", 'a \\"b\\"', "x=1"]))
    if rarely():
        elements.append('xoauth_requestor_id="%s"' % chance.choice(["a", "a%40b", "1"]))
    scheme = chance.choice(["OAuth ", "oauth ", "OAUTH "])
    return scheme + chance.choice([", ", ",", ",\t", " , "]).join(elements)


def request():
    place = chance.choice(["header", "header", "query", "body"])
    query, body = pairs(), pairs() if chance.random() < 0.4 else None
    found = {
        "method": chance.choice(METHODS),
        "scheme": chance.choice(["http", "https", "HTTP", "Https"] if chance.random() < 0.1 else ["http", "https"]),
        "authority": (chance.choice(RARE_HOSTS if rarely() else HOSTS)) + (chance.choice(RARE_PORTS if rarely() else PORTS)),
        "path": "" if chance.random() < 0.05 else "/" + "/".join(
            chance.choice(RARE_SEGMENTS if rarely() else SEGMENTS) for _ in range(chance.randint(0, 4))),
        "authorization": None,
    }
    if place == "header":
        found["authorization"] = header(protocol(True))
    else:
        own = "&".join(f"{name}={value}" for name, value in protocol(False))
        if place == "query":
            query = "&".join(part for part in [query, own] if part)
        else:
            body = "&".join(part for part in [own, body] if part)
        if chance.random() < 0.1:
            found["authorization"] = chance.choice(["Basic YTpi", "Bearer abc"])
    return found | {"query": query, "body": body}


def base_string(found):
    """As oauthlib's own server puts it together, with a header of another scheme left out."""
    authorization = found["authorization"]
    ours = authorization is not None and authorization.lower().startswith("oauth ")
    parameters = signature.collect_parameters(found["query"], found["body"], {"Authorization": authorization} if ours else {})
    uri = signature.base_string_uri(f"{found['scheme']}://{found['authority']}{found['path']}")
    return signature.signature_base_string(found["method"], uri, signature.normalize_parameters(parameters))


for _ in range(count):
    made = request()
    try:
        made["base"] = base_string(made)
    except ValueError as refused:
        made["base"], made["refused"] = None, str(refused)[:40]
    sys.stdout.write(json.dumps(made) + "\n")
