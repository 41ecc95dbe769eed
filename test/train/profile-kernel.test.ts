// profileMatmul on a device: every variant is checked and timed, a wrong one is refused, and the checks themselves: the
// f64 product, its sample, and what counts as wrong.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelSummary, kernelTable } from '../../harness/lib/profile/kernel-table.js';
import { halfBits } from '../../src/data/files/half.js';
import { ArgumentError } from '../../src/errors.js';
import type { Kernel } from '../../src/kernels/kernel.js';
import {
  type MatmulShape,
  type MatmulVariant,
  matmul,
  matmulVariantFor,
  matmulVariants,
} from '../../src/kernels/matmul/matmul.js';
import { variantText } from '../../src/kernels/matmul/matmul-variants.js';
import { openDevice } from '../../src/node/adapters.js';
import { type KernelProgress, type KernelReport, profileCandidates, profileMatmul } from '../../src/profile/kernel.js';
import { MATMUL_FORMS, type MatmulForm, operand, product, sampleOf, worstOf } from '../../src/profile/product.js';
import { candidatesOn } from '../../src/train/variants.js';
import { device, usesDevice } from '../support/device.js';
import { fromHalf } from '../support/limits/numbers.js';

const SIZES = { m: 37, n: 29, k: 41 };
const VARIANT: MatmulVariant = { name: 'registers', lanes: 4 };
const RIGHT = matmul(VARIANT, 'plain');

/** The kernel with a line of its shader changed, or gone. */
function planted(from: string, to: string): Kernel<MatmulShape> {
  const sources = RIGHT.sources.map((source) => ({
    ...source,
    file: `planted ${to}: ${source.file}`,
    code: source.code.replace(from, to),
  }));
  assert.ok(
    sources.some(({ code }, i) => code !== RIGHT.sources[i]?.code),
    `no "${from}" to replace`,
  );
  return { ...RIGHT, sources };
}

function checkRows(report: KernelReport): void {
  const { m, n, k } = report;
  for (const row of report.rows) {
    const name = `${row.kernel} ${row.form}`;
    assert.ok(row.worst > 0 && row.worst <= 1, `${name}: worst ${row.worst}`);
    assert.ok(row.median > 0 && row.p95 >= row.median, `${name}: ${row.median} us, p95 ${row.p95}`);
    assert.ok(row.samples.length >= 5 && row.calls >= row.samples.length, name);
    assert.equal([row.flops, row.bytes], [2 * m * n * k, 4 * (m * k + k * n + m * n)], name);
    assert.ok(Math.abs((row.gflops * row.median * 1000) / row.flops - 1) < 1e-9, name);
    assert.ok(Math.abs((row.gbs * row.median * 1000) / row.bytes - 1) < 1e-9, name);
  }
  for (const form of new Set(report.rows.map((row) => row.form))) {
    const rows = report.rows.filter((row) => row.form === form);
    const fastest = Math.min(...rows.map((row) => row.median));
    assert.equal(
      rows.map((row) => row.best),
      rows.map((row) => row.median === fastest),
      form,
    );
  }
}

test('a variant by its name: all lane counts and forms, checked in full', async () => {
  const report = await profileMatmul(device, { ...SIZES, variants: ['matmul_registers'] });
  const variants = matmulVariants(device.adapter, device.features.has('subgroups')).filter(
    ({ name }) => name === 'registers',
  );
  assert.ok(variants.length > 0);
  assert.equal(
    report.rows.map(({ form, variant }) => [form, variant]),
    MATMUL_FORMS.flatMap((form) => variants.map((variant) => [form, variant])),
  );
  assert.equal(report.refused, []);
  assert.equal(report.checked, { rows: 37, columns: 29 });
  assert.is(report.method, device.features.has('timestamp-query') && !report.quantized ? 'timestamps' : 'repetition');
  checkRows(report);
  assert.equal(JSON.parse(JSON.stringify(report)), report);
});

test('all variants of one form; the table marks one best', async () => {
  const report = await profileMatmul(device, { m: 8, n: 9, k: 10, forms: ['NN'] });
  checkRows(report);
  const all = matmulVariants(device.adapter, device.features.has('subgroups'));
  assert.equal(
    report.rows.map(({ variant }) => variant),
    all,
  );
  const lines = kernelTable(report).split('\n');
  assert.is(lines.length, 1 + all.length);
  assert.is(lines.filter((line) => line.endsWith('<- best')).length, report.rows.filter((row) => row.best).length);
  assert.match(kernelSummary(report), /checked {4}every element of each against f64/);
});

