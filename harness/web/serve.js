// Builds the page into dist/web/ and serves it: `npm run web`, or `npm run web -- --port 9000`. Any static host can serve
// the folder just as well.
// @ts-check
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildWeb } from '../../build.mjs';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.map', 'application/json'],
  ['.png', 'image/png'],
]);

const folder = fileURLToPath(new URL('../../dist/web/', import.meta.url));
const values = readArguments();
if (values.help) {
  console.log(
    'Builds the page and serves it on this machine.\n\nusage: npm run web [-- --port N]   (default: 8080; 0: any free one)',
  );
  process.exit(0);
}
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`--port ${values.port}: must be an integer from 0 (any free one) to 65535`);
  process.exit(2);
}

await buildWeb();
if (!fs.existsSync(path.join(folder, 'docs')))
  console.log('Without a link to the documentation; with one: npm run docs, then npm run web again');
const server = http.createServer((request, response) => {
  // Only names that the folder holds are known: nothing that is asked for becomes a path.
  const [, asked] = /^\/([^?#]*)(?:[?#].*)?$/.exec(request.url ?? '') ?? [];
  const name = asked === '' ? 'index.html' : asked;
  if (name === undefined || !filesServed().includes(name)) return response.writeHead(404).end();
  const type = TYPES.get(path.extname(name)) ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type }).end(fs.readFileSync(path.join(folder, name)));
});
server.on('error', (error) => {
  console.error(`port ${port} cannot be used (${error.message}); choose another: npm run web -- --port 9000`);
  process.exit(1);
});
server.listen(port, 'localhost', () => {
  const address = server.address();
  const used = typeof address === 'object' && address ? address.port : port;
  console.log(`http://localhost:${used}/  (Ctrl-C ends it)`);
});

/** Relative to the folder, with slashes. */
const filesServed = () =>
  fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .map((name) => name.split(path.sep).join('/'));

function readArguments() {
  try {
    const options = /** @type {const} */ ({
      port: { type: 'string', default: '8080' },
      help: { type: 'boolean', short: 'h' },
    });
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}; usage: npm run web [-- --port N]`);
    process.exit(2);
  }
}
