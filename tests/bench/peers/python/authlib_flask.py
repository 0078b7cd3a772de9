"""Authlib on Flask with everything in dictionaries: nothing is durable, nobody is asked."""

import hmac
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask

REDIRECT_URI = "https://shop.test/cb"
BASIC = ["client_secret_basic"]


class Person:
    def get_user_id(self):
        return "alice"


class Bench(ClientMixin):
    client_metadata = {}

    def get_client_id(self):
        return "bench"

    def get_default_redirect_uri(self):
        return REDIRECT_URI

    def get_allowed_scope(self, scope):
        return "read" if scope == "read" else ""

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == REDIRECT_URI

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(client_secret, "bench-secret")

    def check_endpoint_auth_method(self, method, endpoint):
        return method in BASIC

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("client_credentials", "authorization_code")


class Issued(TokenMixin):
    def __init__(self, members, user):
        self.members, self.user, self.ends = members, user, time.time() + members["expires_in"]

    def check_client(self, client):
        return client is CLIENT

    def get_scope(self):
        return self.members.get("scope", "")

    def get_expires_in(self):
        return self.members["expires_in"]

    def is_expired(self):
        return time.time() > self.ends

    def is_revoked(self):
        return False

    def get_user(self):
        return self.user

    def get_client(self):
        return CLIENT


class Code(AuthorizationCodeMixin):
    def __init__(self, code, asked):
        self.code, self.redirect_uri, self.scope = code, asked.redirect_uri, asked.scope
        self.code_challenge = asked.data.get("code_challenge")
        self.code_challenge_method = asked.data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


CLIENT, PERSON, TOKENS, CODES = Bench(), Person(), {}, {}


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = BASIC

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request.payload)

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        CODES.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code):
        return PERSON


class ClientGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = BASIC


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = BASIC

    def query_token(self, token_string, token_type_hint):
        return TOKENS.get(token_string)

    def check_permission(self, token, client, request):
        return True

    def introspect_token(self, token):
        return {"active": True, "client_id": "bench", "scope": token.get_scope(), "exp": int(token.ends)}


def save(token, request):
    TOKENS[token["access_token"]] = Issued(token, request.user)


app = Flask(__name__)
server = AuthorizationServer(app, query_client=lambda client_id: CLIENT if client_id == "bench" else None, save_token=save)
server.register_grant(ClientGrant)
server.register_grant(CodeGrant, [CodeChallenge(required=True)])
server.register_endpoint(Introspection)


@app.get("/authorize")
def authorize():
    return server.create_authorization_response(grant_user=PERSON, grant=server.get_consent_grant(end_user=PERSON))


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response(Introspection.ENDPOINT_NAME)