test('all variants with one of them first; each is told before it is timed', async () => {
  const told: KernelProgress[] = [];
  const onProgress = (progress: KernelProgress) => void told.push(progress);
  const report = await profileMatmul(device, { m: 8, n: 9, k: 10, first: 'matmul_registers', onProgress });
  const all = matmulVariants(device.adapter, device.features.has('subgroups'));
  const isFirst = ({ name }: MatmulVariant) => name === 'registers';
  const wanted = [...all.filter(isFirst), ...all.filter((variant) => !isFirst(variant))];
  const order = MATMUL_FORMS.flatMap((form) => wanted.map((variant) => ({ form, variant })));
  assert.equal(
    report.rows.map(({ form, variant }) => ({ form, variant })),
    order,
  );
  assert.equal(
    told,
    report.rows.map(({ form, variant, kernel }, at) => ({ variant, form, kernel, number: at + 1, of: order.length })),
  );
});

test('candidates of each form, the default first and named so, each once', async () => {
  const report = await profileMatmul(device, { m: 8, n: 12, k: 16, forms: ['NT', 'TN'], candidates: candidatesOn });
  checkRows(report);
  assert.equal(report.refused, []);
  const simple = matmulVariants(device.adapter, device.features.has('subgroups')).map(variantText);
  for (const form of ['NT', 'TN'] as const) {
    const rows = report.rows.filter((row) => row.form === form);
    const texts = rows.map(({ variant }) => variantText(variant));
    const shape = { ...SIZES, m: 8, n: 12, k: 16, transposeA: form === 'TN', transposeB: form === 'NT' };
    const offered = candidatesOn(device, { ...shape, activation: 'identity' }).map(variantText);
    assert.equal(texts, [...new Set([...offered, ...simple])]);
    assert.equal(
      rows.map((row) => row.default),
      texts.map((_, at) => at === 0),
    );
  }
  assert.match(kernelTable(report), /default$/m);
});

test('operands of f16: each variant is checked against the product of what is stored', async () => {
  const said = await profileMatmul(device, { ...SIZES, precision: 'f16' }).catch(String);
  if (!device.features.has('shader-f16'))
    return assert.match(String(said), /precision: "f16" needs a device with the feature "shader-f16"/);
  const report = said as KernelReport;
  assert.is(report.precision, 'f16');
  assert.equal(report.refused, []);
  const { m, n, k } = SIZES;
  for (const { bytes, worst } of report.rows) {
    // In whole words; C is f32.
    assert.is(bytes, 4 * Math.ceil((m * k) / 2) + 4 * Math.ceil((k * n) / 2) + 4 * m * n);
    assert.ok(worst <= 1);
  }
  assert.match(kernelSummary(report), /; A and B are f16$/m);
});

test('bits of f16 of the numbers that operands have', () => {
  const values = operand(1, 4096, 'f16');
  assert.ok(Math.min(...values) < -0.9 && Math.max(...values) > 0.9);
  assert.equal(
    values.map((value) => fromHalf(halfBits(value))),
    values,
  );
});

test('the variant that training takes is among them', () => {
  const subgroups = device.features.has('subgroups');
  const { name } = matmulVariantFor(device.adapter, subgroups);
  assert.ok(matmulVariants(device.adapter, subgroups).some((variant) => variant.name === name));
  for (const without of matmulVariants(device.adapter, false)) assert.is.not(without.name, 'subgroups');
});

