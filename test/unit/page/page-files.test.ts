// The files that pages load: how large they are, that they load nothing but each other, and that their shaders are the ones
// in shaders/.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/**
 * Bytes, gzipped. 40 KB until snapshots, recovery, errors in words and all dtypes of safetensors came, which took ten;
 * epilogues that end in losses, samples and optimizers took three more, and variants
 * that are pinned, so that a run has the same bits again, one; datasets in several buffers and sizes as data, half of one;
 * examples of any shape and type, scaling, and scores row by row, five; copies of weights in f16, shapes that tell it from
 * f32, and subgroup matrices two and a half; the likelihoods of counts and of a learned variance 2.7, alone and as epilogues.
 * Convolutions, norms, dropout and pools are a file of their own, loaded for the models that have them; what is left of them
 * here takes six and a half, and 1.6 for a quantised code: the checks of their specs, the presets, how a graph is built of them, and how a matmul asks for a
 * view; one for several samples of the code. Integers of 0 and 1 where training takes them are a hundred bytes; rows that become
 * numbers as a pass takes them, and staging buffers that are used again, four hundred; bytes that are scored as bytes, and
 * passes of as many rows as fit, three hundred. The order of the modules is worth some dozens, here and below.
 */
const MOST = 85_100;

for (const [file, most, loads] of [
  ['dist/latentgpu.js', MOST, ['./latentgpu-layers.js']],
  // Of which shaders more than half. Helpers of the engine that it has copies of are one; several samples of the code are four, and
  // vectors of a codebook that are read by four columns, a tenth.
  ['dist/latentgpu-layers.js', 22_800, ['./latentgpu.js']],
  // Sessions on examples of any shape, and pictures in colour, are 700 bytes of each of these two.
  ['dist/latentgpu-worker.js', 8800, ['./latentgpu-profile.js', './latentgpu.js']],
  ['dist/latentgpu-session.js', 7100, ['./latentgpu-profile.js', './latentgpu.js']],
  ['dist/latentgpu-profile.js', 24_500, ['./latentgpu.js']],
  // Classes by name and the means of missing values are 1,100.
  ['dist/latentgpu-data.js', 10_600, ['./latentgpu.js']],
  ['dist/latentgpu-tune.js', 55_600, ['./latentgpu-layers.js', './latentgpu.js']],
] as const)
  test(`${file} is small and loads only its neighbours`, () => {
    const text = read(file);
    const bytes = gzipSync(text, { level: 9 }).length;
    console.log(`${file}: ${(bytes / 1000).toFixed(1)} KB gzipped, of ${most / 1000}`);
    assert.ok(bytes <= most, `${bytes} bytes, must be at most ${most}`);
    const imports = [...text.matchAll(/(?:(?<!")\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
    assert.equal([...new Set(imports)].sort(), [...loads]);
  });

test('what these files take of the engine, it has', async () => {
  const engine = new Set(Object.keys(await import(pathToFileURL(path.join(root, 'dist/latentgpu.js')).href)));
  for (const file of ['layers', 'worker', 'session', 'profile', 'tune', 'data']) {
    const imports = [...read(`dist/latentgpu-${file}.js`).matchAll(/import\{([^}]*)\}from"\.\/latentgpu\.js"/g)];
    const names = imports.flatMap(([, list = '']) => list.split(',').map((one) => one.split(' as ')[0] ?? ''));
    assert.ok(names.length > 0, file);
    assert.equal(
      [...new Set(names)].filter((name) => !engine.has(name)),
      [],
      file,
    );
  }
});

test('an exported page loads no file', () => {
  const { html, script } = JSON.parse(read('dist/export-page.json'));
  assert.match(script, /conv_transpose2d/, 'what the engine loads elsewhere is inside');
  assert.not.match(html + script, /\bimport\s*\(|\b(?:from|import)\s*"\./);
});

/**
 * Bytes, gzipped, of what every visit loads: 0.9 s at 1.5 Mbit/s, a slow phone. Layers that are not linear, readers of files,
 * profiler and benchmark come when somebody asks for them.
 */
const MOST_PAGE = 170_000;
const ON_DEMAND = ['cpu', 'files', 'layers', 'profile', 'serve'];
/** Data, and not compressed: what the page opens with comes while the engine starts. */
const MODEL = 'pretrained.safetensors';
const MOST_MODEL = 500_000;

/** The files that a script of the page imports before it runs, itself too. */
function loadedWith(script: string, seen = new Set<string>()): Set<string> {
  if (seen.has(script)) return seen;
  seen.add(script);
  for (const [, name = ''] of read(`dist/web/${script}`).matchAll(/\b(?:from|import)\s*"\.\/([^"]+)"/g))
    loadedWith(name, seen);
  return seen;
}

test('the page of harness/web is small', () => {
  const files = fs.readdirSync(path.join(root, 'dist/web')).filter((file) => /\.(html|css|js|svg)$/.test(file)); // not the model, not the documentation
  const scripts = new Set(['main.js', 'worker.js', 'data-worker.js'].flatMap((script) => [...loadedWith(script)]));
  const [first, later] = [true, false].map((isLoaded) =>
    files
      .filter((file) => (!file.endsWith('.js') || scripts.has(file)) === isLoaded)
      .map((file) => [file, gzipSync(read(`dist/web/${file}`), { level: 9 }).length] as const),
  ) as [[string, number][], [string, number][]];
  const sum = first.reduce((all, [, bytes]) => all + bytes, 0);
  const told = (sizes: [string, number][]) =>
    sizes.map(([file, bytes]) => `${file} ${(bytes / 1000).toFixed(1)}`).join(', ');
  console.log(
    `dist/web: ${told(first)}: ${(sum / 1000).toFixed(1)} KB gzipped, of ${MOST_PAGE / 1000}; on demand ${told(later)}`,
  );
  assert.ok(first.length > 5, 'the scripts are found');
  const names = later.map(([file]) => file.split('-')[0] ?? '').filter((name) => name !== 'chunk');
  assert.equal(names, ON_DEMAND);
  assert.ok(sum <= MOST_PAGE, `${sum} bytes, must be at most ${MOST_PAGE}`);
});

test('the model that the page opens with is small', () => {
  const { size } = fs.statSync(path.join(root, 'dist/web', MODEL));
  console.log(`dist/web/${MODEL}: ${(size / 1000).toFixed(1)} KB, of ${MOST_MODEL / 1000}`);
  assert.ok(size <= MOST_MODEL, `${size} bytes, must be at most ${MOST_MODEL}`);
});

test('what package.json exports, or starts, is built and published', () => {
  const { exports, imports, bin, files, dependencies } = JSON.parse(read('package.json'));
  assert.equal(Object.keys(dependencies), ['webgpu'], 'which only Node needs');
  const named = ['.', './data', './worker', './session', './profile', './tune', './node'].map(
    (name) => exports[name].default,
  );
  for (const name of [...named, imports['#harness'], bin.latentgpu]) {
    const file = path.posix.normalize(name);
    assert.ok(fs.existsSync(path.join(root, file)), file);
    const published = files.some((pattern: string) =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[^/]*')}$`).test(file),
    );
    assert.ok(published, `${file} is not in "files"`);
  }
});

/** The words, numbers and signs of WGSL; the longest sign wins, as in WGSL. */
const tokens = (text: string) => text.match(/[\w.]+|@|->|[<>]{2}=?|&&|\|\||\+\+|--|[-+*/%&|^<>=!]=|\S/g) ?? [];

test('stripped shaders are the same tokens', () => {
  const script = `
    import { stripWgsl } from './build.mjs';
    import fs from 'node:fs';
    const files = fs.readdirSync('shaders', { recursive: true }).filter((file) => file.endsWith('.wgsl'));
    const all = files.map((file) => [file, stripWgsl(fs.readFileSync('shaders/' + file, 'utf8'))]);
    console.log(JSON.stringify(all));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  const all: [string, string][] = JSON.parse(stdout || '[]');
  assert.ok(all.length > 50, stderr);
  for (const [file, stripped] of all) {
    const text = read(`shaders/${file}`).replace(/\/\/.*/g, '');
    assert.equal(tokens(stripped), tokens(text), file);
    assert.not.match(stripped, /\/\/|^\s|^$/m, file);
  }
});

test.run();
