// The page of harness/web: choosing a set-up. Each kind of model has its own controls; what cannot be is told.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { decodeSnapshot, lossWeights } from '../../src/index.js';
import { closeBrowser } from '../browser/page.js';
import { differs, openVisitor, SETUP, type Visitor } from '../browser/visitor.js';
import { idxFile } from '../support/programs/programs.js';

/** In the page. */
declare const latentgpuPage: State;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('a number that cannot be is marked and changes nothing', async () => {
  const before = await visitor.page.evaluate(() => [location.hash, latentgpuPage.generation]);
  await visitor.page.fill('[name=latent]', '0');
  await visitor.page.press('[name=latent]', 'Tab');
  assert.is(await visitor.page.getAttribute('[name=latent]', 'aria-invalid'), 'true');
  assert.is(await visitor.page.textContent('#form-fault'), 'Latent size must be from 1 to 256.');
  assert.equal(await visitor.page.evaluate(() => [location.hash, latentgpuPage.generation]), before);
  await visitor.page.fill('[name=latent]', '3');
  await visitor.page.press('[name=latent]', 'Tab');
  await visitor.waitForPhase('ready');
  assert.is(await visitor.page.textContent('#form-fault'), '');
  assert.match(await visitor.page.evaluate(() => location.hash), /latent=3/);
});

test('all that is wrong in the form is told; a comma is as good as a point', async () => {
  const { page } = visitor;
  await visitor.fill('latent', '0');
  await visitor.fill('seed', '1.5');
  const told = 'Latent size must be from 1 to 256. Seed must be a whole number.';
  assert.is(await page.textContent('#form-fault'), told);
  await visitor.fill('seed', '8');
  assert.is(await page.textContent('#form-fault'), 'Latent size must be from 1 to 256.');
  assert.is(await page.getAttribute('[name=latent]', 'aria-invalid'), 'true');
  await visitor.fill('latent', '3');
  await visitor.fill('lr', '0,002');
  await page.waitForFunction(() => latentgpuPage.setup.lr === 0.002 && latentgpuPage.phase === 'ready');
  assert.is(await page.textContent('#form-fault'), '');
});

test('the model is drawn and told in words, as the set-up says it', async () => {
  const { page } = visitor;
  const drawn = (layers: string) =>
    page.waitForFunction(
      (wanted) => document.querySelector('#model-drawing svg')?.getAttribute('aria-label') === wanted,
      `The model's layers: ${layers}`,
    );
  await drawn('784 - 64 - 3 - 64 - 784');
  assert.match((await page.textContent('#kind-sentence')) ?? '', /^A variational autoencoder/);
  await visitor.fill('hidden', '48, 16');
  await drawn('784 - 48 - 16 - 3 - 16 - 48 - 784');
  await visitor.fill('hidden', '64');
  await page.selectOption('[name=preset]', 'convAe');
  await drawn('28x28x1 - 14x14x8 - 7x7x16 - 3 - 784 - 14x14x8 - 28x28x1');
  assert.match((await page.textContent('#kind-sentence')) ?? '', /^A convolutional autoencoder/);
  assert.not(await page.isVisible('#kind-more'));
  await page.click('#about summary');
  assert.ok(await page.isVisible('#kind-more'));
});

test('each kind of model has its own controls and pictures', async () => {
  await visitor.page.selectOption('[name=preset]', 'denoising');
  await visitor.waitForData('Built-in digits, 28x28');
  assert.match(visitor.page.url(), /preset=denoising/);
  assert.ok(await visitor.page.isVisible('[name=corruption]'));
  assert.ok(differs(await visitor.seen('#originals'))(await visitor.seen('#damaged')), 'the damage is shown');
  await visitor.page.selectOption('[name=preset]', 'conditionalVae');
  await visitor.waitForData('Built-in digits, 28x28');
  assert.not(await visitor.page.isVisible('#damaged'));
  await visitor.trainTo(3);
  const before = await visitor.eventuallyDecoded('class 0', 0);
  await visitor.page.selectOption('#decoded-class', '7');
  await visitor.eventuallySeen('#decoded', differs(before), 'another class');
  await visitor.eventuallyDecoded('class 7', 7);
});

