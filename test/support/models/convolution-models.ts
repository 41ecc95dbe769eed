// Small convolutional and quantised members of the family, for tests that must hold of all of them: odd sizes, every kind of layer between them,
// and images of 7x7 as the rest of the family has (family.ts).

import type { Activation } from '../../../src/model/activations.js';
import type { FeatureMap } from '../../../src/model/convolution.js';
import type { LayerSpec } from '../../../src/model/layers.js';
import type { ModelSpec } from '../../../src/model/spec.js';

const IMAGE: FeatureMap = { height: 7, width: 7, channels: 1 };

/** 7x7 -> 4x4 -> 2x2, flattened. */
const ENCODER: LayerSpec[] = [
  { kind: 'conv', channels: 3, kernel: 3, stride: 2, padding: 1, activation: 'relu' },
  { kind: 'conv', channels: 5, kernel: 4, stride: 2, padding: 1, activation: 'silu' },
  { kind: 'flatten' },
];

/** The reverse, ending in the image. */
const decoder = (activation: Activation, output: Activation): LayerSpec[] => [
  { units: 20, activation },
  { kind: 'reshape', height: 2, width: 2, channels: 5 },
  { kind: 'convTranspose', channels: 3, kernel: 4, stride: 2, padding: 1, activation },
  { kind: 'convTranspose', channels: 1, kernel: 3, stride: 2, padding: 1, activation: output },
];

const GAUSSIAN = { kind: 'gaussian', units: 5 } as const;
const CODE = { kind: 'deterministic', units: 5, activation: 'tanh' } as const;
const base = { inputs: 49, image: IMAGE, encoder: ENCODER };

