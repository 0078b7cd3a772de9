"""requests_oauth2client: its own reading of the metadata, then code, password, refresh, introspection and revocation."""
import sys

import requests
from requests_oauth2client import ClientSecretBasic, InvalidGrant, OAuth2Client

from person import walk

base, client_id, client_secret, redirect_uri = sys.argv[1:5]
document = requests.get(f"{base}/.well-known/oauth-authorization-server", timeout=30).json()
client = OAuth2Client.from_discovery_document(
    document, issuer=base, auth=ClientSecretBasic(client_id, client_secret), redirect_uri=redirect_uri, testing=True)

request = client.authorization_request(scope="read")
answer = request.validate_callback(walk(str(request), redirect_uri))
by_code = client.authorization_code(answer)
told = client.introspect_token(by_code)
assert told["active"] and told["sub"] == "demo" and told["client_id"] == client_id, told

by_password = client.resource_owner_password("demo", "correct-horse", scope="read")
assert client.introspect_token(by_password)["active"]
try:
    client.resource_owner_password("demo", "another", scope="read")
    raise SystemExit("a wrong password brought tokens")
except InvalidGrant:
    pass

fresh = client.refresh_token(by_password.refresh_token)
assert client.revoke_access_token(fresh) is True
assert client.introspect_token(fresh) == {"active": False}
again = client.refresh_token(fresh.refresh_token)
assert client.revoke_refresh_token(again.refresh_token) is True
assert client.introspect_token(again) == {"active": False}
assert client.introspect_token(by_code)["active"], "another family did not end"

assert client.introspect_token(client.client_credentials(scope="read"))["active"]
print("ok")
