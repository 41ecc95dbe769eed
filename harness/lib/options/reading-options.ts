// The flags that say which data are read, and what to take their arrays for; the same in every program that reads some.
import { type ImageLayout, LAYOUTS } from 'latentgpu/node';
import { asIs, oneOf } from './flag-values.js';
import type { Flag } from './flags.js';

/** How a file or a folder is read; absent: as it says itself. */
export interface ReadingOptions {
  /** Of a folder with several data sets, which. */
  split?: string;
  /** Of colour images: whether their channels come last or first. */
  layout?: ImageLayout;
}

export const READING_FLAGS: Record<keyof ReadingOptions, Flag> = {
  split: {
    group: 'Data',
    value: 'NAME',
    example: 'letters',
    read: asIs,
    help: ['of a folder with several data sets (EMNIST), which'],
  },
  layout: {
    group: 'Data',
    value: 'NAME',
    example: 'chw',
    read: oneOf(LAYOUTS),
    help: ['of colour images: hwc or chw, channels last or first (default: as their', 'sizes say)'],
  },
};
