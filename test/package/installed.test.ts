// The package as its users get it: packed, installed into an empty folder, and there the README's examples and every
// command. Nothing may be imported from outside that folder: a file that is missing in "files" or a package that is only
// here as a dev dependency ends a program.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServedFile } from '../browser/chromium.js';
import { closeBrowser } from '../browser/page.js';
import { checkReadmePage } from '../browser/readme-page.js';
import { ADAPTER, own } from '../support/programs/programs.js';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
const PATIENCE_MS = 240_000;

/**
 * Bytes of the tarball; 365 KB of it are what the programs need of npm, of that 270 Vega's charts and 35 readers of .parquet and
 * JPEG; 100 are the page of `export --html`, 55 the tuner for pages, 211 the library in Node, most of it shaders.
 */
const MOST_PACKED = 1_185_000;

// The temporary folder has no node_modules above it, as a checkout has.
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-installed-')));
const at = (...names: string[]) => path.join(folder, ...names);
const installed = (...names: string[]) => at('node_modules/latentgpu', ...names);
const runs = at('runs/first');

const IMPORTS = at('imports.txt');
/** Writes down every file that a program of this folder imports or requires; npx is no such program. */
const WATCH = `
  import fs from 'node:fs';
  import Module, { register } from 'node:module';
  const note = (file) => fs.appendFileSync(${JSON.stringify(IMPORTS)}, file + '\\n');
  if (process.argv[1]?.startsWith(${JSON.stringify(folder)})) {
    const hooks = \`
      import fs from 'node:fs';
      export async function resolve(specifier, context, next) {
        const found = await next(specifier, context);
        fs.appendFileSync(${JSON.stringify(IMPORTS)}, found.url + '\\\\n');
        return found;
      }\`;
    register('data:text/javascript,' + encodeURIComponent(hooks));
    const find = Module._resolveFilename;
    Module._resolveFilename = function (...args) {
      const file = find.apply(this, args);
      note(file);
      return file;
    };
  }`;

/** Of npm's own variables, which it gives to the scripts that it runs, none: a user's shell has none. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|NODE_)/.test(name)),
);

function run(command: string, args: string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    env: { ...environment, NODE_OPTIONS: `--import=${pathToFileURL(at('watch.mjs')).href}` },
  });
  if (error) throw error;
  return { status, out: stdout, err: own(stderr) };
}

/** Runs a command of the package by npx; it must end well. @returns what it printed */
function latentgpu(...args: string[]): string {
  const { status, out, err } = run('npx', ['--no-install', 'latentgpu', ...args]);
  assert.is(status, 0, `latentgpu ${args.join(' ')}\n${out}${err}`);
  return out;
}

const files = (...names: string[]) => fs.readdirSync(path.join(runs, ...names)).sort();

test.before(() => {
  const pack = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
  });
  const tarball = at(String(pack).trim());
  const { size } = fs.statSync(tarball);
  console.log(`${path.basename(tarball)}: ${(size / 1000).toFixed(1)} KB packed, of ${MOST_PACKED / 1000}`);
  assert.ok(size <= MOST_PACKED, `${size} bytes packed, must be at most ${MOST_PACKED}`);
  fs.writeFileSync(at('package.json'), '{ "private": true }');
  fs.writeFileSync(at('watch.mjs'), WATCH);
  fs.writeFileSync(IMPORTS, '');
  // Where SwiftShader is what there is to train on, it comes from npm, as for a user of such a machine.
  const { devDependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const chromium = '@sparticuz/chromium';
  const driver = ADAPTER === 'swiftshader' ? [`${chromium}@${devDependencies[chromium]}`] : [];
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...driver], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment,
  });
  const brought = Object.keys(devDependencies).filter((name) => fs.existsSync(at('node_modules', name)));
  // @webgpu/types is a dependency of webgpu.
  assert.equal(
    brought.filter((name) => name !== chromium),
    ['@webgpu/types'],
    'dev dependencies that are installed with it',
  );
});