test('a wrong kernel is refused and not timed; the right ones beside it are timed', async () => {
  const wrong = {
    'stores nothing': planted('c[number_at(row, column)] = value;', ''),
    'forgets the last k': planted('k < sizes.k', 'k + 4 < sizes.k'),
    'is off in one element': planted('= value;', '= select(value, value + 0.001, row == 36 && column == 28);'),
    'is not a number': planted('= value;', '= select(value, bitcast<f32>(0x7fc00000u + row), row == 3);'),
  };
  for (const [what, kernel] of Object.entries(wrong)) {
    const candidates = [RIGHT, kernel].map((one) => ({ variant: VARIANT, kernel: one }));
    const report = await profileCandidates(device, SIZES, ['NT'], candidates);
    assert.is(report.rows.length, 1, what);
    assert.is(report.refused.length, 1, what);
    assert.match(report.refused[0]?.reason ?? '', /^wrong: c\[\d+, \d+\] is /, what);
    assert.match(kernelSummary(report), /refused {4}NT registers 4 lanes: wrong: c\[/);
  }
});

test('a kernel that does not compile is refused with its reason', async () => {
  const candidates = [{ variant: VARIANT, kernel: planted('= value;', '= no_such_thing;') }];
  const report = await profileCandidates(device, SIZES, ['NT'], candidates);
  assert.equal(report.rows, []);
  assert.match(report.refused[0]?.reason ?? '', /no_such_thing/);
});

test('without timestamps it is timed by repetition', async () => {
  const kind = process.env.LATENTGPU_ADAPTER || 'swiftshader';
  const plain = await openDevice({ adapter: kind, withoutFeatures: ['timestamp-query'] });
  try {
    const report = await profileMatmul(plain, { ...SIZES, variants: ['registers'], forms: ['TN'] });
    assert.equal([report.method, report.quantized], ['repetition', false]);
    checkRows(report);
    assert.match(kernelSummary(report), /by repetition/);
  } finally {
    plain.dispose();
  }
});

async function refusal(options: Parameters<typeof profileMatmul>[1]): Promise<string> {
  try {
    await profileMatmul(device, options);
  } catch (error) {
    assert.instance(error, ArgumentError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('nothing was thrown');
}

test('what makes no sense is named', async () => {
  for (const name of ['m', 'n', 'k'])
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.is(await refusal({ ...SIZES, [name]: value }), `${name}: ${value}, must be an integer from 1`);
  assert.match(
    await refusal({ ...SIZES, variants: ['matmul_fast'] }),
    /^variant: "matmul_fast", must be .*matmul_tiled/,
  );
  assert.match(await refusal({ ...SIZES, first: 'fast' }), /^variant: "fast", must be one that .*matmul_tiled/);
  const forms = ['TT'] as unknown as MatmulForm[];
  assert.is(await refusal({ ...SIZES, forms }), 'form: "TT", must be one of NT, NN, TN');
});

test('the product in f64, by hand', () => {
  const sizes = { m: 2, n: 2, k: 3 };
  const sample = sampleOf(sizes);
  assert.equal(sample, { rows: [0, 1], columns: [0, 1] });
  const a = { N: [1, 2, 3, 4, 5, 6], T: [1, 4, 2, 5, 3, 6] };
  const b = { N: [7, -8, 9, 10, 11, 12], T: [7, 9, 11, -8, 10, 12] };
  for (const form of MATMUL_FORMS) {
    const [left, right] = [form[0] as 'N' | 'T', form[1] as 'N' | 'T'];
    const { values, limits } = product(sizes, form, sample, Float32Array.from(a[left]), Float32Array.from(b[right]));
    assert.equal([...values], [58, 48, 139, 90], form);
    assert.equal(
      [...limits],
      [58, 64, 139, 154].map((sum) => 2 * 3 * 2 ** -24 * sum),
      form,
    );
  }
});

test('a large product is checked in rows and columns spread over all of it', () => {
  const { rows, columns } = sampleOf({ m: 1024, n: 1024, k: 1024 });
  assert.equal([rows.length, columns.length], [256, 256]);
  for (const lines of [rows, columns]) {
    assert.equal([lines[0], lines.at(-1), new Set(lines).size], [0, 1023, 256]);
    assert.is(new Set(lines.map((at) => at % 32)).size, 32, 'every place in a tile');
  }
  const thin = sampleOf({ m: 1, n: 2 ** 24, k: 1 });
  assert.equal([thin.rows, thin.columns.length, thin.columns.at(-1)], [[0], 2 ** 20, 2 ** 24 - 1]);
  assert.equal(sampleOf({ m: 2 ** 24, n: 1, k: 1 }).columns, [0]);
});

test('worst: the ratio of error and limit, with NaN the worst of all', () => {
  const sizes = { m: 2, n: 3, k: 4 };
  const [a, b] = [operand(1, 8), operand(2, 12)];
  assert.ok([...a, ...b].every((value) => value >= -1 && value < 1 && Number.isInteger(value * 2 ** 23)));
  const want = product(sizes, 'NN', { rows: [0, 1], columns: [0, 2] }, a, b);
  const c = new Float32Array(6);
  const at = (row: number, column: number) => want.values[row * 2 + column / 2] ?? 0;
  for (const row of [0, 1]) for (const column of [0, 2]) c[3 * row + column] = at(row, column);
  c[1] = 1e9; // not in the sample
  assert.ok(worstOf(want, c).ratio <= 1);
  c[5] = at(1, 2) + 2 * (want.limits[3] ?? 0);
  const { row, column, ratio } = worstOf(want, c);
  assert.equal([row, column, Math.round(ratio * 10)], [1, 2, 20]);
  c[0] = Number.NaN;
  assert.equal({ ...worstOf(want, c), want: 0 }, { row: 0, column: 0, got: Number.NaN, want: 0, ratio: Infinity });
});

usesDevice(test);
test.run();