export const CONVOLUTIONAL: Record<string, ModelSpec> = {
  'conv-vae': {
    ...base,
    code: GAUSSIAN,
    decoder: decoder('relu', 'sigmoid'),
    loss: { reconstruction: 'bce', klWeight: 0.3 },
  },
  'conv-ae, mse': { ...base, code: CODE, decoder: decoder('elu', 'sigmoid'), loss: { reconstruction: 'mse' } },
  'conditional conv-vae': {
    ...base,
    classes: 3,
    code: GAUSSIAN,
    decoder: decoder('gelu', 'sigmoid'),
    loss: { reconstruction: 'bce', klWeight: 0.3 },
  },
  'conv-denoising, -1..1': {
    ...base,
    range: '-1..1',
    corruption: { kind: 'saltpepper', amount: 0.2 },
    code: CODE,
    decoder: decoder('softplus', 'gelu'),
    loss: { reconstruction: 'mse' },
  },
  'conv-vae with a learned variance': {
    ...base,
    code: GAUSSIAN,
    decoder: decoder('elu', 'sigmoid'),
    loss: { reconstruction: 'mse', variance: 'learned', klWeight: 0.3 },
  },
  'vq-vae': {
    ...base,
    encoder: [
      { kind: 'conv', channels: 3, kernel: 3, stride: 2, padding: 1, activation: 'silu' },
      { kind: 'conv', channels: 5, kernel: 4, stride: 2, padding: 1 },
    ],
    code: { kind: 'quantized', units: 20, codes: 9, dimensions: 5, decay: 0.8 },
    decoder: [
      { kind: 'convTranspose', channels: 3, kernel: 4, stride: 2, padding: 1, activation: 'tanh' },
      // Of a codebook near 0 it gives what is near 0, and not the pixels' mean: no sum of differences cancels.
      { kind: 'convTranspose', channels: 1, kernel: 3, stride: 2, padding: 1 },
    ],
    loss: { reconstruction: 'mse', commitment: 0.6 },
  },
  // Five places of two numbers each.
  'vq-vae without feature maps': {
    inputs: 49,
    encoder: [
      { units: 33, activation: 'tanh' },
      { units: 10, activation: 'identity' },
    ],
    code: { kind: 'quantized', units: 10, codes: 7, dimensions: 2 },
    decoder: [
      { units: 17, activation: 'tanh' },
      { units: 49, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'mse' },
  },
  'batch norm': {
    ...base,
    encoder: [
      { kind: 'conv', channels: 3, kernel: 3, stride: 2, padding: 1, bias: false },
      { kind: 'batchNorm', activation: 'tanh' },
      { kind: 'conv', channels: 5, kernel: 4, stride: 2, padding: 1, bias: false },
      { kind: 'batchNorm' },
      { kind: 'flatten' },
      { units: 12, activation: 'silu' },
      { kind: 'batchNorm' },
    ],
    code: GAUSSIAN,
    decoder: [
      { units: 20, activation: 'relu' },
      { kind: 'reshape', height: 2, width: 2, channels: 5 },
      { kind: 'convTranspose', channels: 3, kernel: 4, stride: 2, padding: 1, bias: false },
      { kind: 'batchNorm', activation: 'gelu' },
      { kind: 'convTranspose', channels: 1, kernel: 3, stride: 2, padding: 1, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce', klWeight: 0.3 },
  },
  'iwae with batch norm': {
    ...base,
    code: GAUSSIAN,
    decoder: [
      { units: 7, activation: 'relu' },
      { kind: 'batchNorm' },
      { units: 20, activation: 'relu' },
      { kind: 'reshape', height: 2, width: 2, channels: 5 },
      { kind: 'convTranspose', channels: 3, kernel: 4, stride: 2, padding: 1, bias: false },
      { kind: 'batchNorm', activation: 'gelu' },
      { kind: 'conv', channels: 4, kernel: 3, padding: 1 },
      { kind: 'groupNorm', groups: 2, activation: 'silu' },
      { kind: 'convTranspose', channels: 1, kernel: 3, stride: 2, padding: 1, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce', samples: 2 },
  },
  'layer norm, group norm, pools, upsampling, dropout': {
    ...base,
    encoder: [
      { kind: 'conv', channels: 4, kernel: 3, padding: 1 },
      { kind: 'groupNorm', groups: 2, activation: 'silu' },
      { kind: 'maxPool', kernel: 2, padding: 1 },
      { kind: 'conv', channels: 6, kernel: 3, padding: 1 },
      { kind: 'layerNorm', activation: 'tanh' },
      { kind: 'avgPool', kernel: 2 },
      { kind: 'dropout', probability: 0.2 },
      { kind: 'flatten' },
      { kind: 'dropout', probability: 0.1 },
    ],
    code: CODE,
    decoder: [
      { units: 16, activation: 'tanh' },
      { kind: 'layerNorm' },
      { units: 27, activation: 'tanh' },
      { kind: 'reshape', height: 3, width: 3, channels: 3 },
      { kind: 'upsample', factor: 2, mode: 'bilinear' },
      { kind: 'conv', channels: 2, kernel: 3, padding: 1, activation: 'elu' },
      { kind: 'upsample', factor: 2 },
      { kind: 'conv', channels: 1, kernel: 6, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce' },
  },
  'grouped and dilated': {
    ...base,
    encoder: [
      { kind: 'conv', channels: 4, kernel: 3, padding: 2, dilation: 2 },
      { kind: 'conv', channels: 4, kernel: 3, stride: 2, padding: 1, groups: 4, activation: 'leaky-relu' },
      { kind: 'conv', channels: 8, kernel: [2, 3], stride: [2, 1], groups: 2, activation: 'sigmoid' },
      { kind: 'flatten' },
      { units: 9, activation: 'relu' },
    ],
    code: CODE,
    decoder: [
      { units: 32, activation: 'tanh' },
      { kind: 'reshape', height: 2, width: 2, channels: 8 },
      { kind: 'convTranspose', channels: 4, kernel: 3, stride: 2, groups: 2, outputPadding: 1, activation: 'relu' },
      { kind: 'convTranspose', channels: 2, kernel: 2, dilation: 2, padding: 1, activation: 'relu' },
      { kind: 'convTranspose', channels: 1, kernel: 4, padding: 1, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce' },
  },
  residual: {
    ...base,
    encoder: [
      { kind: 'conv', channels: 4, kernel: 3, stride: 2, padding: 1, activation: 'relu' },
      {
        kind: 'residual',
        layers: [
          { kind: 'conv', channels: 3, kernel: 3, padding: 1, bias: false },
          { kind: 'batchNorm', activation: 'relu' },
          { kind: 'conv', channels: 4, kernel: 1 },
        ],
        activation: 'silu',
      },
      { kind: 'residual', layers: [{ kind: 'conv', channels: 4, kernel: 3, padding: 1, activation: 'tanh' }] },
      { kind: 'flatten' },
    ],
    code: GAUSSIAN,
    decoder: [
      { units: 64, activation: 'relu' },
      {
        kind: 'residual',
        layers: [
          { units: 6, activation: 'gelu' },
          { units: 64, activation: 'identity' },
        ],
        activation: 'relu',
      },
      { units: 64, activation: 'relu' },
      { kind: 'reshape', height: 4, width: 4, channels: 4 },
      {
        kind: 'residual',
        layers: [
          {
            kind: 'residual',
            layers: [{ kind: 'conv', channels: 4, kernel: 3, padding: 1, activation: 'elu' }],
          },
          { kind: 'conv', channels: 4, kernel: 3, padding: 1 },
        ],
      },
      { kind: 'convTranspose', channels: 1, kernel: 3, stride: 2, padding: 1, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce', klWeight: 0.3 },
  },
};
