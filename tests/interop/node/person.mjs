// A person with a browser: follows the client's authorization URL through sign-in and consent, back to the client.
const attribute = (tag, name) => tag.match(new RegExp(` ${name}="([^"]*)"`))?.[1].replaceAll('&amp;', '&').replaceAll('&#38;', '&')

function formWith(page, field) {
  for (const part of page.split('<form').slice(1)) {
    const form = part.split('</form>')[0]
    const tags = form.split('<').filter((tag) => /^(input|button)/.test(tag))
    const fields = Object.fromEntries(tags.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']))
    if (field in fields) return { action: attribute(form.split('>')[0], 'action') ?? '', fields }
  }
  throw new Error(`no form with ${field}: ${page}`)
}

export async function walk(start, redirectUri, person = { username: 'demo', password: 'correct-horse' }) {
  const jar = new Map()
  let url = String(start)
  let body
  for (let step = 0; step < 12; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { method: body ? 'POST' : 'GET', body, redirect: 'manual', headers: cookie ? { cookie } : {} })
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s)
      if (line.toLowerCase().includes('max-age=0')) jar.delete(name)
      else jar.set(name, value)
    }
    body = undefined
    const location = answer.headers.get('location')
    if (location) {
      url = new URL(location, url).href
      if (url.startsWith(redirectUri)) return new URL(url)
      continue
    }
    const page = await answer.text()
    if (!answer.ok) throw new Error(`${answer.status} at ${url}: ${page}`)
    const login = page.includes('current-password')
    const { action, fields } = formWith(page, login ? 'password' : 'decision')
    const { interaction, csrf_token } = fields
    body = new URLSearchParams({ ...(interaction && { interaction }), csrf_token, ...(login ? person : { decision: 'allow' }) })
    url = new URL(action, url).href
  }
  throw new Error(`no way back to the client from ${url}`)
}
