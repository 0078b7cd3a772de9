// oauth-1.0a: it signs, with the hash it is given, and fetch sends; three methods, one flow out of band.
import assert from 'node:assert/strict'
import { createHmac, createSign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import OAuth from 'oauth-1.0a'
import { arrived, awkward, opened } from './oauth1_dialog.mjs'

const [base, resource, key, secret, callback, keyFile] = process.argv.slice(2)
const rsaKey = readFileSync(keyFile, 'utf8')
const hashes = {
  'HMAC-SHA1': (text, by) => createHmac('sha1', by).update(text).digest('base64'),
  'HMAC-SHA512': (text, by) => createHmac('sha512', by).update(text).digest('base64'),
  'RSA-SHA256': (text) => createSign('sha256').update(text).sign(rsaKey, 'base64'),
}

function form(parameters) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
  return new URLSearchParams(pairs)
}

async function walk(method, back) {
  const client = new OAuth({ consumer: { key, secret }, signature_method: method, hash_function: hashes[method] })
  const send = async (request, token) => {
    const { url, method: verb, data } = request
    // It writes what it signs into what it is given.
    const headers = client.toHeader(client.authorize({ ...request, data: { ...data } }, token))
    const answer = await fetch(url, { method: verb, headers, body: data && form(data) })
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    return text
  }
  const pair = (answer) => ({ key: answer.get('oauth_token'), secret: answer.get('oauth_token_secret') })
  const temporary = await exchange('/oauth/request_token', { oauth_callback: back })
  assert.equal(temporary.get('oauth_callback_confirmed'), 'true')
  const came = await opened(`${base}/oauth/authorize?oauth_token=${encodeURIComponent(pair(temporary).key)}`)
  const verifier = back === 'oob' ? came : arrived(came, back, pair(temporary).key)
  const token = pair(await exchange('/oauth/access_token', { oauth_verifier: verifier }, pair(temporary)))
  // It does not decode names of a query.
  const url = `${resource}?${form(awkward(['2', '1'])).toString().replaceAll('+', '%20').replace('c%40', 'c@')}`
  assert.equal(await send({ url, method: 'GET' }, token), 'for demo')
  assert.equal(await send({ url: resource, method: 'POST', data: awkward(['2', '1']) }, token), 'for demo')

  // What is signed as data may be sent in the header: that is how this library's users send callback and verifier.
  async function exchange(path, more, by) {
    const request = { url: `${base}${path}`, method: 'POST', data: { ...more } }
    const headers = client.toHeader({ ...client.authorize(request, by), ...more })
    const answer = await fetch(request.url, { method: 'POST', headers })
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    return new URLSearchParams(text)
  }
}

for (const method of Object.keys(hashes)) await walk(method, callback)
await walk('HMAC-SHA1', 'oob')
console.log('ok')
process.exit()
