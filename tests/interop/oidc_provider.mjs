// SPDX-License-Identifier: BSL-1.0
//
// oidc_provider.mjs PORT [PEM]: a certified authorization server with opaque tokens, a client that gets them ("app") and a
// resource server that asks about them ("rs"; "rs-key" by the private key in the file PEM). It remembers nothing
// when it ends.
import Provider from 'oidc-provider';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

const port = Number(process.argv[2]);
const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
              kid: 'k1', use: 'sig', alg: 'ES256' };
const client = (id, secret, more) => ({ client_id: id, client_secret: secret, redirect_uris: [], response_types: [],
                                        token_endpoint_auth_method: 'client_secret_basic', ...more });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    client('app', 'app-secret', { grant_types: ['client_credentials'], scope: 'read write' }),
    client('rs', 'rs+secret/=', { grant_types: [] }), // to be form-encoded inside Basic
    ...(process.argv[3] ? [{
      client_id: 'rs-key', token_endpoint_auth_method: 'private_key_jwt', redirect_uris: [], response_types: [],
      grant_types: [], token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...createPublicKey(readFileSync(process.argv[3])).export({ format: 'jwk' }), kid: 'gw-1' }] },
    }] : []),
  ],
  jwks: { keys: [key] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  scopes: ['read', 'write'],
  ttl: { ClientCredentials: 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async (ctx, who) => who.clientId.startsWith('rs') },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource) =>
        ({ scope: 'read write', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'opaque' }),
    },
  },
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));
