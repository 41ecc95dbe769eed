// The models that peers train, each as the spec that this engine trains and harness/peers/ builds in its own library.
import { type ModelSpec, vae } from 'latentgpu/node';
import { layersOf } from './sizes.js';

export const PEER_MODELS = ['vae', 'conv-vae'] as const;
export type PeerModel = (typeof PEER_MODELS)[number];

/** 1-32-64 channels, written down in full: what a preset does by default changes, and figures are compared over years. */
const CONVOLUTION = { kernel: 4, stride: 2, padding: 1 };
const CONV_VAE: ModelSpec = {
  inputs: 784,
  image: { height: 28, width: 28, channels: 1 },
  encoder: [
    { kind: 'conv', channels: 32, ...CONVOLUTION, activation: 'relu' },
    { kind: 'conv', channels: 64, ...CONVOLUTION, activation: 'relu' },
    { kind: 'flatten' },
  ],
  code: { kind: 'gaussian', units: 64 },
  decoder: [
    { units: 3136, activation: 'relu' },
    { kind: 'reshape', height: 7, width: 7, channels: 64 },
    { kind: 'convTranspose', channels: 32, ...CONVOLUTION, activation: 'relu' },
    { kind: 'convTranspose', channels: 1, ...CONVOLUTION, activation: 'sigmoid' },
  ],
  loss: { reconstruction: 'bce', klWeight: 1 },
};

export const PEER_SPECS: Record<PeerModel, ModelSpec> = { vae: vae(layersOf(1)), 'conv-vae': CONV_VAE };

/** As a table's note names it. */
export const PEER_TITLES: Record<PeerModel, string> = {
  vae: 'the seed step',
  'conv-vae': 'a step of the convolutional VAE 1-32-64 of 28x28 images (kernel 4, stride 2, code 64)',
};
