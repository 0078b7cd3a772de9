// oauth: three legs and signed requests with its three methods, one flow out of band. It cannot repeat a parameter in a query.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import oauth from 'oauth'
import { arrived, awkward, opened } from './oauth1_dialog.mjs'

const [base, resource, key, secret, callback, keyFile] = process.argv.slice(2)
const call = (act) =>
  new Promise((done, fail) => act((error, ...values) => (error ? fail(new Error(JSON.stringify(error))) : done(values))))

async function walk(method, back) {
  const own = method === 'RSA-SHA1' ? readFileSync(keyFile, 'utf8') : secret
  // Not 1.0A, as its examples have it (RFC 5849 §3.1).
  const client = new oauth.OAuth(`${base}/oauth/request_token`, `${base}/oauth/access_token`, key, own, '1.0', back, method)
  const [token, tokenSecret, more] = await call((then) => client.getOAuthRequestToken(then))
  assert.equal(more.oauth_callback_confirmed, 'true')
  const came = await opened(`${base}/oauth/authorize?oauth_token=${encodeURIComponent(token)}`)
  const verifier = back === 'oob' ? came : arrived(came, back, token)
  const [access, accessSecret] = await call((then) => client.getOAuthAccessToken(token, tokenSecret, verifier, then))
  const query = new URLSearchParams(awkward('1')).toString().replaceAll('+', '%20')
  const [got] = await call((then) => client.get(`${resource}?${query}`, access, accessSecret, then))
  const [posted] = await call((then) => client.post(resource, access, accessSecret, awkward(['2', '1']), null, then))
  assert.deepEqual([got, posted], ['for demo', 'for demo'])
}

for (const method of ['HMAC-SHA1', 'HMAC-SHA256', 'RSA-SHA1']) await walk(method, callback)
await walk('HMAC-SHA1', 'oob')
console.log('ok')
process.exit()
