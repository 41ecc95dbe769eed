// Which variants of the matmul can run somewhere, which one is taken untimed, and a variant as one word. Times nothing: the
// tuner does (src/profile/tune-matmuls.ts).
import { ArgumentError } from '../errors.js';
import {
  type AdapterTraits,
  type MatmulShape,
  type MatmulVariant,
  matmulVariantFor,
  matmulVariants,
} from './matmul.js';

/** Optional features of a device that decide which variants it runs. */
export interface DeviceFeatures {
  subgroups: boolean;
}

/** WebGPU's limits that decide which variants fit. */
export interface WorkgroupLimits {
  maxComputeInvocationsPerWorkgroup: number;
  /** Bytes. */
  maxComputeWorkgroupStorageSize: number;
}

/** Every variant that can compute a matmul of this shape on such a device. */
export function matmulCandidates(
  traits: AdapterTraits,
  { subgroups }: DeviceFeatures,
  _limits: WorkgroupLimits,
  _shape: MatmulShape,
): MatmulVariant[] {
  return matmulVariants(traits, subgroups);
}

/** The variant that is the fastest as far as is known without timing it. */
export function defaultVariant(
  traits: AdapterTraits,
  { subgroups }: DeviceFeatures,
  _shape: MatmulShape,
): MatmulVariant {
  return matmulVariantFor(traits, subgroups);
}

/** "tiled", "registers:8", "subgroups:4". */
export function variantText(variant: MatmulVariant): string {
  return variant.name === 'tiled' ? variant.name : `${variant.name}:${variant.lanes}`;
}

/** @throws ArgumentError if `text` is none that `variantText` gives */
export function parseVariant(text: string): MatmulVariant {
  const [, name, lanes] = /^(tiled|registers|subgroups)(?::([1-9]\d{0,3}))?$/.exec(text) ?? [];
  if (name === 'tiled' && lanes === undefined) return { name };
  if ((name === 'registers' || name === 'subgroups') && lanes !== undefined) return { name, lanes: Number(lanes) };
  throw new ArgumentError(`matmul variant "${text}", must be tiled, registers:LANES or subgroups:LANES`);
}
