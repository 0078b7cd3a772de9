"""requests-oauthlib: three legs and signed requests with every method in every place, one flow out of band, PLAINTEXT refused over http."""
import sys

from requests_oauthlib import OAuth1Session
from requests_oauthlib.oauth1_session import TokenRequestDenied

from dialog import AWKWARD, believed, opened

base, resource, key, secret, callback, key_file = sys.argv[1:]
rsa_key = open(key_file).read()


def session_of(place, method, **more):
    return OAuth1Session(key, client_secret=secret, signature_method=method, signature_type=place, rsa_key=rsa_key, **more)


def walk(place, method, callback_uri):
    session = session_of(place, method, callback_uri=callback_uri)
    temporary = session.fetch_request_token(f"{base}/oauth/request_token")
    assert temporary["oauth_callback_confirmed"] == "true", temporary
    came = opened(session.authorization_url(f"{base}/oauth/authorize"))
    if callback_uri == "oob":
        session._client.client.verifier = came
    else:
        assert came.startswith(callback_uri + "&"), came
        session.parse_authorization_response(came)
    token = session.fetch_access_token(f"{base}/oauth/access_token")
    by = {"resource_owner_key": token["oauth_token"], "resource_owner_secret": token["oauth_token_secret"]}
    # GET has no body to sign in.
    believed(session_of("QUERY" if place == "BODY" else place, method, **by).get(resource, params=AWKWARD))
    believed(session.post(resource, data=AWKWARD))


for place in ("AUTH_HEADER", "BODY", "QUERY"):
    for method in ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256"):
        walk(place, method, callback)
walk("AUTH_HEADER", "HMAC-SHA1", "oob")
try:
    walk("AUTH_HEADER", "PLAINTEXT", callback)
    raise SystemExit("PLAINTEXT was taken over http")
except TokenRequestDenied as refused:
    assert refused.status_code == 400 and "signature_method_rejected" in refused.response.text, refused.response.text
print("ok")
