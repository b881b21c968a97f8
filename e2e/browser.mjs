// One look at a page in the system's Chromium: what a reader, a screen reader and the network see of it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

/** portal.md §5, word for word. */
export const CSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
  + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * A browser with an empty profile. Everything that would make it talk to its maker is off: no network is there, and no
 * request that is not the page's own shall be seen.
 */
export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'vitrine-browser-'));
  const browser = await chromium.launch({
    executablePath: process.env.VITRINE_BROWSER ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--crash-dumps-dir=${profile}`,
    ],
  });
  return {
    newContext: (options) => browser.newContext(options),
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/**
 * Opens `url` in a fresh page of `context` and lists everything that is wrong with it.
 *
 * Without `scripts` no script file is loaded. The browser's own switch would be stricter, but it stops axe as well; that
 * pages hold no script beside those files is one of the things looked at.
 *
 * @returns the faults, the links to the same origin, the status, whether it is a page at all, and the open page, which the
 * caller closes
 */
export async function look(context, url, { scripts }) {
  const faults = [];
  const { origin } = new URL(url);
  const held = new Set();
  const page = await context.newPage();
  if (!scripts) {
    await page.route(() => true, (route) => {
      if (route.request().resourceType() !== 'script') return route.continue();
      held.add(route.request().url());
      return route.abort();
    });
  }
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`asks elsewhere: ${request.url()}`);
  });
  page.on('console', (message) => {
    // A page that is an error says so in its status; a script that we held back and an icon that a browser asks for
    // unasked are not the page's fault.
    const { url: about } = message.location();
    const isExpected = message.text().startsWith('Failed to load resource')
      && (about === url || held.has(about) || about === `${origin}/favicon.ico`);
    if (message.type() === 'error' && !isExpected) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));

  const response = await page.goto(url, { waitUntil: 'load' });
  const headers = response.headers();
  if (headers['content-security-policy'] !== CSP) {
    faults.push(`content-security-policy: ${headers['content-security-policy']}`);
  }
  if (headers['x-content-type-options'] !== 'nosniff') faults.push('no nosniff');
  if (!headers['content-type']?.startsWith('text/html')) {
    // A text or a file: the browser wraps it in markup of its own, which says nothing about ours.
    return { faults, links: [], page, status: response.status(), isPage: false };
  }
  faults.push(...inlineParts(await response.text()));

  const seen = await page.evaluate(() => ({
    language: document.documentElement.lang,
    title: document.title.trim(),
    answers: document.querySelectorAll('h1').length,
    mains: document.querySelectorAll('main').length,
    styled: document.querySelectorAll('[style]').length,
    sideways: document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth,
    links: [...document.querySelectorAll('a[href]')].map((link) => link.href),
  }));
  if (seen.language === '') faults.push('no language');
  if (seen.title === '') faults.push('no title');
  if (seen.answers !== 1) faults.push(`${seen.answers} h1`);
  if (seen.mains !== 1) faults.push(`${seen.mains} main`);
  if (seen.styled !== 0) faults.push(`${seen.styled} elements with a style attribute`);
  if (seen.sideways > 0) faults.push(`scrolls sideways by ${seen.sideways} px`);

  const { violations } = await new AxeBuilder({ page }).analyze();
  for (const violation of violations) {
    const where = violation.nodes.map((node) => node.target.join(' ')).join(', ');
    faults.push(`axe ${violation.id}: ${violation.help} (${where})`);
  }
  const links = seen.links.filter((link) => link.startsWith(`${origin}/`)).map((link) => link.split('#')[0]);
  return { faults, links: [...new Set(links)], page, status: response.status(), isPage: true };
}

/** Style, script and handlers inside of the text itself, which the policy forbids and a browser drops without a word. */
function inlineParts(html) {
  const parts = {
    'a style attribute': /<[^>]*\sstyle\s*=/i,
    'a style element': /<style[\s>]/i,
    'an inline script': /<script(?![^>]*\ssrc=)[^>]*>/i,
    'an inline handler': /<[^>]*\son[a-z]+\s*=/i,
  };
  return Object.entries(parts).filter(([, pattern]) => pattern.test(html)).map(([name]) => `holds ${name}`);
}
