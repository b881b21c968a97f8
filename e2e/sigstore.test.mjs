// Outside clients accept each line of our bundles and refuse one mutation per row of what they look at.
//
// Runs over the golden folder, and over the one named by VITRINE_KEEP (`./dev up --once --keep DIR`) if it is set.
// What these clients do not look at (quorum, validity periods, the entry's key) is the business of `vitrine verify`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { CLIENTS, check, readFolder } from './sigstore.mjs';

const folders = [{ name: 'golden', path: fileURLToPath(new URL('testdata/sigstore', import.meta.url)) }];
if (process.env.VITRINE_KEEP) folders.push({ name: 'kept', path: process.env.VITRINE_KEEP });

// The clients' error codes; the parser has none, only a message.
const PARSER = 'invalid bundle';
const PROOF = 'TLOG_INCLUSION_PROOF_ERROR';
const BODY = 'TLOG_BODY_ERROR';
const ENTRIES = 'TLOG_ERROR';
const SIGNATURE = 'SIGNATURE_ERROR';
const KEY = 'PUBLIC_KEY_ERROR';
/** Which of OpenSSL's errors about a malformed key comes depends on the key's bytes. */
const DER = 'ERR_OSSL_ASN1';

/**
 * One row: the error code that the client must give, what is changed, and how; the change alters a deep copy of
 * `{ line, root, spki, keyId }` in place. A fourth item names the first generation that refuses it: an older one looks away.
 */
