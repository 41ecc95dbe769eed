// The matrix product in its variants (matmul-variants.ts), each with the epilogue that its place in the step calls for.
import quadNumbers from '../../../shaders/epilogues/numbers/quad.wgsl';
import singleNumbers from '../../../shaders/epilogues/numbers/single.wgsl';
import { ArgumentError } from '../../errors.js';
import type { Activation } from '../../model/spec.js';
import { bindingNumbers, ceilDiv, checkGrid, type Kernel } from '../kernel.js';
import type { Width } from '../stored.js';
import { type ConvolutionView, convolutionProducts } from './convolution-view.js';
import { EPILOGUES, type Epilogue, type EpilogueName } from './epilogues.js';
import {
  fitsShape,
  type MatmulVariant,
  type MatrixSizes,
  type ProductShape,
  partsOf,
  variantText,
} from './matmul-variants.js';
import { MATRIX_SOURCES, operandSources, wholeQuads } from './operands.js';

export interface MatmulShape extends ProductShape {
  /** For the epilogues that apply or undo one. */
  activation: Activation;
}

export type { EpilogueName } from './epilogues.js';
export { fitsShape, type MatmulVariant } from './matmul-variants.js';

/** What of an adapter decides about the variant. */
export interface AdapterTraits {
  software: boolean;
  subgroupSizes?: { min: number; max: number };
  /** Sizes of its subgroup matrices of f16 with sums of f32. */
  subgroupMatrices?: readonly MatrixSizes[];
}

/** Invocations that a software adapter runs together where it does not say: SwiftShader has 4, lavapipe 8. */
const USUAL_LANES = 8;
/** Lane counts that matmul_subgroups.wgsl is written for. */
const SUBGROUP_LANES = [16, 8, 4];

/** The fastest variant that is known for an adapter; `subgroups` says whether the device has the feature. */
export function matmulVariantFor({ software, subgroupSizes }: AdapterTraits, subgroups: boolean): MatmulVariant {
  if (!software) return { name: 'tiled' };
  const lanes = SUBGROUP_LANES.find((count) => subgroupSizes && count <= subgroupSizes.min);
  return subgroups && lanes ? { name: 'subgroups', lanes } : { name: 'registers', lanes: lanes ?? USUAL_LANES };
}

/** Every variant that a device can run: what a choice of the fastest by measurement chooses from. */
export function matmulVariants({ subgroupSizes }: AdapterTraits, subgroups: boolean): MatmulVariant[] {
  const together = subgroupSizes?.min ?? USUAL_LANES;
  return [
    { name: 'tiled' },
    ...[32, ...SUBGROUP_LANES]
      .filter((lanes) => lanes <= together)
      .map((lanes): MatmulVariant => ({ name: 'registers', lanes })),
    ...SUBGROUP_LANES.filter((lanes) => subgroups && subgroupSizes && lanes <= together).map(
      (lanes): MatmulVariant => ({ name: 'subgroups', lanes }),
    ),
  ];
}

const epilogueOf = (epilogue: EpilogueName | Epilogue): Epilogue =>
  typeof epilogue === 'string' ? EPILOGUES[epilogue] : epilogue;

/** Whether C [m, n] can go through an epilogue four elements at a time: the variant has them at hand, and all are whole. */
function takesQuads({ name }: MatmulVariant, epilogue: EpilogueName | Epilogue, { m, n, view }: ProductShape): boolean {
  const { quads, biasGradient } = epilogueOf(epilogue);
  // Behind a group's bias lies the next group's.
  const wholeRows = quads !== 'n' || (biasGradient && view !== undefined && view.convolution.groups > 1);
  const atHand = name === 'subgroups' || name === 'rows';
  return atHand && quads !== undefined && n % 4 === 0 && (!wholeRows || m % 4 === 0);
}

