"""JWT access tokens (RFC 9068) as resource servers read them: PyJWT and Authlib, with the keys of `jwks_uri`."""
import base64
import hmac
import json
import sys

import jwt
import requests
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jws import JWSRegistry

base, client_id, client_secret, _, algorithm, audience = sys.argv[1:7]
metadata = requests.get(f"{base}/.well-known/oauth-authorization-server", timeout=30).json()
answer = requests.post(metadata["token_endpoint"], {
    "grant_type": "password", "username": "demo", "password": "correct-horse", "scope": "read"},
    auth=(client_id, client_secret), timeout=30).json()
token = answer["access_token"]
keys = requests.get(metadata["jwks_uri"], timeout=30).json()
assert keys["keys"] and not any({"d", "p", "q", "k"} & set(key) for key in keys["keys"]), "no private half is published"


def urlsafe(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def tampered(index, change):
    parts = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[index] + "=="))
    change(raw)
    parts[index] = urlsafe(bytes(raw))
    return ".".join(parts)


def flip_last(raw):
    raw[-1] ^= 1


def other_user(raw):
    raw[:] = bytes(raw).replace(b'"demo"', b'"root"')


def unsigned():
    header = urlsafe(b'{"alg":"none","typ":"at+jwt"}')
    return f"{header}.{token.split('.')[1]}."


def with_public_key_as_secret():
    """Algorithm confusion (RFC 8725 §2.1): HMAC with what is published. Libraries refuse to make it, so it is made by hand."""
    first = keys["keys"][0]
    secret = jwt.PyJWK(first).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = urlsafe(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": first["kid"]}).encode())
    signed = f"{header}.{token.split('.')[1]}"
    return f"{signed}.{urlsafe(hmac.digest(secret, signed.encode(), 'sha256'))}"


forged = [tampered(1, other_user), tampered(2, flip_last), unsigned(), with_public_key_as_secret()]
assert all(text != token for text in forged)

# PyJWT
header = jwt.get_unverified_header(token)
assert header["alg"] == algorithm and header["typ"].lower() == "at+jwt", header
client = jwt.PyJWKClient(metadata["jwks_uri"])


def by_pyjwt(text, **expected):
    expected = {"audience": audience, "issuer": metadata["issuer"]} | expected
    key = client.get_signing_key_from_jwt(token)
    required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
    return jwt.decode(text, key, algorithms=[algorithm], options={"require": required}, **expected)


claims = by_pyjwt(token)
assert claims["sub"] == "demo" and claims["client_id"] == client_id and claims["scope"] == "read", claims
for text, expected in [(text, {}) for text in forged] + [(token, {"audience": "https://other.example"}), (token, {"issuer": "https://other.example"})]:
    try:
        by_pyjwt(text, **expected)
        raise SystemExit(f"PyJWT believed {text} with {expected}")
    except jwt.InvalidTokenError:
        pass


# Authlib, whose validator follows RFC 9068 §4. Of the algorithms it takes those that joserfc recommends, to which EdDSA does not belong
# since RFC 9864 gave it the name Ed25519: who wants it says so.
if algorithm not in JWSRegistry.recommended:
    JWSRegistry.recommended.append(algorithm)


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        return keys


def by_authlib(text, issuer=metadata["issuer"], resource=audience):
    validator = Validator(issuer=issuer, resource_server=resource)
    found = validator.authenticate_token(text)
    validator.validate_token(found, ["read"], None)
    return found


assert by_authlib(token)["sub"] == "demo"
for text, expected in [(text, {}) for text in forged] + [(token, {"resource": "https://other.example"}), (token, {"issuer": "https://other.example"})]:
    try:
        by_authlib(text, **expected)
        raise SystemExit(f"Authlib believed {text} with {expected}")
    except InvalidTokenError:
        pass

# What was revoked is still signed, and introspection knows better.
told = requests.post(metadata["introspection_endpoint"], {"token": token}, auth=(client_id, client_secret), timeout=30).json()
assert told["active"] and told["aud"] == audience, told
for text in forged:
    told = requests.post(metadata["introspection_endpoint"], {"token": text}, auth=(client_id, client_secret), timeout=30).json()
    assert told == {"active": False}, told
requests.post(metadata["revocation_endpoint"], {"token": token}, auth=(client_id, client_secret), timeout=30).raise_for_status()
told = requests.post(metadata["introspection_endpoint"], {"token": token}, auth=(client_id, client_secret), timeout=30).json()
assert told == {"active": False}, told
print("ok")
