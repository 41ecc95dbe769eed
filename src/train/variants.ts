// Which variant computes each matmul of a model's plans: the one that is pinned for its shape, else the adapter's default.
// Keeps a note of all that were asked for, so that a run can be repeated to the same bits.
import { ArgumentError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import {
  defaultVariant,
  deviceFeatures,
  matmulCandidates,
  parseVariant,
  variantText,
} from '../kernels/matmul/candidates.js';
import { type MatmulVariants, shapeText } from '../kernels/matmul/choices.js';
import type { MatmulShape, MatmulVariant } from '../kernels/matmul/matmul.js';
import { show } from '../show.js';

/** Every variant that the device can compute a matmul of this shape by, the default first. */
export function candidatesOn({ adapter, features, limits }: Device, shape: MatmulShape): MatmulVariant[] {
  const own = deviceFeatures(features);
  const standard = defaultVariant(adapter, own, shape);
  const all = matmulCandidates(adapter, own, limits, shape);
  return [standard, ...all.filter((variant) => variantText(variant) !== variantText(standard))];
}

export class VariantTable {
  private readonly asked: Record<string, string> = {};

  /** @throws ArgumentError if `pinned` is not texts of variants */
  constructor(
    private readonly device: Device,
    private readonly pinned: MatmulVariants = {},
  ) {
    checkVariants(pinned);
  }

  /** Of every shape that was asked for: what pins the same. */
  get used(): MatmulVariants {
    return { ...this.asked };
  }

  /** @throws ArgumentError if the pinned variant is none that the device can run */
  readonly choose = (shape: MatmulShape): MatmulVariant => {
    const name = shapeText(shape);
    const wanted = this.pinned[name];
    const all = candidatesOn(this.device, shape);
    const found = wanted === undefined ? all[0] : all.find((variant) => variantText(variant) === wanted);
    if (!found)
      throw new ArgumentError(
        `variants["${name}"]: "${wanted}", must be one that ${this.device.adapter.name} can run: ` +
          `${all.map(variantText).join(', ')}; leave it out for the default`,
      );
    this.asked[name] = variantText(found);
    return found;
  };
}

/** @throws ArgumentError naming the first entry that is no text of a variant */
export function checkVariants(variants: unknown): asserts variants is MatmulVariants {
  if (typeof variants !== 'object' || variants === null || Array.isArray(variants))
    throw new ArgumentError(
      `variants: ${show(variants)}, must be an object such as { "NT 128x512x784": "tiled" }, as a model's \`variants\` is`,
    );
  for (const [name, text] of Object.entries(variants))
    try {
      if (typeof text !== 'string') throw new ArgumentError(`${show(text)}, must be a text`);
      parseVariant(text);
    } catch (cause) {
      throw new ArgumentError(`variants["${name}"]: ${(cause as Error).message}`, { cause });
    }
}