test('an importance-weighted VAE draws as many samples as the field says', async () => {
  const { page } = visitor;
  await visitor.resetTo('iwae');
  assert.is(await page.evaluate(() => latentgpuPage.model?.loss.samples), 5);
  await visitor.fill('samples', '3');
  await page.waitForFunction(() => latentgpuPage.model?.loss.samples === 3 && latentgpuPage.phase === 'ready');
  assert.match(page.url(), /preset=iwae&.*samples=3/);
  await visitor.trainTo(3);
  const terms = await page.evaluate(() => Object.keys(latentgpuPage.trained[0]?.losses ?? {}));
  assert.ok(terms.includes('importance'), `its terms are ${terms}`);
});

test('a convolutional model has channels instead of hidden layers, trains, and is in the link', async () => {
  const { page } = visitor;
  await visitor.visit('#images=200&preset=convVae&channels=2,4&latent=2&batch=32&lr=0.005&seed=7');
  assert.ok(await page.isVisible('[name=channels]'));
  assert.not(await page.isVisible('[name=hidden]'));
  await visitor.trainTo(4);
  const kinds = await page.evaluate(() => latentgpuPage.model?.encoder.map((layer) => layer.kind ?? 'dense'));
  assert.equal(kinds, ['conv', 'batchNorm', 'conv', 'batchNorm', 'flatten']);
  await visitor.fill('channels', '0');
  assert.is(await page.textContent('#form-fault'), 'Channels must be whole numbers from 1 to 256, for example 8, 16.');
  await visitor.fill('channels', '3');
  await visitor.resetTo();
  await page.waitForFunction(() => latentgpuPage.model?.encoder.length === 3 && latentgpuPage.phase === 'ready');
  assert.match(await page.evaluate(() => location.hash), /preset=convVae&channels=3&/);
  await page.selectOption('[name=preset]', 'convDenoising');
  await page.waitForFunction(() => latentgpuPage.model?.corruption !== undefined && latentgpuPage.phase === 'ready');
  assert.ok(await page.isVisible('[name=corruption]'));
  assert.ok(differs(await visitor.seen('#originals'))(await visitor.seen('#damaged')), 'the damage is shown');
  await page.selectOption('[name=preset]', 'vqVae');
  await visitor.fill('codes', '16');
  await page.waitForFunction(() => latentgpuPage.setup.codes === 16 && latentgpuPage.phase === 'ready');
  assert.equal(
    await page.evaluate(() => latentgpuPage.model?.code),
    { kind: 'quantized', units: 2 * 14 * 14, codes: 16, dimensions: 2 },
    'a vector of two numbers for each of the 14x14 places of one feature map',
  );
  await visitor.trainTo(2);
  await visitor.resetTo('ae');
  await page.waitForFunction(() => latentgpuPage.model?.image === undefined && latentgpuPage.phase === 'ready');
  assert.not(await page.isVisible('[name=channels]'));
});

const shownSetup = () =>
  visitor.page.evaluate(() => ({
    preset: document.querySelector<HTMLSelectElement>('[name=preset]')?.value,
    latent: document.querySelector<HTMLInputElement>('[name=latent]')?.value,
    code: latentgpuPage.model?.code,
    hash: location.hash,
  }));

