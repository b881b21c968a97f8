// The demo as a child: `./dev up --ready FILE`, whose file says that everything is up and where.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * Starts the demo, or takes the one whose ready file VITRINE_READY names.
 *
 * @returns {Promise<{ folder: string, portals: { name: string, url: string }[], stop: () => Promise<void> }>}
 */
export async function startDemo() {
  if (process.env.VITRINE_READY) {
    return { ...JSON.parse(readFileSync(process.env.VITRINE_READY, 'utf8')), stop: async () => {} };
  }
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-e2e-'));
  const ready = join(folder, 'ready.json');
  const root = fileURLToPath(new URL('..', import.meta.url));
  const programs = process.env.VITRINE_PROGRAMS ? ['--programs', process.env.VITRINE_PROGRAMS] : [];
  const child = spawn('./dev', ['up', '--keep', join(folder, 'demo'), '--ready', ready, ...programs], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { said += bytes; });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const stop = async () => {
    child.kill('SIGTERM');
    const code = await ended;
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the demo ended with ${code}:\n${said}`);
  };

  let over = false;
  ended.then(() => { over = true; });
  // No limit of our own: a first build takes as long as it takes, and the demo itself gives up where it must.
  while (!existsSync(ready)) {
    if (over) throw new Error(`the demo ended before it was ready:\n${said}`);
    await sleep(50);
  }
  return { ...JSON.parse(readFileSync(ready, 'utf8')), stop };
}
