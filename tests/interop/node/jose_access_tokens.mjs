// jose: JWT access tokens (RFC 9068) with the keys of jwks_uri; iss, aud, typ and alg are checked, and forgeries refused.
import assert from 'node:assert/strict'
import * as jose from 'jose'

const [base, clientId, clientSecret, , algorithm, audience] = process.argv.slice(2)
const metadata = await (await fetch(`${base}/.well-known/oauth-authorization-server`)).json()
const authorization = `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`
const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' })
const answer = await (await fetch(metadata.token_endpoint, { method: 'POST', headers: { authorization }, body })).json()
const token = answer.access_token
const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri))
const expected = { issuer: metadata.issuer, audience, typ: 'at+jwt', algorithms: [algorithm], requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'] }

const { payload, protectedHeader } = await jose.jwtVerify(token, keys, expected)
assert.equal(payload.client_id, clientId)
assert.equal(payload.scope, 'read')
assert.equal(protectedHeader.alg, algorithm)

const [head, claims, signature] = token.split('.')
const text = (value) => jose.base64url.encode(JSON.stringify(value))
const bytes = jose.base64url.decode(signature)
bytes[bytes.length - 1] ^= 1
const [first] = (await (await fetch(metadata.jwks_uri)).json()).keys
const forged = [
  `${head}.${text({ ...payload, scope: 'read write' })}.${signature}`,
  `${head}.${claims}.${jose.base64url.encode(bytes)}`,
  `${text({ alg: 'none', typ: 'at+jwt' })}.${claims}.`,
  // Algorithm confusion: HMAC with what is published.
  await new jose.SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: first.kid }).sign(new TextEncoder().encode(JSON.stringify(first))),
]
for (const token of forged) await assert.rejects(jose.jwtVerify(token, keys, expected), jose.errors.JOSEError)
for (const wrong of [{ issuer: 'https://other.example' }, { audience: 'https://other.example' }, { typ: 'JWT' }])
  await assert.rejects(jose.jwtVerify(token, keys, { ...expected, ...wrong }), jose.errors.JWTClaimValidationFailed)
console.log('ok')
