// What is remembered of tuning: for an adapter with its driver, the winner of each matmul and which shaders competed. Where
// it is kept is the host's: latentgpu/node keeps files. Chooses and times nothing.
import type { AdapterSummary } from '../gpu/device.js';

/** A winner, remembered. */
export interface TunedMatmul {
  /** As variantText writes it. */
  variant: string;
  /** Shortest microseconds of it and of the default. */
  us: number;
  /** The default's. */
  defaultUs: number;
  /** SHA-256, in hexadecimal, of the shaders and the names that competed: with others, it is no winner any more. */
  shaders: string;
}

/** By the text of the shape, "NT 128x512x784". */
export type TunedMatmuls = Record<string, TunedMatmul>;

/** On which machine something was timed. Another driver is another machine. */
export interface TunedOn {
  /** Its name. */
  adapter: string;
  /** Backend, vendor, architecture and description of the adapter. */
  driver: string;
}

/** Handed in by the host. Neither may throw for what it finds: what cannot be read is as if it were not there. */
export interface TuningCache {
  /** What is remembered of this machine; empty if nothing is. */
  read(on: TunedOn): Promise<TunedMatmuls>;
  /** Adds to what is there. */
  write(on: TunedOn, matmuls: TunedMatmuls): Promise<void>;
}

/** Browsers hide much of it, and then the user's other GPUs look the same: what is remembered there is for one session. */
export function tunedOn({ name, vendor, architecture, description, backend }: AdapterSummary): TunedOn {
  return { adapter: name, driver: [backend, vendor, architecture, description].join(' ').trim() };
}

/** SHA-256 of texts, in hexadecimal. */
export async function hashTexts(texts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether it is what `write` was given: a file may hold anything. */
export function isTunedMatmul(value: unknown): value is TunedMatmul {
  const { variant, us, defaultUs, shaders } = (value ?? {}) as Partial<TunedMatmul>;
  const texts = [variant, shaders].every((text) => typeof text === 'string');
  return texts && [us, defaultUs].every((time) => typeof time === 'number' && time > 0);
}
