// Tuning on a device (src/profile/tune-matmuls.ts): what a cache is asked and told, what pins the same bits, and that a wrong
// or IMPOSSIBLE variant is not taken.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../src/errors.js';
import { Memory } from '../../src/gpu/memory.js';
import { type Contest, tune } from '../../src/gpu/tune.js';
import { variantText } from '../../src/kernels/matmul/candidates.js';
import { shapeText } from '../../src/kernels/matmul/choices.js';
import { vae } from '../../src/model/presets.js';
import { plannedMatmuls, TuneBench } from '../../src/profile/tune-bench.js';
import {
  chooseMatmuls,
  type TimeMatmuls,
  type TuneMatmulOptions,
  tuneMatmuls,
} from '../../src/profile/tune-matmuls.js';
import type { TunedMatmuls, TunedOn, TuningCache } from '../../src/profile/tuning-cache.js';
import { createModel } from '../../src/train/model.js';
import { restoreTrainer } from '../../src/train/snapshot/restore.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { candidatesOn } from '../../src/train/variants.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY_DATA } from '../support/models/family.js';
import { sameBits, trainSteps } from '../support/training/training.js';

const PIXELS = FAMILY_DATA.train.height * FAMILY_DATA.train.width;
const BATCH = 8;
/** A variant that is one, and that no device is offered. */
const IMPOSSIBLE = variantText({ name: 'registers', lanes: 7 });
const SPEC = vae({ pixels: PIXELS, hidden: [6], latent: 3 });

/** A cache in memory, and what was asked of it. */
function memoryCache(kept: TunedMatmuls = {}) {
  const asked: TunedOn[] = [];
  const written: string[][] = [];
  const cache: TuningCache = {
    read: async (on) => {
      asked.push(on);
      return kept;
    },
    write: async (_, matmuls) => {
      written.push(Object.keys(matmuls));
      Object.assign(kept, matmuls);
    },
  };
  return { kept, asked, written, cache };
}

/** The last of each shape's candidates that is not the default. */
const others = () =>
  Object.fromEntries(
    plannedMatmuls(device, SPEC, BATCH).map(({ shape }) => {
      const all = candidatesOn(device, shape);
      assert.ok(all.length > 1, 'there is something to choose');
      return [shapeText(shape), variantText(all.at(-1) as (typeof all)[number])];
    }),
  );

test('the matmuls of a step, each shape once, with what it is called', () => {
  const found = plannedMatmuls(device, SPEC, BATCH).map(({ shape, calls }) => `${shapeText(shape)} ${calls}`);
  const [p, h, l] = [PIXELS, 6, 3];
  const want = [
    `NT 8x${h}x${p} 1`,
    `NT 8x${2 * l}x${h} 1`,
    `NT 8x${h}x${l} 1`,
    `NT 8x${p}x${h} 1`,
    `TN ${p}x${h}x8 1`,
    `NN 8x${h}x${p} 1`,
    `TN ${h}x${l}x8 1`,
    `NN 8x${l}x${h} 1`,
    `TN ${2 * l}x${h}x8 1`,
    `NN 8x${h}x${2 * l} 1`,
    `TN ${h}x${p}x8 1`,
  ];
  assert.equal(found.sort(), want.sort());
});

test('in f16 the step has other matmuls: each is named by what its operands are', () => {
  const found = plannedMatmuls(device, SPEC, BATCH, 'f16').map(({ shape, calls }) => `${shapeText(shape)} ${calls}`);
  const [p, h, l] = [PIXELS, 6, 3];
  // The images are f32, and are read by the first layer, forward and back.
  assert.ok(found.includes(`NT 8x${h}x${p} f32 f16 1`), found.join());
  assert.ok(found.includes(`TN ${h}x${p}x8 f16 f32 1`), found.join());
  assert.is(found.filter((name) => name.endsWith(' f16 1')).length, found.length - 1);
  assert.ok(found.includes(`NT 8x${2 * l}x${h} f16 1`), found.join());
});

if (device.features.has('shader-f16'))
  test('f16 is timed on operands of f16, remembered beside f32, and pinned', async () => {
    const { cache, kept } = memoryCache();
    const whole = await chosen({ cache });
    const half = await tuneMatmuls(device, SPEC, { batch: BATCH, precision: 'f16', budgetMs: 5000, cache });
    assert.equal(half.refused, [], 'every candidate computes the same bits');
    assert.ok(half.choices.some(({ from }) => from === 'timed'));
    assert.ok(
      half.choices.every(({ from }) => from !== 'cache'),
      'what f32 has found is not taken',
    );
    assert.equal((await chosen({ cache, onlyCached: true })).variants, whole.variants, 'and stays');
    for (const name of Object.keys(half.variants)) assert.ok(name.includes('f16') && !(name in whole.variants));
    assert.ok(Object.keys(kept).some((name) => name.includes(' f16')));
    const wanted = Object.fromEntries(
      plannedMatmuls(device, SPEC, BATCH, 'f16').map(({ shape }) => {
        const all = candidatesOn(device, shape);
        return [shapeText(shape), variantText(all.at(-1) as (typeof all)[number])];
      }),
    );
    const model = await createModel(device, SPEC, { variants: wanted });
    try {
      const trainer = await createTrainer(model, FAMILY_DATA, { batch: BATCH, precision: 'f16' });
      for (const [shape, variant] of Object.entries(wanted)) assert.is(model.variants[shape], variant);
      await trainSteps(trainer, 1);
      trainer.dispose();
    } finally {
      model.dispose();
    }
  });