test('an address that is edited while the page is open, and Back, bring another set-up', async () => {
  await visitor.visit('#images=600&hidden=16&latent=2&batch=32');
  await visitor.trainTo(2);
  await visitor.page.evaluate(() => {
    location.hash = '#images=600&hidden=16&latent=5&batch=32&preset=ae';
  });
  await visitor.waitForPhase('ready');
  const other = { preset: 'ae', latent: '5', code: { kind: 'deterministic', units: 5, activation: 'identity' } };
  assert.equal(await shownSetup(), { ...other, hash: '#images=600&preset=ae&hidden=16&latent=5&batch=32' });
  assert.is(await visitor.stepShown(), 0);
  await visitor.page.goBack();
  await visitor.waitForPhase('ready');
  const first = { preset: 'vae', latent: '2', code: { kind: 'gaussian', units: 2 } };
  assert.equal(await shownSetup(), { ...first, hash: '#images=600&hidden=16&batch=32' });
});

test('what an address cannot ask for is told, and a good number takes the fault away', async () => {
  const { page } = visitor;
  await visitor.visit('#images=600&hidden=16&batch=32&latent=0');
  const told = 'Not taken from the address: latent=0 (Latent size must be from 1 to 256).';
  assert.is(await page.textContent('#form-fault'), told);
  assert.is(await page.inputValue('[name=latent]'), '2');
  assert.is(await page.evaluate(() => location.hash), '#images=600&hidden=16&batch=32');
  await visitor.fill('latent', '-1');
  assert.is(await page.getAttribute('[name=latent]', 'aria-invalid'), 'true');
  await page.evaluate(() => {
    location.hash = '#images=600&hidden=16&batch=32&latent=3';
  });
  await page.waitForFunction(() => latentgpuPage.setup.latent === 3);
  assert.is(await page.getAttribute('[name=latent]', 'aria-invalid'), 'false');
  assert.is(await page.textContent('#form-fault'), '');
});

test('of quick changes, also while it trains, the last one counts', async () => {
  const { page } = visitor;
  await page.waitForFunction(() => latentgpuPage.phase === 'ready');
  await page.click('#train');
  await visitor.waitForStep(2);
  for (const kind of ['linear', 'sparse', 'betaVae', 'ae']) await page.selectOption('[name=preset]', kind);
  await visitor.fill('latent', '4');
  await visitor.resetTo();
  assert.equal(await shownSetup().then(({ preset, code }) => [preset, code?.units]), ['ae', 4]);
  assert.is(await visitor.stepShown(), 0);
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => [latentgpuPage.phase, latentgpuPage.step]), ['ready', 0], 'it stays so');
});

test('numbers of the training change while it goes on; another model waits until it is asked for', async () => {
  const { page } = visitor;
  await visitor.visit(SETUP.replace('preset=vae', 'preset=betaVae'));
  await page.click('#train');
  await visitor.waitForStep(5);
  await visitor.fill('beta', '20');
  await visitor.fill('lr', '0.0004');
  await page.waitForFunction(() => {
    const { made, phase } = latentgpuPage;
    return made.beta === 20 && made.lr === 0.0004 && phase === 'training';
  });
  const then = await visitor.stepShown();
  assert.ok(then >= 5, `it goes on from step ${then}`);
  await visitor.waitForStep(then + 3);
  const file = await page.evaluate(async () => Array.from((await latentgpuPage.session?.snapshot()) ?? []));
  const { spec, training, step } = decodeSnapshot(Uint8Array.from(file)).snapshot;
  assert.equal([lossWeights(spec).get('kl'), training.lr], [20, 0.0004]);
  assert.ok(step > then);
  assert.ok(
    await page.evaluate(() => (latentgpuPage.trained[0]?.step ?? 99) < 5),
    'the curves are those from the beginning',
  );

  // A change that fails half-way loses nothing of it.
  await page.evaluate(() => {
    const { session } = latentgpuPage;
    if (!session) throw new Error('there is no session');
    session.restore = () => {
      Reflect.deleteProperty(session, 'restore');
      return Promise.reject(new Error('planted'));
    };
  });
  const before = await visitor.stepShown();
  await visitor.fill('lr', '0.0005');
  await page.waitForFunction(() => !Object.hasOwn(latentgpuPage.session ?? {}, 'restore'));
  await visitor.waitForStep(before + 1);
  await page.click('#train');
  await visitor.waitForPhase('paused');
  const still = await page.evaluate(async () => Array.from((await latentgpuPage.session?.snapshot()) ?? []));
  const after = decodeSnapshot(Uint8Array.from(still)).snapshot;
  assert.ok(after.step > before, `step ${after.step}, was ${before}`);
  assert.is(after.training.lr, 0.0004);
  await page.click('#train');
  await visitor.waitForStep(after.step + 1);

  await visitor.fill('latent', '5');
  assert.ok(await page.isVisible('#changed'));
  assert.equal(await page.evaluate(() => [latentgpuPage.phase, latentgpuPage.latent]), ['training', 3]);
  await page.click('#keep');
  assert.equal([await page.inputValue('[name=latent]'), await page.isVisible('#changed')], ['3', false]);
  await visitor.fill('latent', '5');
  await page.click('#train');
  await visitor.waitForPhase('paused');
  assert.is(await page.textContent('#train'), 'Train anew');
  const kept = await visitor.stepShown();
  await page.click('#train');
  await page.waitForFunction(
    (before) => latentgpuPage.latent === 5 && latentgpuPage.step > 0 && latentgpuPage.step < before,
    kept,
  );
  await page.click('#train');
  await visitor.waitForPhase('paused');
});

