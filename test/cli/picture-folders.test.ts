// Folders of PNG and JPEG pictures for --data: classes by folder, parts, sizes, what is left out and what is refused by its name.
// How a file is decoded: test/unit/pictures/picture-files.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPictures } from '../../harness/lib/data/picture-folder.js';
import { decodeAll } from '../../harness/lib/pictures/decode-all.js';
import { cleansUp, folder, load, nowhere, refusal } from '../support/programs/data-places.js';

const FIXTURES = JSON.parse(fs.readFileSync('test/unit/pictures/pictures.json', 'utf8')).pictures;
const fixture = (name: string): Buffer => Buffer.from(FIXTURES[name].file, 'base64');
/** A picture of 2x3, all of one brightness. */
const grey = (value: number, height = 2, width = 3) =>
  Buffer.from(encode({ height, width, channels: 1, data: new Uint8Array(height * width).fill(value) }));
const colour = (value: number) =>
  Buffer.from(encode({ height: 2, width: 3, channels: 3, data: new Uint8Array(18).fill(value) }));

/** A folder with these files, by their paths in it. */
function tree(files: Record<string, Buffer | string>): string {
  const root = folder({});
  for (const [file, bytes] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), bytes);
  }
  return root;
}

test('a folder for each class; grey stays grey; hidden files are none, others are named', async () => {
  const root = tree({
    'cat/2.png': grey(20),
    'cat/10.png': grey(30),
    'dog/deep/er/1.PNG': grey(40),
    'dog/.hidden.png': 'nothing',
    'dog/notes.txt': 'some',
    '.git/x.png': grey(1),
    'empty/readme.md': '',
  });
  const { dataset, said, transfers } = await load(root, nowhere());
  assert.equal(
    [dataset.train.shape, dataset.test.shape],
    [
      [2, 2, 3],
      [1, 2, 3],
    ],
  );
  assert.equal(dataset.classes, ['cat', 'dog']);
  assert.equal([...dataset.train.values, ...dataset.test.values].filter((_, i) => i % 6 === 0).sort(), [20, 30, 40]);
  assert.is(said[0], 'left out, as they are neither .png nor .jpg: dog/notes.txt, empty/readme.md');
  assert.equal(transfers.at(-1), [root, 3, 3]);
  assert.is(dataset.what, 'grey pictures, 2 classes by folder');
});

test('train, val and test, with the classes of train, in the order of numbers; some colour makes all of it colour', async () => {
  const root = tree({
    'train/10/a.png': grey(1),
    'train/9/a.png': colour(2),
    'train/9/b.png': grey(3),
    'Test/10/a.png': grey(4),
    'val/9/a.png': grey(5),
    'other/9/notes.txt': 'no picture',
  });
  const { dataset } = await load(root, nowhere());
  assert.equal(
    [dataset.train.shape, dataset.test.shape, dataset.validation?.shape],
    [
      [3, 2, 3, 3],
      [1, 2, 3, 3],
      [1, 2, 3, 3],
    ],
  );
  assert.equal(
    [...dataset.train.values].filter((_, i) => i % 18 === 0),
    [2, 3, 1],
  );
  assert.equal(
    [...(dataset.train.labels ?? []), ...(dataset.test.labels ?? []), ...(dataset.validation?.labels ?? [])],
    [0, 0, 1, 1, 0],
  );
  assert.equal([...dataset.test.values], new Array(18).fill(4));
  const strange = tree({ 'train/a/1.png': grey(1), 'test/b/1.png': grey(1) });
  assert.match(
    await refusal('FormatError', load(strange, nowhere())),
    /test: its folders has the class "b", which the training examples lack, must be one of a; /,
  );
});

test('a class may be called train; what no reading would take is told', async () => {
  const trains = tree({ 'bus/1.png': grey(1), 'car/1.png': grey(2), 'train/1.png': grey(3), 'train/2.png': grey(4) });
  const { dataset } = await load(trains, nowhere());
  assert.equal([dataset.classes, dataset.train.shape[0], dataset.test.shape[0]], [['bus', 'car', 'train'], 3, 1]);
  const both = tree({ 'train/a/1.png': grey(1), 'test/a/1.png': grey(2), 'extra/a/1.png': grey(3) });
  assert.is(
    await refusal('FormatError', load(both, nowhere())),
    `${both} has extra/ beside test/, which has folders of classes: read as parts, the former would be lost, as classes, what is within test/; must have parts or classes alone: move extra/ away, or name one folder`,
  );
  const plain = tree({ 'train/a/1.png': grey(1), '1.png': grey(2) });
  assert.match(await refusal('FormatError', load(plain, nowhere())), /has 1\.png beside train\/, .* move 1\.png away/);
  const twice = tree({ 'train/a/1.png': grey(1), 'val/a/1.png': grey(2), 'valid/a/1.png': grey(3) });
  assert.is(
    await refusal('FormatError', load(twice, nowhere())),
    `${twice} has val/ and valid/, which are both the validation part: one would be left out; must have one of them: put them together, or move one away`,
  );
});

