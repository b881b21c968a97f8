// The folder that `./dev up --once --keep DIR` left, judged by the program at a customer, which knows no server.
//
// VITRINE_KEEP names the folder, VITRINE_PROGRAMS the one with the programs. `./dev test` sets both.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const KEEP = process.env.VITRINE_KEEP;
const PROGRAMS = process.env.VITRINE_PROGRAMS;
/** Bytes tried of each file: each try is a whole process, and each one of the artifact writes all of it. */
const TRIES = { artifact: 40, 'artifact.bundle.jsonl': 1000, 'policy.toml': 1000 };
/** Processes at a time. */
const AT_ONCE = 4;

describe('the kept folder', { skip: !KEEP && 'VITRINE_KEEP names no folder' }, () => {
  const original = Object.fromEntries(Object.keys(TRIES)
    .map((name) => [name, readFileSync(join(KEEP ?? '', name))]));
  let folder;
  before(() => { folder = mkdtempSync(join(tmpdir(), 'vitrine-kept-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is accepted as it is', async () => {
    const { code, answer, errors } = await verify({});
    assert.equal(code, 0, answer + errors);
    assert.match(answer, /^accepted/);
  });

  for (const name of Object.keys(original)) {
    it(`is never accepted with one byte of ${name} changed`, async () => {
      const bytes = original[name];
      const step = Math.max(1, Math.floor(bytes.length / TRIES[name]));
      const positions = Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) => index * step);
      await inParallel(positions, async (position) => {
        const changed = Buffer.from(bytes);
        // Another bit at each position, so that digits, letters and signs are all met by small and large changes.
        changed[position] ^= 1 << (position % 8);
        const path = join(folder, `${name}-${position}`);
        writeFileSync(path, changed);
        const { code, answer } = await verify({ [name]: path });
        rmSync(path);
        assert.notEqual(code, 0, `byte ${position}`);
        assert.doesNotMatch(answer, /^accepted/, `byte ${position}`);
        assert.ok([1, 2, 3, 10].includes(code), `byte ${position} ends with ${code}`);
      });
    });
  }

  function verify(changed) {
    const at = (name) => changed[name] ?? join(KEEP, name);
    const words = ['verify', '--no-state', '--bundle', at('artifact.bundle.jsonl'), '--policy', at('policy.toml'), at('artifact')];
    return new Promise((resolve) => {
      execFile(join(PROGRAMS, 'vitrine'), words, (error, answer, errors) => {
        resolve({ code: error ? (error.code ?? error.signal) : 0, answer, errors });
      });
    });
  }
});

/** Runs `work` over all items, some at a time; the first failure ends it. */
async function inParallel(items, work) {
  const rest = items.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const item of rest) await work(item);
  }));
}