/** What of a product's shape is part of its kernel; see `matmulFor`. */
export interface MatmulForm {
  /** Whether C goes through the epilogue four elements at a time. */
  inQuads?: boolean;
  /** Numbers a load; by default what the variant says. */
  widths?: { a: Width; b: Width };
  view?: ConvolutionView;
}

/** Products that a dispatch computes side by side. */
const productsOf = (view: ConvolutionView | undefined): number => (view ? convolutionProducts.get().count(view) : 1);

const isVec4 = (variant: MatmulVariant): boolean => 'vec4' in variant && variant.vec4 === true;

/** @param epilogue what is done with C before it reaches memory; its bindings follow a and b */
export function matmul(
  variant: MatmulVariant,
  epilogue: EpilogueName | Epilogue,
  { inQuads = false, widths = isVec4(variant) ? { a: 4, b: 4 } : { a: 1, b: 1 }, view }: MatmulForm = {},
): Kernel<MatmulShape> {
  const { source, header, tuning, enables, workgroup, tile, columnStride } = partsOf(variant);
  const operands = variant.name === 'matrix' ? MATRIX_SOURCES : operandSources(widths, view);
  const end = epilogueOf(epilogue);
  const width = inQuads ? 4 : 1;
  const bindings = { a: 'read' as const, b: 'read' as const, ...end.bindings };
  // Of pairs of columns, whole strides of pairs (shaders/lib/matmul_operands.wgsl).
  const columns = (n: number) => (end.paired ? 2 * columnStride * ceilDiv(n / 2, columnStride) : n);
  return {
    name: `matmul_${variant.name}+${end.name}`,
    sources: [source, ...operands, inQuads ? quadNumbers : singleNumbers, ...end.sources],
    bindings,
    loads: { ...widths, ...(end.loads && { [end.loads]: width }) },
    ...(end.stores && { stores: { binding: end.stores, width } }),
    header: { ...header, ...(end.numbered && bindingNumbers(bindings)) },
    enables,
    workgroup,
    sizes: ({ m, n, k }) => ({ m, n: columns(n), k, pairs: end.paired ? n / 2 : 0, ...end.sizes }),
    constants: ({ k, transposeA, transposeB, activation }) => ({
      K_WHOLE: Number(k % 4 === 0),
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      BIAS_GRADIENT: Number(end.biasGradient),
      ...tuning,
      ...(view && convolutionProducts.get().constants(view)),
      ...(end.paired && { PAIRED: 1, PAIR_STRIDE: columnStride }),
      ...(end.sums && { WORKGROUP: workgroup }),
      ...end.constants(activation),
    }),
    grid: (shape) => {
      const { m, n, k } = shape;
      if (!fitsShape(variant, shape))
        throw new ArgumentError(
          `a matmul to [${m}, ${n}] over ${k} by "${variantText(variant)}": vec4 needs K and what lies side by side to be ` +
            'multiples of 4. Take the variant without vec4',
        );
      return checkGrid(
        [ceilDiv(columns(n), tile[1]), ceilDiv(m, tile[0]), productsOf(view)],
        `a matmul to [${m}, ${n}]`,
      );
    },
    flops: ({ m, n, k, activation }) =>
      productsOf(view) *
      (2 * m * n * k + end.flops(activation) * m * n + (end.biasGradient ? (k + end.biasFlops) * m : 0)),
  };
}

/** The kernel by which a product of these sizes is computed: its epilogue takes C four elements at a time where it can. */
export function matmulFor(
  shape: ProductShape,
  variant: MatmulVariant,
  epilogue: EpilogueName | Epilogue,
): Kernel<MatmulShape> {
  const { view } = shape;
  const whole = wholeQuads(shape);
  const width = (quads: boolean): Width => (quads && isVec4(variant) ? 4 : 1);
  return matmul(variant, epilogue, {
    inQuads: takesQuads(variant, epilogue, shape),
    // A matrix is read as the variant says: what it does not fit is an error of the grid.
    ...(view && { view, widths: { a: width(whole.a), b: width(whole.b) } }),
  });
}
