// harness/export.js as its users start it: what the files say of themselves, and what is refused. That ONNX Runtime computes
// the engine's numbers from them is test/onnx.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import {
  conditionalVae,
  decodeSafetensors,
  encodeSafetensors,
  type ModelSpec,
  type NamedTensors,
  weightsFor,
} from 'latentgpu/node';
import proto from 'onnx-proto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram, writeBars } from '../support/programs/programs.js';

const { ModelProto } = proto.onnx;
const SPEC = conditionalVae({ pixels: 16, hidden: [3], latent: 2, classes: 4, activation: 'gelu' });
const SHAPES: [string, number[]][] = [
  ['encoder.0.weight', [3, 20]],
  ['encoder.0.bias', [3]],
  ['mu.weight', [2, 3]],
  ['log_var.weight', [2, 3]],
  ['mu.bias', [2]],
  ['log_var.bias', [2]],
  ['decoder.0.weight', [3, 6]],
  ['decoder.0.bias', [3]],
  ['decoder.2.weight', [16, 3]],
  ['decoder.2.bias', [16]],
];
const tensors: NamedTensors = new Map(
  SHAPES.map(([name, shape], at) => [
    name,
    { shape, values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => at + i / 64) },
  ]),
);

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-export-cli-'));
test.after(() => fs.rmSync(scratch, { recursive: true }));

function runFolder(name: string, spec: ModelSpec, weights: NamedTensors): string {
  const folder = path.join(scratch, name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'run.json'), JSON.stringify({ spec }));
  fs.writeFileSync(path.join(folder, 'model.safetensors'), encodeSafetensors(weights));
  return folder;
}

const run = runFolder('run', SPEC, tensors);
const exporting = (...args: string[]) => runProgram('harness/export.js', args);

/** Inputs or outputs as `name type [sizes]: what it is`. */
const values = (list: proto.onnx.IValueInfoProto[] | null | undefined) =>
  (list ?? []).map(({ name, type, docString }) => {
    const { elemType, shape } = type?.tensorType ?? {};
    const sizes = (shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Number(dimValue));
    return `${name} ${elemType === 1 ? 'float' : 'int64'} [${sizes}]: ${docString}`;
  });

test('three files, each with its inputs, outputs, weights and where it comes from', () => {
  const out = path.join(scratch, 'out');
  const { status, err, out: printed } = exporting('--run', run, '--out', out);
  assert.equal([status, err], [0, '']);
  assert.equal(printed.trimEnd().split('\n').slice(1), [
    'encoder.onnx         images [batch, 16] and labels [batch] -> mu [batch, 2] and log_var [batch, 2]',
    'decoder.onnx         codes [batch, 2] and labels [batch] -> pixels [batch, 16]',
    'autoencoder.onnx     images [batch, 16] and labels [batch] -> pixels [batch, 16]',
    `written to ${out}`,
  ]);
  const IMAGES = 'images float [batch,16]: pixels of 0..1, row by row';
  const LABELS = "labels int64 [batch]: each image's class, 0 to 3";
  const PIXELS = 'pixels float [batch,16]: decoded pixels of 0..1, row by row';
  const wanted = {
    encoder: [
      [IMAGES, LABELS],
      ['mu float [batch,2]: mean of q(z|x)', 'log_var float [batch,2]: log variance of q(z|x), within its bounds'],
    ],
    decoder: [['codes float [batch,2]: codes', LABELS], [PIXELS]],
    autoencoder: [[IMAGES, LABELS], [PIXELS]],
  };
  const seen = new Set<string>();
  for (const [name, [inputs, outputs]] of Object.entries(wanted)) {
    const model = ModelProto.decode(fs.readFileSync(path.join(out, `${name}.onnx`)));
    assert.equal([Number(model.irVersion), model.producerName], [8, 'latentgpu']);
    assert.equal(
      model.opsetImport.map(({ domain, version }) => [domain, Number(version)]),
      [['', 17]],
    );
    const spec = model.metadataProps.find(({ key }) => key === 'spec')?.value;
    assert.equal(JSON.parse(spec ?? ''), SPEC);
    assert.equal([values(model.graph?.input), values(model.graph?.output)], [inputs, outputs]);
    for (const { name: weight, dims, rawData } of model.graph?.initializer ?? []) {
      const tensor = tensors.get(weight ?? '');
      if (!tensor) continue; // a constant
      seen.add(weight ?? '');
      assert.equal(dims?.map(Number), tensor.shape, weight ?? '');
      assert.equal(Buffer.from(rawData ?? []), Buffer.from(tensor.values.buffer), weight ?? '');
    }
  }
  assert.equal([...seen].sort(), [...tensors.keys()].sort());
});