test("the README's library example runs", () => {
  const readme = fs.readFileSync(installed('README.md'), 'utf8');
  fs.writeFileSync(at('example.mjs'), /```js\n(.*?)```/s.exec(readme)?.[1] ?? 'throw new Error("no example")');
  const { status, out, err } = run(process.execPath, [at('example.mjs')]);
  assert.is(status, 0, err);
  assert.match(out, /^epoch 2: train [\d.]+, test [\d.]+ nats an image$/m);
});

test("the README's page runs with the installed files", async () => {
  const served = ['latentgpu.js', 'latentgpu-worker.js', 'latentgpu-profile.js'].map((name): [string, ServedFile] => [
    `/${name}`,
    { type: 'text/javascript', body: fs.readFileSync(installed('dist', name)) },
  ]);
  await checkReadmePage(served);
});

test('npx latentgpu train --steps 20 leaves what it leaves in a checkout', () => {
  const small = ['--hidden', '64', '--latent', '8', '--batch', '32'];
  const out = latentgpu('train', '--data', 'digits', '--steps', '20', ...small, '--adapter', ADAPTER, '--out', runs);
  assert.match(out, /^training {2}20 steps/m);
  assert.equal(files(), [
    'checkpoints',
    'loss.svg',
    'metrics.jsonl',
    'model.safetensors',
    'reconstructions.png',
    'run.json',
    'samples.png',
  ]);
  const { state, versions } = JSON.parse(fs.readFileSync(path.join(runs, 'run.json'), 'utf8'));
  const { version } = JSON.parse(fs.readFileSync(installed('package.json'), 'utf8'));
  assert.equal([state, versions.latentgpu], ['done', version]);
  assert.match(fs.readFileSync(path.join(runs, 'loss.svg'), 'utf8'), /^<svg .*test/s);
});

test('generate, inspect and export use the run', () => {
  latentgpu('generate', '--run', runs, '--adapter', ADAPTER);
  const made = files('generated');
  for (const name of ['codes.npy', 'codes.svg', 'grid.png', 'samples.png', 'walk.png'])
    assert.ok(made.includes(name), `${made}`);
  assert.match(latentgpu('inspect', runs), /encoder\.0\.weight/);
  latentgpu('export', '--run', runs);
  assert.equal(files('exported'), ['autoencoder.onnx', 'decoder.onnx', 'encoder.onnx']);
});

test('profile, bench and doctor run', () => {
  const small = ['--data', 'digits', '--hidden', '64', '--latent', '8', '--steps', '5'];
  assert.match(latentgpu('profile', ...small, '--adapter', ADAPTER), /^kernels +[\d.]+ /m);
  assert.match(
    latentgpu('bench', '--matmul', '--size', '16', '--adapter', ADAPTER),
    /^square +NT +16 x 16 x 16 .*<- best/m,
  );
  const { versions } = JSON.parse(latentgpu('doctor', '--json'));
  assert.is(versions.node, process.versions.node);
});

test('errors name the command that was typed', () => {
  const { status, err } = run('npx', ['--no-install', 'latentgpu', 'export', '--run', at('nothing')]);
  assert.is(status, 2);
  assert.match(err, /; name the folder of a run of latentgpu train\n$/);
  assert.match(latentgpu('train', '--help'), /^usage: npx latentgpu train \[flags\]$/m);
});

test('nothing was imported from outside the folder', () => {
  const seen = new Set(fs.readFileSync(IMPORTS, 'utf8').trim().split('\n'));
  const paths = [...seen].filter((name) => name.startsWith('file:') || path.isAbsolute(name));
  const inside = (name: string) => name.startsWith(folder) || name.startsWith(pathToFileURL(folder).href);
  assert.equal(
    paths.filter((name) => !inside(name)),
    [],
  );
  // And it was watched: what train and export import is among them.
  for (const name of ['harness.js', 'node.js', 'vendor/vega-lite.js', 'vendor/onnx-proto.js'])
    assert.ok(seen.has(pathToFileURL(installed('dist', name)).href), `${name} was not imported`);
});

test.after(async () => {
  await closeBrowser();
  fs.rmSync(folder, { recursive: true, force: true });
});
test.run();
