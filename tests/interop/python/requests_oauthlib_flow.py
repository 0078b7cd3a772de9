"""requests-oauthlib: code + PKCE, refresh, and a state that comes back byte for byte."""
import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
from requests_oauthlib import OAuth2Session
from requests.auth import HTTPBasicAuth

from person import walk

base, client_id, client_secret, redirect_uri = sys.argv[1:5]
session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=["read"], pkce="S256")
url, state = session.authorization_url(f"{base}/authorize")
arrived = walk(url, redirect_uri).replace("https://", "https://", 1)
token = session.fetch_token(f"{base}/token", authorization_response=arrived, client_secret=client_secret)
assert token["access_token"] and token["refresh_token"], token
fresh = session.refresh_token(f"{base}/token", auth=HTTPBasicAuth(client_id, client_secret))
assert fresh["access_token"] != token["access_token"], fresh
print("ok")