if (device.features.has('shader-f16'))
  test('operands of f16 hold the numbers that those of f32 do', async () => {
    const shape = { m: 8, n: 12, k: 20, transposeA: false, transposeB: true, activation: 'identity' } as const;
    const results: Float32Array[] = [];
    for (const types of [undefined, ['f16', 'f16'], ['f32', 'f16'], ['f16', 'f32']] as const) {
      const memory = new Memory(device);
      const matmul = { shape: { ...shape, ...(types && { types }) }, calls: 1 };
      try {
        // Alone: it finds no memory of another type that is large enough.
        const contest = (await TuneBench.create(device, memory, [matmul])).contest(matmul);
        results.push(await (await contest.make(contest.candidates[0] ?? '')).result());
      } finally {
        memory.dispose();
      }
    }
    assert.ok(results[0]?.some((value) => value !== 0));
    for (const result of results) assert.equal(result, results[0]);
  });

test('a precision that there is not is refused', async () => {
  const said = await chosen({ precision: 'f8' as 'f16' }).catch(String);
  assert.is(said, `${ArgumentError.name}: precision: "f8", must be one of f32, f16`);
});

/** Finds the last candidate of each to be twice as fast as the default. */
const lastWins: TimeMatmuls = async (own, matmuls) =>
  matmuls.map(({ shape }) => {
    const all = candidatesOn(own, shape).map(variantText);
    const choice = all.at(-1) ?? '';
    return {
      name: shapeText(shape),
      choice,
      us: 50,
      defaultUs: 100,
      timed: all.length,
      candidates: all.length,
      refused: [],
    };
  });

const chosen = (options: TuneMatmulOptions) => chooseMatmuls(device, SPEC, { batch: BATCH, ...options }, lastWins);

test('candidates are timed on the device, within the budget; what is left keeps its default', async () => {
  const { choices, variants, refused } = await tuneMatmuls(device, SPEC, { batch: BATCH, budgetMs: 5000 });
  assert.equal(refused, []);
  assert.is(choices.length, plannedMatmuls(device, SPEC, BATCH).length);
  assert.ok(choices.some(({ from }) => from === 'timed'));
  for (const { shape, variant, default: standard, us, defaultUs, from } of choices) {
    assert.is(variants[shape], variant);
    if (from === 'default') assert.equal([variant, us, defaultUs], [standard, undefined, undefined]);
    else assert.ok(us && defaultUs && us <= defaultUs && (us === defaultUs) === (variant === standard), shape);
  }
});

test('the cache: what it lacks is timed and told to it, what it has is not timed again', async () => {
  const { cache, kept, asked, written } = memoryCache();
  const first = await chosen({ cache });
  const shapes = first.choices.map(({ shape }) => shape);
  assert.ok(first.choices.every(({ from }) => from === 'timed'));
  assert.equal(first.variants, others());
  assert.is(asked[0]?.adapter, device.adapter.name);
  assert.ok(asked[0]?.driver.includes(device.adapter.description));
  assert.equal(written[0]?.sort(), shapes.toSorted());
  const [one = ''] = shapes;
  const fromOf = async (more: object = {}) => {
    const { choices } = await chosen({ cache, ...more });
    return {
      one: choices.find(({ shape }) => shape === one)?.from,
      others: new Set(choices.filter(({ shape }) => shape !== one).map(({ from }) => from)),
    };
  };
  assert.equal(await fromOf(), { one: 'cache', others: new Set(['cache']) }, 'a hit');
  assert.is(written.length, 1);
  const good = kept[one];
  assert.ok(good);
  kept[one] = { ...good, shaders: `${good.shaders.slice(0, -1)}x` };
  assert.equal(await fromOf({ onlyCached: true }), { one: 'default', others: new Set(['cache']) }, 'of other shaders');
  assert.equal(await fromOf(), { one: 'timed', others: new Set(['cache']) });
  assert.equal(written.at(-1), [one]);
  kept[one] = { ...good, variant: IMPOSSIBLE };
  assert.equal(
    await fromOf({ onlyCached: true }),
    { one: 'default', others: new Set(['cache']) },
    'it cannot run here',
  );
  kept[one] = good;
  assert.equal(await fromOf({ again: true }), { one: 'timed', others: new Set(['timed']) });
});

