"""oauthlib's own tests, run with an eye on what they sign, verify and normalize: each as a JSON object, one a line.

The tests come with oauthlib's source distribution, not with its wheel; its folder is the only argument.
"""
import functools
import inspect
import json
import sys
import unittest

# Behind the installed packages: what is tested is the installed oauthlib.
sys.path.append(sys.argv[1])

import oauthlib
from oauthlib.oauth1 import rfc5849
from oauthlib.oauth1.rfc5849 import signature

assert not oauthlib.__file__.startswith(sys.argv[1]), oauthlib.__file__
assert f"Version: {oauthlib.__version__}\n" in open(f"{sys.argv[1]}/PKG-INFO").read(), oauthlib.__version__

seen = []


def record(**members):
    # The test that is running, for whoever has to look.
    names = (frame.function for frame in inspect.stack()[2:])
    seen.append(members | {"test": next((name for name in names if name.startswith("test")), "?")})


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def watch_uris(original):
    @functools.wraps(original)
    def base_string_uri(uri, host=None):
        try:
            found = original(uri, host)
        except ValueError:
            record(kind="uri", uri=uri if isinstance(uri, str) else None, host=host, result=None)
            raise
        record(kind="uri", uri=uri, host=host, result=found)
        return found

    return base_string_uri


def watch_base_strings(original):
    @functools.wraps(original)
    def signature_base_string(method, uri, parameters):
        found = original(method, uri, parameters)
        watch_base_strings.last = found
        return found

    return signature_base_string


def watch_verification(name, original):
    @functools.wraps(original)
    def verify(request, *keys):
        found = original(request, *keys)
        record(kind="verified", method=name, http_method=request.http_method, uri=request.uri, parameters=request.params,
               signature=request.signature, keys=list(keys), result=found)
        return found

    return verify


def watch_signing(original):
    @functools.wraps(original)
    def sign(self, uri, http_method="GET", body=None, headers=None, realm=None):
        watch_base_strings.last = None
        signed_uri, signed_headers, signed_body = original(self, uri, http_method, body, headers, realm)
        record(kind="signed", method=text(self.signature_method), http_method=text(http_method), uri=text(signed_uri),
               headers={text(name): text(value) for name, value in signed_headers.items()}, body=text(signed_body),
               consumer_secret=text(self.client_secret) or "", token_secret=text(self.resource_owner_secret) or "",
               base=watch_base_strings.last)
        return signed_uri, signed_headers, signed_body

    return sign


signature.base_string_uri = watch_uris(signature.base_string_uri)
signature.signature_base_string = watch_base_strings(signature.signature_base_string)
rfc5849.Client.sign = watch_signing(rfc5849.Client.sign)
for method in ["hmac_sha1", "hmac_sha256", "hmac_sha512", "rsa_sha1", "rsa_sha256", "plaintext"]:
    name = f"verify_{method}"
    setattr(signature, name, watch_verification(method.upper().replace("_", "-"), getattr(signature, name)))

suite = unittest.defaultTestLoader.discover(f"{sys.argv[1]}/tests/oauth1", top_level_dir=sys.argv[1])
outcome = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
assert outcome.wasSuccessful() and outcome.testsRun > 50, outcome

for entry in seen:
    print(json.dumps(entry))

# The example that its tests of signatures share, which is that of the RFC.
from tests.oauth1.rfc5849.test_signatures import SignatureTests as example

print(json.dumps({
    "kind": "example", "base": example.eg_signature_base_string, "http_method": example.eg_http_method, "uri": example.eg_base_string_uri,
    "query": example.eg_uri_query, "body": example.eg_body, "authorization": example.eg_authorization_header,
    "normalized": example.eg_normalized_parameters, "consumer_secret": example.hmac_client.client_secret,
    "token_secret": example.hmac_client.resource_owner_secret,
    "signatures": {f"HMAC-SHA{bits}": getattr(example, f"expected_signature_hmac_sha{bits}") for bits in (1, 256, 512)},
}))