test("without --out: a folder in the run's, a new one each time", () => {
  for (const name of ['exported', 'exported-2']) {
    const { status, out } = exporting('--run', run, '--onnx');
    assert.is(status, 0);
    assert.match(out, new RegExp(`written to ${path.join(run, name)}\n$`));
  }
});

/** What a browser would fetch for a page, or run from elsewhere. */
const loads = (page: string): string[] => [
  ...[...page.matchAll(/<[^>]*?\s(?:src|srcset|href|data|action|poster)\s*=\s*(?!["']?#)[^>]*>/gi)].map(([tag]) => tag),
  ...[...page.matchAll(/<(?:link|base|iframe|object|embed|img)\b[^>]*>|@import\b|\burl\([^)]*\)/gi)].map(
    ([found]) => found,
  ),
];

/** What a program imports, as a bundler finds it. */
async function importsOf(contents: string): Promise<string[]> {
  const { metafile } = await esbuild.build({
    stdin: { contents },
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
    external: ['*'],
  });
  return Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path: name }) => name));
}

test('--html: one page, which loads nothing and imports nothing, with the weights inside', async () => {
  const out = path.join(scratch, 'page');
  const { status, err, out: printed } = exporting('--run', run, '--html', '--out', out);
  assert.equal([status, err, fs.readdirSync(out)], [0, '', ['autoencoder.html']]);
  const page = fs.readFileSync(path.join(out, 'autoencoder.html'), 'utf8');
  const megabytes = (Buffer.byteLength(page) / 1e6).toFixed(1);
  assert.equal(printed.trimEnd().split('\n'), [
    'no test images in the page: run.json does not name its data; --data does',
    'model     16-3-2-3-16',
    `autoencoder.html     Conditional variational autoencoder: samples, walks and encodes in a browser; ${megabytes} MB, no test images inside`,
    `written to ${out}`,
  ]);
  const scripts = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)].map(([, attributes = '', text = '']) => ({
    attributes,
    text,
  }));
  assert.is(page.match(/<\/script/gi)?.length, 3, 'nothing else ends a script');
  const [contents, weights, program] = scripts;
  assert.ok(contents && weights && program);
  assert.is(program.attributes, ' type="module"');
  assert.equal(await importsOf(program.text), []);
  assert.not.match(
    program.text,
    /\bimportScripts\b|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|new Worker/,
  );
  assert.ok(program.text.includes('@compute'), 'the engine with its shaders is inside');
  const markup = scripts.reduce((text, { text: inside }) => text.replace(inside, () => ''), page);
  assert.equal(loads(markup), []);
  assert.not.match(markup.replaceAll('any https:// address', ''), /https?:/);
  assert.equal(JSON.parse(contents.text).spec, SPEC);
  const stored = decodeSafetensors(Buffer.from(weights.text, 'base64'));
  for (const [name, { shape, values: wanted }] of tensors)
    assert.equal([stored.get(name)?.shape, stored.get(name)?.values], [shape, wanted], name);
});

test('what counts as loading is found', async () => {
  assert.equal(await importsOf('import "./a.js"; export const b = () => import("b");'), ['./a.js', 'b']);
  for (const found of [
    '<img src=x>',
    '<script src="a.js">',
    '<link href="a.css">',
    '<a href="http://x">',
    'url(a.png)',
  ])
    assert.is(loads(`<p>${found}</p>`).length > 0, true, found);
  assert.equal(loads('<a id="weights-link" href="#about">'), []);
});

const bars = path.join(scratch, 'bars <script>');
writeBars(bars, { classes: 4 });
const plain = path.join(scratch, 'bars');
writeBars(plain);
const LARGER = conditionalVae({ pixels: 64, hidden: [3], latent: 2, classes: 4 });
const larger = runFolder(
  'larger',
  LARGER,
  new Map(
    [...tensors].map(([name, { shape }]) => {
      const sizes = shape.map((size) => ({ 20: 68, 16: 64 })[size] ?? size);
      return [name, { shape: sizes, values: new Float32Array(sizes.reduce((a, b) => a * b)) }];
    }),
  ),
);

