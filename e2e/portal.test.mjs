// The portal's pages in a real browser: every page that links lead to, with scripts on and off, light and dark, narrow
// and wide. Pictures of all of them are left in target/pictures for a person to look at; pixels decide nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { look, openBrowser } from './browser.mjs';
import { startDemo } from './demo.mjs';

const SCHEMES = ['light', 'dark'];
const WIDTHS = [360, 1280];
/** Pages of one kind look alike; this many of each kind are looked at. */
const OF_ONE_KIND = 2;
const PROGRAMS = process.env.VITRINE_PROGRAMS ?? fileURLToPath(new URL('../target/release', import.meta.url));
const PICTURES = fileURLToPath(new URL('../target/pictures', import.meta.url));

let browser;
before(async () => { browser = await openBrowser(); });
after(async () => { await browser.close(); });

describe('the portals of the demo', () => {
  let demo;
  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    demo = await startDemo();
  });
  after(async () => { await demo?.stop(); });

  const url = (name, path) => demo.portals.find((portal) => portal.name === name).url + path;

  for (const name of ['publisher', 'europe']) {
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        // Scripts change no colour: without them, one scheme is enough.
        for (const scripts of colorScheme === 'light' ? [true, false] : [true]) {
          const how = `${width} px, ${colorScheme}, scripts ${scripts ? 'on' : 'off'}`;
          it(`of ${name} are in order at ${how}`, async () => {
            const context = await browser.newContext({
              colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce',
            });
            const picture = scripts ? `${name}-${width}-${colorScheme}` : undefined;
            const faults = await walk(context, url(name, '/'), { scripts, picture });
            await context.close();
            assert.deepEqual(faults, []);
          });
        }
      }
    }
  }

  it('show for the published program, by the form and without scripts, the very checks of `vitrine verify` (P1)', async () => {
    const at = (name) => join(demo.folder, name);
    const digest = createHash('sha256').update(readFileSync(at('artifact'))).digest('hex');
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await askFor(context, digest);
    assert.equal(await page.locator('main .word').first().innerText(), 'accepted');
    const rows = await page.locator('main ul.checks .row').allInnerTexts();

    const words = ['verify', '--no-state', '--bundle', at('artifact.bundle.jsonl'), '--policy', at('policy.toml'), at('artifact')];
    const printed = execFileSync(join(PROGRAMS, 'vitrine'), words, { encoding: 'utf8' });
    const lines = printed.split('\n').filter((line) => /^ {2}(ok|note|wait|FAIL) /.test(line));
    const asWords = (texts) => texts.map((text) => text.trim().split(/\s+/).join(' '));
    assert.notEqual(lines.length, 0);
    assert.deepEqual(asWords(rows), asWords(lines));
    await context.close();
  });

  it('do not accept a digest that is in no log', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await askFor(context, 'ab'.repeat(32));
    const text = await page.locator('main').innerText();
    assert.match(text, /undecided/);
    assert.doesNotMatch(text, /accepted/);
    await context.close();
  });

  async function askFor(context, digest) {
    const page = await context.newPage();
    await page.goto(url('europe', '/verify'));
    await page.locator('main input[name="d"]').fill(digest);
    await page.locator('main input[name="d"]').press('Enter');
    await page.waitForURL((address) => address.pathname !== '/verify' || address.searchParams.has('d'));
    return page;
  }
});

/** Follows links from `start` and looks at each page; all faults, each with its address. */
async function walk(context, start, { scripts, picture }) {
  const faults = [];
  const seen = new Set([start]);
  const kinds = new Map();
  const waiting = [start];
  while (waiting.length > 0) {
    const address = waiting.shift();
    const { pathname } = new URL(address);
    if (NOT_PAGES.some((pattern) => pattern.test(pathname))) continue;
    const kind = kindOf(pathname);
    const looked = kinds.get(kind) ?? 0;
    if (looked >= OF_ONE_KIND) continue;
    kinds.set(kind, looked + 1);

    const { faults: found, links, page, status, isPage } = await look(context, address, { scripts });
    if (status !== 200) found.push(`a link leads to status ${status}`);
    if (picture && isPage) {
      const name = `${kind.replaceAll('/', '_').replaceAll(/[{}]/g, '')}${looked || ''}`;
      await page.screenshot({ path: join(PICTURES, `${picture}${name}.png`), fullPage: true });
    }
    await page.close();
    faults.push(...found.map((fault) => `${address}: ${fault}`));
    for (const link of links.filter((link) => !seen.has(link))) {
      seen.add(link);
      waiting.push(link);
    }
  }
  return faults;
}

/** An address with its ids and numbers taken out: pages of one kind share it. */
function kindOf(pathname) {
  return pathname.split('/').map((part) => (/^([0-9]+|[0-9a-f]{16,64})$/.test(part) ? '{id}' : part)).join('/');
}

/** Files and JSON, which are no pages. */
const NOT_PAGES = [
  /^\/api\//, /\/checks$/, /^\/bundle\//, /^\/proof\//, /^\/tile\//, /^\/assets\//, /\.[a-z0-9-]+$/, /^\/checkpoint$/,
];
