// openid-client: discovery, code + PKCE, refresh, introspection, revocation, client credentials.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { walk } from './person.mjs'

const [base, clientId, clientSecret, redirectUri] = process.argv.slice(2)
const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }
const config = await client.discovery(new URL(base), clientId, clientSecret, client.ClientSecretBasic(clientSecret), options)
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'read',
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
const arrived = await walk(url, redirectUri)
const tokens = await client.authorizationCodeGrant(config, arrived, { pkceCodeVerifier: verifier, expectedState: state })
assert.ok(tokens.access_token && tokens.refresh_token)
const seen = await client.tokenIntrospection(config, tokens.access_token)
assert.equal(seen.active, true)
assert.equal(seen.client_id, clientId)
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(fresh.access_token, tokens.access_token)
await client.tokenRevocation(config, fresh.refresh_token)
assert.equal((await client.tokenIntrospection(config, fresh.access_token)).active, false)
assert.ok((await client.clientCredentialsGrant(config, { scope: 'read' })).access_token)
console.log('ok')
