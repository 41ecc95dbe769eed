// The page of harness/web: choosing a set-up. Each kind of model has its own controls; what cannot be is told.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from './page.js';
import { differs, openVisitor, shows, type Visitor } from './visitor.js';

/** In the page. */
declare const latentgpuPage: State;

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';

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
  assert.is(await visitor.page.textContent('#form-fault'), 'latent must be from 1 to 256.');
  assert.equal(await visitor.page.evaluate(() => [location.hash, latentgpuPage.generation]), before);
  await visitor.page.fill('[name=latent]', '3');
  await visitor.page.press('[name=latent]', 'Tab');
  await visitor.waitForPhase('ready');
  assert.is(await visitor.page.textContent('#form-fault'), '');
  assert.match(await visitor.page.evaluate(() => location.hash), /latent=3/);
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
  const before = await visitor.eventuallySeen('#decoded', shows(await visitor.decodedHere(0), 1), 'class 0');
  await visitor.page.selectOption('#decoded-class', '7');
  await visitor.eventuallySeen('#decoded', differs(before), 'another class');
  assert.ok(shows(await visitor.decodedHere(7), 1)(await visitor.seen('#decoded')), 'class 7');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