test('files without classes, PNG and JPEG together; black pictures are pixels, too', async () => {
  const root = tree({
    'a.png': fixture('colour'),
    'b.jpg': fixture('colour JPEG'),
    'c.jpeg': fixture('progressive JPEG'),
  });
  const { dataset } = await load(root, nowhere());
  assert.equal([dataset.train.shape, dataset.train.labels], [[2, 13, 11, 3], undefined]);
  const black = await load(tree({ 'a.png': grey(0), 'b.png': grey(1) }), nowhere());
  assert.ok(black.dataset.train.values.every((value) => value <= 1));
});

test('pictures are looked for in train/class/, and no deeper', async () => {
  const { dataset } = await load(tree({ 'train/a/1.png': grey(1), 'train/a/2.png': grey(2) }), nowhere());
  assert.is(dataset.train.shape[0], 1);
  const deep = tree({ 'a/b/c/d/1.png': grey(1) });
  assert.match(await refusal('FormatError', load(deep, nowhere())), /has no file train-images-idx3-ubyte/);
});

test('pictures beside a table: neither is guessed', async () => {
  const root = tree({ 'train/a/1.png': grey(1), 'labels.csv': 'file,label\n1,2\n' });
  assert.is(
    await refusal('ArgumentError', load(root, nowhere())),
    `--data ${root} has pictures and the table labels.csv: which are the data? Name the table itself, or the folder of the pictures, or take one of them out`,
  );
});

test('sizes must agree, or --size makes them', async () => {
  const root = tree({ 'a.png': grey(7), 'b.png': grey(7, 4, 5) });
  assert.is(
    await refusal('FormatError', load(root, nowhere())),
    `${path.join(root, 'b.png')} is 4x5 but ${path.join(root, 'a.png')} is 2x3, must have one size: --size 2x3 resizes all`,
  );
  const { dataset } = await load(root, nowhere(), { size: { height: 3, width: 2 } });
  assert.equal([dataset.train.shape, new Set(dataset.train.values)], [[1, 3, 2], new Set([7])]);
});

test('refused: files that cannot be read, all named; files beside folders; a part without pictures', async () => {
  const root = tree({ 'a.png': grey(7), 'b.png': 'nothing', 'c.jpg': fixture('grey JPEG').subarray(0, 200) });
  fs.symlinkSync(path.join(root, 'gone.png'), path.join(root, 'd.png'));
  const at = (name: string) => path.join(root, name);
  const text = await refusal('FormatError', load(root, nowhere()));
  assert.ok(
    text.startsWith(
      `3 of 4 pictures cannot be read: ${at('b.png')}: it is neither PNG nor JPEG; ${at('c.jpg')}: it is cut off`,
    ),
    text,
  );
  assert.match(text, /d\.png: it cannot be read: ENOENT.*; mend them, or take them out$/);
  assert.match(
    await refusal('FormatError', load(tree({ 'a.png': grey(7), 'b/c.png': grey(7) }), nowhere())),
    /has pictures \(a\.png\) beside folders of pictures \(b\), must have one or the other/,
  );
  const half = tree({ 'train/a/1.png': grey(1), 'test/notes.txt': '' });
  assert.match(await refusal('FormatError', load(half, nowhere())), /test has no \.png or \.jpg file, must have some$/);
});

test('threads decode the same, in the same order, and tell what they cannot read', async () => {
  const root = tree({
    ...Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`${i}.png`, grey(i)])),
    'x.png': fixture('grey'),
  });
  const files = fs.readdirSync(root).map((name) => path.join(root, name));
  const size = { height: 3, width: 2 };
  const told: number[] = [];
  const [here, there] = [
    await decodeAll(files, { size, progress: () => {}, threads: 0 }),
    await decodeAll(files, { size, progress: (done) => told.push(done), threads: 2 }),
  ];
  assert.equal(there, here);
  assert.equal(told.length, 3);
  assert.is(told.at(-1), 91);
  fs.writeFileSync(path.join(root, '5.png'), 'nothing');
  const listener = { say: () => {}, progress: () => {} };
  assert.match(
    await refusal('FormatError', readPictures(root, { size }, listener, 2)),
    /5\.png: it is neither PNG nor JPEG; mend/,
  );
});

cleansUp(test);
test.run();