const MUTATIONS = [
  [PARSER, 'another media type', ({ line }) => { line.mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+xml'; }],

  [PARSER, 'a second signature in the envelope', ({ line }) => {
    line.dsseEnvelope.signatures.push(line.dsseEnvelope.signatures[0]);
  }],
  [PARSER, 'no signature in the envelope', ({ line }) => { line.dsseEnvelope.signatures = []; }],
  [BODY, 'the signature as raw r and s', ({ line }) => edit(line.dsseEnvelope.signatures[0], 'sig', rawFromDer)],
  [BODY, 'a flipped bit in the envelope signature', ({ line }) => edit(line.dsseEnvelope.signatures[0], 'sig', flipLast)],
  [BODY, 'a flipped bit in the payload', ({ line }) => edit(line.dsseEnvelope, 'payload', flipLast)],
  [SIGNATURE, 'another payload type', ({ line }) => { line.dsseEnvelope.payloadType = 'application/vnd.in-toto+JSON'; }],

  [KEY, 'a hint that names no key of the caller', ({ line }) => {
    line.verificationMaterial.publicKey.hint = 'somebody-else';
  }],
  [SIGNATURE, 'another key under the hint', (all) => { all.spki = OTHER_SPKI; }],

  [ENTRIES, 'no log entry', ({ line }) => { line.verificationMaterial.tlogEntries = []; }],
  [PARSER, 'no inclusion proof', ({ line }) => { delete entry(line).inclusionProof; }],
  [BODY, 'another kind', ({ line }) => { entry(line).kindVersion.kind = 'hashedrekord'; }],
  [BODY, 'another version', ({ line }) => { entry(line).kindVersion.version = '0.0.1'; }],
  [PROOF, 'a flipped bit in the entry', ({ line }) => edit(entry(line), 'canonicalizedBody', flipDigestInBody)],
  [PROOF, 'a second signature in the entry', ({ line }) => edit(entry(line), 'canonicalizedBody', doubleSignatureInBody)],

  [PROOF, 'a log id that the root does not hold', ({ line }) => edit(entry(line).logId, 'keyId', flipLast), 4],
  [PROOF, 'a root whose log id has another key id', ({ root }) => edit(root.tlogs[0].logId, 'keyId', flipFirst)],
  [PROOF, 'a root whose checkpoint key id, which wins, differs', ({ root }) => {
    root.tlogs[0].checkpointKeyId = { keyId: Buffer.alloc(32).toString('base64') };
  }],
  [PROOF, 'a root whose base URL lacks the origin', ({ root }) => { root.tlogs[0].baseUrl = 'https://other.example/v1'; }],
  [DER, 'a root with the log key as 32 bare bytes', ({ root }) => {
    edit(root.tlogs[0].publicKey, 'rawBytes', (bytes) => bytes.subarray(-32));
  }],
  [PROOF, 'a root with another log key', ({ root }) => edit(root.tlogs[0].publicKey, 'rawBytes', () => OTHER_LOG_SPKI)],
  [PROOF, 'a root without logs', ({ root }) => { root.tlogs = []; }],

  [PROOF, 'a flipped bit in the log signature', ({ line, root }) => changeCheckpoint(line, (lines) => {
    const at = logSignatureLine(lines, root);
    const [dash, name, blob] = lines[at].split(' ');
    lines[at] = [dash, name, encode(flipLast(decode(blob)))].join(' ');
  })],
  [PROOF, 'a checkpoint without the log signature', ({ line, root }) => changeCheckpoint(line, (lines) => {
    lines.splice(logSignatureLine(lines, root), 1);
  })],
  [PROOF, 'another origin', ({ line }) => changeCheckpoint(line, (lines) => { lines[0] = `x${lines[0]}`; })],
  [PROOF, 'another size', ({ line }) => changeCheckpoint(line, (lines) => { lines[1] = `${lines[1]}0`; })],
  [PROOF, 'another root', ({ line }) => changeCheckpoint(line, (lines) => { lines[2] = encode(flipLast(decode(lines[2]))); })],
  [PROOF, 'a blank line before the root', ({ line }) => changeCheckpoint(line, (lines) => { lines.splice(2, 0, ''); })],

  [PROOF, 'a hash too few', ({ line }) => { proof(line).hashes.pop(); }],
  [PROOF, 'a hash too many', ({ line }) => { proof(line).hashes.push(Buffer.alloc(32).toString('base64')); }],
  [PROOF, 'a flipped bit in a hash', ({ line }) => edit(proof(line).hashes, 0, flipLast)],
  [PROOF, 'an index outside the log', ({ line }) => { proof(line).logIndex = '4096000000'; }],
];

const NEEDS_HASH = /a hash too few|flipped bit in a hash/;

for (const folder of folders) {
  describe(`bundle of the ${folder.name} folder`, () => {
    const { lines, root, spki, keyId } = readFolder(folder.path);

    it('holds at least one line', () => assert.notEqual(lines.length, 0));

    CLIENTS.forEach((client, position) => {
      const generation = position + 3;
      describe(client.name, () => {
        it('accepts every line', () => {
          for (const line of lines) check(client, { line, root, spki, keyId });
        });

        it('refuses every line when it wants a timestamp', () => {
          for (const line of lines) assert.throws(() => check(client, { line, root, spki, keyId }, {}), /timestamps/);
        });

        for (const [code, what, change, since = 3] of MUTATIONS) {
          if (generation < since) continue;
          // A proof in a log of one entry has no hash to take away or to flip: that mutation does not exist there.
          const usable = NEEDS_HASH.test(what) ? lines.filter((line) => proof(line).hashes.length > 0) : lines;
          if (usable.length === 0) continue;
          it(`refuses ${what}`, () => {
            for (const line of usable) {
              const copy = { ...structuredClone({ line, root }), spki, keyId };
              change(copy);
              assert.notDeepEqual(copy, { line, root, spki, keyId }, 'the mutation changed nothing');
              assert.throws(() => check(client, copy), (error) => {
                const given = error.code ?? error.message;
                assert.ok(code === DER ? given.startsWith(DER) : given === code, `${given}: ${error.message}`);
                return true;
              });
            }
          });
        }
      });
    });
  });
}

function entry(line) {
  return line.verificationMaterial.tlogEntries[0];
}

function proof(line) {
  return entry(line).inclusionProof;
}

function decode(text) {
  return Buffer.from(text, 'base64');
}

function encode(bytes) {
  return Buffer.from(bytes).toString('base64');
}

/** Replaces the base64 text `object[key]` by that of `change` of its bytes. */
function edit(object, key, change) {
  object[key] = encode(change(decode(object[key])));
}

function flipLast(bytes) {
  bytes[bytes.length - 1] ^= 1;
  return bytes;
}

function flipFirst(bytes) {
  bytes[0] ^= 1;
  return bytes;
}

/** Another digest in an entry that still parses. */
function flipDigestInBody(bytes) {
  const body = JSON.parse(bytes.toString());
  edit(body.spec.dsseV002.payloadHash, 'digest', flipLast);
  return Buffer.from(JSON.stringify(body));
}

function doubleSignatureInBody(bytes) {
  const body = JSON.parse(bytes.toString());
  body.spec.dsseV002.signatures.push(body.spec.dsseV002.signatures[0]);
  return Buffer.from(JSON.stringify(body));
}

function changeCheckpoint(line, change) {
  const checkpoint = proof(line).checkpoint;
  const lines = checkpoint.envelope.split('\n');
  change(lines);
  checkpoint.envelope = lines.join('\n');
}

/** Position of the log's own Ed25519 line: the one whose key id starts the root's log id. */
function logSignatureLine(lines, root) {
  const id = decode(root.tlogs[0].logId.keyId).subarray(0, 4);
  const at = lines.findIndex((text) => {
    const [dash, name, blob] = text.split(' ');
    return dash === '\u2014' && name === lines[0] && decode(blob).subarray(0, 4).equals(id);
  });
  assert.notEqual(at, -1, 'the checkpoint has no signature by the log');
  return at;
}

/** Fixed-width r and s of a DER signature: `30 len 02 len r 02 len s`. */
function rawFromDer(der) {
  const number = (at) => {
    const digits = der.subarray(at + 2, at + 2 + der[at + 1]);
    return Buffer.concat([Buffer.alloc(32), digits]).subarray(-32);
  };
  const rAt = 2;
  const sAt = rAt + 2 + der[rAt + 1];
  return Buffer.concat([number(rAt), number(sAt)]);
}

/** The base point of P-256 as a public key: private scalar 1, so a key that nobody uses. */
const OTHER_SPKI = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0'
    + 'f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
);

/** The Ed25519 key of RFC 8032, section 7.1, test 1, as SPKI. */
const OTHER_LOG_SPKI = Buffer.from(
  '302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  'hex',
);
