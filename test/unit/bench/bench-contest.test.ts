// Programs timed in turn, with a clock of the test's own; and what peers answer, which libraries' own lines surround.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contest } from '../../../harness/lib/bench/contest.js';
import { readProbe } from '../../../harness/lib/bench/find-peers.js';
import { Peer, PeerError, readReady, readTimed } from '../../../harness/lib/bench/peer-process.js';

test('A B C A B C: who comes when, and ratios of the same round on a machine that slows down', async () => {
  let clock = 0;
  const order: string[] = [];
  /** Each turn finds a machine that is a tenth slower. */
  const contestant = (name: string, ms: number) => ({
    name,
    time: async () => {
      order.push(name);
      const start = clock;
      clock += ms * (1 + 0.1 * Math.floor((order.length - 1) / 3));
      return clock - start;
    },
  });
  const turns: [string, number, number][] = [];
  const all = [contestant('ours', 10), contestant('b', 30), contestant('c', 5)];
  const [ours, b, c] = await contest(all, 4, (...turn) => turns.push(turn));
  assert.is(order.join(' '), 'ours b c ours b c ours b c ours b c');
  assert.equal(turns[3], ['ours', 4, 12]);
  assert.is(ours?.samples.length, 4);
  const close = (got = Number.NaN, want: number) => assert.ok(Math.abs(got - want) < 1e-9, `${got}, must be ${want}`);
  close(ours?.ms.median, 11.5);
  close(ours?.ratio.max, 1);
  // The medians' spread is the machine's; the ratios have none.
  close(b?.ms.max, 39);
  for (const value of Object.values(b?.ratio ?? {})) close(value, 3);
  for (const value of Object.values(c?.ratio ?? {})) close(value, 0.5);
});

test('the ratio is of rounds, not of medians: one slow round of the first widens it', async () => {
  const first = [10, 40, 10];
  const [, other] = await contest(
    [
      { name: 'ours', time: async () => first.shift() ?? 0 },
      { name: 'b', time: async () => 20 },
    ],
    3,
  );
  assert.equal(other?.ratio, { median: 2, min: 0.5, max: 2 });
});

test("a peer's answers: only its own lines, and what Python writes for no number", () => {
  const ready = '{"bench":"ready","version":"4.22.0","device":"gpu","agreed":[1150,NaN],"losses":[545.5,500],"ms":12}';
  const { agreed, ...others } = readReady(ready) ?? {};
  assert.equal(others, { version: '4.22.0', device: 'gpu', losses: [545.5, 500], ms: 12 });
  assert.is(agreed?.[0], 1150);
  assert.ok(Number.isNaN(agreed?.[1]));
  assert.equal(readTimed('{"bench": "timed", "ms": 3.5, "loss": 480.25}'), { ms: 3.5, loss: 480.25 });
  for (const line of ['', 'Hi, looks like you are running TensorFlow.js', '{"bench":', '{"ms":3}', '{"bench":"timed"}'])
    assert.is(readReady(line), undefined, line);
  assert.ok(Number.isNaN(readTimed('{"bench": "timed", "ms": 3, "loss": NaN}')?.loss));
  assert.ok(Number.isNaN(readReady('{"bench":"ready","losses":[NaN]}')?.losses[0]));
});

test('the probe for PyTorch', () => {
  assert.equal(readProbe('torch 2.4.0+cu124 True\n'), { version: '2.4.0+cu124', cuda: true });
  assert.equal(readProbe('a warning\ntorch 1.13.0a0 False\n'), { version: '1.13.0a0', cuda: false });
  assert.is(readProbe('ModuleNotFoundError'), undefined);
});

/** A peer that is a few lines of Node. */
const peer = (script: string) =>
  Peer.start({ name: 'made-up', program: process.execPath, args: ['-e', script] }, REFERENCE);
const REFERENCE = { pixels: 784, agreed: [1150, 1140] };

const READY = (losses: number[], agreed = [1150, 1140.2]) =>
  `console.log('hello'); console.log(JSON.stringify({ bench: 'ready', version: '1', device: 'd', agreed: ${JSON.stringify(agreed)}, losses: ${JSON.stringify(losses)}, ms: 1 }));`;

test('a peer is asked and answers', async () => {
  const { peer: one, ready } = await peer(
    `${READY([544, 500])} process.stdin.on('data', (text) => console.log('noise\\n' + JSON.stringify({ bench: 'timed', ms: 2 * Number(String(text).slice(5)), loss: 400 })));`,
  );
  assert.is(ready.device, 'd');
  assert.equal(await one.time(3), { ms: 6, loss: 400 });
  assert.equal(await one.time(4), { ms: 8, loss: 400 });
  one.end();
});

for (const [what, script, told] of [
  ['an untrained loss', READY([100, 90]), /made-up: the loss of step 1 is 100\.0 nats .* 543\.4 \(784 ln 2\)/],
  [
    'a loss that does not fall',
    READY([543, 544]),
    /made-up: the loss went from 543\.0 to 544\.0 in 2 steps, must fall/,
  ],
  [
    "losses that are not this engine's",
    READY([544, 500], [1150, 1145]),
    /made-up: the loss of step 2 without noise is 1145, must be within 0\.3% of this engine's 1140: the same weights/,
  ],
  ['a loss that is no number', READY([544, 500], [Number.NaN, 1140]), /the loss of step 1 without noise is NaN/],
  ['too few losses', READY([544, 500], [1150]), /made-up: 1 losses without noise, must be 2; nothing was timed/],
  ['an end', 'console.error("no GPU"); process.exit(3)', /made-up ended with status 3: no GPU/],
] as const)
  test(`a peer with ${what} is not timed`, async () => {
    const error = await peer(script).then(
      ({ peer: one }) => one.end(),
      (thrown: unknown) => thrown,
    );
    assert.instance(error, PeerError);
    assert.match((error as Error).message, told);
  });

test('a peer that does not start is told', async () => {
  const error = await Peer.start({ name: 'nothing', program: '/no/such/program', args: [] }, REFERENCE).catch(
    (thrown) => thrown,
  );
  assert.instance(error, PeerError);
  assert.match(error.message, /nothing does not start: .*ENOENT/);
});

test.run();
