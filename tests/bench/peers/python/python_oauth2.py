"""python-oauth2 with its memory stores: nothing is durable, nobody is asked, and there is no PKCE."""

from oauth2 import Provider
from oauth2.client_authenticator import http_basic_auth
from oauth2.grant import AuthorizationCodeGrant, ClientCredentialsGrant
from oauth2.store.memory import ClientStore, TokenStore
from oauth2.tokengenerator import URandomTokenGenerator
from oauth2.web import AuthorizationCodeGrantSiteAdapter
from oauth2.web.wsgi import Application


class Site(AuthorizationCodeGrantSiteAdapter):
    def authenticate(self, request, environ, scopes, client):
        return {}, "alice"

    def user_has_denied_access(self, request):
        return False


clients, tokens = ClientStore(), TokenStore()
clients.add_client("bench", "bench-secret", ["https://shop.test/cb"], authorized_grants=["client_credentials", "authorization_code"])
provider = Provider(tokens, tokens, clients, URandomTokenGenerator(), client_authentication_source=http_basic_auth)
for grant in (ClientCredentialsGrant(), AuthorizationCodeGrant(site_adapter=Site())):
    grant.scopes, grant.default_scope = ["read"], "read"
    provider.add_grant(grant)
app = Application(provider, authorize_uri="/authorize", token_uri="/token")
