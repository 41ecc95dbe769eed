import { denoising, type Losses, linear, type ModelSpec, sparse, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type PlotOptions, type PlotReport, lossPlot as plotOf } from '../../../harness/lib/plots/plots.js';
import { layerTerms, lossTerms } from '../../../harness/lib/report/losses.js';

const STEPS = 469;
const terms = lossTerms(vae());
/** Of a VAE. */
const lossPlot = (all: readonly PlotReport[], options: Omit<PlotOptions, 'terms'>) =>
  plotOf(all, { ...options, terms });
const losses = (bce: number, kl: number) => ({ loss: bce + kl, bce, kl });

/** Whole epochs of falling losses; all values differ. */
const reports = (count: number): PlotReport[] =>
  Array.from({ length: count }, (_, i) => ({
    epoch: i + 1,
    step: STEPS * (i + 1),
    complete: true,
    train: losses(230 + 50 / (i + 1), 16 - 3 / (i + 1)),
    test: losses(232 + 30 / (i + 1), 16.5 - 2 / (i + 1)),
  }));

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '');
/** Vega labels every mark with the values it shows. */
const markers = (svg: string) =>
  [
    ...svg.matchAll(
      /aria-label="epoch: ([^;]*); nats an image: ([^;]*); part: (train|test)"[^>]* aria-roledescription="point"/g,
    ),
  ].map(([, x, y, part]) => ({ x: Number(x), y: Number(y), part }));

test('three panels with titles, units, legend and the last values in words', async () => {
  const found = texts(await lossPlot(reports(3), { title: 'fashion-mnist, VAE 784-512-256-64' }));
  const all = ['fashion-mnist, VAE 784-512-256-64', 'Loss = BCE + KL', 'BCE (reconstruction)', 'KL to the prior'];
  for (const text of [...all, 'train', 'test']) assert.ok(found.includes(text), text);
  assert.is(found.filter((text) => text === 'epoch').length, 3);
  assert.is(found.filter((text) => text === 'nats an image').length, 3);
  assert.ok(found.includes('last: train 246.7, test 242.0'));
  assert.ok(found.includes('last: train 15.00, test 15.83'));
});

/** One epoch of a model's loss, with values that all differ. */
const once = (spec: ModelSpec, losses: Losses): Promise<string> =>
  plotOf([{ epoch: 1, step: STEPS, complete: true, train: losses, test: losses }], {
    title: 't',
    terms: lossTerms(spec),
  });

const units = (svg: string) => texts(svg).filter((text) => text.endsWith(' an image'));

test('a loss of other terms: a panel each, with its title and unit', async () => {
  const beta = await once(vae({ klWeight: 4 }), { loss: 140, bce: 100, kl: 10 });
  assert.ok(texts(beta).includes('Loss = BCE + 4 x KL'));
  assert.equal(units(beta), ['nats an image', 'nats an image', 'nats an image']);
  const l1 = await once(sparse({ l1: 0.5 }), { loss: 105, bce: 100, l1: 10 });
  assert.ok(texts(l1).includes('Loss = BCE + 0.5 x L1') && texts(l1).includes('L1 norm of the code'));
  assert.equal(units(l1), ['weighted sum an image', 'nats an image', 'sum of |z| an image']);
  assert.ok(texts(l1).includes('last: train 10.00, test 10.00'));
  const rho = await once(sparse({ rho: 0.1 }), { loss: 107, bce: 100, sparsity: 7 });
  assert.ok(texts(rho).includes('Sparsity (KL to the target)'));
  assert.equal(units(rho), ['nats an image', 'nats an image', 'nats an image']);
  const gaussian = await once(vae({ loss: 'mse', variance: 0.05 }), { loss: 110, mse: 10, kl: 10 });
  assert.ok(texts(gaussian).includes('Loss = 10 x squared error + KL'));
  assert.equal(units(gaussian), ['nats an image', 'squared error an image', 'nats an image']);
});

