"""requests-oauthlib: the five grants of RFC 6749 end to end, one client class of oauthlib for each."""
import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, MobileApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from person import walk

base, client_id, client_secret, redirect_uri = sys.argv[1:5]
authorize, endpoint, credentials = f"{base}/authorize", f"{base}/token", HTTPBasicAuth(client_id, client_secret)

code = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=["read"], pkce="S256")
url, _ = code.authorization_url(authorize)
by_code = code.fetch_token(endpoint, authorization_response=walk(url, redirect_uri), auth=credentials)
assert by_code["refresh_token"] and by_code["scope"] == ["read"], by_code

implicit = OAuth2Session(client=MobileApplicationClient(client_id), redirect_uri=redirect_uri, scope=["read"])
url, _ = implicit.authorization_url(authorize)
by_implicit = implicit.token_from_fragment(walk(url, redirect_uri))
assert by_implicit["access_token"] and "refresh_token" not in by_implicit, by_implicit

legacy = OAuth2Session(client=LegacyApplicationClient(client_id), scope=["read"])
by_password = legacy.fetch_token(endpoint, username="demo", password="correct-horse", scope=["read"], auth=credentials)
assert by_password["refresh_token"], by_password
try:
    legacy.fetch_token(endpoint, username="demo", password="another", auth=credentials)
    raise SystemExit("a wrong password brought tokens")
except InvalidGrantError:
    pass

machine = OAuth2Session(client=BackendApplicationClient(client_id), scope=["read"])
assert machine.fetch_token(endpoint, scope=["read"], auth=credentials)["access_token"]

fresh = legacy.refresh_token(endpoint, refresh_token=by_password["refresh_token"], auth=credentials)
assert fresh["access_token"] != by_password["access_token"], fresh
print("ok")
