// Chooses a variant for each matmul of a model's training step by timing the candidates on the device, or by what is
// remembered of that. A call of its own, before createModel: a model that is not tuned pays nothing. How candidates are
// compared: gpu/tune.ts; on what: tune-bench.ts.
import { ArgumentError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { Memory } from '../gpu/memory.js';
import { requirePrecision } from '../gpu/precision.js';
import { type Outcome, type Refusal, tune } from '../gpu/tune.js';
import { defaultVariant, deviceFeatures, variantText } from '../kernels/matmul/candidates.js';
import { type MatmulVariants, shapeText } from '../kernels/matmul/choices.js';
import type { NumberType } from '../kernels/stored.js';
import { validateSpec } from '../model/check-spec.js';
import type { ModelSpec } from '../model/spec.js';
import { requireKnownKeys } from '../names.js';
import { loadLayers } from '../train/layers.js';
import { candidatesOn } from '../train/variants.js';
import { measureMultiplyAdd } from './ceilings.js';
import { type PlannedMatmul, plannedMatmuls, TuneBench } from './tune-bench.js';
import { hashTexts, type TunedMatmul, type TunedMatmuls, type TuningCache, tunedOn } from './tuning-cache.js';

/** Of which step the matmuls are, and how long to look. */
export interface TuneMatmulOptions {
  /** Images a step, as createTrainer's; 128 by default. */
  batch?: number;
  /** What matmuls read, as createTrainer's; f32 by default. */
  precision?: NumberType;
  /** What is remembered from one run to the next; nothing by default. */
  cache?: TuningCache;
  /** Takes what the cache knows, and times nothing. */
  onlyCached?: boolean;
  /** Times anew what the cache knows. */
  again?: boolean;
  /** Milliseconds at most, about; 2,000 on a GPU and 20,000 on a software adapter by default. */
  budgetMs?: number;
  /** Told after each matmul. */
  onProgress?: (outcome: Outcome, number: number, of: number) => void;
}

/** One matmul of the step, decided. */
export interface MatmulChoice {
  /** "NT 128x512x784": how A and B are stored, m x n x k; with "f16" behind it where they are (kernels/matmul/choices.ts). */
  shape: string;
  /** The winner, as variantText writes it. */
  variant: string;
  /** What the adapter has without tuning. */
  default: string;
  /** How often it comes in a step. */
  calls: number;
  /** Shortest microseconds; absent where nothing was timed. */
  us?: number;
  /** The default's. */
  defaultUs?: number;
  /** Timed now, remembered, or left as it is. */
  from: 'timed' | 'cache' | 'default';
}

/** Plain JSON. */
export interface TuneReport {
  /** Its name. */
  adapter: string;
  /** A matmul each, the largest first. */
  choices: MatmulChoice[];
  /** Candidates that did not compile or computed something else. */
  refused: (Refusal & {
    /** Of the matmul, as in `choices`. */
    shape: string;
  })[];
  /** Milliseconds that it took. */
  ms: number;
  /** For createModel. */
  variants: MatmulVariants;
}

const BUDGET_GPU_MS = 2000;
const BUDGET_SOFTWARE_MS = 20_000;
const BATCH = 128;
/** A GPU's driver compiles on the CPU, several at a time. */
const COMPILED_AHEAD = 6;
const KEYS = ['batch', 'precision', 'cache', 'onlyCached', 'again', 'budgetMs', 'onProgress'];

/**
 * Finds the fastest variant of each matmul of a training step. Whatever is not decided within the budget keeps its default.
 * @throws ArgumentError for options that make no sense; DeviceError when the device fails
 * @example
 * ```ts
 * const { variants } = await tuneMatmuls(device, spec, { batch: 128 });
 * const model = await createModel(device, spec, { variants });
 * ```
 */
export async function tuneMatmuls(
  device: Device,
  spec: ModelSpec,
  options: TuneMatmulOptions = {},
): Promise<TuneReport> {
  return chooseMatmuls(device, spec, options, timeAll);
}

/** Times candidates: `timeAll`, or a test's. */
export type TimeMatmuls = (
  device: Device,
  matmuls: readonly PlannedMatmul[],
  options: TuneMatmulOptions & { budgetMs: number },
) => Promise<Outcome[]>;

/** The same with any way to time candidates. */
export async function chooseMatmuls(
  device: Device,
  spec: ModelSpec,
  options: TuneMatmulOptions,
  time: TimeMatmuls,
): Promise<TuneReport> {
  requireKnownKeys(options, KEYS, 'tuneMatmuls');
  const { batch = BATCH, precision = 'f32', cache, onlyCached = false, again = false } = options;
  const { budgetMs = device.adapter.software ? BUDGET_SOFTWARE_MS : BUDGET_GPU_MS } = options;
  if (!(budgetMs > 0)) throw new ArgumentError(`budgetMs: ${budgetMs}, must be milliseconds above 0`);
  validateSpec(spec);
  requirePrecision(precision, device);
  device.check();
  await loadLayers(spec);
  const started = performance.now();
  const matmuls = plannedMatmuls(device, spec, batch, precision);
  const hashes = await hashesOf(device, matmuls);
  const on = tunedOn(device.adapter);
  const known = cache && !again ? await cache.read(on) : {};
  const remembered = (matmul: PlannedMatmul): TunedMatmul | undefined => {
    const name = shapeText(matmul.shape);
    const found = Object.hasOwn(known, name) ? known[name] : undefined;
    const runs = candidatesOn(device, matmul.shape).some((variant) => variantText(variant) === found?.variant);
    return found?.shaders === hashes.get(name) && runs ? found : undefined;
  };
  const open = onlyCached ? [] : matmuls.filter((matmul) => !remembered(matmul));
  const outcomes = open.length > 0 ? await time(device, open, { ...options, budgetMs }) : [];
  const found: TunedMatmuls = {};
  for (const { name, choice: variant, us, defaultUs } of outcomes)
    if (us !== undefined && defaultUs !== undefined)
      found[name] = { variant, us, defaultUs, shaders: hashes.get(name) ?? '' };
  if (Object.keys(found).length > 0) await cache?.write(on, found);
  const choices = matmuls.map((matmul) => choiceOf(device, matmul, found[shapeText(matmul.shape)], remembered(matmul)));
  return {
    adapter: device.adapter.name,
    choices,
    refused: outcomes.flatMap(({ name, refused }) => refused.map((one) => ({ ...one, shape: name }))),
    ms: performance.now() - started,
    variants: Object.fromEntries(choices.map(({ shape, variant }) => [shape, variant])),
  };
}

function choiceOf(
  { adapter, features }: Device,
  { shape, calls }: PlannedMatmul,
  timed: TunedMatmul | undefined,
  remembered: TunedMatmul | undefined,
): MatmulChoice {
  const standard = variantText(defaultVariant(adapter, deviceFeatures(features), shape));
  const known = timed ?? remembered;
  const from = timed ? 'timed' : remembered ? 'cache' : 'default';
  const times = known && { us: known.us, defaultUs: known.defaultUs };
  return { shape: shapeText(shape), variant: known?.variant ?? standard, default: standard, calls, ...times, from };
}

/** By shape: of the shaders and the candidates that compete. */
async function hashesOf(device: Device, matmuls: readonly PlannedMatmul[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { shape } of matmuls) {
    const candidates = candidatesOn(device, shape);
    const shaders = TuneBench.shaders(candidates, shape);
    hashes.set(shapeText(shape), await hashTexts([...candidates.map(variantText), ...shaders]));
  }
  return hashes;
}

async function timeAll(
  device: Device,
  matmuls: readonly PlannedMatmul[],
  { budgetMs, onProgress }: TuneMatmulOptions & { budgetMs: number },
): Promise<Outcome[]> {
  const memory = new Memory(device);
  const end = performance.now() + budgetMs;
  try {
    const ceilingGflops = await measureMultiplyAdd(device);
    const bench = await TuneBench.create(device, memory, matmuls);
    let number = 0;
    return await tune(
      matmuls.map((matmul) => bench.contest(matmul)),
      {
        budgetMs: end - performance.now(),
        ceilingGflops,
        ahead: device.adapter.software ? 0 : COMPILED_AHEAD,
        onOutcome: (outcome) => onProgress?.(outcome, ++number, matmuls.length),
      },
    );
  } finally {
    memory.dispose();
  }
}