const width = (svg: string) => Number(/^<svg[^>]* width="(\d+)/.exec(svg)?.[1]);

test('a loss of one term is one panel, not two of the same, and fills the picture', async () => {
  const mse = await once(linear(), { loss: 31.4, mse: 31.4 });
  assert.equal(units(mse), ['squared error an image']);
  assert.ok(texts(mse).includes('Squared error (reconstruction)') && !texts(mse).some((text) => /^Loss/.test(text)));
  assert.ok(width(mse) < 700, `${width(mse)} wide`);
  assert.equal(units(await once(denoising(), { loss: 91, bce: 91 })), ['nats an image']);
  assert.equal(layerTerms(denoising(), 0), lossTerms(denoising()));
  assert.equal(layerTerms(denoising(), 1), lossTerms(linear()));
});

test('every report is a marker in each panel, with its own values', async () => {
  const found = markers(await lossPlot(reports(3), { title: 't' }));
  assert.is(found.length, 3 * 3 * 2);
  for (const { epoch, train, test: after } of reports(3))
    for (const key of ['loss', 'bce', 'kl'] as const)
      for (const [part, value] of [['train', train[key]] as const, ['test', after[key]] as const])
        assert.ok(
          found.some((m) => m.part === part && m.x === epoch && Math.abs(m.y - (value ?? Number.NaN)) < 1e-6),
          `${part} ${key} of epoch ${epoch}`,
        );
});

test('a run of one epoch still shows its values', async () => {
  assert.is(markers(await lossPlot(reports(1), { title: 't' })).length, 6);
});

test('more epochs than fit as markers are lines alone', async () => {
  assert.is(markers(await lossPlot(reports(40), { title: 't' })).length, 40 * 6);
  const svg = await lossPlot(reports(41), { title: 't' });
  assert.is(markers(svg).length, 0);
  assert.is(svg.split('aria-roledescription="line mark"').length - 1, 6);
});

test('an epoch that was cut short stands where its steps end', async () => {
  const cut = { ...reports(3)[2], epoch: 3, step: 2 * STEPS + 67, complete: false } as PlotReport;
  const third = markers(await lossPlot([...reports(2), cut], { title: 't' })).filter(({ x }) => x > 2);
  assert.is(third.length, 6);
  for (const { x } of third) assert.ok(Math.abs(x - (2 + 67 / STEPS)) < 1e-6, `${x}`);
  const only = { ...cut, epoch: 1, step: 67 };
  const first = markers(await lossPlot([only], { title: 't', stepsPerEpoch: STEPS }));
  for (const { x } of first) assert.ok(Math.abs(x - 67 / STEPS) < 1e-6, `${x}`);
});

test('what is not finite is left out, and no report at all is still a picture', async () => {
  const [good] = reports(1);
  const bad = { ...good, train: losses(Number.NaN, 3), test: losses(Number.POSITIVE_INFINITY, 3) } as PlotReport;
  const svg = await lossPlot([bad], { title: 't' });
  assert.is(markers(svg).length, 2);
  const late = await lossPlot([...reports(2), bad], { title: 't' });
  assert.is(markers(late).length, 2 * 2 * 3 + 2);
  const heights = (picture: string) =>
    [...picture.matchAll(/"point" transform="translate\([^,]+,([^)]+)\)/g)].map(([, y]) => y).slice(0, 8);
  assert.equal(
    heights(late),
    heights(await lossPlot(reports(2), { title: 't' })),
    'the loss and BCE of the good epochs',
  );
  const empty = await lossPlot([], { title: 't' });
  assert.is(texts(empty).filter((text) => text === '0.8').length, 3, 'an axis from 0 to 1 in each panel');
  for (const each of [svg, late, empty]) {
    assert.match(each, /^<svg/);
    assert.not.match(each, /(transform|d|x|y|width|height)="[^"]*(NaN|Infinity|undefined)/);
  }
});

test('the same reports give the same bytes, also after another plot', async () => {
  const first = await lossPlot(reports(5), { title: 't' });
  await lossPlot(reports(50), { title: 'another' });
  assert.is(await lossPlot(reports(5), { title: 't' }), first);
});

test('it needs nothing from outside, has a white background and escapes its title', async () => {
  const svg = await lossPlot(reports(2), { title: '<script> & "x"' });
  assert.not.match(svg, /<script|<image|<style|@import|url\(\s*['"]?http/);
  const addresses = [...svg.matchAll(/https?:[^"' )<]*/g)].map(([address]) => address);
  assert.equal([...new Set(addresses)].sort(), ['http://www.w3.org/1999/xlink', 'http://www.w3.org/2000/svg']);
  assert.match(svg, /<rect width="\d+" height="\d+" fill="white"/);
  assert.match(svg, /&lt;script&gt; &amp; "x"/);
});

/** The path of each line mark, as numbers of points. */
const lines = (svg: string) =>
  [...svg.matchAll(/aria-roledescription="line mark"[^>]* d="([^"]*)"/g)].map(
    ([, path = '']) => path.split(/[ML]/).length - 1,
  );

test('what happened within the epochs is a thin line of at most 300 points, the mean of neighbours', async () => {
  const trace = Array.from({ length: 900 }, (_, i) => ({ step: i + 1, losses: losses(500 - i / 3, 10) }));
  const svg = await lossPlot(reports(1), { title: 't', stepsPerEpoch: 900, trace });
  assert.is(lines(svg).filter((points) => points === 300).length, 3);
  // Steps 1 to 3 have losses of 510, 509.67 and 509.33: the first point is their mean.
  assert.match(svg, /aria-label="epoch: 0.00222[^;]*; nats an image: 509.666/);
  assert.is(lines(await lossPlot(reports(1), { title: 't', trace })).filter((points) => points > 1).length, 0);
});

test.run();
