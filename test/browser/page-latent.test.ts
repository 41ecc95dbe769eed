// The page of harness/web: its map of the latent space, by pointer, keys and sliders, and the class that a conditional model
// is asked for.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser } from './page.js';
import { differs, openVisitor, shows, type Visitor } from './visitor.js';

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
  await visitor.trainTo(60);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('dragging over the map, or its arrow keys, decode another place', async () => {
  const box = await visitor.page.locator('#map').boundingBox();
  if (!box) throw new Error('the map is not to be seen');
  const at = (right: number, down: number) => [box.x + right * box.width, box.y + down * box.height] as const;
  await visitor.page.mouse.move(...at(0.5, 0.5));
  await visitor.page.mouse.down();
  let before = await visitor.eventuallySeen('#decoded', shows(await visitor.decodedHere(), 1), 'the place pressed on');
  await visitor.page.mouse.move(...at(0.8, 0.3), { steps: 4 });
  await visitor.page.mouse.up();
  await visitor.eventuallySeen('#decoded', differs(before), 'dragging changes the decoded picture');
  before = await visitor.eventuallySeen(
    '#decoded',
    shows(await visitor.decodedHere(), 1),
    'the decoded picture is of its code',
  );
  await visitor.page.focus('#map');
  for (let i = 0; i < 3; i++) await visitor.page.keyboard.press('Shift+ArrowLeft');
  await visitor.eventuallySeen('#decoded', differs(before), 'arrow keys change the decoded picture');
  await visitor.eventuallySeen('#decoded', shows(await visitor.decodedHere(), 1), 'the decoded picture after keys');
  before = await visitor.seen('#decoded');
  await visitor.page.focus('#dimension-2');
  for (let i = 0; i < 20; i++) await visitor.page.keyboard.press('ArrowRight');
  await visitor.eventuallySeen('#decoded', differs(before), 'a slider changes the decoded picture');
});

test('the map shows a point for each test image, in the colours of their classes', async () => {
  const colours = await visitor.pointsOfClasses();
  assert.is(colours.length, 10);
  for (const [label, count] of colours.entries()) assert.ok(count > 50, `class ${label}: ${count} pixels`);
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
