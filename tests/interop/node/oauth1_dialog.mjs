// The person beside a program, who is asked over standard output and answers over standard input; and what every program sends.
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export async function opened(url) {
  console.log(`open ${url}`)
  return (await lines.next()).value
}

export const awkward = (two) => ({
  two,
  amp: 'x&y=z',
  'c@': '1',
  empty: '',
  percent: '100%',
  plus: '1+1',
  space: 'a b',
  tilde: '~',
  utf8: 'ü€😀',
})

// What a redirect says: the verifier, and whose it is.
export function arrived(url, callback, token) {
  assert.ok(url.startsWith(`${callback}&`), url)
  const { searchParams } = new URL(url)
  assert.equal(searchParams.get('oauth_token'), token)
  return searchParams.get('oauth_verifier')
}
