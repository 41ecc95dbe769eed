// What a device must have for a type of numbers.
import { ArgumentError } from '../errors.js';
import type { NumberType } from '../kernels/stored.js';
import type { Device } from './device.js';

/** @throws ArgumentError if it is none, or one that the device's kernels cannot have */
export function requirePrecision(precision: NumberType, { features, adapter }: Pick<Device, 'features' | 'adapter'>) {
  if (precision !== 'f32' && precision !== 'f16')
    throw new ArgumentError(`precision: ${JSON.stringify(precision)}, must be one of f32, f16`);
  if (precision === 'f16' && !features.has('shader-f16'))
    throw new ArgumentError(
      `precision: "f16" needs a device with the feature "shader-f16", which ${adapter.name} has not; use "f32", or another adapter`,
    );
}