test('changes while the page begins: one worker, and the data that were wanted', async () => {
  const { page, opened } = visitor;
  await page.goto(`${opened.url}/blank`);
  await page.goto(`${opened.url}/#images=600&hidden=16&latent=2&batch=20`);
  // In one task each, so that none can have ended before the next.
  const change = (kind: string) => {
    const select = document.querySelector<HTMLSelectElement>('[name=preset]');
    if (!select) throw new Error('the page has no kinds');
    select.value = kind;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  await page.evaluate(change, 'ae');
  await page.evaluate(change, 'linear');
  await visitor.waitForPhase('ready');
  assert.is(await shownSetup().then(({ preset }) => preset), 'linear');
  assert.is(page.workers().filter((worker) => worker.url().endsWith('/worker.js')).length, 1);

  const buffer = idxFile([40, 12, 10], new Uint8Array(40 * 120));
  await page.setInputFiles('#files', { name: 'mine-idx3-ubyte', mimeType: 'application/octet-stream', buffer });
  await page.evaluate(change, 'vae');
  await visitor.waitForData('own IDX files, 12x10');
  assert.equal(await page.evaluate(() => [latentgpuPage.model?.inputs, latentgpuPage.setup.preset]), [120, 'vae']);
});

test('Train and Reset, pressed as fast as can be', async () => {
  const { page } = visitor;
  await page.evaluate(() => {
    const press = (id: string) => document.querySelector<HTMLButtonElement>(`#${id}`)?.click();
    for (const id of ['train', 'train', 'train', 'reset', 'reset', 'train', 'reset']) press(id);
  });
  await visitor.waitForPhase('ready');
  assert.is(await visitor.stepShown(), 0);
  await page.dblclick('#train');
  await visitor.waitForPhase('paused');
  await visitor.trainTo((await visitor.stepShown()) + 3);
  await page.click('#train');
  await page.click('#reset');
  await visitor.waitForPhase('ready');
  assert.is(await visitor.stepShown(), 0);
});

test('a stacked model is pretrained layer by layer first, and after a pause goes on with the layer it came in', async () => {
  const { page } = visitor;
  // Noted at each change, and paused at once in the second layer, as it may pass quickly.
  await page.addInitScript(() => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    addEventListener('load', () => {
      const status = document.querySelector('#status');
      if (!status) return; // a page of another kind
      let paused = false;
      const note = () => {
        told.push(status.textContent ?? '');
        if (paused || !told.at(-1)?.startsWith('Pretraining layer 2 of 3')) return;
        paused = true;
        document.querySelector<HTMLButtonElement>('#train')?.click();
      };
      new MutationObserver(note).observe(status, { childList: true });
    });
  });
  await visitor.visit('#images=600&preset=stacked&hidden=16,8&latent=2&batch=32&pretrain=3');
  assert.ok(await page.isVisible('[name=pretrain]'));
  await page.click('#train');
  await visitor.waitForPhase('paused');
  assert.is(await visitor.stepShown(), 0, 'the whole has not been trained');
  await visitor.trainTo(1);
  const layers = await page.evaluate(() =>
    (globalThis as unknown as { told: string[] }).told.map(
      (text) => /^Pretraining layer (\d)|^Training/.exec(text)?.[0],
    ),
  );
  const turns = layers.filter((turn, i) => turn !== undefined && turn !== layers.slice(0, i).findLast(Boolean));
  assert.equal(turns, [
    'Training',
    'Pretraining layer 1',
    'Pretraining layer 2',
    'Training',
    'Pretraining layer 2',
    'Pretraining layer 3',
    'Training',
  ]);
  await page.click('#reset');
  await visitor.waitForPhase('ready');
  await visitor.fill('pretrain', '0');
  await visitor.waitForPhase('ready');
  await visitor.trainTo(1);
  const last = await page.evaluate(() => (globalThis as unknown as { told: string[] }).told.slice(-3));
  assert.ok(
    last.every((text) => !text.startsWith('Pretraining')),
    'and is not, if nobody wants it',
  );
});

