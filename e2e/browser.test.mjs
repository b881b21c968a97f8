// The look at a page is itself looked at: it sees what is wrong, and only that.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { CSP, look, openBrowser } from './browser.mjs';

let browser;
before(async () => { browser = await openBrowser(); });
after(async () => { await browser.close(); });

describe('the look itself', () => {
  const bad = `<!doctype html><html><head><style>p { color: #777; background: #888 }</style></head><body onload="x()">
    <h1>one</h1><h1>two</h1><img src="http://other.invalid/a.png"><p style="width: 4000px">wide</p>
    <script>document.title = ''</script></body></html>`;
  const good = `<!doctype html><html lang="en"><head><title>good</title></head><body><main><h1>good</h1>
    <a href="/other#part">other</a></main></body></html>`;
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (request.url === '/good') {
      response.setHeader('content-security-policy', CSP);
      response.setHeader('x-content-type-options', 'nosniff');
    }
    if (request.url === '/favicon.ico') response.statusCode = 204;
    response.end(request.url === '/good' ? good : bad);
  });
  let origin;
  before(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());

  it('sees every fault of a bad page', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 800 } });
    const { faults } = await look(context, `${origin}/bad`, { scripts: true });
    await context.close();
    const text = faults.join('\n');
    for (const fault of [
      'asks elsewhere: http://other.invalid/a.png', 'content-security-policy: undefined', 'no nosniff', 'no language',
      'no title', '2 h1', '0 main', '1 elements with a style attribute', 'scrolls sideways', 'axe image-alt',
      'holds a style element', 'holds an inline script', 'holds an inline handler', 'holds a style attribute',
    ]) assert.ok(text.includes(fault), `not seen: ${fault}\nin:\n${text}`);
  });

  it('has nothing against a good page, with scripts on and off', async () => {
    for (const scripts of [true, false]) {
      const context = await browser.newContext();
      const { faults, links } = await look(context, `${origin}/good`, { scripts });
      await context.close();
      assert.deepEqual(faults, []);
      assert.deepEqual(links, [`${origin}/other`]);
    }
  });
});
