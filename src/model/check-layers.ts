// Checks of layers that may come from a JSON file. Whether layers go together is for places.ts.
import { requireKnownKeys } from '../names.js';
import { ACTIVATIONS } from './activations.js';
import type { FeatureMap } from './convolution.js';
import {
  type ConvTransposeSpec,
  type DenseSpec,
  type DropoutSpec,
  LAYER_KINDS,
  type LayerKind,
  type LayerSpec,
  type NormSpec,
  type PoolSpec,
  type ResidualSpec,
  type UpsampleSpec,
} from './layers.js';
import { refuse, requireCount, requireNumber, requireOneOf, requirePositiveInteger } from './values.js';

const WINDOW_KEYS = ['kernel', 'stride', 'padding', 'dilation'];
const KEYS: Record<LayerKind, string[]> = {
  linear: ['kind', 'units', 'activation'],
  conv: ['kind', 'channels', 'groups', 'bias', 'activation', ...WINDOW_KEYS],
  convTranspose: ['kind', 'channels', 'groups', 'bias', 'activation', 'outputPadding', ...WINDOW_KEYS],
  flatten: ['kind'],
  reshape: ['kind', 'height', 'width', 'channels'],
  batchNorm: ['kind', 'activation'],
  layerNorm: ['kind', 'activation'],
  groupNorm: ['kind', 'groups', 'activation'],
  dropout: ['kind', 'probability'],
  maxPool: ['kind', 'kernel', 'stride', 'padding'],
  avgPool: ['kind', 'kernel', 'stride', 'padding'],
  upsample: ['kind', 'factor', 'mode'],
  residual: ['kind', 'layers', 'activation'],
};

/** @throws ArgumentError with the path of what is wrong; whether layers go together is for `placeLayers` */
export function validateLayers(layers: unknown, path: string): asserts layers is LayerSpec[] {
  if (!Array.isArray(layers)) refuse(path, layers, 'must be a list of layers, such as { units, activation }');
  (layers as unknown[]).forEach((layer, index) => {
    validateLayer(layer, `${path}[${index}]`);
  });
}

/** @throws ArgumentError with the path of what is wrong */
export function validateLayer(value: unknown, path: string): asserts value is LayerSpec {
  const { kind = 'linear' } = (value ?? {}) as { kind?: LayerKind };
  requireOneOf(kind, LAYER_KINDS, `${path}.kind`);
  switch (kind) {
    case 'linear':
      validateDense(value, path, KEYS.linear);
      return;
    case 'conv':
    case 'convTranspose':
      validateConv(value as Partial<ConvTransposeSpec>, path);
      break;
    case 'reshape':
      validateMap(value, path);
      break;
    case 'batchNorm':
    case 'layerNorm':
    case 'groupNorm':
      validateNorm(value as Partial<NormSpec>, path);
      break;
    case 'dropout': {
      const { probability } = value as Partial<DropoutSpec>;
      requireNumber(probability, `${path}.probability`, 'a number from 0 to below 1', (p) => p >= 0 && p < 1);
      break;
    }
    case 'maxPool':
    case 'avgPool':
      validatePool(value as Partial<PoolSpec>, path);
      break;
    case 'upsample': {
      const { factor, mode } = value as Partial<UpsampleSpec>;
      requirePositiveInteger(factor, `${path}.factor`);
      if (mode !== undefined) requireOneOf(mode, ['nearest', 'bilinear'], `${path}.mode`);
      break;
    }
    case 'residual': {
      const { layers, activation } = value as Partial<ResidualSpec>;
      validateLayers(layers, `${path}.layers`);
      if (layers.length === 0) refuse(`${path}.layers`, layers, 'must have a layer at least');
      if (activation !== undefined) requireOneOf(activation, ACTIVATIONS, `${path}.activation`);
    }
  }
  requireKnownKeys(value as object, KEYS[kind], path);
}

/** @throws ArgumentError with the path of what is wrong */
export function validateDense(value: unknown, path: string, known: readonly string[]): void {
  const layer = value as Partial<DenseSpec> | null;
  requirePositiveInteger(layer?.units, `${path}.units`);
  requireOneOf(layer?.activation, ACTIVATIONS, `${path}.activation`);
  requireKnownKeys(layer as object, known, path);
}

/** @throws ArgumentError with the path of what is wrong */
export function validateMap(value: unknown, path: string): asserts value is FeatureMap {
  const map = value as Partial<FeatureMap> | null;
  for (const key of ['height', 'width', 'channels'] as const) requirePositiveInteger(map?.[key], `${path}.${key}`);
}

function validateConv(layer: Partial<ConvTransposeSpec>, path: string): void {
  requirePositiveInteger(layer.channels, `${path}.channels`);
  requirePair(layer.kernel, `${path}.kernel`, 1);
  for (const [key, least] of [
    ['stride', 1],
    ['padding', 0],
    ['dilation', 1],
    ['outputPadding', 0],
  ] as const)
    if (layer[key] !== undefined) requirePair(layer[key], `${path}.${key}`, least);
  if (layer.groups !== undefined) requirePositiveInteger(layer.groups, `${path}.groups`);
  if (layer.bias !== undefined && typeof layer.bias !== 'boolean')
    refuse(`${path}.bias`, layer.bias, 'must be true or false');
  if (layer.activation !== undefined) requireOneOf(layer.activation, ACTIVATIONS, `${path}.activation`);
}

function validateNorm({ kind, groups, activation }: Partial<NormSpec>, path: string): void {
  if (kind === 'groupNorm') requirePositiveInteger(groups, `${path}.groups`);
  if (activation !== undefined) requireOneOf(activation, ACTIVATIONS, `${path}.activation`);
}

function validatePool({ kernel, stride, padding }: Partial<PoolSpec>, path: string): void {
  requirePositiveInteger(kernel, `${path}.kernel`);
  if (stride !== undefined) requirePositiveInteger(stride, `${path}.stride`);
  if (padding !== undefined) requireCount(padding, `${path}.padding`, 0);
}

function requirePair(value: unknown, path: string, least: 0 | 1): void {
  const both = Array.isArray(value) ? value : [value, value];
  const good = both.length === 2 && both.every((side) => Number.isInteger(side) && side >= least);
  if (!good) refuse(path, value, `must be an integer from ${least} on, or [height, width] of two`);
}
