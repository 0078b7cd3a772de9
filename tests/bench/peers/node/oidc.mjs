// node oidc-provider with everything in a Map: nothing is durable, and whoever comes is signed in as alice.
// node oidc.mjs PORT, in the folder where it is installed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const installed = createRequire(`${process.cwd()}/package.json`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(installed).href);
const port = Number(process.argv[2]);

// The adapter that ships keeps 1,000 entries; introspection would miss the others.
const kept = new Map();
const sessions = new Map();
class Memory {
  constructor(model) { this.model = model; }
  name(id) { return `${this.model} ${id}`; }
  async upsert(id, payload) {
    if (payload.uid) sessions.set(payload.uid, id);
    kept.set(this.name(id), payload);
  }
  async find(id) { return kept.get(this.name(id)); }
  async findByUid(uid) { return this.find(sessions.get(uid)); }
  async findByUserCode() { return undefined; }
  async consume(id) {
    const found = kept.get(this.name(id));
    if (found) found.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) { kept.delete(this.name(id)); }
  async revokeByGrantId() {}
}

async function grantOfAlice(ctx) {
  const { client, session, provider } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('read');
  await grant.save();
  return grant;
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [{
    client_id: 'bench',
    client_secret: 'bench-secret',
    grant_types: ['client_credentials', 'authorization_code'],
    response_types: ['code'],
    redirect_uris: ['https://shop.test/cb'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  scopes: ['read'],
  cookies: { keys: ['of the benchmark'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: grantOfAlice,
  ttl: { AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 3600, Grant: 86400, Interaction: 3600, Session: 86400 },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'alice' } });
});
provider.listen(port, '127.0.0.1');
