// The text of an exported page: what is written into it stays where it belongs, whatever it holds; what the model is called;
// and the codes of a model without a prior.
import { createHash } from 'node:crypto';
import {
  ae,
  betaVae,
  conditionalVae,
  decodeSafetensors,
  denoising,
  linear,
  type ModelSpec,
  type NamedTensors,
  safetensorsMetadata,
  sparse,
  stacked,
  vae,
  vqVae,
} from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodePage,
  jsonText,
  pageContents,
  scriptText,
  styleText,
  titleOf,
} from '../../../harness/lib/export/html-page.js';
import { codeInWords } from '../../../harness/lib/export/page/code-in-words.js';
import { drawFitted } from '../../../harness/lib/export/page/draw-codes.js';

const EVIL = '</script><script>alert(1)</script><!--<script>$&\u2028';

test('no program can end the element that it is in, and all its strings stay as they are', () => {
  const program = `export const text = ${JSON.stringify(`${EVIL}</SCRIPT ><style>`)}; export const is = /<\\/script>/.test('</script>');`;
  const inside = scriptText(program);
  assert.not.match(inside, /<\/script|<script|<!--/i);
  const run = (code: string) => new Function(`${code.replaceAll('export const', 'var')}; return [text, is];`)();
  assert.equal(run(inside), run(program));
  assert.is(run(inside)[0], `${EVIL}</SCRIPT ><style>`);
});

test('no style sheet and no description can, either', () => {
  assert.not.match(styleText('a::after { content: "</STYLE>"; }'), /<\/style/i);
  const text = jsonText({ data: EVIL });
  assert.not.match(text, /</);
  assert.equal(JSON.parse(text), { data: EVIL });
});

const SPEC = conditionalVae({ pixels: 6, hidden: [3], latent: 2, classes: 2 });
const PARTS = {
  html: '<!--policy--><!--title--><!--style--><!--heading--><!-- kept --><!--contents--><!--weights--><!--script-->',
  style: '/*</style><!--script-->*/',
  script: `export const a = ${JSON.stringify(EVIL)}, b = "<!--title-->$'";`,
};
const weights: NamedTensors = new Map([['a', { shape: [2], values: Float32Array.of(1.5, -2) }]]);
const examples = {
  shape: [2, 2, 3],
  values: Uint8Array.from([0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]),
};

test('a page has each part once, under a policy with the hashes of its script and its style alone', () => {
  const contents = pageContents({
    spec: SPEC,
    size: { height: 2, width: 3 },
    examples: { ...examples, labels: Uint8Array.of(1, 0) },
    data: EVIL,
    version: '1.2.3',
  });
  const page = encodePage(PARTS, { ...contents, title: `A & "B" ${EVIL}` }, weights);
  const elements = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
  assert.equal(
    elements.map(([, attributes]) => attributes),
    [' type="application/json" id="contents"', ' type="text/plain" id="weights"', ' type="module"'],
  );
  assert.is(page.match(/<\/script/gi)?.length, 3);
  assert.is(page.match(/<\/style/gi)?.length, 1);
  assert.match(page, '<!-- kept -->');
  assert.match(page, /<title>A &#38; &#34;B&#34; &#60;\/script&#62;/);
  const [json = '', base64 = '', script = ''] = elements.map(([, , text]) => text);
  const told = JSON.parse(json);
  assert.equal([told.data, told.spec, told.height, told.width, told.version], [EVIL, SPEC, 2, 3, '1.2.3']);
  assert.equal([...Buffer.from(told.examples.pixels, 'base64')], [...examples.values]);
  assert.equal([told.examples.count, told.examples.labels], [2, [1, 0]]);
  const file = Buffer.from(base64, 'base64');
  assert.equal([...(decodeSafetensors(file).get('a')?.values ?? [])], [1.5, -2]);
  assert.equal(JSON.parse(safetensorsMetadata(file).spec ?? ''), SPEC);
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  assert.is(
    /content="([^"]*)"/.exec(page)?.[1],
    `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data: blob:; base-uri 'none'; form-action 'none'`,
  );
});

