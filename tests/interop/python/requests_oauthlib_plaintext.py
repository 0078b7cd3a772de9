"""requests-oauthlib over TLS: three legs and a signed request by PLAINTEXT (RFC 5849 §3.4.4)."""
import sys

from requests_oauthlib import OAuth1Session

import person

base, key, secret, callback = sys.argv[1:]


def session_of(**more):
    return OAuth1Session(key, client_secret=secret, signature_method="PLAINTEXT", **more)


session = session_of(callback_uri=callback)
temporary = session.fetch_request_token(f"{base}/oauth/request_token")
assert temporary["oauth_callback_confirmed"] == "true", temporary
session.parse_authorization_response(person.walk(session.authorization_url(f"{base}/oauth/authorize"), callback))
token = session.fetch_access_token(f"{base}/oauth/access_token")

signed = session_of(resource_owner_key=token["oauth_token"], resource_owner_secret=token["oauth_token_secret"])
forged = session_of(resource_owner_key=token["oauth_token"], resource_owner_secret="a guess")
revocation = {"token": token["oauth_token"]}
assert forged.post(f"{base}/revoke", data=revocation).status_code == 401
assert signed.post(f"{base}/revoke", data=revocation).status_code == 200
assert signed.post(f"{base}/revoke", data=revocation).status_code == 401, "its token is revoked"
print("ok")
