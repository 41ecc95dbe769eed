// What the tuner remembers in Node (src/node/tuning-file.ts): found again for the same adapter and driver, and for no other;
// a file that is damaged or foreign is ignored with one line; writers do not lose each other's files.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tuningFile } from '../../../src/node/tuning-file.js';
import { hashTexts, type TunedMatmul, tunedOn } from '../../../src/profile/tuning-cache.js';

const ON = { adapter: 'NVIDIA H100', driver: 'vulkan nvidia 570.1' };
const ONE: TunedMatmul = { variant: 'tiled', us: 10, defaultUs: 20, shaders: 'abc' };
const MATMULS = { 'NT 1x2x3': ONE };

const folders: string[] = [];
function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-tuning-'));
  folders.push(made);
  return made;
}
test.after(() => {
  for (const each of folders) fs.rmSync(each, { recursive: true, force: true });
});

function cacheIn(...in_: string[]) {
  const told: string[] = [];
  return { told, cache: tuningFile({ folders: in_, onIgnored: (line) => told.push(line) }) };
}

const onlyFile = (dir: string) => {
  const [name, ...more] = fs.readdirSync(dir);
  assert.ok(name);
  assert.equal(more, []);
  return path.join(dir, name);
};

test('what was written is read by the next process, and added to', async () => {
  const dir = path.join(folder(), 'not', 'there', 'yet');
  const { cache, told } = cacheIn(dir);
  assert.equal(await cache.read(ON), {});
  await cache.write(ON, MATMULS);
  const other = { ...ONE, variant: 'registers:8' };
  await cacheIn(dir).cache.write(ON, { 'TN 4x5x6': other });
  assert.equal(await cacheIn(dir).cache.read(ON), { ...MATMULS, 'TN 4x5x6': other });
  await cache.write(ON, { 'NT 1x2x3': other });
  assert.equal((await cache.read(ON))['NT 1x2x3'], other, 'the newest holds');
  assert.equal(told, []);
  onlyFile(dir); // nothing half-written is left
});

test('another adapter or driver has a file of its own', async () => {
  const dir = folder();
  const { cache, told } = cacheIn(dir);
  await cache.write(ON, MATMULS);
  assert.equal(await cache.read({ ...ON, driver: 'vulkan nvidia 580.2' }), {});
  assert.equal(await cache.read({ ...ON, adapter: 'NVIDIA A100' }), {});
  await cache.write({ ...ON, driver: 'vulkan nvidia 580.2' }, { 'NT 1x2x3': { ...ONE, variant: 'registers:8' } });
  assert.equal(await cache.read(ON), MATMULS);
  assert.equal(told, []);
});

const GOOD = { tuning: 1, ...ON, matmuls: MATMULS };
for (const [what, text, told] of [
  ['cut off', JSON.stringify(GOOD).slice(0, 50), /JSON/],
  ['empty', '', /JSON/],
  ['null', 'null', /"tuning" is missing, must be 1/],
  ['of another version', JSON.stringify({ ...GOOD, tuning: 2 }), /"tuning" is 2, must be 1/],
  ['of another adapter', JSON.stringify({ ...GOOD, adapter: 'x' }), /it is of another adapter or driver/],
  ['of another driver', JSON.stringify({ ...GOOD, driver: 'x' }), /it is of another adapter or driver/],
  ['without matmuls', JSON.stringify({ ...GOOD, matmuls: undefined }), /"matmuls" is not what a tuner wrote/],
  ['with a matmul that is none', JSON.stringify({ ...GOOD, matmuls: { a: 1 } }), /"matmuls" is not what a tuner wrote/],
  ['with one matmul that is none', JSON.stringify({ ...GOOD, matmuls: { ...MATMULS, b: 1 } }), /"matmuls" is not/],
  ['with a time that is none', JSON.stringify({ ...GOOD, matmuls: { a: { ...ONE, us: 0 } } }), /"matmuls" is not/],
] as const)
  test(`a file that is ${what} is ignored with one line, and replaced`, async () => {
    const dir = folder();
    await cacheIn(dir).cache.write(ON, { x: ONE });
    const file = onlyFile(dir);
    fs.writeFileSync(file, text);
    const { cache, told: lines } = cacheIn(dir);
    assert.equal(await cache.read(ON), {});
    assert.is(lines.length, 1);
    assert.match(lines[0] ?? '', told);
    assert.ok(lines[0]?.startsWith(`${file} is ignored: `) && lines[0].endsWith('; --retune replaces it'), lines[0]);
    assert.not.match(lines[0] ?? '', /\n/);
    await cache.write(ON, MATMULS);
    const again = cacheIn(dir);
    assert.equal(await again.cache.read(ON), MATMULS);
    assert.equal(again.told, []);
  });

test('where the first folder cannot be written the next is, and both are read', async () => {
  const [file, second] = [path.join(folder(), 'a file'), folder()];
  fs.writeFileSync(file, '');
  const { cache, told } = cacheIn(path.join(file, 'in it'), second);
  await cache.write(ON, MATMULS);
  assert.equal(await cache.read(ON), MATMULS);
  assert.equal(told, []);
});

test('where none can be written it says so in one line, and tuning goes on', async () => {
  const file = path.join(folder(), 'a file');
  fs.writeFileSync(file, '');
  const { cache, told } = cacheIn(path.join(file, 'in it'));
  await cache.write(ON, MATMULS);
  assert.is(told.length, 1);
  assert.match(
    told[0] ?? '',
    /^what was tuned is not remembered \(.*\); make a cache folder writable or set XDG_CACHE_HOME$/,
  );
});

test('writers at the same time leave a whole file', async () => {
  const dir = folder();
  await Promise.all(Array.from({ length: 20 }, (_, i) => cacheIn(dir).cache.write(ON, { [`NT ${i}x1x1`]: ONE })));
  const { cache, told } = cacheIn(dir);
  assert.is(Object.keys(await cache.read(ON)).length, 20);
  assert.equal(told, []);
});

test('an adapter is told by its name, its driver by all that it says', () => {
  const summary = { name: 'GPU', vendor: 'v', architecture: 'a', description: 'driver 1', backend: 'vulkan' };
  const of = (more: object) => tunedOn({ ...summary, kind: 'hardware', software: false, ...more });
  assert.equal(of({}), { adapter: 'GPU', driver: 'vulkan v a driver 1' });
  for (const more of [{ name: 'X' }, { description: 'driver 2' }, { backend: 'd3d12' }, { architecture: 'b' }])
    assert.not.equal(of(more), of({}));
});

test('shaders are told apart by their text, and where one ends', async () => {
  const hashes = await Promise.all([['ab', 'c'], ['a', 'bc'], ['abc'], ['ab', 'c ']].map(hashTexts));
  assert.is(new Set(hashes).size, 4);
  assert.is(await hashTexts(['ab', 'c']), hashes[0]);
});

test.run();