test('without examples, no data are named', () => {
  const given = { spec: SPEC, size: { height: 2, width: 3 }, version: '1', data: 'digits' };
  const { examples: none, data } = pageContents({ ...given, examples: undefined });
  assert.equal([none, data], [{ count: 0, pixels: '' }, undefined]);
});

/** Convolutions inside residual layers alone. */
const residual: ModelSpec = {
  ...vae(),
  image: { height: 28, width: 28, channels: 1 },
  encoder: [
    { kind: 'residual', layers: [{ kind: 'conv', channels: 1, kernel: 3, padding: 1, activation: 'relu' }] },
    { kind: 'flatten' },
  ],
};

for (const [spec, title] of [
  [vqVae(), 'Vector-quantised autoencoder'],
  [residual, 'Convolutional variational autoencoder'],
  [vae(), 'Variational autoencoder'],
  [betaVae({ beta: 4 }), 'Variational autoencoder, beta 4'],
  [conditionalVae(), 'Conditional variational autoencoder'],
  [ae(), 'Autoencoder'],
  [stacked(), 'Autoencoder'],
  [linear(), 'Linear autoencoder'],
  [denoising(), 'Denoising autoencoder'],
  [sparse(), 'Sparse autoencoder'],
  [sparse({ rho: 0.05 }), 'Sparse autoencoder'],
] as const)
  test(`a title: ${title}`, () => assert.is(titleOf(spec), title));

test('a code in words', () => {
  assert.is(codeInWords(vqVae().code), '49 places, each one of 512 vectors of 64 numbers');
  assert.is(codeInWords(vae().code), '64 numbers, each with a variance');
  assert.is(codeInWords(ae().code), '64 numbers, without a prior');
});

test('fitted codes have the mean and the covariance of those that they fit, and no number beyond theirs', () => {
  // Two dimensions that go together; far outliers leave the bounds wide.
  const codes = Float32Array.from([
    -40,
    -80,
    40,
    80,
    ...Array.from({ length: 396 }, (_, i) => [Math.sin(i), 2 * Math.sin(i) + Math.cos(3 * i)]).flat(),
  ]);
  const count = 40_000;
  const drawn = drawFitted(codes, 2, count, 3);
  assert.equal(drawFitted(codes, 2, 5, 3), drawn.slice(0, 10), 'the same for the same seed');
  assert.not.equal(drawFitted(codes, 2, 5, 4), drawn.slice(0, 10));
  const [wanted, got] = [momentsOf(codes), momentsOf(drawn)];
  for (const [i, j] of [
    [0, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const [vi, vj, vij] = [wanted.covariance(i, i), wanted.covariance(j, j), wanted.covariance(i, j)];
    // Of a normal distribution: variance (vi vj + vij^2) / n. Five deviations; chance alone exceeds them once in 10^6.
    const limit = 5 * Math.sqrt((vi * vj + vij ** 2) / count);
    assert.ok(
      Math.abs(got.covariance(i, j) - vij) < limit,
      `${i},${j}: ${got.covariance(i, j)}, must be ${vij} +-${limit}`,
    );
  }
  for (const i of [0, 1]) {
    const limit = 5 * Math.sqrt(wanted.covariance(i, i) / count);
    assert.ok(Math.abs((got.mean[i] ?? 0) - (wanted.mean[i] ?? 0)) < limit);
  }
  const bounded = drawFitted(Float32Array.of(0, 1, 0, 0.25, 0, 0.5), 2, 1000, 1);
  bounded.forEach((z, i) => {
    assert.ok(i % 2 === 0 ? z === 0 : z >= 0.25 && z <= 1, `${i}: ${z}`);
  });
});

function momentsOf(codes: Float32Array) {
  const n = codes.length / 2;
  const mean = [0, 1].map((d) => codes.reduce((sum, z, i) => (i % 2 === d ? sum + z / n : sum), 0));
  const at = (row: number, d: number) => (codes[2 * row + d] ?? 0) - (mean[d] ?? 0);
  const covariance = (i: number, j: number) => {
    let sum = 0;
    for (let row = 0; row < n; row++) sum += at(row, i) * at(row, j);
    return sum / n;
  };
  return { mean, covariance };
}

test.run();
