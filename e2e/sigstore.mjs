// Sigstore's own verifier, in the two generations that people have, over a folder as `./dev up --keep` leaves it.
//
// A folder holds artifact.bundle.jsonl, trusted-root.json and publisher-key.pem. Nothing in a bundle is trusted as a key:
// the caller supplies the publisher's key under the name that the bundle hints at.

import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TrustedRoot } from '@sigstore/protobuf-specs';
import * as bundle3 from 'sigstore-bundle-3';
import * as bundle4 from 'sigstore-bundle-4';
import * as verify3 from 'sigstore-verify-3';
import * as verify4 from 'sigstore-verify-4';

/** Both generations; each reads bundles with the parser that belongs to it. */
export const CLIENTS = [
  { name: '@sigstore/verify 3.1.1', bundle: bundle3, verify: verify3 },
  { name: '@sigstore/verify 4.1.3', bundle: bundle4, verify: verify4 },
];

/** The golden input's hint, from before hints were key ids. */
const GOLDEN_HINT = 'acme-publisher';

/** What a folder holds: lines and trusted root as parsed JSON, the publisher's SPKI key and its id, by which bundles hint. */
export function readFolder(folder) {
  const text = (name) => readFileSync(join(folder, name), 'utf8');
  const lines = text('artifact.bundle.jsonl').split('\n');
  if (lines.pop() !== '') throw new Error('the last line does not end in a newline');
  const spki = createPublicKey(text('publisher-key.pem')).export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha256').update(spki).digest('hex');
  return { lines: lines.map((line) => JSON.parse(line)), root: JSON.parse(text('trusted-root.json')), spki, keyId };
}

/**
 * Checks one line. Returns nothing if the client accepts it, and throws the client's own error if not.
 *
 * @param options passed to the client; without `timestampThreshold: 0` it wants a timestamp that our bundles do not have
 */
export function check(client, { line, root, spki, keyId }, options = { timestampThreshold: 0 }) {
  const keys = { [keyId]: { rawBytes: spki }, [GOLDEN_HINT]: { rawBytes: spki } };
  const trust = client.verify.toTrustMaterial(TrustedRoot.fromJSON(root), keys);
  const bundle = client.bundle.bundleFromJSON(line);
  new client.verify.Verifier(trust, options).verify(client.verify.toSignedEntity(bundle));
}
