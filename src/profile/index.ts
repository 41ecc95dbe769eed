/**
 * Shows what a training step does, and times it and its kernels. Apart from the rest because most pages never profile.
 * @module latentgpu/profile
 */

export type { MatmulShape } from '../kernels/matmul/matmul.js';
export {
  type MatmulVariant,
  type MatrixSizes,
  type MatrixVariant,
  type OperandTypes,
  type ProductShape,
  type RegistersVariant,
  type RowsVariant,
  type SubgroupsVariant,
  type TiledVariant,
  type TileSizes,
  variantText,
} from '../kernels/matmul/matmul-variants.js';
export type { OperandShape } from '../kernels/matmul/operands.js';
export { printPlan } from '../plan/print.js';
export { measureCeilings } from './ceilings.js';
export {
  type KernelProgress,
  type KernelReport,
  type KernelRow,
  type MatmulProfileOptions,
  profileMatmul,
  type RefusedKernel,
} from './kernel.js';
export { MATMUL_FORMS, type MatmulForm, type MatmulSizes } from './product.js';
export { type ProfileOptions, profileTrainer } from './profile.js';
export type {
  Bottleneck,
  Ceilings,
  ProfileEvent,
  ProfileReport,
  ProfileRow,
  StepTimes,
} from './report.js';
export { type LineRange, type ShaderText, shaderText } from './wgsl.js';
