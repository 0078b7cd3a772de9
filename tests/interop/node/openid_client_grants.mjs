// openid-client: code, refresh and client credentials with its own functions, password with its generic one.
// It has no implicit grant of RFC 6749: its implicitAuthentication wants an ID token (OpenID Connect), which keyhook does not issue.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { walk } from './person.mjs'

const [base, clientId, clientSecret, redirectUri] = process.argv.slice(2)
const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }
const config = await client.discovery(new URL(base), clientId, clientSecret, client.ClientSecretBasic(clientSecret), options)
const seen = async (tokens) => client.tokenIntrospection(config, tokens.access_token)

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const parameters = { redirect_uri: redirectUri, scope: 'read', state, code_challenge_method: 'S256' }
const url = client.buildAuthorizationUrl(config, { ...parameters, code_challenge: await client.calculatePKCECodeChallenge(verifier) })
const byCode = await client.authorizationCodeGrant(config, await walk(url, redirectUri), { pkceCodeVerifier: verifier, expectedState: state })
assert.equal((await seen(byCode)).sub, 'demo')

const byPassword = await client.genericGrantRequest(config, 'password', { username: 'demo', password: 'correct-horse', scope: 'read' })
assert.equal((await seen(byPassword)).sub, 'demo')
const wrong = client.genericGrantRequest(config, 'password', { username: 'demo', password: 'another' })
await assert.rejects(wrong, (error) => error.error === 'invalid_grant')

const fresh = await client.refreshTokenGrant(config, byPassword.refresh_token)
assert.notEqual(fresh.access_token, byPassword.access_token)
await client.tokenRevocation(config, fresh.refresh_token)
assert.equal((await seen(fresh)).active, false)
assert.equal((await seen(await client.clientCredentialsGrant(config, { scope: 'read' }))).active, true)
console.log('ok')
