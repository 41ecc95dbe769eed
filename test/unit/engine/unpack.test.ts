// src/node/unpack.ts: the cache folder is atomic, falls back, and archives that are cut off are noticed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError, FormatError } from '../../../src/errors.js';
import { cached, cacheFolders, findPackage, unpackTarBrotli } from '../../../src/node/unpack.js';

const test = suite<{ dir: string }>('unpack');

test.before.each((context) => {
  context.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-unpack-'));
});

test.after.each(({ dir }) => {
  fs.rmSync(dir, { recursive: true, force: true });
});

/** A tar.br with these files. `cut`: bytes to leave out at the end of the tar. */
function archive(dir: string, files: Record<string, string>, cut = 0): string {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(text.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    const body = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    body.write(text);
    return [header, body];
  });
  const tar = Buffer.concat([...blocks, Buffer.alloc(1024)]);
  const file = path.join(dir, 'files.tar.br');
  fs.writeFileSync(file, brotliCompressSync(tar.subarray(0, tar.length - cut)));
  return file;
}

const writeOne = async (dir: string) => fs.writeFileSync(path.join(dir, 'a'), 'a');

test('a folder is filled once', async ({ dir }) => {
  let fills = 0;
  const fill = async (folder: string) => {
    fills++;
    await writeOne(folder);
  };
  const first = await cached('x-1', fill, [dir]);
  assert.is(await cached('x-1', fill, [dir]), first);
  assert.is(fills, 1);
  assert.equal(fs.readdirSync(dir), ['x-1'], 'nothing temporary is left');
  assert.is(fs.readFileSync(path.join(first, 'a'), 'utf8'), 'a');
});

test('several at once: all get the one complete folder', async ({ dir }) => {
  const fill = async (folder: string) => {
    fs.writeFileSync(path.join(folder, 'a'), 'half');
    await new Promise((resolve) => setTimeout(resolve, 5));
    fs.writeFileSync(path.join(folder, 'a'), 'whole');
  };
  const folders = await Promise.all([1, 2, 3, 4].map(() => cached('x-1', fill, [dir])));
  assert.is(new Set(folders).size, 1);
  assert.is(fs.readFileSync(path.join(dir, 'x-1', 'a'), 'utf8'), 'whole');
  assert.equal(fs.readdirSync(dir), ['x-1']);
});

test('what fails to fill leaves nothing', async ({ dir }) => {
  const broken = async (folder: string) => {
    await writeOne(folder);
    throw new FormatError('broken');
  };
  await cached('x-1', broken, [dir]).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, FormatError),
  );
  assert.equal(fs.readdirSync(dir), []);
});

test('the first folder that can be written is used, and one that is filled before all', async ({ dir }) => {
  const file = path.join(dir, 'file');
  fs.writeFileSync(file, '');
  const folders = [path.join(file, 'no-folder'), path.join(dir, 'second'), path.join(dir, 'third')];
  assert.is(await cached('x-1', writeOne, folders), path.join(dir, 'second', 'x-1'));
  fs.mkdirSync(path.join(dir, 'third', 'y-1'), { recursive: true });
  assert.is(await cached('y-1', writeOne, folders), path.join(dir, 'third', 'y-1'));
});

test('no folder can be written: each is named with its reason', async ({ dir }) => {
  const file = path.join(dir, 'file');
  fs.writeFileSync(file, '');
  const error = await cached('x-1', writeOne, [path.join(file, 'one'), path.join(file, 'two')]).catch((e) => e);
  assert.instance(error, DeviceError);
  assert.match(
    error.message,
    /cannot unpack x-1: none of the cache folders.*one: ENOTDIR.*two: ENOTDIR.*XDG_CACHE_HOME/,
  );
});

test('an abandoned half-filled folder is removed, one that is being filled is not', async ({ dir }) => {
  for (const name of ['x-1.part-old', 'x-1.part-new', 'unrelated']) fs.mkdirSync(path.join(dir, name));
  fs.utimesSync(path.join(dir, 'x-1.part-old'), 0, 0);
  fs.utimesSync(path.join(dir, 'unrelated'), 0, 0);
  await cached('x-1', writeOne, [dir]);
  assert.equal(fs.readdirSync(dir).sort(), ['unrelated', 'x-1', 'x-1.part-new']);
});

test('a temp folder that somebody else could have filled is not used', ({ dir }) => {
  if (process.getuid === undefined) return; // no such thing where there are no user ids
  const before = process.env.TMPDIR;
  process.env.TMPDIR = dir;
  try {
    const folder = path.join(dir, `latentgpu-${process.getuid()}`);
    assert.ok(cacheFolders().includes(folder), 'used when it does not exist yet');
    fs.mkdirSync(folder, { mode: 0o755 });
    assert.ok(cacheFolders().includes(folder), 'used when it is our own');
    fs.chmodSync(folder, 0o777);
    assert.not.ok(cacheFolders().includes(folder), 'not used when all may write');
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('a tar.br is unpacked flat; sizes around a block', async ({ dir }) => {
  const files = { 'lib/empty': '', 'lib/one': 'x'.repeat(511), two: 'y'.repeat(512), three: 'z'.repeat(513) };
  const out = path.join(dir, 'out');
  fs.mkdirSync(out);
  await unpackTarBrotli(archive(dir, files), out);
  for (const [name, text] of Object.entries(files))
    assert.is(fs.readFileSync(path.join(out, path.basename(name)), 'utf8'), text, name);
  assert.is(fs.readdirSync(out).length, 4);
});

test('only the files that are asked for are written; one that is not there is an error', async ({ dir }) => {
  const out = path.join(dir, 'out');
  fs.mkdirSync(out);
  const file = archive(dir, { a: 'a', b: 'b' });
  await unpackTarBrotli(file, out, ['b']);
  assert.equal(fs.readdirSync(out), ['b']);
  const error = await unpackTarBrotli(file, out, ['b', 'c']).catch((e) => e);
  assert.instance(error, FormatError);
  assert.match(error.message, /files\.tar\.br lacks c/);
});

test('an archive that is cut off is an error', async ({ dir }) => {
  const error = await unpackTarBrotli(archive(dir, { a: 'a'.repeat(600) }, 1024 + 500), dir).catch((e) => e);
  assert.instance(error, FormatError);
  assert.match(error.message, /files\.tar\.br is cut off in a: reinstall/);
});

test('packages are found whatever they export', () => {
  assert.match(findPackage('webgpu')?.version ?? '', /^\d+\.\d+\.\d+/);
  assert.is(findPackage('@latentgpu/there-is-no-such-package'), undefined);
});

test.run();
