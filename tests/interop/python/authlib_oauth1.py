"""Authlib: three legs and signed requests with HMAC-SHA1 and RSA-SHA1 in every place, one flow out of band."""
import sys

from authlib.integrations.requests_client import OAuth1Session

from dialog import AWKWARD, believed, opened

base, resource, key, secret, callback, key_file = sys.argv[1:]
rsa_key = open(key_file).read()


def walk(place, method, redirect_uri):
    session = OAuth1Session(
        key, client_secret=secret, redirect_uri=redirect_uri, signature_method=method, signature_type=place, rsa_key=rsa_key
    )
    temporary = session.fetch_request_token(f"{base}/oauth/request_token")
    assert temporary["oauth_callback_confirmed"] == "true", temporary
    came = opened(session.create_authorization_url(f"{base}/oauth/authorize"))
    if redirect_uri == "oob":
        assert session.fetch_access_token(f"{base}/oauth/access_token", came)["oauth_token"]
    else:
        session.parse_authorization_response(came)
        assert session.fetch_access_token(f"{base}/oauth/access_token")["oauth_token"]
    believed(session.get(resource, params=AWKWARD))
    believed(session.post(resource, data=AWKWARD))


for place in ("HEADER", "BODY", "QUERY"):
    for method in ("HMAC-SHA1", "RSA-SHA1"):
        walk(place, method, callback)
walk("HEADER", "HMAC-SHA1", "oob")
print("ok")