test('a training that diverges ends with sentences', async () => {
  await visitor.visit('#images=600&preset=ae&hidden=16&latent=2&batch=32&lr=1');
  await visitor.page.evaluate(() => {
    // What a learning rate that is far too large comes to, at once.
    const { session } = latentgpuPage;
    if (session)
      session.train = () => {
        throw new Error('step 3: training has diverged. Use less');
      };
  });
  await visitor.page.click('#train');
  await visitor.waitForPhase('failed');
  assert.is(await visitor.page.textContent('#status'), 'Step 3: training has diverged. Use less. Train starts again.');
});

test('every kind of model can be read in full, and nothing of the set-up is cut off or hidden', async () => {
  const { page } = visitor;
  await page.setViewportSize({ width: 1440, height: 900 });
  await visitor.visit(SETUP);
  const cut = await page.evaluate(() => {
    // As wide as its longest option needs it, without the bounds of the page.
    const needed = (select: HTMLSelectElement) => {
      const copy = select.cloneNode(true) as HTMLSelectElement;
      copy.style.cssText = 'position: absolute; width: max-content; max-width: none';
      select.after(copy);
      const { width } = copy.getBoundingClientRect();
      copy.remove();
      return width;
    };
    return [...document.querySelectorAll<HTMLSelectElement>('#form select')]
      .filter((select) => select.checkVisibility() && select.getBoundingClientRect().width < needed(select))
      .map(({ name }) => name);
  });
  assert.equal(cut, []);
  const [whole, shown] = await page.evaluate(() => {
    const { scrollHeight, clientHeight } = document.querySelector('#setup') as Element;
    return [scrollHeight, clientHeight];
  });
  assert.ok((whole ?? 0) <= (shown ?? 0), `the set-up is ${whole} px high, of which ${shown} are shown`);
  await page.setViewportSize({ width: 1920, height: 1000 });
  const ends = await page.evaluate(() =>
    ['h1', '#adapter', '#setup', '.panels'].map((name) => document.querySelector(name)?.getBoundingClientRect()),
  );
  assert.is(Math.round(ends[0]?.left ?? 0), Math.round(ends[2]?.left ?? 1), 'the header begins where the content does');
  assert.is(Math.round(ends[1]?.right ?? 0), Math.round(ends[3]?.right ?? 1), 'and ends where that does');
  await page.setViewportSize({ width: 1280, height: 1000 });
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
