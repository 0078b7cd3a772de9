"""Authlib: the five grants of RFC 6749 end to end, each token introspected, the last one revoked."""
import sys

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from person import walk

base, client_id, client_secret, redirect_uri = sys.argv[1:5]
metadata = OAuth2Session().get(f"{base}/.well-known/oauth-authorization-server", withhold_token=True).json()
authorize, endpoint = metadata["authorization_endpoint"], metadata["token_endpoint"]
grants = {"authorization_code", "implicit", "password", "client_credentials", "refresh_token"}
assert grants <= set(metadata["grant_types_supported"]) and {"code", "token"} <= set(metadata["response_types_supported"]), metadata


def session(**options):
    return OAuth2Session(client_id, client_secret, scope="read", redirect_uri=redirect_uri, **options)


def seen(token):
    return session().introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()


def is_of_user(token):
    told = seen(token)
    return told["active"] and told["scope"] == "read" and told["client_id"] == client_id and told["sub"] == "demo"


code = session(code_challenge_method="S256")
verifier = generate_token(48)
url, state = code.create_authorization_url(authorize, code_verifier=verifier)
by_code = code.fetch_token(endpoint, authorization_response=walk(url, redirect_uri), code_verifier=verifier, state=state)
assert is_of_user(by_code), by_code

implicit = session()
url, state = implicit.create_authorization_url(authorize, response_type="token")
by_implicit = implicit.fetch_token(authorization_response=walk(url, redirect_uri), state=state)
assert is_of_user(by_implicit) and "refresh_token" not in by_implicit and int(by_implicit["expires_in"]) > 0, by_implicit

by_password = session().fetch_token(endpoint, username="demo", password="correct-horse")
assert is_of_user(by_password), by_password

machine = session().fetch_token(endpoint, grant_type="client_credentials")
assert seen(machine)["active"] and "refresh_token" not in machine, machine

fresh = session().refresh_token(endpoint, refresh_token=by_password["refresh_token"])
assert is_of_user(fresh) and fresh["access_token"] != by_password["access_token"], fresh
assert session().revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"]).status_code == 200
assert seen(fresh) == {"active": False} and seen(by_password) == {"active": False}, "the family ended"
assert is_of_user(by_code), "another family did not"
print("ok")
