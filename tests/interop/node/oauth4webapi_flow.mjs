// oauth4webapi: a public client, every answer validated as its author reads the RFCs (iss of RFC 9207 included).
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { walk } from './person.mjs'

const [base, clientId, , redirectUri] = process.argv.slice(2)
const issuer = new URL(base)
const insecure = { [oauth.allowInsecureRequests]: true }
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
assert.equal(as.authorization_response_iss_parameter_supported, true)
const client = { client_id: clientId }
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({
  client_id: clientId,
  redirect_uri: redirectUri,
  response_type: 'code',
  scope: 'read',
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
const arrived = await walk(url, redirectUri)
const parameters = oauth.validateAuthResponse(as, client, arrived, state)
const answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirectUri, verifier, insecure)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer)
assert.ok(tokens.access_token)
console.log('ok')