test('what a cache remembers is what the model is told; without one, the defaults', async () => {
  const { cache } = memoryCache();
  await chosen({ cache });
  assert.equal((await chosen({ cache, onlyCached: true })).variants, others());
  const { choices } = await chosen({ onlyCached: true });
  for (const { variant, default: standard, from } of choices) assert.equal([variant, from], [standard, 'default']);
});

test('a wrong candidate is refused on a device, too', async () => {
  const [matmul] = plannedMatmuls(device, SPEC, BATCH);
  assert.ok(matmul);
  const memory = new Memory(device);
  try {
    const bench = await TuneBench.create(device, memory, [matmul]);
    const contest = bench.contest(matmul);
    // One element, by one unit of 2^-23 of the largest.
    const off = async () => {
      const made = await contest.make(contest.candidates[0] ?? '');
      return {
        ...made,
        result: async () => (await made.result()).map((value, i) => (i === 3 ? value + 1 : value)),
      };
    };
    const planted: Contest = {
      ...contest,
      candidates: [...contest.candidates, 'wrong'],
      make: (name) => (name === 'wrong' ? off() : contest.make(name)),
    };
    const [outcome] = await tune([planted], { budgetMs: 20_000 });
    assert.equal(
      outcome?.refused.map(({ candidate }) => candidate),
      ['wrong'],
    );
  } finally {
    memory.dispose();
  }
});

async function withTrainer<T>(variants: Record<string, string> | undefined, work: (trainer: Trainer) => Promise<T>) {
  const model = await createModel(device, SPEC, { seed: 1, ...(variants && { variants }) });
  try {
    return await work(await createTrainer(model, FAMILY_DATA, { batch: BATCH, seed: 2 }));
  } finally {
    model.dispose();
  }
}

const STEPS = 6;

async function trained(trainer: Trainer) {
  await trainSteps(trainer, STEPS);
  return trainer.model.parameters();
}

test('pinned variants are those of the plan, and give the same bits; a model says what it uses', async () => {
  const wanted = others();
  const [first, used] = await withTrainer(wanted, async (trainer) => {
    const inPlan = trainer.plan.dispatches.flatMap(({ variant }) => (variant === undefined ? [] : [variant]));
    assert.equal(new Set(inPlan), new Set(Object.values(wanted)));
    return [await trained(trainer), trainer.model.variants] as const;
  });
  for (const [shape, variant] of Object.entries(wanted)) assert.is(used[shape], variant);
  const again = await withTrainer(used, trained);
  sameBits(again, first);
  const standard = await withTrainer(undefined, async (trainer) => trainer.model.variants);
  assert.equal(Object.keys(standard).sort(), Object.keys(used).sort());
  assert.not.equal(standard, used);
});

test('a snapshot goes on to the same bits with the variants of then', async () => {
  const wanted = others();
  const whole = await withTrainer(wanted, trained);
  const snapshot = await withTrainer(wanted, async (trainer) => {
    await trainSteps(trainer, STEPS / 2);
    return trainer.snapshot();
  });
  const trainer = await restoreTrainer(device, snapshot, FAMILY_DATA, {}, { variants: wanted });
  try {
    for (const [shape, variant] of Object.entries(wanted)) assert.is(trainer.model.variants[shape], variant);
    await trainSteps(trainer, STEPS / 2);
    sameBits(await trainer.model.parameters(), whole);
  } finally {
    trainer.model.dispose();
  }
});

test('variants that are none, or cannot run here, are refused with the shape', async () => {
  const [shape = ''] = Object.keys(others());
  const made = async (variants: unknown) => {
    const model = await createModel(device, SPEC, { variants: variants as Record<string, string> });
    try {
      await createTrainer(model, FAMILY_DATA, { batch: BATCH });
    } finally {
      model.dispose();
    }
  };
  const text = async (variants: unknown) => {
    const error = await made(variants).catch((thrown) => thrown);
    assert.instance(error, ArgumentError);
    return (error as Error).message;
  };
  assert.match(await text([]), /^variants: \[\], must be an object such as /);
  assert.match(await text({ [shape]: 7 }), /^variants\["[^"]+"\]: 7, must be a text$/);
  assert.match(await text({ [shape]: 'fast' }), /^variants\["[^"]+"\]: matmul variant "fast", must be /);
  const told = await text({ [shape]: IMPOSSIBLE });
  assert.ok(
    told.startsWith(`variants["${shape}"]: "${IMPOSSIBLE}", must be one that ${device.adapter.name} can run: `),
  );
  assert.match(told, /; leave it out for the default$/);
});

usesDevice(test);
test.run();
