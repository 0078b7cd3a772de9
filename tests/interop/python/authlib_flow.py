"""Authlib: code + PKCE, refresh, introspection, revocation, client credentials."""
import sys

from authlib.integrations.requests_client import OAuth2Session
from authlib.common.security import generate_token

from person import walk

base, client_id, client_secret, redirect_uri = sys.argv[1:5]
metadata = OAuth2Session().get(f"{base}/.well-known/oauth-authorization-server", withhold_token=True).json()
assert metadata["issuer"] == base, metadata

session = OAuth2Session(client_id, client_secret, scope="read", redirect_uri=redirect_uri, code_challenge_method="S256")
verifier = generate_token(48)
url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
arrived = walk(url, redirect_uri)
token = session.fetch_token(metadata["token_endpoint"], authorization_response=arrived, code_verifier=verifier, state=state)
assert token["token_type"] == "Bearer" and token["refresh_token"], token

seen = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
assert seen["active"] and seen["scope"] == "read" and seen["client_id"] == client_id and seen["sub"], seen

fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
assert fresh["access_token"] != token["access_token"], fresh

assert session.revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"]).status_code == 200
seen = session.introspect_token(metadata["introspection_endpoint"], token=fresh["access_token"]).json()
assert seen == {"active": False}, seen

machine = OAuth2Session(client_id, client_secret, scope="read")
assert machine.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")["access_token"]
print("ok")