test('--onnx --html: both; test images of --data, and their classes, as many as --examples says', () => {
  const out = path.join(scratch, 'both');
  const { status, out: printed } = exporting(
    ...['--run', larger, '--onnx', '--html', '--data', bars, '--examples', '3', '--out', out],
  );
  assert.is(status, 0, printed);
  assert.equal(fs.readdirSync(out).sort(), ['autoencoder.html', 'autoencoder.onnx', 'decoder.onnx', 'encoder.onnx']);
  assert.match(printed, /MB, 3 test images of bars <script> inside\n/);
  const page = fs.readFileSync(path.join(out, 'autoencoder.html'), 'utf8');
  assert.is(page.match(/<\/script/gi)?.length, 3);
  assert.is(page.match(/<script/gi)?.length, 3, 'the name of the data is no tag');
  const { examples, height, width, data } = JSON.parse(/id="contents">(.*?)<\/script>/.exec(page)?.[1] ?? '');
  assert.equal([height, width, data], [8, 8, 'bars <script>']);
  assert.equal([examples.count, examples.labels], [3, [0, 1, 2]]);
  const wanted = new Uint8Array(3 * 64);
  for (const image of [0, 1, 2]) wanted.fill(255, image * 64 + image * 8, image * 64 + image * 8 + 8);
  assert.equal(new Uint8Array(Buffer.from(examples.pixels, 'base64')), wanted);
});

const partial = new Map([...tensors].filter(([name]) => name !== 'mu.bias'));
const bad = new Map(tensors).set('mu.bias', { shape: [2], values: Float32Array.of(1, Number.NaN) });

for (const [what, args, message] of [
  ['no run', [], /^error: --run is missing: whose model\? Name the folder of a run, for example --run runs\/first\n$/],
  ['a folder without a run', ['--run', scratch], /^error: --run \S+ has no run\.json, must be a run's folder; .*\n$/],
  ['an unknown flag', ['--run', run, '--onx'], /^error: --onx: unknown; did you mean --onnx\?.*\n$/],
  [
    'a weight that is missing',
    ['--run', runFolder('partial', SPEC, partial)],
    /^error: .* 1 missing: mu\.bias \[2\]\..*\n$/,
  ],
  ['a weight that is NaN', ['--run', runFolder('nan', SPEC, bad)], /^error: parameter "mu\.bias": .*NaN.*\n$/],
  [
    'images of another size',
    ['--run', run, '--html', '--data', plain],
    /^error: bars has images of 8x8 = 64 pixels, must have 16 as the model; .*\n$/,
  ],
  [
    'images without the classes that the model is told',
    ['--run', larger, '--html', '--data', plain],
    /^error: bars has no labels of its test examples, .*\n$/,
  ],
  [
    'data without a page',
    ['--run', run, '--data', 'digits'],
    /^error: --data digits without --html: only the page holds test images; add --html, or leave --data out\n$/,
  ],
  [
    'a number of images without a page',
    ['--run', run, '--onnx', '--examples', '2'],
    /^error: --examples 2 without --html: only the page holds test images; add --html, or leave --examples out\n$/,
  ],
  [
    'data of which nothing is used',
    ['--run', run, '--html', '--data', 'digits', '--examples', '0'],
    /^error: --data digits with --examples 0: no image of it is used; leave one of them out\n$/,
  ],
  ['an unknown flag like --html', ['--run', run, '--htm'], /^error: --htm: unknown; did you mean --html\?.*\n$/],
  ['a folder that is full', ['--run', run, '--out', run], /^error: --out \S+ holds a run already, must be a new .*\n$/],
] as const)
  test(`${what}: one line, status 2`, () => {
    const { status, out, err } = exporting(...args);
    assert.equal([status, out], [2, '']);
    assert.match(err, message);
  });

test('--help names every flag', () => {
  const { status, out } = exporting('--help');
  assert.is(status, 0);
  for (const flag of ['--run DIR', '--out DIR', '--data NAME|PATH', '--examples N', '--onnx', '--html', '--help'])
    assert.ok(out.includes(flag), flag);
});

test('the weights are taken by name, in any order', () => {
  assert.equal([...weightsFor(SPEC, new Map([...tensors].reverse())).keys()].sort(), [...tensors.keys()].sort());
});

test.run();
