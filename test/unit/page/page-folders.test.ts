// Folders of pictures on the page of harness/web: which parts and classes their paths say.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { placesOf } from '../../../harness/web/data/folders.js';

const said = (...paths: string[]) =>
  placesOf(paths).map(({ part, label }) => `${part}${label === undefined ? '' : ` ${label}`}`);

for (const [name, paths, want] of [
  ['plain files', ['a.png', 'b.png'], ['train', 'train']],
  ['one folder of plain files', ['all/a.png', 'all/b.png'], ['train', 'train']],
  ['a folder for each class', ['all/cat/a.png', 'all/dog/deep/b.png'], ['train cat', 'train dog']],
  ['classes that are dropped side by side', ['cat/a.png', 'dog/b.png'], ['train cat', 'train dog']],
  ['parts', ['all/train/a.png', 'all/test/b.png', 'all/val/c.png'], ['train', 'test', 'validation']],
  [
    'parts of classes',
    ['x/Train/cat/a.png', 'x/Test/cat/b.png', 'x/Train/dog/c.png'],
    ['train cat', 'test cat', 'train dog'],
  ],
  ['a class called test, without train', ['all/test/a.png', 'all/dog/b.png'], ['train test', 'train dog']],
  [
    'a class called train',
    ['all/train/a.png', 'all/test/b.png', 'all/dog/c.png'],
    ['train train', 'train test', 'train dog'],
  ],
  ['a training part alone', ['all/train/cat/a.png', 'all/train/dog/b.png'], ['train cat', 'train dog']],
] as const)
  test(`${name}: ${paths.join(', ')}`, () => assert.equal(said(...paths), [...want]));

test('plain pictures beside folders of pictures are told by name', () => {
  assert.throws(
    () => said('all/plain.png', 'all/cat/a.png'),
    /^pictures \(all\/plain\.png\) beside folders of pictures \(all\/cat\/a\.png\), must be one or the other: a folder for each class, or no classes$/,
  );
});

test('what is beside parts that have classes would be a class, and these lost: told by name', () => {
  const message = (path: string) =>
    `pictures (${path}) beside the folder train, which has folders of classes (flowers/train/rose/1.png): must be parts (train, val, test) or classes alone; move the former away, or choose one folder`;
  for (const stray of ['flowers/extra/rose/1.png', 'flowers/extra/1.png', 'flowers/1.png'])
    assert.throws(
      () => said('flowers/train/rose/1.png', 'flowers/test/rose/1.png', stray),
      ({ message: told }: Error) => told === message(stray),
    );
});

test('two folders of one part are told by name', () => {
  assert.throws(
    () => said('all/train/a.png', 'all/val/b.png', 'all/valid/c.png'),
    /^the folders val and valid are both the validation part, must be one of them: put them together, or leave one out$/,
  );
});

test.run();
